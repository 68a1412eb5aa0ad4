"""Which atoms are solid, told by their bonds alone: the second labeller, without OVITO.

Two neighbours are bonded as in a solid when the l = 6 bond-orientational order around the one
is like that around the other; an atom with enough such bonds is solid-like. Unlike template
matching this needs no full shell of neighbours, so it labels surfaces too, and it does not tell
bcc from fcc or hcp. Where two such different rules agree, neither is an artefact.

References:
    P. R. ten Wolde, M. J. Ruiz-Montero, D. Frenkel, J. Chem. Phys. 104, 9932 (1996),
    doi 10.1063/1.471721 (the rule);
    U. Gasser et al., Science 292, 258 (2001), doi 10.1126/science.1058457 (8 bonds above 0.5);
    W. Lechner, C. Dellago, J. Chem. Phys. 129, 114707 (2008), doi 10.1063/1.2977970.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulate.bond_order import bond_order
from simulate.neighbours import clusters, neighbours
from simulate.potentials.registry import Potential
from simulate.settings import Settings
from simulate.snapshot import Snapshot

Flags = NDArray[np.bool_]


class BondCriterion(Settings):
    """When a bond, an atom and a frame count as solid.

    Gasser et al. ask for 8 of the 12 neighbours of fcc; 9 of bcc's 14 is the same share. What the
    defaults do to crystals and melts of lithium is in docs/labels.md.
    """

    likeness: float = Field(
        0.5, gt=0, lt=1, description="A bond is solid above this likeness of its two ends."
    )
    n_bonds: int = Field(9, ge=1, description="An atom is solid with this many solid bonds.")
    onset_cluster_atoms: int = Field(
        45,
        ge=1,
        description="Atoms in the largest solid cluster that count as order: 1.5 times those of "
        "template matching, as many as bonds label more in a crystal.",
    )


DEFAULT_CRITERION = BondCriterion()


@dataclass(frozen=True, slots=True, eq=False)
class SolidAtoms:
    """What the bonds of one snapshot say.

    Attributes:
        is_solid: Which atoms are solid-like, shape ``(n_atoms,)``.
        n_bonds: Solid bonds of each atom, same shape.
        is_core: Which atoms are fully coordinated, same shape.
        largest_cluster: Atoms in the largest cluster of solid-like neighbours.
    """

    is_solid: Flags
    n_bonds: NDArray[np.int64]
    is_core: Flags
    largest_cluster: int

    @property
    def n_solid(self) -> int:
        """Number of solid-like atoms."""
        return int(self.is_solid.sum())


def solid_atoms(
    snapshot: Snapshot, potential: Potential, criterion: BondCriterion = DEFAULT_CRITERION
) -> SolidAtoms:
    """Tell solid-like atoms from the rest.

    Args:
        snapshot: Positions, best averaged over a few vibrations.
        potential: Gives the length scale of neighbourhood.
        criterion: Thresholds.
    """
    found = neighbours(snapshot, potential)
    first, second = found.pairs.T
    apart_A = snapshot.positions_A[second] - snapshot.positions_A[first]
    if snapshot.is_periodic:
        apart_A = apart_A - snapshot.cell_A * np.round(apart_A / snapshot.cell_A)
    _, likeness = bond_order(
        np.concatenate([apart_A, -apart_A]),
        np.concatenate([first, second]),
        np.concatenate([second, first]),
        snapshot.n_atoms,
    )
    of_solid = found.pairs[likeness[: len(first)] > criterion.likeness]
    n_bonds = np.bincount(of_solid.ravel(), minlength=snapshot.n_atoms)
    is_solid: Flags = n_bonds >= criterion.n_bonds
    grouped = clusters(found, is_solid)
    return SolidAtoms(is_solid, n_bonds, found.is_core, len(grouped[0]) if grouped else 0)
