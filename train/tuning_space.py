"""Which training settings are searched, and where.

A field of `TrainingConfig` joins the search by its line in `SPACE`. Some settings given are kept as
they are in every trial:

- 0 on an axis of logarithms: it switches something off, and no neighbour of it does nearly that;
- what then decides nothing, such as the width of graphs that are not fitted;
- a list of several: each training takes the best of them itself.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from train.config import TrainingConfig


@dataclass(frozen=True, slots=True)
class Axis:
    """Where a setting is searched; of a list, its only element.

    Attributes:
        where: Its range or choices.
        only_with: Another setting that switches it off by being 0.
    """

    where: BaseDistribution
    only_with: str | None = None


SPACE: Final[dict[str, Axis]] = {
    "slope_spreads": Axis(FloatDistribution(0.1, 2.0, log=True)),
    "structure_spread": Axis(FloatDistribution(0.03, 1.0, log=True)),
    "correction_spread": Axis(FloatDistribution(0.05, 2.0, log=True)),
    "design_steps": Axis(IntDistribution(0, 450, step=150)),
    "epochs": Axis(IntDistribution(4, 48, log=True)),
    "learning_rate": Axis(FloatDistribution(1.0e-3, 0.05, log=True), only_with="epochs"),
    "weight_decay": Axis(FloatDistribution(1.0e-5, 0.1, log=True)),
    "graph_width": Axis(CategoricalDistribution([8, 16, 32]), only_with="epochs"),
    "n_rounds": Axis(IntDistribution(1, 3), only_with="epochs"),
}
"""Fields of `TrainingConfig`."""


def space_of(config: TrainingConfig) -> tuple[dict[str, BaseDistribution], dict[str, Any]]:
    """What is searched, widened to hold the settings given, and those."""
    given = {name: _only(getattr(config, name)) for name in SPACE if _is_searched(name, config)}
    return {name: _holding(SPACE[name].where, value) for name, value in given.items()}, given


def tried(config: TrainingConfig, settings: dict[str, Any]) -> TrainingConfig:
    """The settings of a trial, all of them."""
    values = {
        name: [value] if isinstance(getattr(config, name), list) else value
        for name, value in settings.items()
    }
    return TrainingConfig.model_validate(config.model_dump() | values)


def _is_searched(name: str, config: TrainingConfig) -> bool:
    """Whether it is, rather than kept as given; the module says why."""
    value, axis = getattr(config, name), SPACE[name]
    if isinstance(value, list) and len(value) > 1:
        return False
    if axis.only_with and not getattr(config, axis.only_with):
        return _is_searched(axis.only_with, config)
    return bool(_only(value)) or not getattr(axis.where, "log", False)


def _only(value: Any) -> Any:  # noqa: ANN401 - any setting
    return value[0] if isinstance(value, list) else value


def _holding(where: BaseDistribution, value: Any) -> BaseDistribution:  # noqa: ANN401 - any choice
    if isinstance(where, CategoricalDistribution):
        more = () if value in where.choices else (value,)
        return CategoricalDistribution((*where.choices, *more))
    if isinstance(where, IntDistribution):
        step = where.step if _is_met(value, where.low, where.step) else 1
        return IntDistribution(
            min(where.low, value), max(where.high, value), log=where.log, step=step
        )
    if isinstance(where, FloatDistribution):
        is_met = where.step is not None and _is_met(value, where.low, where.step)
        return FloatDistribution(
            min(where.low, value),
            max(where.high, value),
            log=where.log,
            step=where.step if is_met else None,
        )
    raise TypeError(f"{where} must be a distribution of numbers or choices.")


def _is_met(value: float, low: float, step: float) -> bool:
    """Whether whole steps lead from `low` to the value."""
    n_steps = (value - low) / step
    return math.isclose(n_steps, round(n_steps), abs_tol=1.0e-9)
