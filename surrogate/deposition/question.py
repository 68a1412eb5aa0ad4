"""What may be asked of deposits, whoever asks: conditions, and what is assumed beneath them."""

from typing import Any, Final, Self

import numpy as np
from pydantic import Field, model_validator

from simulate.settings import Settings
from surrogate.deposition.bridge import AnyBridge, GrowthBridge
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

MOST_CONDITIONS: Final = 256
MOST_POINTS: Final = 1024
"""Of a surface."""

MOST_GROWN: Final = 64
"""Conditions or points by the growth bridge: embryos that are followed while they grow cost some
fifty times more."""


class Assumed(Settings):
    """What is assumed between a cell and a simulation, chosen by whoever asks."""

    deposition_map: str = Field(
        "paper", description="From conditions to embryos: a name, or the file of a calibrated map."
    )
    horizon_ps: float | None = Field(
        None,
        gt=0.0,
        description="MD horizon of the glassy share, ps; empty: that of the calibrated map, else "
        "the model's own hold.",
    )
    bridge: AnyBridge | None = Field(
        None, description="From nanoseconds to minutes, instead of a horizon."
    )

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> Self:
        if self.horizon_ps is not None and self.bridge is not None:
            raise ValueError(
                "at most one of horizon_ps and bridge may be given, but both are. Leave one out."
            )
        return self


class DepositionQuestion(Assumed):
    """How glassy are deposits plated under these conditions?"""

    conditions: list[DepositionConditions] = Field(
        min_length=1, max_length=MOST_CONDITIONS, description="Answered in this order."
    )


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


class Sweep(Settings):
    """Values of a variable in equal steps of their logarithm, both ends included."""

    min: float = Field(gt=0.0)
    max: float = Field(gt=0.0)
    n: int = Field(ge=1, le=256, description="How many.")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.min > self.max or (self.n == 1) != (self.min == self.max):
            raise ValueError(
                f"min < max must hold, or min = max and n = 1, but got min={self.min:g}, "
                f"max={self.max:g}, n={self.n}."
            )
        return self

    @property
    def values(self) -> list[float]:
        """Rising.

        >>> Sweep(min=1.0, max=100.0, n=3).values
        [1.0, 10.0, 100.0]
        """
        return log_steps(self.min, self.max, self.n)


class CurrentSweep(Sweep):
    """Current densities of the footprint, mA/cm2, in equal steps of their logarithm."""

    min: CurrentDensity
    max: CurrentDensity


class TimeSweep(Sweep):
    """Plating times, min, in equal steps of their logarithm."""

    min: PlatingTime
    max: PlatingTime


class SurfaceQuestion(Assumed):
    """Glassy shares over current density and plating time, all else held."""

    conditions: OtherConditions = Field(
        default_factory=lambda: OtherConditions.model_validate({}),
        description="All else that is set.",
    )
    current_density_mA_cm2: CurrentSweep
    deposition_time_min: TimeSweep

    @model_validator(mode="after")
    def _not_too_many_points(self) -> Self:
        most = MOST_GROWN if isinstance(self.bridge, GrowthBridge) else MOST_POINTS
        currents, times = self.current_density_mA_cm2.n, self.deposition_time_min.n
        if currents * times > most:
            by_growth = " by the growth bridge" if most < MOST_POINTS else ""
            raise ValueError(
                f"current_density_mA_cm2.n x deposition_time_min.n must be at most {most}"
                f"{by_growth}, but is {currents} x {times}. Ask for fewer points."
            )
        return self


def log_steps(low: float, high: float, n: int) -> list[float]:
    """From low to high in equal steps of the logarithm; rounding must not leave them."""
    return [min(max(value, low), high) for value in np.geomspace(low, high, n).tolist()]
