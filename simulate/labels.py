"""Which atoms are crystalline: polyhedral template matching through OVITO.

Call from the main thread of a process only (OVITO's data interface crashes off it), and never after
a fork: campaign actors are synchronous for this reason.

Reference:
    P. M. Larsen, S. Schmidt, J. Schiøtz, Modelling Simul. Mater. Sci. Eng. 24, 055007 (2016),
    doi 10.1088/0965-0393/24/5/055007.
"""

import importlib.metadata
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulate.errors import EngineError
from simulate.neighbours import clusters, depth_A, neighbours
from simulate.potentials.registry import Potential
from simulate.protocol import Labelling
from simulate.snapshot import STRUCTURE_NAMES, Snapshot

CRYSTALLINE = tuple(STRUCTURE_NAMES.index(name) for name in ("fcc", "hcp", "bcc"))


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What the labeller saw in one snapshot.

    Attributes:
        structure: Label of each atom (see `snapshot.STRUCTURE_NAMES`), shape ``(n_atoms,)``.
        counts: Atoms by structure name.
        largest_cluster: Atoms in the largest cluster of crystalline neighbours.
        cluster_depth_A: How far its atoms lie from the nearest surface atom, mean, Å; None without
            a cluster or without a surface.
        n_core, n_core_crystalline: Fully coordinated atoms, and those labelled crystalline.
    """

    structure: NDArray[np.int64]
    counts: dict[str, int]
    largest_cluster: int
    cluster_depth_A: float | None
    n_core: int
    n_core_crystalline: int

    @property
    def of_frame(self) -> dict[str, Any]:
        """What of it a `record.Frame` keeps, by the names it has there."""
        return {
            **{f"n_{name}": count for name, count in self.counts.items()},
            "largest_cluster": self.largest_cluster,
            "cluster_depth_A": self.cluster_depth_A,
            "n_core": self.n_core,
            "n_core_crystalline": self.n_core_crystalline,
        }


def label(snapshot: Snapshot, potential: Potential, labelling: Labelling) -> Labels:
    """Label every atom, and measure the largest crystalline cluster and the core.

    Args:
        snapshot: Positions, best averaged over a few vibrations.
        potential: Gives the length scale of neighbourhood.
        labelling: Thresholds.
    """
    structure = match_templates(snapshot, labelling.rmsd_cutoff)
    is_crystalline = np.isin(structure, CRYSTALLINE)
    found = neighbours(snapshot, potential)
    grouped = clusters(found, is_crystalline)
    return Labels(
        structure=structure,
        counts={name: int((structure == i).sum()) for i, name in enumerate(STRUCTURE_NAMES)},
        largest_cluster=len(grouped[0]) if grouped else 0,
        cluster_depth_A=depth_A(snapshot, found, grouped[0]) if grouped else None,
        n_core=int(found.is_core.sum()),
        n_core_crystalline=int((found.is_core & is_crystalline).sum()),
    )


def match_templates(snapshot: Snapshot, rmsd_cutoff: float) -> NDArray[np.int64]:
    """Structure type of each atom, shape ``(n_atoms,)``, by polyhedral template matching."""
    try:
        from ovito.data import DataCollection, SimulationCell
        from ovito.modifiers import PolyhedralTemplateMatchingModifier
    except ImportError as error:
        raise EngineError(
            f"OVITO must be importable to label structures, but: {error}. "
            "Install it with `pip install ovito`."
        ) from error
    data = DataCollection()
    cell = SimulationCell(pbc=(snapshot.is_periodic,) * 3)
    cell[:, :3] = np.diag(snapshot.cell_A)
    data.objects.append(cell)
    particles = data.create_particles(count=snapshot.n_atoms)
    particles.create_property("Position", data=snapshot.positions_A)
    templates = PolyhedralTemplateMatchingModifier(rmsd_cutoff=rmsd_cutoff)
    templates.structures[PolyhedralTemplateMatchingModifier.Type.ICO].enabled = True
    data.apply(templates)
    return np.array(data.particles["Structure Type"], dtype=np.int64)


def ovito_version() -> str:
    """Version of the OVITO wheel."""
    return importlib.metadata.version("ovito")
