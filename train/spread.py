r"""How widely do waiting times from one structure spread, when some were never seen to end?

Logarithms of the times are taken as normal about the mean of their parent, and those means as
normal about one of all: :math:`\log t_{ij} = \mu + \tau u_i + \sigma e_{ij}`. Each replica counts
by the probability of what was seen of it, an interval or a time not yet over, so that waiting
beyond the end of a run is neither left out nor taken for an end. In data without censoring
:math:`\sigma` is the pooled deviation within parents. A mean a parent as a free number instead
would make :math:`\sigma` too small, the more so the fewer the replicas.

Reference:
    Klein & Moeschberger, *Survival Analysis*, 2nd ed. (2003), sections 3.5 and 12.5;
    Neyman & Scott, Econometrica 16, 1 (1948) (why not a free mean a parent).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize
from scipy.special import log_ndtr, logsumexp
from scipy.stats import chi2, norm

from train.metrics import Floats
from train.resampling import LEVEL

GRID: Final = np.linspace(-5.0, 5.0, 201)
"""Where a parent may lie, in deviations of parents; its prior there is `WEIGHTS`."""

WEIGHTS: Final = norm.logpdf(GRID) + np.log(GRID[1] - GRID[0])
LEAST_SPREAD, MOST_SPREAD = 0.02, 20.0
"""Of logarithms: beyond these no data here could tell one from another."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviation of the logarithm of the time within parents; 1 is a factor of e.

    Attributes:
        value: Of highest likelihood.
        interval: 90 %, by the likelihood along its profile; an end that no data bound is at
            `LEAST_SPREAD` or `MOST_SPREAD`.
        n_telling: Parents with several replicas of which one at least ordered.
        n_silent: Other parents: they say only where the parents lie.
    """

    value: float
    interval: tuple[float, float]
    n_telling: int
    n_silent: int


def spread_within(groups: Sequence[Floats]) -> Spread | None:
    """Spread of the times of each group about its own middle; None where no group tells of it.

    Args:
        groups: Of each parent the logarithms of the bounds of every time, shape
            ``(n_replicas, 2)``; minus infinity below for what was there at once, infinity above
            for what was not seen to end.
    """
    is_telling = [len(each) > 1 and bool(np.isfinite(each[:, 1]).any()) for each in groups]
    if not any(is_telling):
        return None
    bounds = np.concatenate(groups)
    first = np.cumsum([0, *(len(each) for each in groups[:-1])])

    def loss(numbers: Floats, log_spread: float) -> float:
        return -_log_likelihood(bounds, first, numbers[0], numbers[1], log_spread)

    lowest, highest = np.log(LEAST_SPREAD), np.log(MOST_SPREAD)
    known = bounds[np.isfinite(bounds)]
    start = np.array([known.mean(), 0.0, 0.0])
    within = [(None, None), (lowest, highest), (lowest, highest)]
    best = minimize(
        lambda n: loss(n[:2], n[2]), start, method="Nelder-Mead", bounds=within, tol=1.0e-3
    )
    allowed = best.fun + 0.5 * float(chi2.ppf(LEVEL, 1))

    def beyond(log_spread: float) -> float:
        """How much less likely than allowed, with the rest as favourable as can be."""
        found = minimize(
            loss,
            best.x[:2],
            (log_spread,),
            method="Nelder-Mead",
            bounds=within[:2],
            tol=1.0e-2,
        )
        return float(found.fun - allowed)

    ends = (
        end if beyond(end) <= 0.0 else brentq(beyond, end, best.x[2], xtol=1.0e-2)
        for end in (lowest, highest)
    )
    low, high = (float(np.exp(end)) for end in ends)
    n_telling = sum(is_telling)
    return Spread(float(np.exp(best.x[2])), (low, high), n_telling, len(groups) - n_telling)


def _log_likelihood(
    bounds: Floats, first: NDArray[np.int64], mean: float, log_between: float, log_spread: float
) -> float:
    """Of all that was seen, parents weighed over where they may lie; `first` row of each parent."""
    middle = mean + np.exp(log_between) * GRID
    lower, upper = ((each[:, None] - middle) / np.exp(log_spread) for each in bounds.T)
    of_parents = np.add.reduceat(_log_between(lower, upper), first, axis=0)
    return float(logsumexp(of_parents + WEIGHTS, axis=1).sum())


def _log_between(lower: Floats, upper: Floats) -> Floats:
    """Logarithm of the normal probability of an interval, accurate in both tails."""
    is_high = lower > 0.0
    low = log_ndtr(np.where(is_high, -upper, lower))
    high = log_ndtr(np.where(is_high, -lower, upper))
    return np.asarray(high + np.log1p(-np.exp(np.minimum(low - high, -1.0e-12))))
