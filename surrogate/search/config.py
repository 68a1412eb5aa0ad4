"""What is searched: the question, the variables, their bounds, and how sure it must be."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from simulate.files import read_yaml
from simulate.settings import Settings, explain, validated
from surrogate.deposition.bridge import AnyBridge
from surrogate.deposition.conditions import DepositionConditions, Electrolyte, capacity_mAh_cm2
from surrogate.deposition.registry import DEPOSITION_MAPS
from surrogate.deposition.rounding import figures
from surrogate.search.space import VARIABLES, Bounds, Space

SamplerName = Literal["tpe", "gp", "nsga2", "random", "sobol"]

Objective = Literal["fastest_plating", "glassy_share", "pareto"]

SCHEMA_VERSION = 3
"""Of the answer, and of what a trial of a study is worth. 3: a calibrated map's draws are asked of
the member they were calibrated with; the Damköhler number is arrival over waiting, the inverse of
that in 2."""

USUAL_SHARE: Final = 0.5
"""Most of the deposit: the least share that a search for fast plating asks for."""


class SearchConfig(Settings):
    """A question and where to look for its answer. All of it is part of the study's identity.

    `n_trials` is a total: running twice changes nothing, and a stopped search is completed.
    """

    objective: Objective = Field(
        "fastest_plating",
        description="fastest_plating: the largest current density, less what collector area costs, "
        "at which the glassy share is surely large enough. glassy_share: the largest share that is "
        "sure. pareto: the front of both, and of the collector's area where it is searched.",
    )
    min_glassy_share: float | None = Field(
        None, gt=0.0, lt=1.0, description="Least glassy share; empty: 0.5 for fastest_plating."
    )
    confidence: float = Field(
        0.9,
        ge=0.5,
        lt=1.0,
        description="Glassy shares are judged by what is reached with this probability; 0.5: by "
        "the median.",
    )
    min_capacity_mAh_cm2: float | None = Field(
        1.0, gt=0.0, description="Least charge per footprint area, mAh/cm2; empty: any."
    )
    area_cost_mA_cm2: float = Field(
        0.1,
        ge=0.0,
        description="What one more unit of area factor must bring: its cost as current density, "
        "mA/cm2.",
    )
    max_clipped_share: float = Field(
        0.25,
        ge=0.0,
        le=1.0,
        description="Most of the atoms that may lie outside what was sampled.",
    )
    current_density_mA_cm2: Bounds = Bounds(min=0.02, max=10.0)
    deposition_time_min: Bounds | None = Field(
        None, description="Plating time, min; empty: 1 to 1200, unless the capacity is given."
    )
    capacity_mAh_cm2: Bounds | None = Field(
        None, description="Searched, or fixed, instead of the plating time."
    )
    area_factor: Bounds = Bounds(min=1.0, max=1.0)
    area_factor_spread: Bounds = Bounds(min=0.0, max=0.0)
    temperature_K: Bounds = Bounds(min=300.0, max=300.0)
    electrolyte: Electrolyte | None = Field(None, description="A preset; empty: the baseline.")
    openness: Bounds | None = Field(None, description="Searched, or fixed, instead of a preset.")
    horizon_ps: float | None = Field(
        None, gt=0.0, description="MD horizon of the glassy share, ps; empty: the model's own."
    )
    bridge: AnyBridge | None = Field(
        None, description="From nanoseconds to minutes, instead of a horizon; empty: the map's own."
    )
    deposition_map: str = Field(
        "paper", description="The assumption that leads: its name, or the file of a calibrated map."
    )
    also_maps: tuple[str, ...] | None = Field(
        None, description="Others whose answers stand beside; empty: every other map's first guess."
    )
    n_map_draws: int | None = Field(
        None,
        ge=0,
        le=256,
        description="Draws of the map's parameters over which the share must be sure, or as many "
        "more as make every member's equal; empty: one of each member of a calibrated map, none of "
        "a first guess, whose prior is no knowledge.",
    )
    sampler: SamplerName = Field("tpe", description="Who proposes conditions.")
    n_trials: int = Field(200, ge=1, le=100_000, description="Trials in all, not trials more.")
    seed: int = Field(1, ge=0)
    n_ranked: int = Field(5, ge=1, le=100, description="Distinct conditions in the answer.")

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> Self:
        for one, other in (
            ("deposition_time_min", "capacity_mAh_cm2"),
            ("electrolyte", "openness"),
            ("horizon_ps", "bridge"),
        ):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise ValueError(
                    f"at most one of {one} and {other} may be given, but both are. Leave one out."
                )
        return self

    @model_validator(mode="after")
    def _bounds_are_possible_conditions(self) -> Self:
        for values in _corners(self.space):
            try:
                self.conditions(values)
            except ValidationError as error:
                where = ", ".join(f"{name} = {value:g}" for name, value in values.items())
                raise ValueError(f"at the bounds {where}: {explain(error)}") from error
        return self

    @model_validator(mode="after")
    def _capacity_can_be_reached(self) -> Self:
        least, most = self.min_capacity_mAh_cm2, self.most_capacity_mAh_cm2
        if least is not None and most < least:
            raise ValueError(
                "min_capacity_mAh_cm2 must be reachable, but the bounds allow at most "
                f"{figures(most)} mAh/cm2 and {least:g} are asked for. Raise the upper bound of "
                "current or time, or ask for less."
            )
        return self

    @model_validator(mode="after")
    def _sampler_fits(self) -> Self:
        if self.sampler == "nsga2" and self.objective != "pareto":
            raise ValueError(
                f"sampler nsga2 needs several objectives, but objective is {self.objective}. "
                "Choose objective: pareto, or sampler: tpe or gp."
            )
        return self

    @property
    def least_share(self) -> float | None:
        """The glassy share that must be reached; None: any."""
        if self.min_glassy_share is None and self.objective == "fastest_plating":
            return USUAL_SHARE
        return self.min_glassy_share

    @property
    def space(self) -> Space:
        """The variables and their bounds."""
        given = {name: getattr(self, name) for name in VARIABLES}
        if given["deposition_time_min"] is None and given["capacity_mAh_cm2"] is None:
            given["deposition_time_min"] = Bounds(min=1.0, max=1200.0)
        return Space({name: bounds for name, bounds in given.items() if bounds is not None})

    @property
    def maps(self) -> tuple[str, ...]:
        """The map that leads, then the others."""
        others = DEPOSITION_MAPS if self.also_maps is None else self.also_maps
        return (self.deposition_map, *(name for name in others if name != self.deposition_map))

    @property
    def n_trials_of_a_map(self) -> int:
        """One is enough where nothing is searched."""
        return self.n_trials if self.space.searched else 1

    @property
    def most_capacity_mAh_cm2(self) -> float:
        """What the bounds allow."""
        bounds = self.space.bounds
        if "capacity_mAh_cm2" in bounds:
            return bounds["capacity_mAh_cm2"].max
        return capacity_mAh_cm2(
            bounds["current_density_mA_cm2"].max, bounds["deposition_time_min"].max
        )

    def conditions(self, values: Mapping[str, float]) -> DepositionConditions:
        """Conditions from values of the searched variables (or of all of them)."""
        return DepositionConditions.model_validate({**self.space.fixed, **values} | self.preset)

    @property
    def preset(self) -> dict[str, str]:
        """The electrolyte, where one was named, as a value of the conditions."""
        return {} if self.electrolyte is None else {"electrolyte": self.electrolyte}


def read_search_config(path: Path | None, **changes: Any) -> SearchConfig:  # noqa: ANN401 - any
    """A search from a YAML file (None: the defaults), with what was said elsewhere.

    Args:
        path: The file.
        **changes: Values by name that replace the file's; None: as in the file.

    Raises:
        MisuseError: An unknown key, impossible bounds, a contradiction, or no readable file.
    """
    values = read_yaml(path, "a search config") if path else {}
    given = {name: value for name, value in changes.items() if value is not None}
    if "capacity_mAh_cm2" in given and "deposition_time_min" not in given:
        values.pop("deposition_time_min", None)
    if "deposition_time_min" in given and "capacity_mAh_cm2" not in given:
        values.pop("capacity_mAh_cm2", None)
    return validated(SearchConfig, values | given, str(path or "search settings"))


def corner_conditions(config: SearchConfig) -> Iterator[DepositionConditions]:
    """Conditions at the ends of the bounds."""
    for values in _corners(config.space):
        yield config.conditions(values)


def _corners(space: Space) -> list[dict[str, float]]:
    """All variables at their least and largest, and current against the amount plated."""
    low = {name: each.min for name, each in space.bounds.items()}
    high = {name: each.max for name, each in space.bounds.items()}
    current = "current_density_mA_cm2"
    return [
        low,
        high,
        low | {current: high[current]},
        high | {current: low[current]},
    ]
