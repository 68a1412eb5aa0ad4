"""Searches for the best way to plate, as jobs beside the requests."""

from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from serve.messages.deposition import close_bridge
from serve.messages.schemas import JSONSchema, Question
from serve.messages.service import ModelName
from simulate.settings import Settings
from surrogate.deposition.registry import MapName
from surrogate.search.config import SearchConfig
from surrogate.search.result import SearchResult

MAX_TRIALS: Final = 2000
"""Of one search: some minutes by the default sampler."""

MAX_GP_TRIALS: Final = 200
"""Of a search by Gaussian processes, each trial of which takes half a second."""

MAX_MAP_DRAWS: Final = 64

JobState = Literal["queued", "running", "done", "cancelled", "failed"]

EXAMPLE_SEARCH: Final = {
    "objective": "fastest_plating",
    "min_glassy_share": 0.6,
    "current_density_mA_cm2": {"min": 0.1, "max": 5.0},
    "deposition_time_min": {"min": 5.0, "max": 600.0},
    "temperature_K": 300.0,
    "n_trials": 60,
}


class SearchRequest(Question, SearchConfig):
    """Body of `POST /v1/deposition/search`: as a search config, but bounded."""

    examples: ClassVar = (EXAMPLE_SEARCH,)

    deposition_map: MapName = Field("paper", description="The assumption that leads, by its name.")
    also_maps: tuple[MapName, ...] | None = Field(
        None,
        max_length=2,
        description="Others whose answers stand beside. null: every other map's first guess.",
    )
    n_map_draws: int | None = Field(
        None,
        ge=0,
        le=MAX_MAP_DRAWS,
        description="Draws of the map's parameters over which the share must be sure. null: one "
        "of each member of a calibrated map, none of a first guess.",
    )
    n_trials: int = Field(200, ge=1, le=MAX_TRIALS, description="Trials in all, not trials more.")

    @model_validator(mode="after")
    def _ends_soon(self) -> Self:
        if self.sampler == "gp" and self.n_trials > MAX_GP_TRIALS:
            raise ValueError(
                f"n_trials <= {MAX_GP_TRIALS} must hold for sampler gp, but got {self.n_trials}. "
                "Ask for fewer, or choose sampler tpe."
            )
        return self

    @property
    def config(self) -> SearchConfig:
        """What is asked, as the command line would ask it."""
        return SearchConfig.model_validate(dict(self))

    @classmethod
    def close(cls, schema: JSONSchema) -> None:
        """One number alone fixes a variable; bridges without the docstrings of their code."""
        close_bridge(schema["properties"]["bridge"])
        for name, field in schema["properties"].items():
            for each in field.get("anyOf", [field]):
                if each.get("title") == "Bounds":
                    bounds = {key: each.pop(key) for key in list(each) if key not in KEPT}
                    bounds["description"] = f"Smallest and largest {name}."
                    each["anyOf"] = [bounds, {"type": "number"}]


class SearchJob(Settings):
    """A search and how far it is; answer of all of `/v1/deposition/search`.

    Attributes:
        id: Content hash of model and config: the same question is the same job.
        model: That was asked when the job was submitted.
        n_done, n_trials: Trials made and to make, under all maps together.
        seconds_left: Guess; None: not known, or over.
        n_ahead: Jobs that run before this one; 0 unless it waits.
        submitted_at: UTC, ISO 8601.
        config: Everything that is searched.
        result: As `search.json` of the command line; None until it is done.
        error: Why it failed, a sentence.
    """

    id: str
    model: ModelName
    state: JobState
    n_done: int = Field(0, ge=0)
    n_trials: int = Field(ge=1)
    seconds_left: float | None = None
    n_ahead: int = Field(0, ge=0)
    submitted_at: str
    config: SearchConfig
    result: SearchResult | None = None
    error: str | None = None


KEPT: Final = ("default",)
"""Keys of a schema that belong to the field and not to its type."""
