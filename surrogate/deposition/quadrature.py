"""Sums that stand for distributions."""

import functools

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def systematic(weights: Floats, n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Which are drawn by their weights, evenly along the list: counts are off by less than one.

    Args:
        weights: Up to a factor, shape ``(n_all,)``.
        n: How many are drawn.
        rng: Of where the first is.

    Reference:
        Madow, Ann. Math. Stat. 20, 333 (1949), doi 10.1214/aoms/1177729988.

    >>> systematic(np.array([2.0, 1.0, 1.0]), 4, np.random.default_rng(0)).tolist()
    [0, 0, 1, 2]
    """
    ends = np.cumsum(weights)
    places = (rng.random() + np.arange(n)) / n * ends[-1]
    drawn: NDArray[np.intp] = np.searchsorted(ends, places, side="right")
    return drawn.clip(max=len(weights) - 1)


@functools.cache
def normal_quadrature(n_nodes: int) -> tuple[Floats, Floats]:
    """Gauss-Hermite nodes and weights of the standard normal distribution.

    >>> nodes, weights = normal_quadrature(3)
    >>> round(float((weights * nodes**4).sum()), 12)
    3.0
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    return nodes, weights / weights.sum()
