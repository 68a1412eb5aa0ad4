"""What is searched: the variables and their bounds, what must hold, and how careful to be."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from simulate.files import read_yaml
from simulate.settings import Settings, explain, validated
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.registry import DEPOSITION_MAPS

VARIABLES: Final[Mapping[str, bool]] = {
    "current_density_mA_cm2": True,
    "deposition_time_min": True,
    "area_factor": True,
    "temperature_K": False,
}
"""Searched fields of `DepositionConditions`, and whether they are searched on a log scale."""


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


class SearchConfig(Settings):
    """A search for conditions with a large glassy share. Bounds are part of the study's identity.

    `n_trials` is a total: running twice changes nothing, and a stopped search is completed.
    """

    n_trials: int = Field(200, ge=1, le=100_000, description="Trials in all, not trials more.")
    seed: int = Field(1, ge=0)
    sampler: Literal["tpe", "random"] = Field("tpe")
    horizon_ps: float | None = Field(
        None, gt=0.0, description="MD horizon of the glassy share, ps; empty: the model's own."
    )
    deposition_map: str = Field("paper", description="Assumption that turns conditions to embryos.")
    objective: Literal["glassy_share"] = Field("glassy_share", description="What is maximised.")
    risk: Literal["lower_bound", "mean"] = Field(
        "lower_bound", description="Judge by the lower end of the 90 % interval, or by the mean."
    )
    current_density_mA_cm2: Bounds = Bounds(min=0.02, max=10.0)
    deposition_time_min: Bounds = Bounds(min=0.1, max=600.0)
    area_factor: Bounds = Bounds(min=1.0, max=1.0)
    temperature_K: Bounds = Bounds(min=300.0, max=300.0)
    min_capacity_mAh_cm2: float | None = Field(
        None, gt=0.0, description="Least charge per footprint area, mAh/cm2."
    )
    max_clipped_share: float = Field(
        0.25, ge=0.0, le=1.0, description="Most of the atoms that may lie outside what was sampled."
    )
    n_ranked: int = Field(5, ge=1, le=100, description="Distinct conditions in the answer.")

    @field_validator("deposition_map")
    @classmethod
    def _map_exists(cls, name: str) -> str:
        if name not in DEPOSITION_MAPS:
            raise ValueError(f"must be one of {', '.join(DEPOSITION_MAPS)}")
        return name

    @model_validator(mode="after")
    def _bounds_are_possible_conditions(self) -> Self:
        for end in ("min", "max"):
            try:
                DepositionConditions.model_validate(
                    {name: getattr(bounds, end) for name, bounds in self.bounds.items()}
                )
            except ValidationError as error:
                raise ValueError(f"`{end}` of the bounds: {explain(error)}") from error
        return self

    @property
    def bounds(self) -> dict[str, Bounds]:
        """The bounds of every variable, by its name."""
        return {name: getattr(self, name) for name in VARIABLES}


def read_search_config(path: Path | None, n_trials: int | None = None) -> SearchConfig:
    """A search from a YAML file (None: the defaults), `n_trials` replaced where it is given.

    Raises:
        MisuseError: An unknown key, impossible bounds, or no readable file.
    """
    values = read_yaml(path, "a search config") if path else {}
    if n_trials is not None:
        values["n_trials"] = n_trials
    return validated(SearchConfig, values, str(path or "search settings"))
