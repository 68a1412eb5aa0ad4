"""How sure is it that the glassy share is at least so large?

Twenty members can be counted only in steps of 5 %, and the last of them decide. So they are taken
as draws of a smooth distribution instead: the log-odds of the share follow Student's t about their
mean, as in `surrogate.ensemble.epistemic_interval`. P(share >= x) then rises and falls smoothly
with the conditions, which samplers can follow, and agrees with the intervals shown: the lower end
of a 90 % interval is the share that is reached with probability 0.95.

Where a map has draws of its own parameters, variances add (law of total variance). A draw that was
calibrated with one member is asked of that member alone: what the members disagree on, their maps
make up for as far as the observations reach. A draw that knows no member is asked of every one:
cautious, since the members' disagreement counts twice.
"""

import functools
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import t as student_t

LEAST_ODDS: Final = 1.0e-9
"""Shares are kept this far from 0 and 1 before their log-odds are taken, as for intervals."""

LEAST_SPREAD: Final = 1.0e-12
"""Of log-odds: where all members agree, the share is known."""

Floats = NDArray[np.float64]


def share_at(shares: Floats, confidence: float, *, own_draws: bool = False) -> float:
    """The glassy share that is reached with a given probability.

    Args:
        shares: By each member, shape ``(n_members,)``, or by each draw of a map and each member,
            shape ``(n_draws, n_members)``; at least two members.
        confidence: Above 0 and below 1; 0.5: the median.
        own_draws: Whether every column holds draws of that member's own posterior, instead of every
            row one draw that all members were asked about.

    Returns:
        A share between 0 and 1; the larger the confidence, the smaller it is.
    """
    centre, spread, n_members = _log_odds(shares, own_draws=own_draws)
    return float(expit(centre - _quantile(confidence, n_members) * spread))


def p_at_least(shares: Floats, least: float, *, own_draws: bool = False) -> float:
    """P(glassy share >= `least`), the inverse of `share_at`.

    Args:
        shares: As in `share_at`.
        least: Between 0 and 1.
        own_draws: As in `share_at`.
    """
    if least <= 0.0:
        return 1.0
    centre, spread, n_members = _log_odds(shares, own_draws=own_draws)
    wanted = float(logit(min(least, 1.0 - LEAST_ODDS)))
    if spread < LEAST_SPREAD:
        return float(centre >= wanted)
    return float(student_t.cdf((centre - wanted) / spread, n_members - 1))


def interval(shares: Floats, level: float, *, own_draws: bool = False) -> tuple[float, float]:
    """Central interval that holds the mean, too.

    Args:
        shares: As in `share_at`.
        level: Such as 0.9.
        own_draws: As in `share_at`.
    """
    mean = float(shares.mean())
    low, high = (
        share_at(shares, 0.5 + side * level / 2.0, own_draws=own_draws) for side in (1.0, -1.0)
    )
    return min(low, mean), max(high, mean)


def _log_odds(shares: Floats, *, own_draws: bool) -> tuple[float, float, int]:
    """Centre and predictive spread of the log-odds, and the number of members."""
    draws = np.atleast_2d(shares)
    n_draws, n_members = draws.shape
    log_odds = logit(np.clip(draws, LEAST_ODDS, 1.0 - LEAST_ODDS))
    another = 1.0 + 1.0 / n_members  # the centre itself is known from so many
    if own_draws:
        # The mean of a column still holds a part of the variance within it.
        of_members = another * float(log_odds.mean(axis=0).var(ddof=1))
        within = float(log_odds.var(axis=0, ddof=1).mean()) if n_draws > 1 else 0.0
        variance = of_members + (1.0 - 1.0 / n_draws) * within
    else:
        within = another * float(log_odds.var(axis=1, ddof=1).mean())
        variance = within + (float(log_odds.mean(axis=1).var(ddof=1)) if n_draws > 1 else 0.0)
    return float(log_odds.mean()), math.sqrt(variance), n_members


@functools.cache
def _quantile(confidence: float, n_members: int) -> float:
    return float(student_t.ppf(confidence, n_members - 1))
