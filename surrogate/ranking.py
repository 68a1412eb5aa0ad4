"""Which of many forecasts are recommended, in which order, and what a reader should know.

The glassy share alone is largest where plating is slowest. So conditions the ensemble cannot tell
apart are ordered by current density: the faster one is worth more.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau
from scipy.stats import t as student_t

from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.forecast import Forecast
from surrogate.prediction import INTERVAL_LEVEL
from surrogate.search_config import VARIABLES, SearchConfig
from surrogate.search_result import HorizonCheck, LeastViolation

IMMATERIAL_SHARE: Final = 0.01
"""Glassy shares closer than this are equal, however sure the ensemble is of the difference."""

MATERIAL_SHARE: Final = 0.05
"""Glassy shares further apart than this differ, however unsure the ensemble is."""

DISTINCT: Final = 0.05
"""Conditions are distinct when a variable differs by this share of its (log) range."""

STEADY_TAU: Final = 0.8
"""Below this rank correlation the order of conditions depends on the horizon."""

Floats = NDArray[np.float64]


def violations(forecast: Forecast, config: SearchConfig) -> dict[str, float]:
    """How far each requirement is missed; at most 0 where it holds. Both are shares of order 1."""
    missed = {"max_clipped_share": forecast.expected.clipped_share - config.max_clipped_share}
    if config.min_capacity_mAh_cm2 is not None:
        plated = forecast.conditions.capacity_mAh_cm2
        missed["min_capacity_mAh_cm2"] = 1.0 - plated / config.min_capacity_mAh_cm2
    return missed


def is_feasible(forecast: Forecast, config: SearchConfig) -> bool:
    """Whether every requirement holds."""
    return all(value <= 0.0 for value in violations(forecast, config).values())


def recommended(forecasts: Sequence[Forecast], config: SearchConfig) -> list[Forecast]:
    """The best distinct conditions among feasible forecasts, best first, at most `n_ranked`.

    The best by objective leads. All that are equal to it come with it, the fastest plating first;
    then the best of the rest leads, and so on. Equal means: the objective is lower by less than the
    90 % interval of the difference between members, but at least `IMMATERIAL_SHARE` and at most
    `MATERIAL_SHARE`.
    """
    waiting = sorted(forecasts, key=lambda one: one.objective(config.risk), reverse=True)
    chosen: list[Forecast] = []
    while waiting and len(chosen) < config.n_ranked:
        leader = waiting[0]
        equal: list[Forecast] = []
        rest: list[Forecast] = []
        for one in waiting:
            (equal if _is_equal(leader, one, config) else rest).append(one)
        waiting = rest
        equal.sort(key=lambda one: one.conditions.current_density_mA_cm2, reverse=True)
        for one in equal:
            if all(_is_distinct(one, other, config) for other in chosen):
                chosen.append(one)
    return chosen[: config.n_ranked]


def least_violation(forecasts: Sequence[Forecast], config: SearchConfig) -> LeastViolation:
    """The forecast whose worst violation is smallest."""
    nearest = min(forecasts, key=lambda one: max(violations(one, config).values()))
    missed = violations(nearest, config)
    words = {
        "max_clipped_share": (
            f"{100 * nearest.expected.clipped_share:.0f} % of its atoms lie outside what the model "
            f"was trained on (at most {100 * config.max_clipped_share:.0f} % may)"
        ),
        "min_capacity_mAh_cm2": (
            f"it plates {nearest.conditions.capacity_mAh_cm2:.3g} mAh/cm2 "
            f"(at least {config.min_capacity_mAh_cm2} must)"
        ),
    }
    reasons = "; ".join(words[name] for name, value in missed.items() if value > 0.0)
    return LeastViolation(
        conditions=nearest.conditions,
        violations=missed,
        sentence=f"No trial meets every requirement. The nearest one: {reasons}.",
    )


def horizon_check(shares: Floats, shares_elsewhere: Floats, horizon_ps: float) -> HorizonCheck:
    """Rank correlation of glassy shares, shape ``(n_trials,)``, at two horizons."""
    if len(shares) < 2 or np.ptp(shares) == 0.0 or np.ptp(shares_elsewhere) == 0.0:
        return HorizonCheck(horizon_ps=horizon_ps, kendall_tau=None)
    tau = float(kendalltau(shares, shares_elsewhere).statistic)
    return HorizonCheck(horizon_ps=horizon_ps, kendall_tau=tau)


def notes(
    best: Forecast | None, checks: Sequence[HorizonCheck], config: SearchConfig
) -> tuple[str, ...]:
    """What a reader should know before acting on the ranking.

    Args:
        best: The feasible forecast with the largest objective.
        checks: Of the order at other horizons.
        config: Of the search.
    """
    said = ["No SEI, no Li2O, no charge: a one-component metal under one interatomic potential."]
    if best is None:
        return tuple(said)
    said.append(ranking_rule(config))
    corners = _corners(best.conditions, config)
    if corners:
        said.append(
            f"The largest glassy share sits at a bound: {', '.join(corners)}. Glassiness alone "
            "prefers slow plating of little lithium; set min_capacity_mAh_cm2 or tighter bounds to "
            "ask for conditions that are useful as well."
        )
    taus = {c.horizon_ps: c.kendall_tau for c in checks if c.kendall_tau is not None}
    if taus:
        listed = ", ".join(f"{tau:.2f} against {horizon:g} ps" for horizon, tau in taus.items())
        said.append(
            f"The order of conditions hardly changes with the horizon (Kendall's tau {listed})."
            if min(taus.values()) >= STEADY_TAU
            else f"The order of conditions changes with the horizon (Kendall's tau {listed}): this "
            "optimum is made by the horizon."
        )
    return tuple(said)


def ranking_rule(config: SearchConfig) -> str:
    """How the ranks are made."""
    judged = "lower end of the 90 % interval" if config.risk == "lower_bound" else "mean"
    return (
        f"Ranked by the {judged} of the glassy share. Conditions that the ensemble cannot tell "
        f"apart, or less than {IMMATERIAL_SHARE} apart, are ordered by higher current density."
    )


def _is_equal(leader: Forecast, other: Forecast, config: SearchConfig) -> bool:
    lost = leader.objective(config.risk) - other.objective(config.risk)
    apart = leader.members - other.members
    noise = _student_quantile(len(apart)) * float(apart.std(ddof=1))
    return lost <= min(max(noise, IMMATERIAL_SHARE), MATERIAL_SHARE)


@functools.cache
def _student_quantile(n_members: int) -> float:
    """Half the 90 % interval in standard deviations; wider where few members tell the deviation."""
    return float(student_t.ppf(0.5 + INTERVAL_LEVEL / 2.0, n_members - 1))


def _is_distinct(one: Forecast, other: Forecast, config: SearchConfig) -> bool:
    here, there = (_in_unit_cube(item.conditions, config) for item in (one, other))
    return any(abs(here[name] - there[name]) > DISTINCT for name in here)


def _in_unit_cube(conditions: DepositionConditions, config: SearchConfig) -> Mapping[str, float]:
    """Place of each searched variable between its bounds, 0 to 1, on its own scale."""
    places = {}
    for name, bounds in config.bounds.items():
        if not bounds.is_fixed:
            scale = np.log if VARIABLES[name] else float
            low, high = scale(bounds.min), scale(bounds.max)
            places[name] = float((scale(getattr(conditions, name)) - low) / (high - low))
    return places


def _corners(conditions: DepositionConditions, config: SearchConfig) -> list[str]:
    corners = []
    for name, place in _in_unit_cube(conditions, config).items():
        if place < DISTINCT or place > 1.0 - DISTINCT:
            end = "least" if place < DISTINCT else "largest"
            corners.append(f"{name} is near its {end} value")
    return corners
