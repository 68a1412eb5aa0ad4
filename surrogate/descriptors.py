"""A structure in a handful of numbers: what a careful scientist would put into a regression.

Bond order after Steinhardt, averaged over neighbours after Lechner and Dellago; solid-like atoms
and their largest cluster; coordination; and how far the embryo hangs together.

References:
    Steinhardt, Nelson & Ronchetti, Phys. Rev. B 28, 784 (1983), doi 10.1103/PhysRevB.28.784;
    Lechner & Dellago, J. Chem. Phys. 129, 114707 (2008), doi 10.1063/1.2977970.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from simulate.neighbours import FULL_COORDINATION
from surrogate.surroundings import BCC_NEIGHBOURS, SOLID_CONNECTIONS, Surroundings

DESCRIPTOR_NAMES: Final = (
    "mean_averaged_q4",
    "mean_averaged_q6",
    "top_tenth_averaged_q6",
    "solid_share",
    "log_largest_solid_cluster",
    "mean_coordination",
    "core_share",
    "mean_distance",
    "largest_part",
)
"""Means over atoms; the mean of averaged q6 over the tenth that has most of it; solid-like atoms
over all, and log(1 + atoms) of their largest cluster; neighbours over 14; fully coordinated atoms
over all; mean neighbour distance over the cut-off; atoms of the largest connected part over all."""


def descriptors(seen: Surroundings) -> NDArray[np.float64]:
    """Numbers of one structure, in the order of `DESCRIPTOR_NAMES`, shape ``(9,)``."""
    atoms = seen.atoms.astype(np.float64)
    n_atoms = len(atoms)
    averaged_q4, averaged_q6 = atoms[:, 2], atoms[:, 3]
    is_solid = atoms[:, 4] > SOLID_CONNECTIONS
    coordination = atoms[:, 5] * BCC_NEIGHBOURS
    top = np.sort(averaged_q6)[-max(1, n_atoms // 10) :]
    return np.array(
        [
            averaged_q4.mean(),
            averaged_q6.mean(),
            top.mean(),
            is_solid.mean(),
            np.log1p(_largest_cluster(seen, is_solid)),
            atoms[:, 5].mean(),
            (coordination > FULL_COORDINATION - 0.5).mean(),
            atoms[:, 6].mean(),
            _largest_cluster(seen, np.ones(n_atoms, dtype=bool)) / n_atoms,
        ]
    )


def _largest_cluster(seen: Surroundings, is_member: NDArray[np.bool_]) -> int:
    """Atoms in the largest connected set of members."""
    if not is_member.any():
        return 0
    first, second = seen.edge_index
    is_inside = is_member[first] & is_member[second]
    n_atoms = len(is_member)
    bonds = (np.ones(int(is_inside.sum())), (first[is_inside], second[is_inside]))
    _, group = connected_components(coo_matrix(bonds, shape=(n_atoms, n_atoms)), directed=False)
    return int(np.bincount(group[is_member]).max())
