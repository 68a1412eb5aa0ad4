"""`glassyli predict`: will these embryos crystallise, and when?"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.commands.options import AsJson, HorizonPs, Model
from serve.session import SESSION

if TYPE_CHECKING:
    from serve.console import Console
    from simulate.design import EmbryoDesign
    from simulate.snapshot import Snapshot
    from surrogate.prediction import Prediction
    from surrogate.predictor import Predictor

    Question = Callable[[Predictor, float | None], list["Asked"]]


@dataclass(frozen=True)
class Asked:
    """One row of the answer.

    Attributes:
        label: Design or frame, for people.
        told: What a program is told of it beside the forecast.
    """

    label: str
    prediction: "Prediction"
    told: dict[str, object] = field(default_factory=dict)


def predict(
    designs: Annotated[
        Path | None, typer.Option(help="Design points, one JSON object a line.")
    ] = None,
    structure: Annotated[
        Path | None,
        typer.Option(
            help="Atoms in a file: extended XYZ, LAMMPS data or dump, GSD; every frame is forecast."
        ),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option(help="With --structure: its design point, JSON or a file."),
    ] = None,
    per_atom: Annotated[
        Path | None,
        typer.Option(
            help="With --structure: write its frames here (.xyz.gz), and of every atom the "
            "probability that it is crystalline."
        ),
    ] = None,
    model: Model = None,
    horizon_ps: HorizonPs = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="From the design alone: no atoms packed, milliseconds.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Forecast outcome and incubation time of embryos.

    From designs, or from structures in a file.
    """
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path
    from simulate.errors import MisuseError

    if designs is not None and structure is None and design is None and per_atom is None:
        ask = _designs_question(designs, is_fast=fast)
    elif designs is None and structure is not None and design is not None and not fast:
        ask = _structure_question(structure, design, per_atom)
    else:
        raise MisuseError(
            "either --designs FILE (with or without --fast), or --structure FILE with --design "
            "'{...}' (with or without --per-atom FILE) must be given. "
            "Try `glassyli predict --designs designs.jsonl`."
        )
    if horizon_ps is not None and not 0.0 < horizon_ps < float("inf"):
        raise MisuseError(f"--horizon-ps must be positive and finite, but got {horizon_ps}.")
    path = model_path(model)

    from surrogate.predictor import Predictor

    predictor = Predictor.load(path)
    console.say(f"predict  with {predictor.package.label} from {path}")
    asked = ask(predictor, horizon_ps)
    _tell(console, asked, is_structure=structure is not None)
    if per_atom is not None:
        console.say(f"wrote p_crystalline of every atom to {per_atom}")


def _tell(console: "Console", asked: list[Asked], *, is_structure: bool) -> None:
    """Forecasts as a table, what they mean, and where they do not hold."""
    from serve.words import reasons_by

    for each in asked:
        console.result_json(each.told | each.prediction.model_dump(mode="json"))
    console.table(
        ["frame" if is_structure else "design", "P(crystalline)", "90 %", "median incubation, ps",
         "in data"],
        [_row(each) for each in asked],
    )  # fmt: skip
    after = "; of a frame of the hold: after it" if is_structure else ""
    console.result(
        f"P(crystalline): lasting order within {asked[0].prediction.horizon_ps:g} ps of the hold, "
        f"order in the quench included{after}.\nMD of a one-component metal without SEI; "
        "nanoseconds are not minutes (README, Limits)."
    )
    judged = [(row, each.prediction.applicability) for row, each in enumerate(asked, start=1)]
    for reason in reasons_by("Row", judged):
        console.say(f"  {reason}")


def _designs_question(path: Path, *, is_fast: bool) -> "Question":
    """Designs, read and checked before anything heavy is imported."""
    from simulate.design import read_designs

    designs = read_designs(path)

    def ask(predictor: "Predictor", horizon_ps: float | None) -> list[Asked]:
        found = predictor.predict_designs(designs, horizon_ps, road="fast" if is_fast else "full")
        return [Asked(each.design.sentence, each) for each in found]

    return ask


def _one_design(given: str) -> "EmbryoDesign":
    """A design written as JSON, or the only one of a file."""
    from simulate.design import design_from, parse_json, read_designs
    from simulate.errors import MisuseError

    if given.lstrip().startswith("{"):
        return design_from(parse_json(given, "--design"), "--design")
    designs = read_designs(Path(given))
    if len(designs) != 1:
        raise MisuseError(
            f"--design must name one design, but {given} holds {len(designs)}. Give one as JSON."
        )
    return designs[0]


def _structure_question(path: Path, design_json: str, per_atom: Path | None) -> "Question":
    """A structure and its design, read and checked before anything heavy is imported."""
    from serve.uploads.reading import read_own_file
    from serve.uploads.walls import beyond_wall
    from simulate.errors import MisuseError

    if per_atom is not None and not per_atom.name.endswith(".xyz.gz"):
        raise MisuseError(
            f"--per-atom must end in .xyz.gz (gzipped extended XYZ), but is {per_atom}. Rename it."
        )
    if per_atom is not None and per_atom.resolve() == path.resolve():
        raise MisuseError(f"--per-atom must be another file than --structure, but both are {path}.")
    design = _one_design(design_json)
    frames = read_own_file(path, design)
    is_periodic = design.mass_exchange == "open"
    if any(frame.is_periodic != is_periodic for frame in frames):
        raise MisuseError(
            f"mass_exchange={design.mass_exchange!r} needs a "
            f"{'periodic' if is_periodic else 'non-periodic'} structure, but {path} is not. "
            "Set pbc in the file, or correct the design."
        )
    for number, frame in enumerate(frames, start=1):
        why = beyond_wall(frame, design)
        if why is not None:
            raise MisuseError(f"{path} frame {number}: {why}")

    def ask(predictor: "Predictor", horizon_ps: float | None) -> list[Asked]:
        found = [
            Asked(
                _frame_name(number, frame),
                predictor.predict_structure(frame, design, horizon_ps),
                {"frame": number, "stage": frame.stage, "time_ps": frame.time_ps},
            )
            for number, frame in enumerate(frames, start=1)
        ]
        if per_atom is not None:
            _write_atoms(per_atom, frames, design, predictor)
        return found

    return ask


def _frame_name(number: int, frame: "Snapshot") -> str:
    """Which frame, and when; one without a stage is taken to wait at the end of the quench."""
    if frame.stage == "given":
        return f"{number} as given: waiting, hold clock {frame.time_ps:g} ps"
    return f"{number} {frame.stage} {frame.time_ps:g} ps"


def _write_atoms(
    path: Path, frames: "list[Snapshot]", design: "EmbryoDesign", predictor: "Predictor"
) -> None:
    """The frames, with one more number of each atom."""
    from simulate.files import write_atomically
    from simulate.snapshot import extended_xyz

    found = [predictor.p_crystalline_atoms(frame, design) for frame in frames]
    write_atomically(path, extended_xyz(frames, design.element, ("p_crystalline", found)))


def _row(asked: Asked) -> list[str]:
    from serve.console import interval

    prediction = asked.prediction
    if prediction.applicability.looks_ordered:
        return [asked.label, "looks ordered", "", "", "no"]
    median = prediction.incubation_ps["0.5"]
    return [
        asked.label,
        f"{prediction.p_crystalline:.2f}",
        interval(prediction.p_crystalline_interval),
        _time(median, prediction.horizon_ps),
        "yes" if prediction.applicability.is_inside else "no",
    ]


def _time(median_ps: float | None, horizon_ps: float) -> str:
    """The median incubation in words where it is no time of the watched hold."""
    if median_ps is None or median_ps > horizon_ps:
        return f"beyond {horizon_ps:g}"
    return f"{median_ps:.0f}" if median_ps > 0.0 else "in the quench"
