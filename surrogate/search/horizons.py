"""Does the answer hold at other horizons, or is the optimum made by the horizon?"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from scipy.stats import kendalltau

from simulate.units import PS_PER_NS
from surrogate.deposition.confidence import Floats
from surrogate.deposition.rounding import figures
from surrogate.search.config import SearchConfig
from surrogate.search.describing import listed, trial_of
from surrogate.search.judging import Judge, Judged
from surrogate.search.ranking import best_of, is_distinct, places_of
from surrogate.search.result import HorizonCheck

HORIZONS_PS: Final = (250.0, 500.0, 1000.0, 5000.0)

LEAST_COMPARED: Final = 10
"""So many conditions make an order; where fewer are feasible, all trials are compared."""

STEADY_TAU: Final = 0.8
"""Below this rank correlation the order of conditions depends on the horizon."""


def horizon_checks(
    judge: Judge, tried: Sequence[Judged], best: Judged | None
) -> Iterator[HorizonCheck]:
    """At every horizon of `HORIZONS_PS`.

    Args:
        judge: Of the search.
        tried: All trials.
        best: That of the search; None where nothing was feasible.
    """
    feasible = [one for one in tried if one.is_feasible]
    compared = feasible if len(feasible) >= LEAST_COMPARED else list(tried)
    shares = np.array([one.forecast.glassy_share for one in compared])
    domain = judge.question.predictor.package.manifest.domain
    places = {id(one): number for number, one in enumerate(tried)}
    for horizon_ps, there in zip(HORIZONS_PS, judge.judged_at(tried, HORIZONS_PS), strict=True):
        found = best_of([one for one in there if one.is_feasible], judge.config)
        again = np.array([there[places[id(one)]].forecast.glassy_share for one in compared])
        yield HorizonCheck(
            horizon_ps=horizon_ps,
            is_extrapolation=horizon_ps > domain.longest_hold_ps,
            kendall_tau=rank_correlation(shares, again),
            n_compared=len(compared),
            ours=trial_of(there[places[id(best)]]) if best is not None else None,
            best=trial_of(found) if found is not None else None,
            n_outside_only=sum(one.lies_outside_only for one in there),
        )


def rank_correlation(shares: Floats, shares_elsewhere: Floats) -> float | None:
    """Kendall's tau of two lists of shares, shape ``(n,)``; None where one has no order."""
    if len(shares) < 2 or np.ptp(shares) == 0.0 or np.ptp(shares_elsewhere) == 0.0:
        return None
    return float(kendalltau(shares, shares_elsewhere).statistic)


def horizon_notes(
    checks: Sequence[HorizonCheck], best: Judged | None, config: SearchConfig
) -> Iterator[str]:
    """Whether the order of conditions and the optimum hold, a sentence each."""
    taus = {
        check.horizon_ps: check.kendall_tau for check in checks if check.kendall_tau is not None
    }
    if taus:
        those = ", ".join(f"{tau:.2f} at {_ns(horizon)}" for horizon, tau in taus.items())
        yield (
            f"The order of conditions hardly changes with the horizon (Kendall's tau {those})."
            if min(taus.values()) >= STEADY_TAU
            else f"The order of conditions changes with the horizon (Kendall's tau {those}): this "
            "optimum is made by the horizon."
        )
    moved = [check for check in checks if best is not None and _has_moved(check, best, config)]
    if moved:
        those = ", ".join(f"{_told(check)} at {_ns(check.horizon_ps)}" for check in moved)
        yield f"The optimum itself moves with the horizon: {those}."
    yield from _why_nothing([check for check in checks if check.best is None], config)


def _why_nothing(checks: Sequence[HorizonCheck], config: SearchConfig) -> Iterator[str]:
    """Whether no conditions are glassy enough, or only none whose embryos were simulated."""
    outside = [check for check in checks if check.n_outside_only]
    if outside:
        those = listed(
            [
                f"{each.n_outside_only} {'trial' if each.n_outside_only == 1 else 'trials'} at "
                f"{_ns(each.horizon_ps)}"
                for each in outside
            ]
        )
        yield (
            f"All other requirements are met by {those}, but with {outside_in_words(config)}: for "
            "this alone nothing is feasible there."
        )
    short = [check for check in checks if check.n_outside_only == 0]
    if short and config.least_share is not None:
        those = listed([_ns(check.horizon_ps) for check in short])
        plated = "" if config.min_capacity_mAh_cm2 is None else " and plates enough"
        yield f"No trial is surely glassy enough{plated} at {those}, wherever its embryos lie."


def outside_in_words(config: SearchConfig) -> str:
    """What `max_clipped_share` refuses."""
    most = figures(100 * config.max_clipped_share)
    return f"more than {most} % of the atoms in embryos outside what was simulated"


def _has_moved(check: HorizonCheck, best: Judged, config: SearchConfig) -> bool:
    """Whether the optimum at another horizon is another one."""
    if check.best is None:
        return True
    space = config.space
    here, there = places_of(best.conditions, space), places_of(check.best.conditions, space)
    return is_distinct(here, there)


def _told(check: HorizonCheck) -> str:
    if check.best is None:
        return "nothing is feasible"
    return check.best.conditions.plating_in_words


def _ns(horizon_ps: float) -> str:
    return f"{horizon_ps / PS_PER_NS:g} ns"
