"""Who is held out from whom? Always whole design points, never replicas or frames of one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def folds(design_keys: Sequence[str], n_folds: int, seed: int) -> dict[str, int]:
    """Fold of each design, as even as can be.

    Args:
        design_keys: One for each record; replicas repeat them.
        n_folds: How many; at most as many as there are designs are used.
        seed: Of the shuffle.

    >>> sorted(folds(["a", "b", "b", "c"], 2, seed=0).values())
    [0, 0, 1]
    """
    unique = sorted(set(design_keys))
    order = np.random.default_rng([seed, 1]).permutation(len(unique))
    used = min(n_folds, len(unique))
    return {unique[place]: number % used for number, place in enumerate(order)}


def bootstrap_weights(design_keys: Sequence[str], seed: int) -> NDArray[np.float64]:
    """Bayesian bootstrap over designs: a weight for each record, equal within a design.

    Weights of designs are exponential, scaled to mean 1 over designs. No design is ever left out
    entirely, unlike in the plain bootstrap, which matters with a dozen of them.

    Returns:
        Shape ``(n_records,)``.

    Reference:
        Rubin, Ann. Stat. 9, 130 (1981), doi 10.1214/aos/1176345338.
    """
    unique = sorted(set(design_keys))
    drawn = np.random.default_rng([seed, 2]).exponential(size=len(unique))
    weight = dict(zip(unique, drawn / drawn.mean(), strict=True))
    return np.array([weight[key] for key in design_keys])
