"""The whole path once, small: simulate, train, search, serve, report. Repeating it repeats nothing.

Under OUT: `records` (the store), `model` and `search` (a folder for each state of the records),
`served.json` (one answer of the HTTP endpoint), `config.yaml` (what was run), `steps.json` (how
long each step took), `report.html`, `picture.png`.
"""

import json
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from serve.campaign_view import campaign_view
from serve.console import Console, duration
from serve.doctor import machine
from serve.models import is_package
from serve.picture import write_picture
from serve.quickstart_config import QuickstartConfig
from serve.report import write_report
from serve.search_view import show_search, tell_search
from serve.server import running_server
from serve.steps import StepLog, Work
from serve.views import show_training, tell_training
from serve.words import count
from simulate.campaign import CampaignSummary, run_campaign
from simulate.cluster import ray_session
from simulate.design import EmbryoDesign
from simulate.errors import GlassyLiError
from simulate.files import canonical_json, sha256_of, write_atomically
from simulate.record import PHYSICS_VERSION
from simulate.store import RecordStore, content_hash, create_or_open
from surrogate.manifest import SCHEMA_VERSION
from surrogate.predictor import Predictor
from surrogate.search.result import SearchResult
from surrogate.search.run import run_search
from train.fit import fit_package


def run_quickstart(config: QuickstartConfig, out: Path, console: Console) -> dict[str, Any]:
    """Run every step that is not done yet, and write the report.

    Args:
        config: What to run.
        out: Folder for everything.
        console: Where to say how it goes.

    Returns:
        A summary: paths, counts, ids, seconds.
    """
    store = create_or_open(out / "records", config.campaign.protocol)
    write_atomically(out / "config.yaml", yaml.safe_dump(config.model_dump(mode="json")))
    log = StepLog(out / "steps.json")
    with ray_session():
        simulated = log.timed("simulate", lambda: _simulate(config, store, console))
        state = state_of(config, store)
        package, study = out / "model" / state, out / "search" / state
        log.timed("train", lambda: _train(config, store, package, console))
    predictor = Predictor.load(package)
    found = log.timed("search", lambda: _search(config, predictor, study, console))
    log.timed("serve", lambda: _serve(config, predictor, package, out, console))
    report = log.timed("report", lambda: _report(out, store, predictor, found, log, console))
    for row in log.rows:
        console.result(f"  {row['name']:<9} {duration(row['wall_s']):>12}   {row['what']}")
    return {
        "report": str(report.resolve()),
        "store": str(store.path),
        "model": str(package),
        "search": str(study),
        "n_simulated": simulated.n_simulated,
        "n_already_present": simulated.n_present,
        "trajectory_ids": simulated.ids,
        "steps": log.rows,
    }


def _simulate(
    config: QuickstartConfig, store: RecordStore, console: Console
) -> Work[CampaignSummary]:
    plans = config.campaign.plans()
    waiting = sum(plan.trajectory_id not in store for plan in plans)
    there = f"{len(plans) - waiting} of {count(len(plans), 'trajectory')} there already"
    to_run = f"{count(waiting, 'trajectory')} to run" if waiting else there
    console.say(f"1/5 simulate  {to_run}")
    with campaign_view(console, waiting) as view:
        summary = run_campaign(plans, store, on_progress=view.show)
    outcomes = ", ".join(f"{n} {outcome}" for outcome, n in sorted(summary.outcomes.items()))
    what = f"{count(summary.n_simulated, 'trajectory')} ({outcomes})" if waiting else there
    return Work(what, content_hash(store), is_new=waiting > 0, result=summary)


def _train(config: QuickstartConfig, store: RecordStore, out: Path, console: Console) -> Work[None]:
    if is_package(out):
        console.say("2/5 train     the package is of these records already")
        return Work("package of these records", out.name, is_new=False, result=None)
    console.say("2/5 train     survival graph network on Ray Train")
    with console.progress("train", 1) as bar:
        fitted = fit_package(
            store, config.training, out, "quickstart", lambda p: show_training(bar, p)
        )
    tell_training(console, fitted)
    seen = f"{count(fitted.n_records, 'trajectory')}, {count(fitted.n_frames, 'frame')}"
    return Work(f"{seen}: {fitted.model}", out.name, is_new=True, result=None)


def state_of(config: QuickstartConfig, store: RecordStore) -> str:
    """Names the records, settings and release that a model and a search were made from.

    What an older release left behind is refused when read: it must not be looked for again.
    """
    made_from = [
        SCHEMA_VERSION, PHYSICS_VERSION, content_hash(store),
        config.training.model_dump(mode="json"),
    ]  # fmt: skip
    return sha256_of(canonical_json(made_from))[:8]


def _search(
    config: QuickstartConfig, predictor: Predictor, out: Path, console: Console
) -> Work[SearchResult]:
    console.say("3/5 search    deposition conditions with Optuna")
    asked: list[int] = []
    with console.progress("search", config.search.n_trials) as bar:

        def show(done: int, total: int, left_s: float) -> None:
            asked.append(done)
            show_search(bar, config.search.n_trials_of_a_map, done, total, left_s)

        found = run_search(predictor, config.search, out, progress=show)
    tell_search(console, found)
    what = f"{count(found.n_trials, 'trial')}, {found.n_feasible} feasible"
    return Work(what, f"{out.name} {found.n_trials}", is_new=bool(asked), result=found)


def _serve(
    config: QuickstartConfig, predictor: Predictor, package: Path, out: Path, console: Console
) -> Work[None]:
    design, path = config.campaign.all_designs[0], out / "served.json"
    reply = _answer_of(path, predictor.package.label, design)
    is_new = reply is None
    if reply is None:
        console.say("4/5 serve     one question over HTTP")
        reply = _ask(package, design)
        write_atomically(path, json.dumps(reply, indent=1) + "\n")
    else:
        console.say("4/5 serve     this model has answered over HTTP already")
    probability = reply["predictions"][0]["p_crystalline"]
    what = f"{design.sentence}: P(crystalline) {probability:.2f} over HTTP"
    return Work(what, predictor.package.label, is_new, result=None)


def _answer_of(path: Path, model: str, design: EmbryoDesign) -> dict[str, Any] | None:
    """The reply kept from an earlier run, if it is this model's to this design."""
    try:
        reply: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        asked = reply["predictions"][0]["design"]
        is_of_these = reply["model"]["label"] == model and EmbryoDesign(**asked) == design
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return reply if is_of_these else None


def _report(
    out: Path,
    store: RecordStore,
    predictor: Predictor,
    found: SearchResult,
    log: StepLog,
    console: Console,
) -> Work[Path]:
    console.say("5/5 report    one page and one picture")
    here = machine()
    report = write_report(
        out / "report.html",
        store=store,
        predictor=predictor,
        search=found,
        stages=log.rows,
        versions={"python": here["python"], **here["versions"]},
    )
    try:
        write_picture(store, out / "picture.png")
    except GlassyLiError as error:
        console.warn(f"no picture was made: {error}")
    return Work(
        "the page below, and picture.png", predictor.package.label, is_new=True, result=report
    )


def _ask(package: Path, design: EmbryoDesign) -> dict[str, Any]:
    """The endpoint's reply to one question.

    Raises:
        GlassyLiError: It does not answer.
    """
    body = json.dumps({"designs": [design.model_dump(mode="json")]}).encode()
    from serve.endpoint.settings import ServerSettings

    with running_server(ServerSettings(models={"quickstart": str(package)}, searches=None)) as url:
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{url}/v1/embryos/predict", data=body, headers={"Content-Type": "application/json"}
        )
        # A proxy of the network has no business with our own loopback address.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                reply: dict[str, Any] = json.loads(answer.read())
        except OSError as error:
            raise GlassyLiError(
                f"the endpoint must answer, but {url}: {error}. Run `glassyli doctor`."
            ) from error
    return reply
