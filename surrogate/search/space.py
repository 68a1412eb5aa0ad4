"""What can be searched: the variables of a deposition, their bounds and their scales."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from optuna.distributions import BaseDistribution, FloatDistribution
from pydantic import model_validator

from simulate.errors import MisuseError
from simulate.settings import Settings, validated


@dataclass(frozen=True, slots=True)
class Variable:
    """A field of `DepositionConditions` that can be searched.

    Attributes:
        words: What it is, for people.
        unit: Empty for a plain number.
        is_log: Whether it is searched, and compared, on a log scale.
    """

    words: str
    unit: str
    is_log: bool

    @property
    def label(self) -> str:
        """For axes and heads of tables."""
        return f"{self.words}, {self.unit}" if self.unit else self.words

    def scaled(self, value: float) -> float:
        """The value on its scale."""
        return math.log(value) if self.is_log else value

    def unscaled(self, place: float) -> float:
        """Back from its scale."""
        return math.exp(place) if self.is_log else place


VARIABLES: Final[Mapping[str, Variable]] = {
    "current_density_mA_cm2": Variable("current density", "mA/cm2", is_log=True),
    "deposition_time_min": Variable("plating time", "min", is_log=True),
    "capacity_mAh_cm2": Variable("capacity", "mAh/cm2", is_log=True),
    "area_factor": Variable("area factor", "", is_log=True),
    "area_factor_spread": Variable("spread of local current", "", is_log=False),
    "temperature_K": Variable("temperature", "K", is_log=False),
    "openness": Variable("openness of exchange", "", is_log=False),
}
"""By name of the field; time and capacity are two ways to say one thing."""


class Bounds(Settings):
    """Smallest and largest value of a variable; one number alone fixes it.

    >>> Bounds.model_validate(300.0).is_fixed
    True
    """

    min: float
    max: float

    @model_validator(mode="before")
    @classmethod
    def _one_number_fixes(cls, values: Any) -> Any:  # noqa: ANN401 - what a user wrote
        is_number = isinstance(values, (int, float)) and not isinstance(values, bool)
        return {"min": values, "max": values} if is_number else values

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min <= max must hold, but got min={self.min}, max={self.max}.")
        return self

    @property
    def is_fixed(self) -> bool:
        """Whether there is nothing to search."""
        return self.min == self.max


@dataclass(frozen=True, slots=True)
class Space:
    """Bounds of every variable of a search, fixed ones too.

    Attributes:
        bounds: By name of the variable.
    """

    bounds: Mapping[str, Bounds]

    @property
    def searched(self) -> dict[str, Bounds]:
        """Those with something to search."""
        return {name: each for name, each in self.bounds.items() if not each.is_fixed}

    @property
    def fixed(self) -> dict[str, float]:
        """Values of the others."""
        return {name: each.min for name, each in self.bounds.items() if each.is_fixed}

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """As Optuna wants them."""
        return {
            name: FloatDistribution(each.min, each.max, log=VARIABLES[name].is_log)
            for name, each in self.searched.items()
        }

    def place(self, values: Mapping[str, float]) -> dict[str, float]:
        """Where each searched variable lies between its bounds, 0 to 1, on its own scale."""
        places = {}
        for name, each in self.searched.items():
            scale = VARIABLES[name].scaled
            low, high = scale(each.min), scale(each.max)
            places[name] = (scale(values[name]) - low) / (high - low)
        return places

    def at(self, places: Mapping[str, float]) -> dict[str, float]:
        """Values of all variables at places between 0 and 1 of the searched ones."""
        values = self.fixed
        for name, each in self.searched.items():
            variable = VARIABLES[name]
            low, high = variable.scaled(each.min), variable.scaled(each.max)
            value = variable.unscaled(low + (high - low) * places[name])
            values[name] = min(max(value, each.min), each.max)  # rounding may leave the bounds
        return values


def bounds_from_flags(fixed: Sequence[str], bounded: Sequence[str]) -> dict[str, Bounds]:
    """Variables fixed by ``name=value`` and bounded by ``name=min:max``.

    >>> bounds_from_flags(["temperature_K=300"], ["area_factor=1:10"])["area_factor"].max
    10.0

    Raises:
        MisuseError: A flag is something else, names no variable, or a variable is named twice.
    """
    found: dict[str, Bounds] = {}
    for text in (*fixed, *bounded):
        name, _, values = text.partition("=")
        if name not in VARIABLES:
            raise MisuseError(
                f"a variable must be one of {', '.join(VARIABLES)}, but got {text!r}. Rename it."
            )
        if name in found:
            raise MisuseError(
                f"a variable may be fixed or bounded once, but {name} is named twice. Leave one "
                "out."
            )
        found[name] = _bounds(values, text, is_fixed=text in fixed)
    return found


def _bounds(values: str, text: str, *, is_fixed: bool) -> Bounds:
    ends = [values] if is_fixed else values.split(":")
    try:
        numbers = [float(each) for each in ends]
        low, high = (*numbers, *numbers)[:2] if is_fixed else numbers
    except ValueError as error:
        example = (
            "--fix temperature_K=300" if is_fixed else "--bound current_density_mA_cm2=0.1:5"
        )
        raise MisuseError(
            f"a variable must be given as in `{example}`, but got {text!r}. Mend it."
        ) from error
    return validated(Bounds, {"min": low, "max": high}, text)
