"""Embryos by their atoms: an uploaded file, what its embryos are, and the forecast of each frame.

A request is a form of several parts. All but the file, `format` and `stage` are JSON.
"""

from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from serve.messages.embryos import close_design, narrow_design
from serve.messages.schemas import JSONSchema, Question
from serve.messages.service import ModelName
from simulate.design import EmbryoDesign
from simulate.settings import Settings
from surrogate.prediction import Prediction

MAX_FRAMES: Final = 256

MOST_TIME_PS: Final = 1.0e9

StructureFormat = Literal["extxyz", "lammps-data", "lammps-dump", "gsd"]

SaidStage = Literal["packing", "heat", "quench", "hold"]

FROM_THE_FILE: Final = ("n_atoms", "packing_density_g_cm3", "mass_exchange")
"""Of a design, what a file of a periodic structure says itself."""


class StructuresRequest(Question):
    """Form of `POST /v1/structures/predict`, the file apart."""

    examples: ClassVar = (
        {"design": {"energy_exchange": "open"}, "format": "extxyz"},
        {
            "design": {"energy_exchange": "open", "hold_temperature_K": 250.0},
            "format": "extxyz",
            "horizon_ps": 1000.0,
            "frames": [1],
            "with_atoms": True,
        },
    )

    design: dict[str, Any] = Field(
        description="What the embryos are: a design point, JSON. n_atoms and mass_exchange may be "
        "left out, and so may packing_density_g_cm3 of a periodic structure: the file says them."
    )
    format: StructureFormat | None = Field(None, description="Of the file. Default: by its name.")
    horizon_ps: float | None = Field(
        None, gt=0, description="Time from the frame on by which order counts, ps."
    )
    frames: tuple[int, ...] | None = Field(
        None,
        min_length=1,
        max_length=MAX_FRAMES,
        description="Which frames, from 1; null: all of them.",
    )
    stage: SaidStage | None = Field(
        None,
        description="What the frames are, where the file does not say it. Default: they are taken "
        "to wait at the end of the quench, and the answer says so.",
    )
    time_ps: float | None = Field(
        None,
        ge=-MOST_TIME_PS,
        le=MOST_TIME_PS,
        description="Hold clock of the only frame asked about, ps, with `stage`: from 0 in the "
        "hold, up to 0 before it. Default: what the file says, or 0.",
    )
    with_atoms: bool = Field(
        default=False,
        description="Also the atoms, and of each the probability that it is crystalline.",
    )

    @model_validator(mode="after")
    def _frames_once_each(self) -> Self:
        frames = self.frames or ()
        if len(set(frames)) < len(frames) or min(frames, default=1) < 1:
            raise ValueError(
                f"frames must be numbers from 1, each once, but got {list(frames[:20])}."
            )
        return self

    @model_validator(mode="after")
    def _time_of_a_stage(self) -> Self:
        if self.time_ps is None:
            return self
        if self.stage is None:
            raise ValueError("stage must be given with time_ps, but is missing. Add it.")
        if self.time_ps < 0.0 if self.stage == "hold" else self.time_ps > 0.0:
            raise ValueError(
                "time_ps must be >= 0 in the hold and <= 0 before it, but got "
                f"stage={self.stage!r}, time_ps={self.time_ps:g}. Correct one of them."
            )
        return self

    @classmethod
    def close(cls, schema: JSONSchema) -> None:
        """The keys of a design, and its limits."""
        fields = schema["properties"]
        fields["design"] = design_schema() | {"description": fields["design"]["description"]}
        fields["frames"]["anyOf"][0]["items"]["minimum"] = 1


class FrameDesign(Question):
    """What the embryo of one frame is, once the file has been read."""

    design: EmbryoDesign

    @classmethod
    def close(cls, schema: JSONSchema) -> None:
        """Which metals and densities can be asked about."""
        close_design(schema["properties"]["design"])

    @classmethod
    def narrow(cls, named: str, within: dict[str, Any], allowed: JSONSchema) -> None:
        """The densest packing is that of the metal asked for."""
        narrow_design(named, within, allowed)


class FrameAtoms(Settings):
    """The atoms of a frame, for those who draw them.

    Attributes:
        positions_A: Shape ``(n_atoms, 3)``, Å, to 1e-4.
        cell_A: Edges of the orthogonal cell, Å.
        p_crystalline: Of each atom the probability that it is crystalline, to 1e-6; None where the
            model was not taught it.
    """

    positions_A: list[tuple[float, float, float]]
    cell_A: tuple[float, float, float]
    is_periodic: bool
    p_crystalline: list[float] | None


class FrameForecast(Settings):
    """The forecast for one frame.

    Attributes:
        frame: Its number in the file, from 1.
        time_ps: Hold clock, ps: negative before the hold.
        stage: `packing`, `heat`, `quench`, `hold`, or `given` where the file says none.
    """

    frame: int
    time_ps: float
    stage: str
    n_atoms: int
    design: EmbryoDesign
    prediction: Prediction
    atoms: FrameAtoms | None


class StructuresReply(Settings):
    """Answer of `POST /v1/structures/predict`."""

    model: ModelName
    format: StructureFormat
    frames: list[FrameForecast]


def design_schema() -> JSONSchema:
    """Schema of a design point whose file says some of it."""
    design = EmbryoDesign.model_json_schema()
    close_design(design)
    design["required"] = [name for name in design["required"] if name not in FROM_THE_FILE]
    return design
