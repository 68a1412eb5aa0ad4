"""Embryos by their design: what becomes of 1 to 256 design points."""

from typing import Any, ClassVar, Final, Self

from pydantic import Field, model_validator

from serve.messages.schemas import JSONSchema, Question
from serve.messages.service import ModelName
from simulate.design import DENSEST_SHARE_OF_BULK, EmbryoDesign
from simulate.potentials.registry import DEFAULT_POTENTIAL, potential_named, potentials
from simulate.settings import Settings
from surrogate.prediction import Prediction, Road

MAX_DESIGNS: Final = 256
MAX_ATOMS_FULL_ROAD: Final = 400_000
"""Atoms of one request on the full road, where each is packed and goes through the graph: about two
minutes on one core, and enough for 256 embryos of 1500 atoms."""

EXAMPLE_DESIGN: Final = {
    "n_atoms": 300,
    "packing_density_g_cm3": 0.0534,
    "mass_exchange": "open",
    "energy_exchange": "open",
}


class EmbryosRequest(Question):
    """Body of `POST /v1/embryos/predict`."""

    examples: ClassVar = (
        {"designs": [EXAMPLE_DESIGN], "horizon_ps": 1000.0, "road": "full"},
        {
            "designs": [
                EXAMPLE_DESIGN | {"n_atoms": 700, "hold_temperature_K": 250.0},
                EXAMPLE_DESIGN | {"mass_exchange": "confined", "wall_shape": "cube"},
            ],
            "road": "fast",
        },
    )

    designs: list[EmbryoDesign] = Field(
        min_length=1,
        max_length=MAX_DESIGNS,
        description="Design points; answered in this order.",
        json_schema_extra={"x-max-atoms-full-road": MAX_ATOMS_FULL_ROAD},
    )
    horizon_ps: float | None = Field(
        None,
        gt=0,
        description="Until when on the hold clock, ps. null: the hold the model was trained on.",
    )
    road: Road = Field(
        "full",
        description="`full`: freshly packed atoms through the graph network. "
        "`fast`: from the design alone.",
    )

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        n_atoms = sum(design.n_atoms for design in self.designs)
        if self.road == "full" and n_atoms > MAX_ATOMS_FULL_ROAD:
            raise ValueError(
                f"designs must hold at most {MAX_ATOMS_FULL_ROAD} atoms together on the full road, "
                f"but hold {n_atoms}. Split the request, or ask with road='fast'."
            )
        return self

    @classmethod
    def close(cls, schema: JSONSchema) -> None:
        """Which metals and densities can be asked about."""
        close_design(schema["properties"]["designs"]["items"])

    @classmethod
    def narrow(cls, named: str, within: dict[str, Any], allowed: JSONSchema) -> None:
        """The densest packing is that of the metal asked for."""
        narrow_design(named, within, allowed)


class EmbryosReply(Settings):
    """Answer of `POST /v1/embryos/predict`."""

    model: ModelName
    predictions: list[Prediction]


def close_design(design: JSONSchema) -> None:
    """Write into the schema of a design what only the registry of potentials knows."""
    # Without a melting point temperatures cannot be compared with those learnt from.
    known = [each for each in potentials().values() if each.has_melting_point]
    fields = design["properties"]
    fields["potential"]["enum"] = sorted(potential.name for potential in known)
    fields["element"]["enum"] = sorted({potential.element for potential in known})
    fields["packing_density_g_cm3"]["maximum"] = DENSEST_SHARE_OF_BULK * max(
        potential.bulk_density_g_cm3 for potential in known
    )
    # The docstring of the class is for readers of the code.
    design["description"] = "One design point: what one embryo is, before any atom is placed."


def narrow_design(named: str, within: dict[str, Any], allowed: JSONSchema) -> None:
    """Tighten what is allowed of a design's field by the metal asked for."""
    if named == "packing_density_g_cm3":
        asked = potential_named(within.get("potential", DEFAULT_POTENTIAL))
        allowed["maximum"] = DENSEST_SHARE_OF_BULK * asked.bulk_density_g_cm3
