"""`glassyli predict`: will these embryos crystallise, and when?"""

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from serve.commands.options import AsJson, HorizonPs, Model
from serve.session import SESSION

if TYPE_CHECKING:
    from serve.prediction_view import Asked
    from serve.uploads.asked import AskedFrame
    from simulate.design import EmbryoDesign
    from surrogate.predictor import Predictor

    Question = Callable[[Predictor, float | None], list[Asked]]

STDIN: Final = Path("-")
"""In place of a file of designs."""


class FileFormat(StrEnum):
    """As over HTTP, whose own list takes a second to import; a test keeps them alike."""

    extxyz = "extxyz"
    lammps_data = "lammps-data"
    lammps_dump = "lammps-dump"
    gsd = "gsd"


class Stage(StrEnum):
    """What a frame may be said to be, likewise."""

    packing = "packing"
    heat = "heat"
    quench = "quench"
    hold = "hold"


def predict(
    designs: Annotated[
        Path | None,
        typer.Option(help="Design points, one JSON object a line; - reads standard input."),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option(
            help="One design point, JSON or a file. With --structure: what the file does not say, "
            "at least energy_exchange."
        ),
    ] = None,
    structure: Annotated[
        Path | None,
        typer.Option(
            help="Atoms in a file: extended XYZ, LAMMPS data or dump, GSD, or what else ASE reads."
        ),
    ] = None,
    form: Annotated[
        FileFormat | None, typer.Option("--format", help="Of the structure. Default: by its name.")
    ] = None,
    frames: Annotated[
        str | None, typer.Option(help="Which frames of it, from 1, such as 1,12. Default: all.")
    ] = None,
    stage: Annotated[
        Stage | None,
        typer.Option(
            help="What its frames are, where it does not say. Default: waiting at the end of the "
            "quench."
        ),
    ] = None,
    time_ps: Annotated[
        float | None,
        typer.Option(help="With --stage, of one frame: its hold clock, ps; below 0 before it."),
    ] = None,
    per_atom: Annotated[
        Path | None,
        typer.Option(
            help="Write its frames here (.xyz.gz), and of every atom the probability that it is "
            "crystalline."
        ),
    ] = None,
    model: Model = None,
    horizon_ps: HorizonPs = None,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast",
            help="For screening: from the design alone, no atoms packed. A design takes "
            "milliseconds once the model is loaded, which takes seconds; a small P may come out "
            "two to three times too high.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Forecast outcome and incubation time of embryos.

    From one design, from many, or from structures in a file.
    """
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path
    from simulate.errors import MisuseError

    of_frames = {"format": form, "frames": _numbers(frames), "stage": stage, "time_ps": time_ps}
    said = {name: value for name, value in of_frames.items() if value is not None}
    if structure is not None and design is not None and designs is None and not fast:
        ask = _structure_question(structure, design, per_atom, said)
    elif structure is None and (designs is None) != (design is None):
        _require_nothing_of_frames([*said, *(["per_atom"] if per_atom else [])])
        ask = _designs_question(designs, design, is_fast=fast)
    else:
        raise MisuseError(
            "one of --designs FILE, --design '{...}' (each with or without --fast), and "
            "--structure FILE with --design '{...}' must be given. "
            "Try `glassyli predict --designs designs.jsonl`."
        )
    if horizon_ps is not None and not 0.0 < horizon_ps < float("inf"):
        raise MisuseError(f"--horizon-ps must be positive and finite, but got {horizon_ps}.")
    path = model_path(model)

    from serve.prediction_view import tell_predictions
    from surrogate.predictor import Predictor

    predictor = Predictor.load(path)
    console.say(f"predict  with {predictor.package.label} from {path}")
    asked = ask(predictor, horizon_ps)
    tell_predictions(console, asked, is_structure=structure is not None)
    if per_atom is not None:
        console.say(f"wrote p_crystalline of every atom to {per_atom}")


def _numbers(written: str | None) -> list[int] | None:
    """Numbers of frames, with commas between."""
    from simulate.errors import MisuseError

    if written is None:
        return None
    parts = [part.strip() for part in written.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise MisuseError(
            f"--frames must be numbers from 1 with commas between, such as 1,12, but got {written}."
        )
    return [int(part) for part in parts]


def _require_nothing_of_frames(names: list[str]) -> None:
    """A design has no frames.

    Raises:
        MisuseError: Something was said of them.
    """
    from simulate.errors import MisuseError

    if names:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in names)
        raise MisuseError(
            f"{options} must come with --structure FILE, of whose frames it tells. "
            "Add the file, or leave it out."
        )


def _designs_question(path: Path | None, given: str | None, *, is_fast: bool) -> "Question":
    """Designs, read and checked before anything heavy is imported."""
    designs = _asked_designs(path, given)

    def ask(predictor: "Predictor", horizon_ps: float | None) -> "list[Asked]":
        from serve.prediction_view import Asked

        found = predictor.predict_designs(designs, horizon_ps, road="fast" if is_fast else "full")
        return [
            Asked(each.design.sentence, number, each) for number, each in enumerate(found, start=1)
        ]

    return ask


def _asked_designs(path: Path | None, given: str | None) -> "list[EmbryoDesign]":
    from simulate.design import EmbryoDesign, designs_in, read_designs
    from simulate.settings import validated

    if given is not None:
        values, where = _one_design(given)
        return [validated(EmbryoDesign, values, where)]
    if path is None or path == STDIN:
        return designs_in(sys.stdin.read(), "standard input")
    return read_designs(path)


def _one_design(given: str) -> tuple[dict[str, Any], str]:
    """The keys of a design written as JSON, or of the only one of a file; and where they stand."""
    from simulate.design import design_object, design_objects, parse_json
    from simulate.errors import MisuseError
    from simulate.files import read_text

    if given.lstrip().startswith("{"):
        return design_object(parse_json(given, "--design"), "--design"), "--design"
    found = design_objects(read_text(Path(given), "a designs file"), given)
    if len(found) != 1:
        raise MisuseError(
            f"--design must name one design, but {given} holds {len(found)}. Give one as JSON."
        )
    where, values = found[0]
    return values, where


def _structure_question(
    path: Path, design: str, per_atom: Path | None, said: Mapping[str, object] | None = None
) -> "Question":
    """A structure and its design, read and checked before anything heavy is imported.

    Args:
        path: The file.
        design: What it does not say itself, JSON or a file.
        per_atom: Where to write what is said of each atom.
        said: Of its frames, as of `StructuresRequest`.
    """
    from serve.uploads.asked import own_frames
    from simulate.errors import MisuseError

    if per_atom is not None and not per_atom.name.endswith(".xyz.gz"):
        raise MisuseError(
            f"--per-atom must end in .xyz.gz (gzipped extended XYZ), but is {per_atom}. Rename it."
        )
    if per_atom is not None and per_atom.resolve() == path.resolve():
        raise MisuseError(f"--per-atom must be another file than --structure, but both are {path}.")
    frames = own_frames(path, {"design": _one_design(design)[0], **(said or {})})

    def ask(predictor: "Predictor", horizon_ps: float | None) -> "list[Asked]":
        from serve.prediction_view import Asked, frame_name

        found = [
            Asked(
                frame_name(frame.number, frame.snapshot),
                frame.number,
                frame.noted(predictor.predict_structure(frame.snapshot, frame.design, horizon_ps)),
                {
                    "frame": frame.number,
                    "stage": frame.snapshot.stage,
                    "time_ps": frame.snapshot.time_ps,
                },
            )
            for frame in frames
        ]
        if per_atom is not None:
            _write_atoms(per_atom, frames, predictor)
        return found

    return ask


def _write_atoms(path: Path, frames: "tuple[AskedFrame, ...]", predictor: "Predictor") -> None:
    """The frames, with one more number of each atom."""
    from simulate.files import write_atomically
    from simulate.snapshot import extended_xyz

    found = [predictor.p_crystalline_atoms(each.snapshot, each.design) for each in frames]
    element = frames[0].design.element
    snapshots = [each.snapshot for each in frames]
    write_atomically(path, extended_xyz(snapshots, element, ("p_crystalline", found)))
