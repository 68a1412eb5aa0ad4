"""What the embryo of a frame is: said by the client, and by the atoms themselves."""

from typing import Any, Final

from serve.messages.refusals import RequestError, checked, refused
from serve.messages.schemas import allowed_by, find, published_schema
from serve.messages.structures import FrameDesign, StructureFormat
from serve.messages.wording import in_words
from serve.uploads.reading import NumberedSnapshot
from serve.uploads.walls import beyond_wall
from simulate.design import EmbryoDesign
from simulate.snapshot import Snapshot
from simulate.units import A3_PER_CM3, AVOGADRO_per_mol

DENSITY: Final = "packing_density_g_cm3"

DENSITY_TOLERANCE: Final = 0.02
"""Relative: designs are often written with two digits."""

SILENT_FORMATS: Final = ("lammps-data", "gsd")
"""They always hold a box, and never say whether atoms meet their images in it."""

TAKEN_AS_PERIODIC: Final = (
    "note: taken as periodic: this format does not say. Of embryos inside a wall "
    'name mass_exchange="confined" in the design.'
)


def before_reading(given: dict[str, Any]) -> EmbryoDesign:
    """The design as far as it is said, the rest made up: to refuse early what is wrong anyway.

    Raises:
        RequestError: 422, with every field that is wrong.
    """
    made_up = {
        "n_atoms": 300,
        "packing_density_g_cm3": 0.05,
        "mass_exchange": "confined" if "wall_shape" in given else "open",
    }
    return checked(FrameDesign, {"design": made_up | given}).design


def design_of(frame: NumberedSnapshot, given: dict[str, Any]) -> EmbryoDesign:
    """The design of a frame, what was left out taken from its atoms.

    Raises:
        RequestError: 422, where file and design contradict each other or something is missing.
    """
    snapshot = frame.snapshot
    seen: dict[str, Any] = {
        "n_atoms": snapshot.n_atoms,
        "mass_exchange": "open" if snapshot.is_periodic else "confined",
    }
    for name, value in seen.items():
        if given.get(name, value) != value:
            raise _contradiction(frame, name, given[name], value)
    said = before_reading(given)
    if snapshot.is_periodic:
        density = packing_density_g_cm3(snapshot, said)
        named = given.get(DENSITY, density)
        if abs(named - density) > DENSITY_TOLERANCE * density:
            raise _contradiction(frame, DENSITY, named, float(f"{density:.4g}"))
        seen[DENSITY] = density
    elif DENSITY not in given:
        raise _density_missing(frame, given)
    design = checked(FrameDesign, {"design": seen | given}).design
    why = beyond_wall(snapshot, design)
    if why is not None:
        density = design.packing_density_g_cm3
        raise refused(422, f"design.{DENSITY}", f"frame {frame.number}: {why}", density)
    return design


def notes_on(form: StructureFormat | None, given: dict[str, Any]) -> tuple[str, ...]:
    """What was assumed of a file because neither it nor its design says it."""
    is_said = "mass_exchange" in given or "wall_shape" in given
    return (TAKEN_AS_PERIODIC,) if form in SILENT_FORMATS and not is_said else ()


def packing_density_g_cm3(snapshot: Snapshot, design: EmbryoDesign) -> float:
    """Mass of a periodic structure over its cell, g/cm³."""
    grams = snapshot.n_atoms * design.physics.mass_g_mol / AVOGADRO_per_mol
    return float(grams / snapshot.cell_A.prod() * A3_PER_CM3)


def _density_missing(frame: NumberedSnapshot, given: dict[str, Any]) -> RequestError:
    schema, _ = find(published_schema(FrameDesign), ("design", DENSITY))
    allowed = allowed_by(schema)
    FrameDesign.narrow(DENSITY, given, allowed)
    return refused(
        422,
        f"design.{DENSITY}",
        f"`design.{DENSITY}` must be {in_words(allowed)}, but is missing: frame {frame.number} is "
        "not periodic, so the file does not tell the volume it was packed in. Give the density at "
        "which it was packed.",
        allowed=allowed,
    )


def _contradiction(frame: NumberedSnapshot, name: str, given: object, seen: object) -> RequestError:
    return refused(
        422,
        f"design.{name}",
        f"frame {frame.number} of the file says {name} = {seen}, but the design {given}. "
        "Correct the design, or leave it out there.",
        given,
        {"const": seen},
    )
