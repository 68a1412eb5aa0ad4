"""What can be seen of an embryo's atoms: who is next to whom, and in what order they stand.

Unchanged by rotation, translation and renaming of atoms; independent of any model. The cut-off is
that of `simulate.neighbours`, 1.39 nearest-neighbour distances: 14 neighbours in bcc, 12 in fcc.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from vesin import NeighborList

from simulate.bond_order import bond_order
from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.labels import CRYSTALLINE
from simulate.neighbours import NEIGHBOUR_CUTOFF_in_a
from simulate.snapshot import Snapshot
from simulate.units import CLOCK_ROUNDING_PS

Stage = Literal["packed", "heated", "waiting"]
"""As packed; in the melt or on the way down; from the end of the quench on, not ordered yet."""

STAGES: Final[tuple[Stage, ...]] = get_args(Stage)

BCC_NEIGHBOURS: Final = 14
SOLID_CONNECTIONS: Final = 0.5
"""Summed likeness over 14 above which an atom counts as solid-like: about half the connections of
ten Wolde et al. 1996, so that few neighbours are never a solid."""

UNLABELLED: Final = -1
"""In place of the label of an atom that nobody labelled."""


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What the network sees of the atoms; independent of any model.

    Attributes:
        atoms: Shape ``(n_atoms, 7)``; see `surrogate.graph`.
        edge_index: Shape ``(2, n_edges)``.
        distances: Over the cut-off, shape ``(n_edges,)``.
        likeness: Shape ``(n_edges,)``.
        labels: Of each atom: 1 where template matching saw bcc, fcc or hcp, 0 where not,
            `UNLABELLED` where nobody looked, shape ``(n_atoms,)``. Only to learn from.
        time_ps: Hold clock, ps; 0 before the hold.
        stage: How far the protocol has gone.
    """

    atoms: NDArray[np.float32]
    edge_index: NDArray[np.int64]
    distances: NDArray[np.float32]
    likeness: NDArray[np.float32]
    labels: NDArray[np.int8]
    time_ps: float
    stage: Stage

    @property
    def is_past_quench(self) -> bool:
        """Whether the quench is over."""
        return self.stage == "waiting"

    @property
    def solid_share(self) -> float:
        """Share of solid-like atoms."""
        return float((self.atoms[:, 4] > SOLID_CONNECTIONS).mean())


def stage_of(snapshot: Snapshot) -> Stage:
    """Stage of a snapshot; the last frame of the quench waits, and so does a user's structure."""
    if snapshot.stage == "packing":
        return "packed"
    is_last_of_quench = snapshot.stage == "quench" and snapshot.time_ps >= -CLOCK_ROUNDING_PS
    return "waiting" if snapshot.stage in ("hold", "given") or is_last_of_quench else "heated"


def surroundings(snapshot: Snapshot, design: EmbryoDesign) -> Surroundings:
    """Neighbours and their order.

    Raises:
        MisuseError: The snapshot has another number of atoms than the design.
    """
    if snapshot.n_atoms != design.n_atoms:
        raise MisuseError(
            f"a structure must have as many atoms as its design, but got {snapshot.n_atoms} atoms "
            f"and n_atoms={design.n_atoms}. Set n_atoms to the structure's."
        )
    cutoff_A = NEIGHBOUR_CUTOFF_in_a * design.physics.bcc_lattice_constant_A
    centres, others, distances_A, vectors_A = NeighborList(cutoff=cutoff_A, full_list=True).compute(
        points=np.ascontiguousarray(snapshot.positions_A),
        box=np.diag(snapshot.cell_A),
        periodic=snapshot.is_periodic,
        quantities="ijdD",
    )
    centres, others = centres.astype(np.int64), others.astype(np.int64)
    order, likeness = bond_order(vectors_A, centres, others, snapshot.n_atoms)
    n_neighbours = np.bincount(centres, minlength=snapshot.n_atoms)
    connections = np.bincount(centres, likeness, snapshot.n_atoms) / BCC_NEIGHBOURS
    mean_distance = np.bincount(centres, distances_A / cutoff_A, snapshot.n_atoms) / np.maximum(
        n_neighbours, 1
    )
    atoms = np.column_stack([order, connections, n_neighbours / BCC_NEIGHBOURS, mean_distance])
    return Surroundings(
        atoms=atoms.astype(np.float32),
        edge_index=np.stack([others, centres]),
        distances=(distances_A / cutoff_A).astype(np.float32),
        likeness=likeness.astype(np.float32),
        labels=_labels(snapshot),
        time_ps=max(snapshot.time_ps, 0.0) if snapshot.stage == "hold" else 0.0,
        stage=stage_of(snapshot),
    )


def _labels(snapshot: Snapshot) -> NDArray[np.int8]:
    """As `Surroundings.labels`; a packing and a user's file come without."""
    if snapshot.structure is None:
        return np.full(snapshot.n_atoms, UNLABELLED, dtype=np.int8)
    return np.isin(snapshot.structure, CRYSTALLINE).astype(np.int8)
