"""`glassyli search`: which deposition conditions keep lithium from ordering?"""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from serve.commands.options import AsJson, Model, ShareHorizonPs
from serve.session import SESSION

Config = Annotated[Path | None, typer.Argument(help="Search settings (YAML).")]
Out = Annotated[Path, typer.Option(help="Folder of the study; the same one resumes it.")]
NTrials = Annotated[int | None, typer.Option(min=1, help="Trials in all, of each map.")]
Objective = Annotated[str | None, typer.Option(help="fastest_plating, glassy_share or pareto.")]
GlassyShare = Annotated[float | None, typer.Option(help="Least glassy share, 0 to 1.")]
Confidence = Annotated[
    float | None, typer.Option(help="Probability with which the share must be reached.")
]
Sampler = Annotated[
    str | None, typer.Option(help="tpe, gp (few trials), nsga2 (pareto), random or sobol.")
]
MapName = Annotated[
    str | None, typer.Option("--map", help="Map that leads: a name, or a calibrated map's file.")
]
Fix = Annotated[
    list[str] | None, typer.Option(help="Fix a variable: temperature_K=300. Repeatable.")
]
Bound = Annotated[
    list[str] | None,
    typer.Option(help="Bound a variable: current_density_mA_cm2=0.1:5. Repeatable."),
]
Seed = Annotated[int | None, typer.Option(min=0, help="Of the sampler.")]
Storage = Annotated[
    str | None,
    typer.Option(help="An Optuna database instead of a journal: sqlite:///studies.db."),
]
StudyName = Annotated[str | None, typer.Option(help="Name of the study in its storage.")]


def search(
    config: Config = None,
    model: Model = None,
    out: Out = Path("runs/search"),
    trials: NTrials = None,
    objective: Objective = None,
    share: GlassyShare = None,
    confidence: Confidence = None,
    sampler: Sampler = None,
    deposition_map: MapName = None,
    horizon_ps: ShareHorizonPs = None,
    fix: Fix = None,
    bound: Bound = None,
    seed: Seed = None,
    storage: Storage = None,
    study: StudyName = None,
    as_json: AsJson = False,
) -> None:
    """Search conditions: plate fast, and keep embryos disordered.

    Glassy is what has not ordered: glass or undercooled liquid. Optuna proposes conditions, the
    model answers, and the embryos of the best ones are written as proposals, ready to be simulated.
    """
    console = SESSION.console(as_json=as_json)
    from serve.models import model_path
    from surrogate.manifest import read_manifest
    from surrogate.search.config import read_search_config
    from surrogate.search.space import bounds_from_flags

    settings = read_search_config(
        config,
        n_trials=trials,
        objective=objective,
        min_glassy_share=share,
        confidence=confidence,
        sampler=sampler,
        deposition_map=deposition_map,
        horizon_ps=horizon_ps,
        seed=seed,
        **bounds_from_flags(fix or [], bound or []),
    )
    path = model_path(model)

    from surrogate.search.studies import USUAL_NAME, Place, require_same

    place = Place(out, storage, study or USUAL_NAME)
    require_same(read_manifest(path), settings, place)

    from serve.search_page import write_search_page
    from serve.search_view import show_search, tell_search
    from surrogate.predictor import Predictor
    from surrogate.search.run import run_search

    predictor = Predictor.load(path)
    with console.progress("search", settings.n_trials) as bar:
        told = partial(show_search, bar, settings.n_trials_of_a_map)
        result = run_search(predictor, settings, place, told)
    page = write_search_page(out / "search.html", result)
    console.result_json(result.model_dump(mode="json"))
    tell_search(console, result)
    console.result("")
    console.result(f"wrote {page}, search.json and proposals.jsonl beside it")
    if result.ranked:
        console.result(f"next: glassyli verify {out}")
    else:
        console.result("next: ask for less, widen the bounds, or try another --map")
