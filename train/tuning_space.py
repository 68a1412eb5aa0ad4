"""Which training settings are searched, and where."""

from typing import Any, Final

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from train.config import TrainingConfig

SPACE: Final[dict[str, BaseDistribution]] = {
    "slope_spread": FloatDistribution(0.1, 2.0, log=True),
    "structure_spread": FloatDistribution(0.03, 1.0, log=True),
    "correction_spread": FloatDistribution(0.05, 2.0, log=True),
    "design_steps": IntDistribution(0, 450, step=150),
    "epochs": IntDistribution(4, 48, log=True),
    "learning_rate": FloatDistribution(1.0e-3, 0.05, log=True),
    "weight_decay": FloatDistribution(1.0e-5, 0.1, log=True),
    "graph_width": CategoricalDistribution([8, 16, 32]),
    "n_rounds": IntDistribution(1, 3),
}
"""Fields of `TrainingConfig` and where they are searched; one spread of slopes, no list."""


def tried(config: TrainingConfig, settings: dict[str, Any]) -> TrainingConfig:
    """The settings of a trial, all of them."""
    values = dict(settings)
    values["slope_spreads"] = [values.pop("slope_spread")]
    return TrainingConfig.model_validate(config.model_dump() | values)


def space_of(config: TrainingConfig) -> tuple[dict[str, BaseDistribution], dict[str, Any]]:
    """What is searched, widened to hold the settings given, and those."""
    given = config.model_dump(include=set(SPACE)) | {"slope_spread": config.slope_spreads[0]}
    return {name: _holding(SPACE[name], given[name]) for name in SPACE}, given


def _holding(where: BaseDistribution, value: Any) -> BaseDistribution:  # noqa: ANN401 - any choice
    if isinstance(where, CategoricalDistribution):
        return CategoricalDistribution(sorted({*where.choices, value}))
    if isinstance(where, IntDistribution):
        step = where.step if (value - where.low) % where.step == 0 else 1
        return IntDistribution(
            min(where.low, value), max(where.high, value), log=where.log, step=step
        )
    if isinstance(where, FloatDistribution):
        return FloatDistribution(min(where.low, value), max(where.high, value), log=where.log)
    raise TypeError(f"{where} must be a distribution of numbers or choices.")
