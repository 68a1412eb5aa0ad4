"""The whole path once, small: simulate, train, search, serve, report. Repeating it repeats nothing.

Under OUT: `records` (the store), `model` and `search` (a folder for each state of the records),
`served.json` (one answer of the HTTP endpoint), `config.yaml` (what was run), `report.html`.
"""

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from serve.commands import search as search_verb
from serve.commands import simulation, training
from serve.console import Console, duration
from serve.doctor import machine
from serve.models import is_package
from serve.quickstart_config import QuickstartConfig
from serve.report import write_report
from serve.server import running_server
from simulate.campaign import CampaignSummary, run_campaign
from simulate.cluster import ray_session
from simulate.errors import GlassyLiError
from simulate.files import canonical_json, sha256_of, write_atomically
from simulate.store import RecordStore, content_hash, create_or_open
from surrogate.predictor import Predictor
from surrogate.search import run_search
from surrogate.search_result import SearchResult
from train.fit import fit_package

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the path, for the report and the terminal."""

    name: str
    wall_s: float
    what: str

    def as_row(self) -> "Mapping[str, Any]":
        """For the report's table."""
        return {"name": self.name, "wall_s": self.wall_s, "what": self.what}


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
    steps: list[Step] = []
    with ray_session():
        simulated = _timed(steps, lambda: _simulate(config, store, console))
        state = _state(config, store)
        package, study = out / "model" / state, out / "search" / state
        _timed(steps, lambda: _train(config, store, package, console))
    predictor = Predictor.load(package)
    found = _timed(steps, lambda: _search(config, predictor, study, console))
    _timed(steps, lambda: _serve(config, package, out, console))
    began = time.perf_counter()
    here = machine()
    report = write_report(
        out / "report.html",
        store=store,
        predictor=predictor,
        search=found,
        stages=[step.as_row() for step in steps],
        versions={"python": here["python"], **here["versions"]},
    )
    steps.append(Step("report", time.perf_counter() - began, "the page below"))
    for step in steps:
        console.result(f"  {step.name:<9} {duration(step.wall_s):>12}   {step.what}")
    return {
        "report": str(report.resolve()),
        "store": str(store.path),
        "model": str(package),
        "search": str(study),
        "n_simulated": simulated.n_simulated,
        "n_already_present": simulated.n_present,
        "trajectory_ids": simulated.ids,
        "steps": [step.as_row() for step in steps],
    }


def _timed(steps: list[Step], work: Callable[[], tuple[str, str, Any]]) -> Any:  # noqa: ANN401
    """Do one step, note how long it took and what it was; hand on its result."""
    began = time.perf_counter()
    name, what, result = work()
    steps.append(Step(name, time.perf_counter() - began, what))
    return result


def _simulate(
    config: QuickstartConfig, store: RecordStore, console: Console
) -> tuple[str, str, CampaignSummary]:
    plans = config.campaign.plans()
    waiting = sum(plan.trajectory_id not in store for plan in plans)
    there = f"{len(plans) - waiting} of {len(plans)} trajectories are there already"
    console.say(
        f"1/5 simulate  {waiting} trajectories to run" if waiting else f"1/5 simulate  {there}"
    )
    with console.progress("simulate", max(waiting, 1)) as bar:
        summary = run_campaign(plans, store, on_progress=lambda p: simulation.show(bar, p))
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(summary.outcomes.items()))
    what = f"{summary.n_simulated} trajectories ({counts})" if counts else "nothing new to simulate"
    return "simulate", what, summary


def _train(
    config: QuickstartConfig, store: RecordStore, out: Path, console: Console
) -> tuple[str, str, None]:
    if is_package(out):
        console.say("2/5 train     the package is of these records already")
        return "train", "package was already of these records", None
    console.say("2/5 train     survival graph network on Ray Train")
    with console.progress("train", 1) as bar:
        fitted = fit_package(
            store, config.training, out, "quickstart", lambda p: training.show(bar, p)
        )
    training.report(console, fitted)
    what = f"{fitted.n_records} trajectories, {fitted.n_frames} frames: {fitted.model}"
    return "train", what, None


def _state(config: QuickstartConfig, store: RecordStore) -> str:
    """Names the records and settings that a model and a search were made from."""
    made_from = [content_hash(store), config.training.model_dump(mode="json")]
    return sha256_of(canonical_json(made_from))[:8]


def _search(
    config: QuickstartConfig, predictor: Predictor, out: Path, console: Console
) -> tuple[str, str, SearchResult]:
    console.say("3/5 search    deposition conditions with Optuna")
    with console.progress("search", config.search.n_trials) as bar:
        found = run_search(predictor, config.search, out, progress=lambda done, _: bar.at(done))
    search_verb.report(console, found)
    what = f"{found.n_trials} trials, {found.n_feasible} feasible"
    return "search", what, found


def _serve(
    config: QuickstartConfig, package: Path, out: Path, console: Console
) -> tuple[str, str, None]:
    console.say("4/5 serve     one question over HTTP")
    design = config.campaign.all_designs[0]
    body = json.dumps({"designs": [design.model_dump(mode="json")]}).encode()
    with running_server(package) as url:
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{url}/v1/predict", data=body, headers={"Content-Type": "application/json"}
        )
        # A proxy of the network has no business with our own loopback address.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                reply = json.loads(answer.read())
        except OSError as error:
            raise GlassyLiError(
                f"the endpoint must answer, but {url}: {error}. Run `glassyli doctor`."
            ) from error
    write_atomically(out / "served.json", json.dumps(reply, indent=1) + "\n")
    probability = reply["predictions"][0]["p_crystalline"]
    return "serve", f"{design.sentence}: P(crystalline) {probability:.2f} over HTTP", None
