"""Deposits by the conditions they are plated under.

A deposition map is asked for by its name only: the file of a calibrated map, which the command line
takes, would be a file of the server.
"""

from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from serve.messages.schemas import JSONSchema, Question
from simulate.settings import Settings
from surrogate.deposition.bridge import AnyBridge
from surrogate.deposition.conditions import DepositionConditions, Electrolyte

MAX_CONDITIONS: Final = 256
MAX_SURFACE_POINTS: Final = 1024

MapName = Literal["paper", "overpotential"]
"""A key of `surrogate.deposition.registry.DEPOSITION_MAPS`."""

EXAMPLE_CONDITIONS: Final = {
    "current_density_mA_cm2": 0.5,
    "deposition_time_min": 20.0,
    "temperature_K": 300.0,
    "electrolyte": "baseline",
}


class DepositionQuestion(Question):
    """What every question about deposits may say."""

    deposition_map: MapName = Field("paper", description="The assumption, by its name.")
    horizon_ps: float | None = Field(
        None, gt=0.0, description="MD horizon of the glassy share, ps. null: the model's own."
    )
    bridge: AnyBridge | None = Field(
        None,
        description="From nanoseconds to minutes, instead of a horizon. null: the map's own.",
    )

    @model_validator(mode="after")
    def _one_bridge(self) -> Self:
        if self.horizon_ps is not None and self.bridge is not None:
            raise ValueError(
                "horizon_ps must be left out where a bridge is given, but both are. Leave one out."
            )
        return self

    @classmethod
    def close(cls, schema: JSONSchema) -> None:
        """Say what bridges are without the docstrings of their code."""
        close_bridge(schema["properties"]["bridge"])


class DepositionRequest(DepositionQuestion):
    """Body of `POST /v1/deposition/predict`."""

    conditions: list[DepositionConditions] = Field(
        min_length=1, max_length=MAX_CONDITIONS, description="Answered in this order."
    )

    @classmethod
    def close(cls, schema: JSONSchema) -> None:
        """Which keys of conditions go together."""
        super().close(schema)
        close_conditions(schema["properties"]["conditions"]["items"])


def as_condition(name: str) -> Any:  # noqa: ANN401 - a field of any type
    """A field of `DepositionConditions` with its limits and words, for another class."""
    return DepositionConditions.model_fields[name]


class SurfaceConditions(Settings):
    """Conditions but for current and time."""

    area_factor: float = as_condition("area_factor")
    area_factor_spread: float = as_condition("area_factor_spread")
    temperature_K: float = as_condition("temperature_K")
    electrolyte: Electrolyte | None = as_condition("electrolyte")
    openness: float | None = as_condition("openness")

    @model_validator(mode="after")
    def _are_conditions(self) -> Self:
        self.at(1.0, 1.0)
        return self

    def at(self, current_density_mA_cm2: float, deposition_time_min: float) -> DepositionConditions:
        """The same conditions at a current and a time."""
        return DepositionConditions.model_validate(
            self.model_dump()
            | {
                "current_density_mA_cm2": current_density_mA_cm2,
                "deposition_time_min": deposition_time_min,
            }
        )


class Sweep(Settings):
    """Values of a variable, evenly spaced on a log scale, both ends included."""

    min: float
    max: float
    n: int = Field(ge=2, le=256)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min >= self.max:
            raise ValueError(f"min < max must hold, but got min={self.min}, max={self.max}.")
        return self

    @property
    def values(self) -> list[float]:
        """Rising.

        >>> Sweep(min=0.1, max=10.0, n=3).values
        [0.1, 1.0, 10.0]
        """
        step = (self.max / self.min) ** (1.0 / (self.n - 1))
        inner = [self.min * step**number for number in range(1, self.n - 1)]
        return [self.min, *inner, self.max]


class CurrentSweep(Sweep):
    """Current densities of the footprint, mA/cm2, evenly spaced on a log scale."""

    min: float = as_condition("current_density_mA_cm2")
    max: float = as_condition("current_density_mA_cm2")


class TimeSweep(Sweep):
    """Plating times, min, evenly spaced on a log scale."""

    min: float = as_condition("deposition_time_min")
    max: float = as_condition("deposition_time_min")


class SurfaceRequest(DepositionQuestion):
    """Body of `POST /v1/deposition/surface`."""

    conditions: SurfaceConditions = SurfaceConditions()
    current_density_mA_cm2: CurrentSweep
    deposition_time_min: TimeSweep

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        n_points = self.current_density_mA_cm2.n * self.deposition_time_min.n
        if n_points > MAX_SURFACE_POINTS:
            raise ValueError(
                f"current_density_mA_cm2.n x deposition_time_min.n <= {MAX_SURFACE_POINTS} must "
                f"hold, but got {n_points}. Ask for fewer points."
            )
        return self

    @classmethod
    def close(cls, schema: JSONSchema) -> None:
        """Which keys of conditions go together."""
        super().close(schema)
        schema["properties"]["conditions"]["not"] = ONE_OF_PRESET_AND_OPENNESS


ONE_OF_PRESET_AND_OPENNESS: Final[JSONSchema] = {"required": ["electrolyte", "openness"]}


def close_conditions(conditions: JSONSchema) -> None:
    """Write into the schema of conditions which of their keys go together."""
    fields = conditions["properties"]
    fields["capacity_mAh_cm2"] = {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "Charge per footprint area, mAh/cm2; instead of the plating time.",
    }
    conditions["required"] = ["current_density_mA_cm2"]
    conditions["oneOf"] = [
        {"required": ["deposition_time_min"]},
        {"required": ["capacity_mAh_cm2"]},
    ]
    conditions["not"] = ONE_OF_PRESET_AND_OPENNESS
    conditions["description"] = (
        "What is set at the bench. Current and capacity are per area of the cell's footprint. "
        "Either deposition_time_min or capacity_mAh_cm2, the other follows; either electrolyte or "
        "openness."
    )


def close_bridge(bridge: JSONSchema) -> None:
    """Replace docstrings for readers of the code by sentences for clients."""
    said: dict[str, Any] = {
        "horizon": "The glass index at an MD horizon; no claim about minutes.",
        "growth": "Survival along the growth of an embryo, over the minutes of plating.",
    }
    for each in bridge["anyOf"][0]["oneOf"]:
        each["description"] = said[each["properties"]["kind"]["const"]]
        each["required"] = ["kind"]
