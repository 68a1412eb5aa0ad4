"""`glassyli predict`: will these embryos crystallise, and when?"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.commands.options import AsJson, HorizonPs, Model
from serve.session import SESSION

if TYPE_CHECKING:
    from simulate.design import EmbryoDesign
    from simulate.snapshot import Snapshot
    from surrogate.prediction import Prediction
    from surrogate.predictor import Predictor

    Question = Callable[[Predictor, float | None], list[Prediction]]


def predict(
    designs: Annotated[
        Path | None, typer.Option(help="Design points, one JSON object a line.")
    ] = None,
    structure: Annotated[
        Path | None, typer.Option(help="Atoms in a file ASE reads; every frame is forecast.")
    ] = None,
    design: Annotated[
        str | None, typer.Option(help="With --structure: its design point, as a JSON object.")
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
    predictions = ask(predictor, horizon_ps)
    for prediction in predictions:
        console.result_json(prediction.model_dump(mode="json"))
    console.table(
        ["design", "P(crystalline)", "90 %", "median incubation, ps", "in data"],
        [_row(prediction) for prediction in predictions],
    )
    console.result(
        f"P(crystalline): lasting order within {predictions[0].horizon_ps:g} ps of the hold, order "
        "in the quench included.\nMD of a one-component metal without SEI; nanoseconds are not "
        "minutes (README, Limits)."
    )
    for reason in sorted({r for p in predictions for r in p.applicability.reasons}):
        console.say(f"  outside the data: {reason}")
    if per_atom is not None:
        console.say(f"wrote p_crystalline of every atom to {per_atom}")


def _designs_question(path: Path, *, is_fast: bool) -> "Question":
    """Designs, read and checked before anything heavy is imported."""
    from simulate.design import read_designs

    designs = read_designs(path)
    return lambda predictor, horizon_ps: predictor.predict_designs(
        designs, horizon_ps, road="fast" if is_fast else "full"
    )


def _structure_question(path: Path, design_json: str, per_atom: Path | None) -> "Question":
    """A structure and its design, read and checked before anything heavy is imported."""
    from simulate.design import design_from, parse_json
    from simulate.errors import MisuseError
    from simulate.snapshot import read_structure

    if per_atom is not None and not per_atom.name.endswith(".xyz.gz"):
        raise MisuseError(
            f"--per-atom must end in .xyz.gz (gzipped extended XYZ), but is {per_atom}. Rename it."
        )
    if per_atom is not None and per_atom.resolve() == path.resolve():
        raise MisuseError(f"--per-atom must be another file than --structure, but both are {path}.")
    design = design_from(parse_json(design_json, "--design"), "--design")
    frames = read_structure(path, element=design.element)
    is_periodic = design.mass_exchange == "open"
    if any(frame.is_periodic != is_periodic for frame in frames):
        raise MisuseError(
            f"mass_exchange={design.mass_exchange!r} needs a "
            f"{'periodic' if is_periodic else 'non-periodic'} structure, but {path} is not. "
            "Set pbc in the file, or correct the design."
        )

    def ask(predictor: "Predictor", horizon_ps: float | None) -> list["Prediction"]:
        found = [predictor.predict_structure(frame, design, horizon_ps) for frame in frames]
        if per_atom is not None:
            _write_atoms(per_atom, frames, design, predictor)
        return found

    return ask


def _write_atoms(
    path: Path, frames: "list[Snapshot]", design: "EmbryoDesign", predictor: "Predictor"
) -> None:
    """The frames, with one more number of each atom."""
    from simulate.files import write_atomically
    from simulate.snapshot import extended_xyz

    found = [predictor.p_crystalline_atoms(frame, design) for frame in frames]
    write_atomically(path, extended_xyz(frames, design.element, ("p_crystalline", found)))


def _row(prediction: "Prediction") -> list[str]:
    from serve.console import interval

    median = prediction.incubation_ps["0.5"]
    return [
        prediction.design.sentence,
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
