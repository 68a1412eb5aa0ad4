"""Does the answer hold at other horizons, or is the optimum made by the horizon?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from scipy.stats import kendalltau

from simulate.units import PS_PER_NS
from surrogate.search.confidence import Floats
from surrogate.search.describing import trial_of
from surrogate.search.judging import Judge, Judged
from surrogate.search.ranking import best_of
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
    for horizon_ps in HORIZONS_PS:
        there = replace(judge, question=judge.question.at_horizon(horizon_ps))
        again = dict(
            zip(map(id, tried), there.judged([one.conditions for one in tried]), strict=True)
        )
        found = best_of([one for one in again.values() if one.is_feasible], judge.config)
        yield HorizonCheck(
            horizon_ps=horizon_ps,
            is_extrapolation=horizon_ps > domain.longest_hold_ps,
            kendall_tau=rank_correlation(
                shares, np.array([again[id(one)].forecast.glassy_share for one in compared])
            ),
            n_compared=len(compared),
            ours=trial_of(again[id(best)]) if best is not None else None,
            best=trial_of(found) if found is not None else None,
        )


def rank_correlation(shares: Floats, shares_elsewhere: Floats) -> float | None:
    """Kendall's tau of two lists of shares, shape ``(n,)``; None where one has no order."""
    if len(shares) < 2 or np.ptp(shares) == 0.0 or np.ptp(shares_elsewhere) == 0.0:
        return None
    return float(kendalltau(shares, shares_elsewhere).statistic)


def horizon_note(checks: Sequence[HorizonCheck]) -> str | None:
    """Whether the order of conditions holds, in a sentence; None where there is no order."""
    taus = {
        check.horizon_ps: check.kendall_tau for check in checks if check.kendall_tau is not None
    }
    if not taus:
        return None
    listed = ", ".join(f"{tau:.2f} at {horizon / PS_PER_NS:g} ns" for horizon, tau in taus.items())
    if min(taus.values()) >= STEADY_TAU:
        return f"The order of conditions hardly changes with the horizon (Kendall's tau {listed})."
    return (
        f"The order of conditions changes with the horizon (Kendall's tau {listed}): this optimum "
        "is made by the horizon."
    )
