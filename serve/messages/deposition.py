"""Deposits by the conditions they are plated under.

What is asked and answered is `surrogate.deposition.question` and `reply`; here a map is asked for
by its name only: the file of a calibrated map, which the command line takes, would be a file of the
server.
"""

from typing import Any, ClassVar, Final

from pydantic import Field

from serve.messages.schemas import JSONSchema, Question
from serve.messages.service import ModelName
from simulate.settings import Settings
from surrogate.deposition import question, reply
from surrogate.deposition.registry import MapName

EXAMPLE_CONDITIONS: Final = {
    "current_density_mA_cm2": 0.5,
    "deposition_time_min": 20.0,
    "temperature_K": 300.0,
    "electrolyte": "baseline",
}


class DepositionRequest(Question, question.DepositionQuestion):
    """Body of `POST /v1/deposition/predict`."""

    examples: ClassVar = (
        {"conditions": [EXAMPLE_CONDITIONS], "deposition_map": "paper"},
        {
            "conditions": [
                {"current_density_mA_cm2": 0.1, "capacity_mAh_cm2": 1.0, "openness": 0.5},
                {"current_density_mA_cm2": 2.5, "capacity_mAh_cm2": 1.0, "area_factor": 4.0},
            ],
            "deposition_map": "overpotential",
            "horizon_ps": 1000.0,
        },
        {"conditions": [EXAMPLE_CONDITIONS], "bridge": {"kind": "growth"}},
    )

    deposition_map: MapName = Field("paper", description="The assumption, by its name.")

    @classmethod
    def close(cls, schema: JSONSchema) -> None:
        """Which keys of conditions go together; bridges without the docstrings of their code."""
        close_bridge(schema["properties"]["bridge"])
        close_conditions(schema["properties"]["conditions"]["items"])


class SurfaceRequest(Question, question.SurfaceQuestion):
    """Body of `POST /v1/deposition/surface`."""

    examples: ClassVar = (
        {
            "conditions": {"temperature_K": 300.0},
            "current_density_mA_cm2": {"min": 0.1, "max": 5.0, "n": 19},
            "deposition_time_min": {"min": 1.0, "max": 600.0, "n": 17},
        },
    )

    deposition_map: MapName = Field("paper", description="The assumption, by its name.")

    @classmethod
    def close(cls, schema: JSONSchema) -> None:
        """Which keys of conditions go together; bridges without the docstrings of their code."""
        close_bridge(schema["properties"]["bridge"])
        conditions = schema["properties"]["conditions"]
        conditions["not"] = ONE_OF_PRESET_AND_OPENNESS
        conditions["description"] = "All that is set at the bench but current and time."


class MapsQuestion(Settings):
    """Nothing but the model is asked about."""


class DepositionReply(reply.DepositionReply):
    """Answer of `POST /v1/deposition/predict`."""

    model: ModelName


class SurfaceReply(reply.SurfaceReply):
    """Answer of `POST /v1/deposition/surface`."""

    model: ModelName


class MapsReply(reply.MapsReply):
    """Answer of `GET /v1/deposition/maps`."""

    model: ModelName


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
