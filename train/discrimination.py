"""Are those that order told from those that do not? Ranks only: no forecast need be calibrated.

Each score is computed for all rows and for every draw of designs at once. What was censored is
made up for by inverse probability of being followed so long, taken from all rows.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulate.incubation import Incubation
from train.metrics import bounds_ps, follow_up_probability, state_at
from train.resampling import Estimate, Floats, Resamples, estimate, ratio


def uno_concordance(
    risk: Floats, incubations: Sequence[Incubation], until_ps: float, draws: Resamples
) -> Estimate:
    """Share of comparable pairs in which the riskier embryo ordered first (Uno's C).

    A pair counts when one had surely ordered, by `until_ps`, while the other surely had not:
    overlapping intervals, and two orders in the quench, are left out; with exact times these are
    the usual pairs. Each counts by the inverse square of the probability that the first was
    followed to the upper bound of its interval. Equal risks count one half.

    Args:
        risk: Larger means sooner order, shape ``(n_rows,)``.
        incubations: What was seen.
        until_ps: Order after it counts as none.
        draws: Of the rows.

    Reference:
        Uno et al., Stat. Med. 30, 1105 (2011), doi 10.1002/sim.4154.
    """
    lower, upper = bounds_ps(incubations)
    is_first = np.isfinite(upper) & (upper < until_ps)
    followed = follow_up_probability(lower, upper, np.where(is_first, upper, 0.0))
    weight = np.where(is_first, 1.0 / np.maximum(followed, 1.0e-12) ** 2, 0.0)
    in_quench = np.array([item.ordered_in_quench for item in incubations])
    pairs = (upper[:, None] <= lower) & ~(in_quench[:, None] & in_quench)
    return _share_of_pairs(weight[:, None] * pairs, risk, draws)


def auroc(
    p_ordered: Floats, incubations: Sequence[Incubation], horizon_ps: float, draws: Resamples
) -> Estimate:
    """Chance that of two embryos the one that ordered by the horizon was held likelier to.

    Reference:
        Uno et al., J. Am. Stat. Assoc. 102, 527 (2007), doi 10.1198/016214507000000149.
    """
    is_ordered, weights = state_at(incubations, horizon_ps)
    pairs = (weights * is_ordered)[:, None] * (weights * ~is_ordered)
    return _share_of_pairs(pairs, p_ordered, draws)


def auprc(
    p_ordered: Floats, incubations: Sequence[Incubation], horizon_ps: float, draws: Resamples
) -> Estimate:
    """Average precision of the outcome at the horizon; the share that ordered is what chance gives.

    Equal forecasts are one threshold.

    Reference:
        Davis & Goadrich, ICML (2006), doi 10.1145/1143844.1143874.
    """
    is_ordered, weights = state_at(incubations, horizon_ps)
    order = np.argsort(-p_ordered, kind="stable")
    counted = draws.with_all * weights
    hits = np.cumsum((counted * is_ordered)[:, order], axis=1)
    called = np.cumsum(counted[:, order], axis=1)
    is_last = np.append(np.diff(p_ordered[order]) != 0.0, True)
    hits, called = hits[:, is_last], called[:, is_last]
    precision = np.where(called > 0.0, hits / np.maximum(called, 1.0e-12), 0.0)
    gained = np.diff(hits, axis=1, prepend=0.0)
    return estimate(ratio((gained * precision).sum(axis=1), hits[:, -1]))


def _share_of_pairs(pairs: Floats, risk: Floats, draws: Resamples) -> Estimate:
    """Of weighted pairs (first, second), those in which the first has the greater risk."""
    difference = risk[:, None] - risk
    is_right: NDArray[np.float64] = np.heaviside(difference, 0.5)
    counts = draws.with_all
    right = ((counts @ (pairs * is_right)) * counts).sum(axis=1)
    return estimate(ratio(right, ((counts @ pairs) * counts).sum(axis=1)))
