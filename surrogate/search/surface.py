"""The glassy share over current density and plating time: the picture of a map and a model."""

from typing import Final

from surrogate.deposition.answer import forecasts_over
from surrogate.deposition.question import log_steps
from surrogate.search.judging import Judge, Judged
from surrogate.search.result import Surface

N_CURRENTS: Final = 19
N_TIMES: Final = 17

SHOWN_CURRENT_mA_cm2: Final = (0.07, 3.5)
SHOWN_TIME_MIN: Final = (0.7, 900.0)
"""Always within the picture: where the paper's deposits lie, 0.1 to 2.5 mA/cm2, 1 to 600 min."""


def surface(judge: Judge, best: Judged | None) -> Surface:
    """Over the searched currents and times, all else as in the best conditions (None: as least).

    Args:
        judge: Its map is taken as given.
        best: Of the search.
    """
    space = judge.config.space
    others = {
        name: float(getattr(best.conditions, name)) if best is not None else bounds.min
        for name, bounds in space.bounds.items()
        if name not in {"current_density_mA_cm2", "deposition_time_min", "capacity_mAh_cm2"}
    }
    currents, times = _currents(judge), _times(judge)
    rows = forecasts_over(judge.question, currents, times, others | judge.config.preset)
    return Surface(
        map_name=judge.question.deposition_map.name,
        current_density_mA_cm2=tuple(currents),
        deposition_time_min=tuple(times),
        share=tuple(tuple(round(each.glassy_share, 4) for each in row) for row in rows),
    )


def _currents(judge: Judge) -> list[float]:
    bounds = judge.config.space.bounds["current_density_mA_cm2"]
    return log_steps(
        min(bounds.min, SHOWN_CURRENT_mA_cm2[0]),
        max(bounds.max, SHOWN_CURRENT_mA_cm2[1]),
        N_CURRENTS,
    )


def _times(judge: Judge) -> list[float]:
    bounds = judge.config.space.bounds.get("deposition_time_min")
    low, high = SHOWN_TIME_MIN
    if bounds is not None:
        low, high = min(low, bounds.min), max(high, bounds.max)
    return log_steps(low, high, N_TIMES)
