"""How much sooner does one group order than another? Ratios of hazards, from intervals and pairs.

References:
    Klein & Moeschberger, *Survival Analysis*, 2nd ed. (2003), sections 3.5 (interval censoring) and
    9.3 (matched pairs: the partial likelihood of a stratum of two is who came first);
    Brown, Cai & DasGupta, Stat. Sci. 16, 101 (2001), doi 10.1214/ss/1009213286 (Jeffreys).
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from simulate.incubation import Incubation
from train.metrics import Floats, KaplanMeier, bounds_ps
from train.resampling import LEVEL, Estimate, estimate

N_DRAWS: Final = 300
NEWTON_STEPS: Final = 40
LEAST_CURVATURE: Final = 1.0e-9
MOST_LOG_RATE: Final = 50.0
PRIOR_SPREAD: Final = 3.0
"""Of the logarithm of a hazard ratio, a priori: where all of one kind order and none of the other,
the ratio is otherwise infinite."""


def proportion(n_yes: float, n: float, one_sided: float = 0.5 + LEVEL / 2) -> Estimate:
    """A share and its Jeffreys interval, at a level for each side; nothing of nobody.

    Effective numbers need not be whole.

    >>> round(proportion(0, 8).interval[1], 2)
    0.21
    """
    if n == 0:
        return Estimate(value=None, interval=None)
    low, high = beta.ppf([1.0 - one_sided, one_sided], n_yes + 0.5, n - n_yes + 0.5)
    return Estimate(
        value=n_yes / n,
        interval=(0.0 if n_yes == 0 else float(low), 1.0 if n_yes == n else float(high)),
    )


def resampled(groups: Sequence[Hashable], value: Callable[[Floats], float]) -> Estimate:
    """A number and its 90 % interval, members drawn anew within every group.

    Args:
        groups: Of each row; how many there are of each is no accident.
        value: Of weights of the rows, shape ``(n,)``; nan where it has none.
    """
    return estimate(np.array([value(weights) for weights in _counts(groups)]))


def hazard_ratio(seen: Sequence[Incubation], per: Floats, groups: Sequence[Hashable]) -> Estimate:
    """Factor by which the hazard grows for a unit of `per`: constant in time, interval likelihood.

    Order in the quench counts as order in the first interval of the hold.

    Args:
        seen: What was seen of each.
        per: Covariate of each, shape ``(n,)``.
        groups: Within which rows are drawn anew.
    """
    lower, upper = bounds_ps(seen)
    is_within = (upper > lower) & np.isfinite(upper)
    if not np.isfinite(upper).any():
        return Estimate(value=None, interval=None)
    first_ps = float((upper - lower)[is_within].min()) if is_within.any() else 1.0
    upper = np.where([each.ordered_in_quench for each in seen], first_ps, upper)
    log_ratio = _log_ratios(lower, upper - lower, per - per.mean(), _counts(groups))
    found = estimate(log_ratio)
    if found.value is None or found.interval is None:
        return Estimate(value=None, interval=None)
    low, high = np.exp(found.interval)
    return Estimate(value=float(np.exp(found.value)), interval=(float(low), float(high)))


def _log_ratios(lower: Floats, width: Floats, x: Floats, counts: Floats) -> Floats:
    """Slopes of the logarithm of a constant hazard, of highest posterior density, by Newton.

    The log-likelihood is concave in the logarithm of the rate: of who waited on, ``-r a``; of who
    ordered within a width w after a, ``-r a + log(1 - exp(-r w))``.

    Args:
        lower: Time waited for sure, ps, shape ``(n,)``.
        width: Of the interval after it; infinite where censored.
        x: Covariate about its mean.
        counts: How often each draw holds each row, shape ``(n_draws, n)``.

    Returns:
        Shape ``(n_draws,)``; nan where nobody of a draw ordered.
    """
    is_seen = np.isfinite(width)
    width = np.where(is_seen, width, 1.0)
    inputs = np.column_stack([np.ones_like(x), x])
    n_seen = (counts * is_seen).sum(axis=1)
    waited_ps = (counts * (lower + 0.5 * np.where(is_seen, width, 0.0))).sum(axis=1)
    numbers = np.column_stack([np.log((n_seen + 0.5) / waited_ps), np.zeros(len(counts))])
    prior = np.diag([0.0, PRIOR_SPREAD**-2])
    for _ in range(NEWTON_STEPS):
        rate = np.exp(np.clip(numbers @ inputs.T, -MOST_LOG_RATE, MOST_LOG_RATE))
        z = np.clip(rate * width, 1.0e-12, MOST_LOG_RATE)
        ratio = z / np.expm1(z)
        slope = np.where(is_seen, ratio, 0.0) - rate * lower
        curve = np.where(is_seen, ratio * (1.0 - z - ratio), 0.0) - rate * lower
        gradient = (counts * slope) @ inputs - numbers @ prior
        hessian = np.einsum("dn,ni,nj->dij", counts * curve, inputs, inputs) - prior
        hessian -= LEAST_CURVATURE * np.eye(2)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        numbers = numbers - np.clip(step, -1.0, 1.0)
    return np.where(n_seen > 0, numbers[:, 1], np.nan)


def _counts(groups: Sequence[Hashable]) -> Floats:
    """All rows once, and then every draw within groups, shape ``(1 + N_DRAWS, n)``.

    Of k rows of a group k - 1 are drawn and weigh k / (k - 1) each: drawn k times they would vary
    less than the k did, by (k - 1) / k, which is a half for pairs (Rao & Wu, J. Am. Stat. Assoc.
    83, 231 (1988), doi 10.1080/01621459.1988.10478591). A row alone is always there.
    """
    counts = np.ones((1 + N_DRAWS, len(groups)))
    rng = np.random.default_rng(0)
    for name in dict.fromkeys(groups):
        place = np.flatnonzero([each == name for each in groups])
        if (n := len(place)) > 1:
            drawn = rng.multinomial(n - 1, np.full(n, 1.0 / n), size=N_DRAWS)
            counts[1:, place] = drawn * (n / (n - 1.0))
    return counts


@dataclass(frozen=True, slots=True)
class Median:
    """Time by which half have ordered, ps, and its 90 % interval; infinite where fewer do."""

    value_ps: float
    low_ps: float
    high_ps: float


def median_ps(seen: Sequence[Incubation]) -> Median:
    """By the Kaplan-Meier curve, runs drawn anew."""

    def median(rows: NDArray[np.int64]) -> float:
        curve = KaplanMeier.of([seen[row] for row in rows])
        is_half = curve.survival_at_knots <= 0.5
        return float(curve.knots_ps[is_half.argmax()]) if is_half.any() else np.inf

    n, rng = len(seen), np.random.default_rng(0)
    drawn = [median(rng.integers(n, size=max(n - 1, 1))) for _ in range(N_DRAWS)]
    ends = np.quantile(drawn, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], method="inverted_cdf")
    return Median(median(np.arange(n)), float(ends[0]), float(ends[1]))


class FirstOfPairs(NamedTuple):
    """Who came first.

    Attributes:
        n_first, n_second: Pairs of which the first, or the second, was surely sooner.
        n_structures: Structures that such pairs are of.
        ratio: Of the hazard of the first over that of the second.
    """

    n_first: int
    n_second: int
    n_structures: int
    ratio: Estimate


def first_of_pairs(
    structures: Sequence[Sequence[tuple[Incubation, Incubation]]],
) -> FirstOfPairs:
    """How often the first, and how often the second of a pair was sooner, and the ratio of hazards.

    Of a pair it counts who came first: with hazards in proportion the first is sooner with the odds
    of their ratio, whatever the pair has in common. Pairs of which it was not seen tell nothing.
    Pairs of one structure share its atoms, so that the interval (Jeffreys) is as wide as if each
    structure told once. Half a pair is added to either side, so that the ratio stays finite
    (Haldane 1956, doi 10.1111/j.1469-1809.1955.tb01285.x).
    """
    n_first, n_second, n_telling = 0, 0, 0
    for pairs in structures:
        n_one = sum(_is_sooner(one, other) for one, other in pairs)
        n_other = sum(_is_sooner(other, one) for one, other in pairs)
        n_first, n_second = n_first + n_one, n_second + n_other
        n_telling += n_one + n_other > 0
    n_pairs = n_first + n_second
    if n_pairs == 0:
        return FirstOfPairs(0, 0, 0, Estimate(value=None, interval=None))
    told = n_telling * np.array([n_first, n_second]) / n_pairs
    share = beta.ppf([0.5 - LEVEL / 2, 0.5 + LEVEL / 2], *(told + 0.5))
    low, high = share / (1.0 - share)
    value = (n_first + 0.5) / (n_second + 0.5)
    found = Estimate(value=value, interval=(float(low), float(high)))
    return FirstOfPairs(n_first, n_second, n_telling, found)


def _is_sooner(one: Incubation, other: Incubation) -> bool:
    if one.ordered_in_quench or other.ordered_in_quench:
        return one.ordered_in_quench and not other.ordered_in_quench
    return one.upper_ps is not None and one.upper_ps <= other.lower_ps
