"""Who is next to whom, which atoms hang together, and does the whole span its cell?

One neighbour list serves core fraction, clusters, morphology and mobility. Two atoms are neighbours
within 1.2 lattice constants, between the second and third shell of bcc and beyond the first of fcc.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.spatial import cKDTree

from simulate.potentials.registry import Potential
from simulate.snapshot import Snapshot

NEIGHBOUR_CUTOFF_in_a: Final = 1.2
STILL_BONDED_in_a: Final = 1.4
"""Neighbours have parted once farther than this: vibration across the cut-off is not motion."""

FULL_COORDINATION: Final = 12
"""Atoms with as many neighbours or more are inside: 14 in bcc, 12 in fcc and hcp."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Pairs of neighbours, each once.

    Attributes:
        pairs: Indices, shape ``(n_pairs, 2)``.
        images: Which periodic image of the second atom is meant, shape ``(n_pairs, 3)``.
        n_atoms: Atoms in all.
    """

    pairs: NDArray[np.int64]
    images: NDArray[np.int64]
    n_atoms: int

    @property
    def coordination(self) -> NDArray[np.int64]:
        """Neighbours of each atom, shape ``(n_atoms,)``."""
        return np.bincount(self.pairs.ravel(), minlength=self.n_atoms)

    @property
    def is_core(self) -> NDArray[np.bool_]:
        """Which atoms are fully coordinated, shape ``(n_atoms,)``."""
        result: NDArray[np.bool_] = self.coordination >= FULL_COORDINATION
        return result


def neighbours(snapshot: Snapshot, potential: Potential) -> Neighbours:
    """All pairs of neighbours, across periodic images too."""
    cutoff_A = NEIGHBOUR_CUTOFF_in_a * potential.bcc_lattice_constant_A
    positions_A = snapshot.positions_A
    period = snapshot.cell_A if snapshot.is_periodic else None
    if period is not None:
        positions_A = positions_A % period
    tree = cKDTree(positions_A, boxsize=period)
    pairs = tree.query_pairs(cutoff_A, output_type="ndarray").astype(np.int64).reshape(-1, 2)
    return Neighbours(pairs, _images(positions_A, pairs, period), snapshot.n_atoms)


def clusters(
    found: Neighbours, members: NDArray[np.bool_] | None = None
) -> list[NDArray[np.int64]]:
    """Atoms that hang together, largest cluster first.

    Args:
        found: The neighbour list.
        members: Which atoms count, shape ``(n_atoms,)``. None: all.
    """
    counted = np.ones(found.n_atoms, dtype=bool) if members is None else members
    pairs = found.pairs[counted[found.pairs].all(axis=1)]
    _, label = connected_components(_graph(pairs, found.n_atoms), directed=False)
    atoms = np.flatnonzero(counted)
    groups = [atoms[label[atoms] == each] for each in np.unique(label[atoms])]
    return sorted(groups, key=len, reverse=True)


def percolation_dimension(found: Neighbours, cluster: NDArray[np.int64]) -> int:
    """In how many independent directions a cluster meets its own images: 0 (droplet) to 3.

    Walks a spanning tree, giving every atom the image it has on the way; each pair outside the
    tree whose images do not close is a path through the cell.
    """
    inside = np.zeros(found.n_atoms, dtype=bool)
    inside[cluster] = True
    chosen = inside[found.pairs].all(axis=1)
    pairs, images = found.pairs[chosen], found.images[chosen]
    if not images.any():
        return 0
    image_of = {(int(i), int(j)): image for (i, j), image in zip(pairs, images, strict=True)}
    order, parents = breadth_first_order(
        _graph(pairs, found.n_atoms), int(cluster[0]), directed=False
    )
    place = np.zeros((found.n_atoms, 3), dtype=np.int64)
    for atom in order[1:]:
        parent = int(parents[atom])
        step = image_of.get((parent, int(atom)))
        place[atom] = place[parent] + (step if step is not None else -image_of[int(atom), parent])
    gaps = place[pairs[:, 0]] + images - place[pairs[:, 1]]
    return int(np.linalg.matrix_rank(np.unique(gaps, axis=0)))


def bond_persistence(before: Snapshot, after: Snapshot, potential: Potential) -> float:
    """Share of neighbour pairs that are still together; 1 for a solid, small for a liquid.

    Distances between neighbours do not change when the whole turns or drifts.
    """
    pairs = neighbours(before, potential).pairs
    if not len(pairs):
        return 0.0
    apart = _nearest_image(after.positions_A[pairs[:, 1]] - after.positions_A[pairs[:, 0]], after)
    still_A = STILL_BONDED_in_a * potential.bcc_lattice_constant_A
    return float(np.mean(np.linalg.norm(apart, axis=1) < still_A))


def mixed_persistence(snapshot: Snapshot, potential: Potential) -> float:
    """Share of any two atoms that stand as near as pairs still together: what mixing leaves."""
    n_atoms = snapshot.n_atoms
    if n_atoms < 2:
        return 0.0
    period = snapshot.cell_A if snapshot.is_periodic else None
    places = snapshot.positions_A if period is None else snapshot.positions_A % period
    tree = cKDTree(places, boxsize=period)
    still_A = STILL_BONDED_in_a * potential.bcc_lattice_constant_A
    n_near = tree.count_neighbors(tree, still_A) - n_atoms
    return float(n_near) / (n_atoms * (n_atoms - 1))


def cage_relative_msd_A2(before: Snapshot, after: Snapshot, potential: Potential) -> float:
    """Mean-square displacement of atoms relative to the mean of their former neighbours, Å².

    Of fully coordinated atoms (of all, where there are none): their neighbours surround them, so
    that drift and rotation of the whole drop out. Displacements must be shorter than half the cell.

    Reference:
        S. Vivek et al., PNAS 114, 1850 (2017), doi 10.1073/pnas.1607226113.
    """
    found = neighbours(before, potential)
    moved = _nearest_image(after.positions_A - before.positions_A, after)
    counted = found.is_core if found.is_core.any() else found.coordination > 0
    if not counted.any():
        return 0.0
    half = _graph(found.pairs, found.n_atoms).astype(np.float64)
    of_cage = ((half + half.T) @ moved)[counted] / found.coordination[counted, None]
    return float(np.mean(np.sum((moved[counted] - of_cage) ** 2, axis=1)))


def depth_A(snapshot: Snapshot, found: Neighbours, members: NDArray[np.int64]) -> float | None:
    """Mean distance of some atoms from the nearest surface atom, Å; None without a surface."""
    surface = np.flatnonzero(~found.is_core)
    if not len(surface):
        return None
    period = snapshot.cell_A if snapshot.is_periodic else None
    places = snapshot.positions_A if period is None else snapshot.positions_A % period
    return float(cKDTree(places[surface], boxsize=period).query(places[members])[0].mean())


def least_distance_A(snapshot: Snapshot) -> float:
    """Distance of the two closest atoms, Å."""
    period = snapshot.cell_A if snapshot.is_periodic else None
    distances, _ = cKDTree(snapshot.positions_A, boxsize=period).query(snapshot.positions_A, k=2)
    return float(distances[:, 1].min())


@cache
def label_ceiling(n_atoms: int) -> int:
    """Atoms of the roundest bcc crystal of `n_atoms` that have all 14 neighbours.

    Surface atoms cannot match a template, so even a perfect crystal is labelled only in part.

    >>> label_ceiling(700)
    350
    """
    reach = int(np.ceil((n_atoms / 2.0) ** (1.0 / 3.0))) + 2
    corner = np.mgrid[-reach : reach + 1, -reach : reach + 1, -reach : reach + 1].reshape(3, -1).T
    lattice = np.concatenate([corner, corner + 0.5]) - 0.25  # centred off any atom
    nearest = np.argsort(np.linalg.norm(lattice, axis=1), kind="stable")[:n_atoms]
    pairs = cKDTree(lattice[nearest]).query_pairs(NEIGHBOUR_CUTOFF_in_a, output_type="ndarray")
    return int((np.bincount(pairs.ravel(), minlength=n_atoms) == 14).sum())


def _nearest_image(apart: NDArray[np.float64], snapshot: Snapshot) -> NDArray[np.float64]:
    """Vectors by way of the nearest periodic image, shape ``(n, 3)``, Å."""
    if not snapshot.is_periodic:
        return apart
    return apart - snapshot.cell_A * np.round(apart / snapshot.cell_A)


def _images(
    positions_A: NDArray[np.float64], pairs: NDArray[np.int64], period: NDArray[np.float64] | None
) -> NDArray[np.int64]:
    if period is None:
        return np.zeros((len(pairs), 3), dtype=np.int64)
    apart = positions_A[pairs[:, 1]] - positions_A[pairs[:, 0]]
    return -np.round(apart / period).astype(np.int64)


def _graph(pairs: NDArray[np.int64], n_atoms: int) -> coo_matrix:
    ones = np.ones(len(pairs), dtype=np.int8)
    return coo_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(n_atoms, n_atoms)).tocsr()
