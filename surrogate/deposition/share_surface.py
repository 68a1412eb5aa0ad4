"""The glassy share over current density and plating time, all else held: a picture of a map."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
from pydantic import Field, model_validator

from simulate.settings import Settings
from surrogate.deposition.answer import Assumed, DeclaredMap, assumed, bridge_used
from surrogate.deposition.bridge import AnyBridge, FastPredictor, GrowthBridge
from surrogate.deposition.conditions import (
    AreaFactor,
    AreaFactorSpread,
    CurrentDensity,
    DepositionConditions,
    Openness,
    PlatingTime,
    Preset,
    Temperature,
    preset_or_openness,
)
from surrogate.deposition.forecast import Question

MOST_POINTS: Final = 1024
MOST_GROWN_POINTS: Final = 64
"""Embryos that are followed while they grow cost some fifty times more."""


class CurrentAxis(Settings):
    """Current densities in equal steps of their logarithm, mA/cm²."""

    min: CurrentDensity
    max: CurrentDensity
    n: int = Field(ge=1, le=MOST_POINTS, description="How many.")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        return _checked(self)

    @property
    def values(self) -> list[float]:
        """From the least to the largest."""
        return log_steps(self.min, self.max, self.n)


class TimeAxis(Settings):
    """Plating times in equal steps of their logarithm, min."""

    min: PlatingTime
    max: PlatingTime
    n: int = Field(ge=1, le=MOST_POINTS, description="How many.")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        return _checked(self)

    @property
    def values(self) -> list[float]:
        """From the least to the largest."""
        return log_steps(self.min, self.max, self.n)


class OtherConditions(Settings):
    """What is set at the bench beside current and time; see `DepositionConditions`."""

    area_factor: AreaFactor = 1.0
    area_factor_spread: AreaFactorSpread = 0.0
    temperature_K: Temperature = 300.0
    electrolyte: Preset = None
    openness: Openness = None

    @model_validator(mode="before")
    @classmethod
    def _preset_or_openness(cls, values: Any) -> Any:  # noqa: ANN401 - what a user wrote
        return preset_or_openness(values)


class SurfaceQuestion(Assumed):
    """Glassy shares over current density and plating time."""

    conditions: OtherConditions = Field(
        default_factory=lambda: OtherConditions.model_validate({}),
        description="All else that is set.",
    )
    current_density_mA_cm2: CurrentAxis
    deposition_time_min: TimeAxis

    @model_validator(mode="after")
    def _not_too_many_points(self) -> Self:
        most = MOST_GROWN_POINTS if isinstance(self.bridge, GrowthBridge) else MOST_POINTS
        currents, times = self.current_density_mA_cm2.n, self.deposition_time_min.n
        if currents * times > most:
            by_growth = " by the growth bridge" if most < MOST_POINTS else ""
            raise ValueError(
                f"current_density_mA_cm2.n x deposition_time_min.n must be at most {most}"
                f"{by_growth}, but is {currents} x {times}. Ask for fewer."
            )
        return self


class SurfaceReply(Settings):
    """Mean glassy shares over current density and plating time.

    The map is taken as given, without its other draws: that is what a picture of it shows. An
    answer for one of the points (`surrogate.deposition.answer`) is a mean over draws, too.

    Attributes:
        statement: What a glassy share here says, and what it does not.
        glassy_share: A row for each time, shape ``(n_times, n_currents)``.
    """

    deposition_map: DeclaredMap
    bridge: AnyBridge
    statement: str
    current_density_mA_cm2: tuple[float, ...]
    deposition_time_min: tuple[float, ...]
    glassy_share: tuple[tuple[float, ...], ...]


def surface_answer(predictor: FastPredictor, question: SurfaceQuestion) -> SurfaceReply:
    """Glassy shares over current density and plating time.

    Args:
        predictor: The model.
        question: What is asked of it.

    Raises:
        MisuseError: As `surrogate.deposition.answer.deposition_answer`.
    """
    chosen, asked = assumed(predictor, question)
    currents = question.current_density_mA_cm2.values
    times = question.deposition_time_min.values
    others = question.conditions.model_dump(exclude_none=True)
    return SurfaceReply(
        deposition_map=DeclaredMap.of(chosen),
        bridge=bridge_used(asked),
        statement=asked.statement,
        current_density_mA_cm2=tuple(currents),
        deposition_time_min=tuple(times),
        glassy_share=shares_over(asked, currents, times, others),
    )


def shares_over(
    question: Question,
    currents_mA_cm2: Sequence[float],
    times_min: Sequence[float],
    others: Mapping[str, Any],
) -> tuple[tuple[float, ...], ...]:
    """Mean glassy shares over currents and times, a row for each time, from one call of the model.

    Args:
        question: Its map is taken as given.
        currents_mA_cm2: Of the footprint.
        times_min: Of plating.
        others: All other conditions, by name.
    """
    conditions = [
        DepositionConditions.model_validate(
            {**others, "current_density_mA_cm2": current, "deposition_time_min": time}
        )
        for time in times_min
        for current in currents_mA_cm2
    ]
    shares = [one.glassy_share for one in question.forecasts(conditions)]
    n = len(currents_mA_cm2)
    return tuple(tuple(shares[first : first + n]) for first in range(0, len(shares), n))


def log_steps(low: float, high: float, n: int) -> list[float]:
    """From low to high in equal steps of the logarithm; rounding must not leave them.

    >>> log_steps(1.0, 100.0, 3)
    [1.0, 10.0, 100.0]
    """
    return [min(max(value, low), high) for value in np.geomspace(low, high, n).tolist()]


Axis = CurrentAxis | TimeAxis
