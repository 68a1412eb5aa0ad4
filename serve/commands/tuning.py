"""`glassyli tune`: which training settings make designs that were left out likeliest?"""

from pathlib import Path
from typing import Annotated

import typer

from serve.commands.options import AsJson
from serve.session import SESSION


def tune(
    stores: Annotated[list[Path], typer.Argument(help="Record stores of one protocol.")],
    out: Annotated[Path, typer.Option(help="Folder of the study; the same one resumes it.")] = Path(
        "runs/tuning"
    ),
    config: Annotated[Path | None, typer.Option(help="Settings to begin with (YAML).")] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials in all.")] = 30,
    budget_minutes: Annotated[
        float, typer.Option(min=0.0, help="No trial begins later than this.")
    ] = 60.0,
    repeats: Annotated[int, typer.Option(min=1, help="Times the designs are split.")] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that fit members.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search training settings by cross-validation.

    Only within the training designs.

    Optuna proposes, the first trial is the settings given, hopeless trials are given up early. The
    splits are not those that judge a trained package, the designs are. What 0 switches off stays
    off, and of several slope_spreads each training takes the best itself.
    """
    console = SESSION.console(as_json=as_json)
    from simulate.files import read_yaml
    from simulate.settings import validated
    from simulate.store import open_store
    from train.config import TrainingConfig

    opened = [open_store(store) for store in stores]
    values = read_yaml(config, "training settings") if config else {}
    if workers is not None:
        values["n_workers"] = workers
    settings = validated(TrainingConfig, values, str(config or "training settings"))

    from serve.tuning_view import tell_tuning
    from train.tuning import run_tuning

    with console.progress("tune", trials) as bar:
        result = run_tuning(
            opened,
            settings,
            out,
            trials,
            60.0 * budget_minutes,
            repeats,
            bar.at,
        )
    console.result_json(result.model_dump(mode="json"))
    tell_tuning(console, result)
    named = " ".join(map(str, stores))
    console.result(
        f"settings in {out}/best.yaml    "
        f"next: glassyli train {named} --config {out}/best.yaml --out runs/model"
    )
