"""`glassyli train`: records become a model package."""

from pathlib import Path
from typing import Annotated

import typer

from serve.commands.options import Address, AsJson
from serve.session import SESSION


def train(
    stores: Annotated[list[Path], typer.Argument(help="Record stores of one protocol.")],
    out: Annotated[Path, typer.Option(help="Folder of the model package.")] = Path("runs/model"),
    config: Annotated[Path | None, typer.Option(help="Training settings (YAML).")] = None,
    name: Annotated[str, typer.Option(help="Name of the package.")] = "",
    workers: Annotated[int | None, typer.Option(min=1, help="Ray Train workers.")] = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Fit the survival graph network to records and pack it.

    Runs on Ray Train; the scores in the package are of designs that were held out. Interrupted, the
    same command goes on from OUT.training, where the curves for TensorBoard stay, too.
    """
    console = SESSION.console(as_json=as_json)
    from serve.words import count
    from simulate.cluster import ray_session
    from simulate.errors import MisuseError
    from simulate.files import read_yaml
    from simulate.settings import validated
    from simulate.store import open_store
    from train.config import TrainingConfig
    from train.records import read_records
    from train.run_folder import RunFolder, identity_of

    opened = [open_store(store) for store in stores]
    if out.exists():
        raise MisuseError(f"--out must be a new folder, but {out} exists. Choose another.")
    values = read_yaml(config, "training settings") if config else {}
    if workers is not None:
        values["n_workers"] = workers
    settings = validated(TrainingConfig, values, str(config or "training settings"))
    # Too few records, or another training there, are found before anything heavy is imported.
    folder, identity = RunFolder.beside(out), identity_of(read_records(opened), settings)
    if folder.is_under_way(identity):
        n_fitted = folder.n_fitted(settings.n_members)
        console.say(f"going on with {n_fitted} of {count(settings.n_members, 'member')} done")

    from serve.views import show_training, tell_training
    from train.fit import fit_package

    with ray_session(address), console.progress("train", 1) as bar:
        summary = fit_package(
            opened, settings, out, name or out.name, lambda p: show_training(bar, p)
        )
    console.result_json(summary.model_dump(mode="json"))
    tell_training(console, summary)
    console.result(f"curves: tensorboard --logdir {summary.logs}")
    console.result(f"package in {out}    next: glassyli search --model {out} --out {out}-search")
