"""`glassyli search`: which deposition conditions keep lithium from ordering?"""

from pathlib import Path
from typing import Annotated

import typer

from serve.commands.options import AsJson, Model
from serve.session import SESSION


def search(
    config: Annotated[Path | None, typer.Argument(help="Search settings (YAML).")] = None,
    model: Model = None,
    out: Annotated[Path, typer.Option(help="Folder of the study; the same one resumes it.")] = Path(
        "runs/search"
    ),
    trials: Annotated[int | None, typer.Option(min=1, help="Trials in all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search deposition conditions that keep lithium disordered.

    Disordered is glass or undercooled liquid. Optuna proposes conditions, the model answers, and
    the embryos of the best ones are written as proposals, ready to be simulated.
    """
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path
    from surrogate.manifest import read_manifest
    from surrogate.search.config import read_search_config
    from surrogate.study import check_is_same, identity_of

    settings = read_search_config(config, trials)
    path = model_path(model)
    manifest = read_manifest(path)
    check_is_same(out, identity_of(manifest.label, manifest.protocol.hold_ps, settings))

    from serve.views import tell_search
    from surrogate.predictor import Predictor
    from surrogate.search.run import run_search

    predictor = Predictor.load(path)
    with console.progress("search", settings.n_trials) as bar:
        result = run_search(predictor, settings, out, progress=lambda done, _: bar.at(done))
    console.result_json(result.model_dump(mode="json"))
    tell_search(console, result)
    console.result(
        f"wrote {out}/search.json and {out}/proposals.jsonl    "
        f"next: glassyli simulate --designs {out}/proposals.jsonl --out {out}/records"
    )
