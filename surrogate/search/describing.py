"""Judged conditions as an answer tells them."""

from collections.abc import Sequence

from surrogate.deposition.answer import told
from surrogate.deposition.rounding import figures
from surrogate.search.config import SearchConfig
from surrogate.search.judging import Judge, Judged
from surrogate.search.result import LeastViolation, RankedConditions, Trial


def trial_of(judged: Judged) -> Trial:
    """In short."""
    return Trial(
        conditions=judged.conditions,
        glassy_share=judged.glassy_share,
        assured_share=judged.assured_share,
        p_enough=judged.p_enough,
        cost_mA_cm2=judged.cost_mA_cm2,
        is_feasible=judged.is_feasible,
    )


def ranked_conditions(rank: int, judged: Judged, judge: Judge) -> RankedConditions:
    """In full, with the embryos and where they lie in the training data."""
    forecast = told(judge.question, judged.forecast, judge.over(judged), own_draws=judged.own_draws)
    return RankedConditions(
        **dict(forecast),
        rank=rank,
        assured_share=judged.assured_share,
        p_enough=judged.p_enough,
        cost_mA_cm2=judged.cost_mA_cm2,
    )


def least_violation(judged: Sequence[Judged], config: SearchConfig) -> LeastViolation:
    """The conditions whose worst violation is smallest, of several that meet not everything."""
    nearest = min(judged, key=lambda one: max(one.violations.values()))
    conditions = nearest.conditions
    words = {
        "max_clipped_share": (
            f"{100 * nearest.clipped_share:.0f} % of its atoms lie outside what "
            f"the model was trained on (at most {100 * config.max_clipped_share:.0f} % may)"
        ),
        "min_capacity_mAh_cm2": (
            f"it plates {figures(conditions.capacity_mAh_cm2)} mAh/cm2 "
            f"(at least {config.min_capacity_mAh_cm2} must)"
        ),
        "min_glassy_share": (
            f"its glassy share is {nearest.glassy_share:.2f}, and at least "
            f"{nearest.assured_share:.2f} with probability {config.confidence:g} "
            f"({config.least_share} must be)"
        ),
    }
    missed = [words[name] for name, value in nearest.violations.items() if value > 0.0]
    return LeastViolation(
        conditions=conditions,
        violations=dict(nearest.violations),
        sentence=(
            f"No trial meets every requirement. The nearest one, {conditions_in_words(nearest)}: "
            f"{'; '.join(missed)}."
        ),
    )


def listed(parts: Sequence[str]) -> str:
    """One or several things in a sentence.

    >>> listed(["time"]), listed(["current", "time", "area"])
    ('time', 'current, time and area')
    """
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last


def conditions_in_words(judged: Judged) -> str:
    """Current, time, and what else is not usual."""
    conditions = judged.conditions
    parts = [conditions.plating_in_words]
    if conditions.area_factor > 1.0:
        parts.append(f"area factor {figures(conditions.area_factor)}")
    return ", ".join(parts)
