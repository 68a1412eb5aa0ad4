"""How ordered is the neighbourhood of each atom? Rotation-invariant bond-orientational order.

Steinhardt's q_l over the neighbours within a cut-off, their average over the first shell, and the
likeness of two neighbours' surroundings, by which crystal nuclei are told from melt.

References:
    Steinhardt, Nelson & Ronchetti, Phys. Rev. B 28, 784 (1983), doi 10.1103/PhysRevB.28.784;
    ten Wolde, Ruiz-Montero & Frenkel, J. Chem. Phys. 104, 9932 (1996), doi 10.1063/1.471721;
    Lechner & Dellago, J. Chem. Phys. 129, 114707 (2008), doi 10.1063/1.2977970.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import sph_harm_y

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

DEGREES: Final = (4, 6)
"""l = 6 tells order from melt, l = 4 tells bcc from fcc and hcp."""


def bond_order(
    vectors_A: Floats, centres: NDArray[np.int64], others: NDArray[np.int64], n_atoms: int
) -> tuple[Floats, Floats]:
    """Bond-orientational order of atoms and of pairs.

    Args:
        vectors_A: From centre to neighbour, shape ``(n_edges, 3)``, Å; each pair both ways.
        centres: Index of the centre of each pair, shape ``(n_edges,)``.
        others: Index of its neighbour, same shape.
        n_atoms: Atoms in all; those without neighbours have order 0.

    Returns:
        Order of atoms ``q4, q6, averaged q4, averaged q6``, shape ``(n_atoms, 4)``, and likeness of
        the l = 6 surroundings of each pair, from about 0 in a melt to 1 in a perfect crystal, shape
        ``(n_edges,)``.
    """
    ones = np.ones(len(centres))
    adjacency = csr_matrix((ones, (centres, others)), shape=(n_atoms, n_atoms))
    n_neighbours = np.maximum(np.bincount(centres, minlength=n_atoms), 1)[:, None]
    distance_A = np.maximum(np.linalg.norm(vectors_A, axis=1), 1.0e-9)
    polar = np.arccos(np.clip(vectors_A[:, 2] / distance_A, -1.0, 1.0))
    azimuth = np.arctan2(vectors_A[:, 1], vectors_A[:, 0])
    plain, averaged, likeness = [], [], np.zeros(len(centres))
    for degree in DEGREES:
        moments = _moments(degree, polar, azimuth, centres, n_atoms) / n_neighbours
        plain.append(_length(moments, degree))
        averaged.append(_length((moments + adjacency @ moments) / (n_neighbours + 1), degree))
        if degree == 6:
            unit = moments / np.maximum(np.linalg.norm(moments, axis=1, keepdims=True), 1.0e-12)
            likeness = np.einsum("em,em->e", unit[centres], unit[others].conj()).real
    return np.stack([*plain, *averaged], axis=1), likeness


def _moments(
    degree: int, polar: Floats, azimuth: Floats, centres: NDArray[np.int64], n_atoms: int
) -> Complexes:
    """Sums of spherical harmonics over neighbours, weighted so that plain products are invariant.

    Only m >= 0 is kept: ``q_{l,-m}`` is the conjugate up to sign, so m > 0 counts twice.
    Shape ``(n_atoms, l + 1)``.
    """
    columns = []
    for order in range(degree + 1):
        harmonic = sph_harm_y(degree, order, polar, azimuth) * (1.0 if order == 0 else 2.0**0.5)
        columns.append(
            np.bincount(centres, harmonic.real, n_atoms)
            + 1j * np.bincount(centres, harmonic.imag, n_atoms)
        )
    return np.stack(columns, axis=1)


def _length(moments: Complexes, degree: int) -> Floats:
    """``q_l = sqrt(4π / (2l + 1) Σ_m |q_lm|²)``, shape ``(n_atoms,)``."""
    result: Floats = np.linalg.norm(moments, axis=1) * (4.0 * np.pi / (2 * degree + 1)) ** 0.5
    return result
