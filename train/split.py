"""Who is held out from whom? Always whole design points, never replicas or frames of one."""

from collections.abc import Sequence

import numpy as np

from simulate.incubation import Incubation


def outcome_ranks(incubations: Sequence[Incubation]) -> list[int]:
    """How soon each ordered: 0 not while it was watched, 1 in the hold, 2 in the quench."""
    return [each.is_observed + each.ordered_in_quench for each in incubations]


def folds(
    design_keys: Sequence[str], n_folds: int, seed: int, ranks: Sequence[int] | None = None
) -> dict[str, int]:
    """Fold of each design, as even as can be in their number and in what became of them.

    Designs are shuffled, ordered by their mean rank and dealt out in turn: of those of one rank no
    fold has two more than another. Replicas, iso-configurational ones too, have the design of their
    parent and stay with it.

    Args:
        design_keys: One for each record; replicas repeat them.
        n_folds: How many; at most as many as there are designs are used.
        seed: Of the shuffle.
        ranks: `outcome_ranks` of the records. None: dealt out whatever became of them.

    >>> sorted(folds(["a", "b", "b", "c"], 2, seed=0).values())
    [0, 0, 1]
    >>> ordered = folds(["a", "b", "c", "d"], 2, seed=0, ranks=[0, 1, 1, 0])
    >>> ordered["a"] != ordered["d"], ordered["b"] != ordered["c"]
    (True, True)
    """
    unique, place = np.unique(np.asarray(design_keys), return_inverse=True)
    found = np.zeros(len(place)) if ranks is None else np.asarray(ranks, dtype=np.float64)
    mean_rank = np.bincount(place, found) / np.bincount(place)
    shuffled = np.random.default_rng([seed, 1]).permutation(len(unique))
    dealt = shuffled[np.argsort(mean_rank[shuffled], kind="stable")]
    used = min(n_folds, len(unique))
    return {str(unique[each]): number % used for number, each in enumerate(dealt)}
