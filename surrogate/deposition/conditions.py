"""What is set at the bench, and what follows from it without any assumption but Faraday's law."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from simulate.settings import Settings
from simulate.units import AVOGADRO_per_mol, FARADAY_C_per_mol
from surrogate.deposition.quadrature import normal_quadrature
from surrogate.deposition.rounding import figures

MIN_PER_H: Final = 60.0
S_PER_MIN: Final = 60.0
C_PER_mAh: Final = 3.6
NM2_PER_CM2: Final = 1.0e14

Electrolyte = Literal["baseline", "advanced"]
"""The two of Wang, Pawar et al. 2020; how openly embryos exchange in each is a map's assumption."""

Series = Literal["current", "capacity", "time", "electrolyte"]
"""Of deposits in the same paper: what was varied."""

N_LOCAL_CURRENTS: Final = 3
"""Nodes that stand for the spread of the local current density over a collector."""


def capacity_mAh_cm2(current_density_mA_cm2: float, time_min: float) -> float:
    """Charge passed, mAh/cm².

    >>> capacity_mAh_cm2(0.5, 120.0)
    1.0
    """
    return current_density_mA_cm2 * time_min / MIN_PER_H


def plating_time_min(current_density_mA_cm2: float, capacity_mAh_cm2: float) -> float:
    """Time in which a current passes a charge, min.

    >>> plating_time_min(2.5, 1.0)
    24.0
    """
    return capacity_mAh_cm2 / current_density_mA_cm2 * MIN_PER_H


def lithium_per_nm2(capacity_mAh_cm2: float) -> float:
    """Li atoms plated by a charge, one electron each, 1/nm².

    >>> round(lithium_per_nm2(1.0))
    224694
    """
    charge_C_cm2 = capacity_mAh_cm2 * C_PER_mAh
    return charge_C_cm2 / FARADAY_C_per_mol * AVOGADRO_per_mol / NM2_PER_CM2


TIMES_min: Final = (0.1, 6000.0)

CurrentDensity = Annotated[float, Field(ge=0.02, le=10.0, description="Of the footprint, mA/cm2.")]
_CURRENT: Final = TypeAdapter[float](CurrentDensity)
_CAPACITY: Final = TypeAdapter[float](Annotated[float, Field(gt=0.0, allow_inf_nan=False)])

ROUNDING: Final = 1.0e-12
"""A time at the end of its range may miss it by so much, relative."""

PlatingTime = Annotated[
    float, Field(ge=TIMES_min[0], le=TIMES_min[1], description="Plating time, min.")
]
AreaFactor = Annotated[
    float, Field(ge=1.0, le=100.0, description="Surface of a 3D collector over its footprint.")
]
AreaFactorSpread = Annotated[
    float,
    Field(
        ge=0.0,
        le=2.0,
        description="Standard deviation of the local current density over the collector's surface, "
        "over its mean; log-normal.",
    ),
]
Temperature = Annotated[
    float, Field(ge=100.0, le=450.0, description="Experiment-equivalent temperature, K.")
]
Preset = Annotated[
    Electrolyte | None,
    Field(description="A preset, whose openness of exchange is the map's assumption."),
]
Openness = Annotated[
    float | None,
    Field(ge=0.0, le=1.0, description="Share of embryos that exchange openly, instead."),
]


def preset_or_openness(values: Any) -> Any:  # noqa: ANN401 - what a user wrote
    """Fields of which at most one of `electrolyte` and `openness` is given; neither: a preset.

    Raises:
        ValueError: Both are given.
    """
    if not isinstance(values, dict):
        return values
    preset, openness = values.get("electrolyte"), values.get("openness")
    if preset is not None and openness is not None:
        raise ValueError(
            "at most one of electrolyte and openness may be given, but got "
            f"electrolyte={preset!r}, openness={openness!r}. Leave one out."
        )
    if preset is None and openness is None:
        return {**values, "electrolyte": "baseline"}
    return values


class DepositionConditions(Settings):
    """What is set at the bench. Current and capacity are per area of the cell's footprint.

    Either `deposition_time_min` or `capacity_mAh_cm2` is given, the other follows; likewise either
    `electrolyte` or `openness` (neither: the baseline electrolyte).

    >>> conditions = DepositionConditions.model_validate(
    ...     {"current_density_mA_cm2": 0.5, "capacity_mAh_cm2": 1.0})
    >>> conditions.deposition_time_min
    120.0
    >>> round(conditions.deposited_atoms_per_nm2)
    224694
    """

    current_density_mA_cm2: CurrentDensity
    deposition_time_min: PlatingTime
    area_factor: AreaFactor = 1.0
    area_factor_spread: AreaFactorSpread = 0.0
    temperature_K: Temperature = 300.0
    electrolyte: Preset = None
    openness: Openness = None

    @model_validator(mode="before")
    @classmethod
    def _time_or_capacity(cls, values: Any) -> Any:  # noqa: ANN401 - what a user wrote
        """Exactly one is given; the plating time is what is kept."""
        if not isinstance(values, dict):
            return values
        values = dict(values)
        capacity = values.pop("capacity_mAh_cm2", None)
        time = values.get("deposition_time_min")
        if (capacity is None) == (time is None):
            found = "neither" if time is None else f"{time} min and {capacity} mAh/cm2"
            unknown = [str(key) for key in values if key not in cls.model_fields]
            raise ValueError(
                "exactly one of deposition_time_min and capacity_mAh_cm2 must be given, but got "
                f"{' and unknown '.join([found, *unknown])}. "
                f"{'Add one' if time is None else 'Leave one out'}; the other follows."
            )
        if capacity is not None:
            current = values.get("current_density_mA_cm2")
            values["deposition_time_min"] = _time_of(capacity, current)
        return values

    @model_validator(mode="before")
    @classmethod
    def _preset_or_openness(cls, values: Any) -> Any:  # noqa: ANN401 - what a user wrote
        return preset_or_openness(values)

    @property
    def capacity_mAh_cm2(self) -> float:
        """Charge plated per footprint area, mAh/cm²."""
        return capacity_mAh_cm2(self.current_density_mA_cm2, self.deposition_time_min)

    @property
    def plating_in_words(self) -> str:
        """Current and time.

        >>> conditions = {"current_density_mA_cm2": 0.5, "deposition_time_min": 120.0}
        >>> DepositionConditions.model_validate(conditions).plating_in_words
        '0.5 mA/cm2 for 120 min'
        """
        current, time = figures(self.current_density_mA_cm2), figures(self.deposition_time_min)
        return f"{current} mA/cm2 for {time} min"

    @property
    def local_current_density_mA_cm2(self) -> float:
        """Mean current through the collector's own surface, mA/cm²."""
        return self.current_density_mA_cm2 / self.area_factor

    @property
    def deposited_atoms_per_nm2(self) -> float:
        """Li atoms plated per area of the collector's own surface, mean over it, 1/nm²."""
        return lithium_per_nm2(self.capacity_mAh_cm2 / self.area_factor)

    @property
    def local(self) -> tuple[tuple["LocalPlating", float], ...]:
        r"""Where the deposited atoms are: what happens there, and the share of the atoms.

        Over the surface the local current is log-normal with mean j / area_factor and relative
        standard deviation `area_factor_spread`. Atoms are deposited in proportion to it, so that
        over atoms its logarithm lies higher by its own variance :math:`\sigma^2`, with
        :math:`\sigma^2 = \log(1 + spread^2)`.
        """
        variance = math.log1p(self.area_factor_spread**2)
        nodes, weights = normal_quadrature(N_LOCAL_CURRENTS if variance > 0.0 else 1)
        return tuple(
            (
                LocalPlating(
                    self.local_current_density_mA_cm2
                    * math.exp(0.5 * variance + math.sqrt(variance) * node),
                    self.deposition_time_min,
                    self.temperature_K,
                ),
                weight,
            )
            for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True)
        )


def _time_of(given_capacity: object, given_current: object) -> float:
    """Time that follows, min; any, where the current is wrong, of which its own rule tells.

    Raises:
        ValueError: The capacity is no charge, or none that is plated in a time that is allowed.
    """
    capacity = _read(_CAPACITY, given_capacity)
    if capacity is None:
        raise ValueError(f"capacity_mAh_cm2 must be a number > 0, but got {given_capacity!r:.40}.")
    current = _read(_CURRENT, given_current)
    if current is None:
        return TIMES_min[0]
    time = plating_time_min(current, capacity)
    if not TIMES_min[0] * (1.0 - ROUNDING) <= time <= TIMES_min[1] * (1.0 + ROUNDING):
        raise ValueError(
            f"capacity_mAh_cm2 must be plated within {TIMES_min[0]:g} to {TIMES_min[1]:g} min, but "
            f"{capacity:g} mAh/cm2 at {current:g} mA/cm2 take {figures(time)} min. Change one "
            "of them."
        )
    return min(max(time, TIMES_min[0]), TIMES_min[1])


def _read(kind: TypeAdapter[float], value: object) -> float | None:
    """A value as pydantic reads it where the field itself is read; None: it is refused there."""
    try:
        return kind.validate_python(value)
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True)
class LocalPlating:
    """What one place of the collector's surface sees; per area of that surface."""

    current_density_mA_cm2: float
    time_min: float
    temperature_K: float

    @property
    def capacity_mAh_cm2(self) -> float:
        """Charge passed here, mAh/cm²."""
        return capacity_mAh_cm2(self.current_density_mA_cm2, self.time_min)

    @property
    def atoms_per_nm2_s(self) -> float:
        """Li atoms that arrive here, 1/(nm² s)."""
        return lithium_per_nm2(self.capacity_mAh_cm2) / (self.time_min * S_PER_MIN)
