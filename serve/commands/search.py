"""`glassyli search`: which deposition conditions keep lithium glassy?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.commands.options import AsJson, Model
from serve.session import SESSION

if TYPE_CHECKING:
    from serve.console import Console
    from surrogate.search_result import SearchResult


def search(
    config: Annotated[Path | None, typer.Argument(help="Search settings (YAML).")] = None,
    model: Model = None,
    out: Annotated[Path, typer.Option(help="Folder of the study; the same one resumes it.")] = Path(
        "runs/search"
    ),
    trials: Annotated[int | None, typer.Option(min=1, help="Trials in all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search deposition conditions that keep lithium glassy.

    Optuna proposes conditions, the model answers, and the embryos of the best ones are written as
    proposals, ready to be simulated.
    """
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path
    from surrogate.manifest import read_manifest
    from surrogate.search_config import read_search_config
    from surrogate.study import check_is_same, identity_of

    settings = read_search_config(config, trials)
    path = model_path(model)
    manifest = read_manifest(path)
    check_is_same(out, identity_of(manifest.label, manifest.protocol.hold_ps, settings))

    from surrogate.predictor import Predictor
    from surrogate.search import run_search

    predictor = Predictor.load(path)
    with console.progress("search", settings.n_trials) as bar:
        result = run_search(predictor, settings, out, progress=lambda done, _: bar.at(done))
    console.result_json(result.model_dump(mode="json"))
    report(console, result)
    console.result(
        f"wrote {out}/search.json and {out}/proposals.jsonl    "
        f"next: glassyli simulate --designs {out}/proposals.jsonl --out {out}/records"
    )


def report(console: "Console", result: "SearchResult") -> None:
    """A search's answer, for people."""
    from serve.console import interval
    from serve.words import count, reasons_by_rank
    from surrogate.ranking import ranking_rule

    rule = ranking_rule(result.config)
    console.result(f"{count(result.n_trials, 'trial')}, {result.n_feasible} feasible")
    if result.least_violation is not None:
        console.result(f"nothing is feasible; nearest: {result.least_violation.sentence}")
    else:
        console.result(rule)
    console.table(
        ["rank", "mA/cm2", "min", "area x", "mAh/cm2", "disordered share", "90 %", "in data"],
        [
            [
                ranked.rank,
                f"{ranked.conditions.current_density_mA_cm2:.3g}",
                f"{ranked.conditions.deposition_time_min:.3g}",
                f"{ranked.conditions.area_factor:.3g}",
                f"{ranked.conditions.capacity_mAh_cm2:.3g}",
                f"{ranked.glassy_share:.2f}",
                interval(ranked.glassy_share_interval),
                "yes" if ranked.applicability.is_inside else "no",
            ]
            for ranked in result.ranked
        ],
    )
    outside = [ranked for ranked in result.ranked if not ranked.applicability.is_inside]
    for reason in reasons_by_rank(outside):
        console.result(f"  not in the data: {reason}")
    others = (note for note in result.notes if note != rule)
    for line in (result.assumption, result.horizon_statement, *others):
        console.result(f"  {line}")
