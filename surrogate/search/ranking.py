"""Which of many judged conditions are recommended, in which order, and which form the front."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from scipy.stats import t as student_t

from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.confidence import Floats
from surrogate.prediction import INTERVAL_LEVEL
from surrogate.search.config import SearchConfig
from surrogate.search.judging import Judged
from surrogate.search.objectives import COST, NET_SPEED, SHARE, SPEED, metrics_of
from surrogate.search.space import VARIABLES, Space

IMMATERIAL_SHARE: Final = 0.01
"""Glassy shares closer than this are equal, however sure the ensemble is of the difference."""

MATERIAL_SHARE: Final = 0.05
"""Glassy shares further apart than this differ, however unsure the ensemble is."""

IMMATERIAL_SPEED: Final = 0.02
"""Current densities that differ by a smaller part are equal: no galvanostat of a cell is closer."""

DISTINCT: Final = 0.05
"""Conditions are distinct when a variable differs by this share of its (log) range."""


def recommended(feasible: Sequence[Judged], config: SearchConfig) -> list[Judged]:
    """The best distinct conditions, best first, at most `n_ranked`.

    One objective: the best leads, with all that are equal to it, of which the one better in other
    respects comes first; then the best of the rest leads, and so on. Of a front: the compromise
    nearest to the best of everything first, then what is farthest from all chosen so far.

    Args:
        feasible: Conditions that meet every requirement.
        config: What is asked.
    """
    if config.objective == "pareto":
        return _spread_over(front(feasible), config)
    if config.objective == "glassy_share":
        return _ranked(feasible, config, _loses_no_share, _current)
    return _ranked(feasible, config, _loses_no_speed, lambda one: one.assured_share)


def best_of(feasible: Sequence[Judged], config: SearchConfig) -> Judged | None:
    """The one that leads the recommended; None where nothing is feasible."""
    return next(iter(recommended(feasible, config)), None)


def is_better(one: Judged, best: Judged, config: SearchConfig) -> bool:
    """Whether conditions would have led instead of the best, by more than the ranking forgives."""
    if config.objective == "pareto":
        wins = one.value(SHARE) - best.value(SHARE) > IMMATERIAL_SHARE
        wins |= _current(one) > (1.0 + IMMATERIAL_SPEED) * _current(best)
        return wins and front([one, best]) == [one]
    (metric,) = metrics_of(config)
    forgives = _loses_no_share if config.objective == "glassy_share" else _loses_no_speed
    return one.value(metric) > best.value(metric) and not forgives(one, best, config)


def front(judged: Sequence[Judged]) -> list[Judged]:
    """Those that no other one beats in glassy share, current density and cost; fastest last."""
    if not judged:
        return []
    gains = np.array([[one.value(SHARE), one.value(SPEED), -one.value(COST)] for one in judged])
    # From the best in the first gain downwards, what beats a trial came before it, and all that
    # beats it includes one that nothing beats.
    unbeaten = np.empty_like(gains)
    kept: list[int] = []
    for number in np.lexsort(gains.T[::-1])[::-1].tolist():
        here, before = gains[number], unbeaten[: len(kept)]
        is_beaten = np.all(before >= here, axis=1) & np.any(before > here, axis=1)
        if not is_beaten.any():
            unbeaten[len(kept)] = here
            kept.append(number)
    return sorted((judged[number] for number in sorted(kept)), key=_current)


def places_of(conditions: DepositionConditions, space: Space) -> dict[str, float]:
    """Where the searched variables of some conditions lie between their bounds, 0 to 1."""
    return space.place({name: float(getattr(conditions, name)) for name in space.searched})


def is_distinct(here: Mapping[str, float], there: Mapping[str, float]) -> bool:
    """Whether two places differ by more than a matter of taste."""
    return any(abs(here[name] - there[name]) > DISTINCT for name in here)


def ranking_rule(config: SearchConfig) -> str:
    """How the ranks are made."""
    sure = f"the glassy share that is reached with probability {config.confidence:g}"
    if config.objective == "pareto":
        return (
            f"Front of {sure}, the current density and the cost of the collector's area; rank 1 is "
            "the compromise nearest to the best of each, further ranks spread over the front."
        )
    if config.objective == "glassy_share":
        return (
            f"Ranked by {sure}. Conditions that the ensemble cannot tell apart, or less than "
            f"{IMMATERIAL_SHARE} apart, are ordered by higher current density."
        )
    cost = (
        f" less {config.area_cost_mA_cm2:g} mA/cm2 for each further unit of area factor"
        if metrics_of(config) == (NET_SPEED,)
        else ""
    )
    return (
        f"Ranked by current density{cost}; within {100 * IMMATERIAL_SPEED:g} % of each other, by "
        f"{sure}."
    )


Loses = Callable[[Judged, Judged, SearchConfig], bool]


def _ranked(
    feasible: Sequence[Judged],
    config: SearchConfig,
    is_equal: Loses,
    tie: Callable[[Judged], float],
) -> list[Judged]:
    (metric,) = metrics_of(config)
    waiting = sorted(feasible, key=lambda one: one.value(metric), reverse=True)
    chosen: list[Judged] = []
    while waiting and len(chosen) < config.n_ranked:
        leader = waiting[0]
        equal: list[Judged] = []
        rest: list[Judged] = []
        for one in waiting:
            (equal if is_equal(leader, one, config) else rest).append(one)
        waiting = rest
        for one in sorted(equal, key=tie, reverse=True):
            if _is_new(one, chosen, config):
                chosen.append(one)
    return chosen[: config.n_ranked]


def _loses_no_share(leader: Judged, other: Judged, config: SearchConfig) -> bool:
    """Whether the objective is lower by less than the 90 % interval of the difference.

    At least `IMMATERIAL_SHARE` and at most `MATERIAL_SHARE`.
    """
    del config
    apart = leader.forecast.members - other.forecast.members
    noise = _student_quantile(len(apart)) * float(apart.std(ddof=1))
    lost = leader.assured_share - other.assured_share
    return lost <= min(max(noise, IMMATERIAL_SHARE), MATERIAL_SHARE)


def _loses_no_speed(leader: Judged, other: Judged, config: SearchConfig) -> bool:
    (metric,) = metrics_of(config)
    best = leader.value(metric)
    return best - other.value(metric) <= IMMATERIAL_SPEED * abs(best)


def _spread_over(found: Sequence[Judged], config: SearchConfig) -> list[Judged]:
    """From the compromise outwards over a front.

    Reference:
        Zeleny, *Multiple Criteria Decision Making* (1982): the point nearest to the ideal one.
    """
    if not found:
        return []
    places = _in_unit_square([[one.value(m) for m in metrics_of(config)] for one in found], config)
    far = np.linalg.norm(1.0 - places, axis=1)
    chosen = [int(far.argmin())]
    while len(chosen) < min(config.n_ranked, len(found)):
        apart = np.linalg.norm(places[:, None, :] - places[None, chosen, :], axis=2).min(axis=1)
        following = int(apart.argmax())
        if apart[following] <= 0.0:
            break
        chosen.append(following)
    return [found[number] for number in chosen]


def _in_unit_square(values: Sequence[Sequence[float]], config: SearchConfig) -> Floats:
    """Objectives of a front, 0 the worst and 1 the best of it; shape ``(n, n_objectives)``."""
    signs = [1.0 if m.direction == "maximize" else -1.0 for m in metrics_of(config)]
    gains = np.array(values) * signs
    reach = np.ptp(gains, axis=0)
    return np.asarray((gains - gains.min(axis=0)) / np.where(reach > 0.0, reach, 1.0))


@functools.cache
def _student_quantile(n_members: int) -> float:
    """Half the 90 % interval in standard deviations; wider where few members tell the deviation."""
    return float(student_t.ppf(0.5 + INTERVAL_LEVEL / 2.0, n_members - 1))


def _is_new(one: Judged, chosen: Sequence[Judged], config: SearchConfig) -> bool:
    space = config.space
    here = places_of(one.conditions, space)
    return all(is_distinct(here, places_of(other.conditions, space)) for other in chosen)


def _current(one: Judged) -> float:
    return one.conditions.current_density_mA_cm2


def corners(best: Judged, space: Space) -> list[str]:
    """Bounds that the best conditions lie at, in words."""
    found = []
    for name, place in places_of(best.conditions, space).items():
        if place < DISTINCT or place > 1.0 - DISTINCT:
            end = "least" if place < DISTINCT else "largest"
            found.append(f"{VARIABLES[name].words} is near its {end} value")
    return found
