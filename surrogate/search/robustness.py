"""What becomes of the best conditions when every one of them is a tenth off."""

import itertools
from typing import Final

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from surrogate.deposition.conditions import DepositionConditions, plating_time_min
from surrogate.search.describing import trial_of
from surrogate.search.judging import Judge, Judged
from surrogate.search.ranking import is_better
from surrogate.search.result import Change, Robustness

TENTH: Final = 0.1


def robustness(judge: Judge, best: Judged) -> Robustness:
    """Each condition a tenth lower and higher, alone, and all of them at once.

    Fixed conditions are changed, too: a bench is no more exact where nothing is searched. Values
    stay within what can be set at all, and temperatures within what was sampled.
    """
    names = [name for name in judge.config.space.bounds if _value(best, name) > 0.0]
    changes = [
        (name, _off(judge, best, name, sign))
        for name in names
        for sign in (1.0 - TENTH, 1.0 + TENTH)
    ]
    changes = [(name, value) for name, value in changes if value != _value(best, name)]
    alone = judge.judged([_changed(judge, best, {name: value}) for name, value in changes])
    corners = itertools.product(
        *([_off(judge, best, name, sign) for sign in (1.0 - TENTH, 1.0 + TENTH)] for name in names)
    )
    together = judge.judged(
        [
            _changed(judge, best, dict(zip(names, values, strict=True)))
            for values in dict.fromkeys(corners)
        ]
    )
    return Robustness(
        by=TENTH,
        changes=tuple(
            Change(
                variable=name,
                value=_value(one, name),
                glassy_share=one.glassy_share,
                assured_share=one.assured_share,
                p_enough=one.p_enough,
                missed=tuple(what for what, missed in one.violations.items() if missed > 0.0),
                is_better=_is_missed_optimum(judge, name, one, best),
            )
            for (name, _), one in zip(changes, alone, strict=True)
        ),
        worst=trial_of(min(together, key=lambda one: one.assured_share)),
    )


def _is_missed_optimum(judge: Judge, name: str, one: Judged, best: Judged) -> bool:
    """Whether the search could have tried it, and should have: it is feasible and better."""
    space = judge.config.space
    could = name in space.searched and space.bounds[name].min <= _value(one, name) <= (
        space.bounds[name].max
    )
    return could and one.is_feasible and is_better(one, best, judge.config)


def _changed(judge: Judge, best: Judged, values: dict[str, float]) -> DepositionConditions:
    """The best conditions with some of the search's variables changed.

    A capacity whose plating time cannot be set becomes the nearest time that can.
    """
    changed = {name: _value(best, name) for name in judge.config.space.bounds} | values
    if "capacity_mAh_cm2" in changed:
        time_min = plating_time_min(
            changed["current_density_mA_cm2"], changed.pop("capacity_mAh_cm2")
        )
        low, high = _limits(DepositionConditions.model_fields["deposition_time_min"])
        changed["deposition_time_min"] = min(max(time_min, low), high)
    return DepositionConditions.model_validate(changed | judge.config.preset)


def _value(best: Judged, name: str) -> float:
    return float(getattr(best.conditions, name))


def _off(judge: Judge, best: Judged, name: str, factor: float) -> float:
    """The value times a factor, but no further than it can be set or was sampled."""
    low, high = _limits(DepositionConditions.model_fields.get(name))
    if name == "temperature_K":
        low, high = judge.question.space.ends("hold_temperature_K")
    return min(max(_value(best, name) * factor, low), high)


def _limits(field: FieldInfo | None) -> tuple[float, float]:
    """Least and largest value that a field of the conditions may have."""
    marks = field.metadata if field else []
    low = [float(str(mark.ge)) for mark in marks if isinstance(mark, Ge)]
    high = [float(str(mark.le)) for mark in marks if isinstance(mark, Le)]
    return low[0] if low else 0.0, high[0] if high else float("inf")
