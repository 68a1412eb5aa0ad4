"""Deposits and searches over HTTP, asked in this process: the answers of Python, and refusals."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from command_line import glassyli
from served import Ask, asked_here
from synthetic import synthetic_designs, synthetic_package, synthetic_store

from serve.endpoint.in_process import InProcess
from serve.endpoint.ingress import build_app
from serve.endpoint.settings import Batching, Limits, ServerSettings
from serve.models import model_path
from serve.searches.asking import OVER, InProcessSearches
from serve.searches.jobs import SearchJobs
from serve.searches.settings import SearchSettings
from surrogate.deposition.answer import deposition_answer, maps_answer, surface_answer
from surrogate.deposition.question import DepositionQuestion, SurfaceQuestion
from surrogate.predictor import Predictor
from surrogate.search.config import SearchConfig
from surrogate.search.run import run_search

CONDITIONS: dict[str, Any] = {
    "conditions": [
        {"current_density_mA_cm2": 0.5, "capacity_mAh_cm2": 1.0},
        {"current_density_mA_cm2": 2.5, "deposition_time_min": 5.0, "electrolyte": "advanced"},
        {"current_density_mA_cm2": 4.0, "deposition_time_min": 30.0, "area_factor": 8.0},
    ],
    "horizon_ps": 150.0,
}
SWEPT: dict[str, Any] = {
    "conditions": {"area_factor": 2.0, "openness": 0.3},
    "current_density_mA_cm2": {"min": 0.1, "max": 5.0, "n": 3},
    "deposition_time_min": {"min": 1.0, "max": 600.0, "n": 4},
}
SEARCH: dict[str, Any] = {
    "objective": "glassy_share",
    "sampler": "random",
    "n_trials": 20,
    "also_maps": [],
    "min_capacity_mAh_cm2": None,
    "max_clipped_share": 1.0,
}
HOT: dict[str, Any] = {
    "current_density_mA_cm2": 1.0,
    "deposition_time_min": 5.0,
    "temperature_K": 400.0,
}
LONG = SEARCH | {"n_trials": 2000}
PATH = "/v1/deposition/search"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    synthetic_package(folder / "package", synthetic_store(folder / "store", synthetic_designs(6)))
    return folder / "package"


@pytest.fixture(scope="module")
def predictor(package: Path) -> Predictor:
    return Predictor.load(package)


def asking(predictor: Predictor, jobs: SearchJobs | None = None, **settings: Any) -> Ask:
    """Requests to an application of its own."""
    chosen = ServerSettings(**settings)
    searches = None if jobs is None else InProcessSearches(jobs)
    app = build_app(InProcess({"tiny": predictor}, chosen), chosen, searches)

    return asked_here(app)


@pytest.fixture(scope="module")
def ask(predictor: Predictor) -> Ask:
    return asking(predictor)


@pytest.fixture
def jobs(package: Path, tmp_path: Path) -> Iterator[SearchJobs]:
    settings = SearchSettings(folder=str(tmp_path / "searches"), waiting=1)
    running = SearchJobs({"tiny": str(package)}, settings)
    yield running
    running.close()


def read(reply: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    return dict(reply.json())


def only_error(reply: httpx.Response, status: int = 422) -> dict[str, Any]:
    (error,) = read(reply, status)["detail"]
    assert "Traceback" not in error["message"]
    return dict(error)


def test_http_answers_as_python_does(ask: Ask, predictor: Predictor) -> None:
    model = {"model": {"name": "tiny", "label": predictor.package.label}}
    said = read(ask("POST", "/v1/deposition/predict", json=CONDITIONS))
    answer = deposition_answer(predictor, DepositionQuestion.model_validate(CONDITIONS))
    assert said == model | answer.model_dump(mode="json")
    said = read(ask("POST", "/v1/deposition/surface", json=SWEPT))
    surface = surface_answer(predictor, SurfaceQuestion.model_validate(SWEPT))
    assert said == model | surface.model_dump(mode="json")
    said = read(ask("GET", "/v1/deposition/maps?model=tiny"))
    assert said == model | maps_answer(predictor).model_dump(mode="json")


def test_an_answer_in_several_turns_is_the_same(ask: Ask, predictor: Predictor) -> None:
    slow = asking(predictor, batching=Batching(atoms=100))
    for path, body in (("predict", CONDITIONS), ("surface", SWEPT)):
        there = read(slow("POST", f"/v1/deposition/{path}", json=body))
        assert there == read(ask("POST", f"/v1/deposition/{path}", json=body))


@pytest.mark.parametrize("path", ["predict", "surface", "search"])
def test_a_file_of_the_server_is_no_map(predictor: Predictor, jobs: SearchJobs, path: str) -> None:
    body = {"predict": CONDITIONS, "surface": SWEPT, "search": SEARCH}[path]
    body = body | {"deposition_map": str(model_path(None) / "package.json")}
    error = only_error(asking(predictor, jobs)("POST", f"/v1/deposition/{path}", json=body))
    assert error["field"] == "deposition_map"
    assert error["allowed"] == {"type": "string", "enum": ["paper", "overpotential"]}


AT_400_K: list[tuple[str, dict[str, Any], str]] = [
    ("predict", {"conditions": [HOT]}, "conditions[0].temperature_K"),
    ("surface", SWEPT | {"conditions": {"temperature_K": 400.0}}, "conditions.temperature_K"),
    ("search", SEARCH | {"temperature_K": 400.0}, "temperature_K"),
    ("search", SEARCH | {"temperature_K": {"min": 300.0, "max": 400.0}}, "temperature_K.max"),
]


@pytest.mark.parametrize(("path", "body", "field"), AT_400_K)
def test_a_temperature_the_model_was_not_trained_at_is_named(
    predictor: Predictor, jobs: SearchJobs, path: str, body: dict[str, Any], field: str
) -> None:
    ask = asking(predictor, jobs)
    low, high = maps_answer(predictor).temperature_K
    assert low < 300.0 < high < 400.0
    error = only_error(ask("POST", f"/v1/deposition/{path}", json=body))
    assert (error["field"], error["found"]) == (field, 400.0)
    assert error["allowed"] == {"type": "number", "minimum": low, "maximum": high}
    assert f"`{field}` must be a number from {low:.6g} to {high:.6g}" in error["message"]
    unknown = ask("POST", f"/v1/deposition/{path}?model=other", json=body)
    assert only_error(unknown, 404)["allowed"] == {"enum": ["tiny"]}


def test_temperatures_are_named_beside_all_else_that_is_wrong(ask: Ask) -> None:
    cold, impossible = HOT | {"temperature_K": 105.5}, HOT | {"temperature_K": 5.0}
    slow = HOT | {"current_density_mA_cm2": -1.0}
    body = {"conditions": [cold, HOT | {"temperature_K": 300.0}, slow, impossible]}
    said = read(ask("POST", "/v1/deposition/predict", json=body), 422)
    assert {each["field"]: each["found"] for each in said["detail"]} == {
        "conditions[0].temperature_K": 105.5,
        "conditions[2].current_density_mA_cm2": -1.0,
        "conditions[2].temperature_K": 400.0,
        "conditions[3].temperature_K": 5.0,
    }
    assert said["n_errors"] == len(said["detail"]) == 4
    said = read(ask("POST", "/v1/deposition/predict", json={"conditions": [cold] * 60}), 422)
    assert (len(said["detail"]), said["n_errors"]) == (50, 60)


def test_what_is_no_question_at_all_is_refused_as_ever(ask: Ask) -> None:
    for content in (b"{", b"[]", b'{"conditions": 5}', b"\xff", b'{"conditions": [5]}'):
        reply = ask("POST", "/v1/deposition/predict", content=content)
        assert "temperature_K" not in json.dumps(read(reply, 422))


@pytest.mark.parametrize(
    ("far", "field"),
    [
        ({"horizon_ps": 1e9}, "horizon_ps"),
        ({"bridge": {"kind": "horizon", "horizon_ps": 1e9}}, "bridge.horizon_ps"),
    ],
)
@pytest.mark.parametrize("path", ["predict", "surface", "search"])
def test_a_horizon_far_beyond_every_hold_is_named(
    predictor: Predictor, jobs: SearchJobs, path: str, far: dict[str, Any], field: str
) -> None:
    warm = {"conditions": [HOT | {"temperature_K": 300.0}]}
    body = {"predict": warm, "surface": SWEPT, "search": SEARCH}[path] | far
    error = only_error(asking(predictor, jobs)("POST", f"/v1/deposition/{path}", json=body))
    longest = maps_answer(predictor).longest_horizon_ps
    assert (error["field"], error["found"]) == (field, 1e9)
    assert error["allowed"] == {"type": "number", "exclusiveMinimum": 0, "maximum": longest}
    assert "100 times the longest hold" in error["message"]
    assert '"growth"' in error["message"]


def test_horizons_are_named_beside_all_else_that_is_wrong(ask: Ask) -> None:
    body = {"conditions": [HOT, HOT | {"current_density_mA_cm2": -1.0}], "horizon_ps": 1e9}
    said = read(ask("POST", "/v1/deposition/predict", json=body), 422)
    assert [each["field"] for each in said["detail"]] == [
        "conditions[1].current_density_mA_cm2",
        "conditions[0].temperature_K",
        "conditions[1].temperature_K",
        "horizon_ps",
    ]
    warm = {"conditions": [HOT | {"temperature_K": 300.0}]}
    grown = warm | {"bridge": {"kind": "growth", "horizon_ps": 1e9}}
    error = only_error(ask("POST", "/v1/deposition/predict", json=grown))
    assert error["message"].startswith("`bridge.horizon_ps` is not a known key")
    for impossible in (True, "5", 0, -1.0, [1e9], {"ps": 1e9}):
        body = warm | {"horizon_ps": impossible}
        assert only_error(ask("POST", "/v1/deposition/predict", json=body))["field"] == "horizon_ps"
    infinite = json.dumps(warm)[:-1].encode() + b', "horizon_ps": 1e999}'
    only_error(ask("POST", "/v1/deposition/predict", content=infinite))


def test_there_is_a_most_of_everything(ask: Ask, predictor: Predictor) -> None:
    (first, *_) = CONDITIONS["conditions"]
    many = ask("POST", "/v1/deposition/predict", json={"conditions": [first] * 257})
    assert only_error(many)["allowed"]["maxItems"] == 256
    small = asking(predictor, limits=Limits(designs=2))
    error = only_error(small("POST", "/v1/deposition/predict", json=CONDITIONS), 413)
    assert (error["found"], error["allowed"]) == (3, {"maximum": 2})
    wide = SWEPT | {"current_density_mA_cm2": {"min": 0.1, "max": 5.0, "n": 256}}
    wide |= {"deposition_time_min": {"min": 0.1, "max": 5.0, "n": 5}}
    assert "at most 1024" in only_error(ask("POST", "/v1/deposition/surface", json=wide))["message"]
    assert ask("POST", PATH, json=SEARCH).status_code == 404  # this server takes none


def ended(ask: Ask, address: str) -> dict[str, Any]:
    until = time.monotonic() + 120.0
    while (job := read(ask("GET", address)))["state"] not in OVER:
        assert time.monotonic() < until
        time.sleep(0.05)
    return job


@pytest.mark.usefixtures("coarse_pictures")
def test_a_search_is_submitted_asked_about_and_found_again(
    predictor: Predictor, jobs: SearchJobs, tmp_path: Path
) -> None:
    ask = asking(predictor, jobs)
    reply = ask("POST", PATH, json=SEARCH)
    job = read(reply, 202)
    assert reply.headers["Location"] == f"{PATH}/{job['id']}"
    assert job["model"] == {"name": "tiny", "label": predictor.package.label}
    assert (job["n_trials"], job["result"], job["error"]) == (20, None, None)
    done = ended(ask, reply.headers["Location"])
    assert (done["state"], done["n_done"]) == ("done", 20)
    alone = run_search(predictor, SearchConfig.model_validate(SEARCH), tmp_path / "alone")
    assert done["result"] == alone.model_dump(mode="json")
    assert done["config"] == SearchConfig.model_validate(SEARCH).model_dump(mode="json")
    again = read(ask("POST", PATH, json=SEARCH), 200)
    assert (again["id"], again["state"]) == (job["id"], "done")
    assert again["result"] == done["result"]


@pytest.mark.usefixtures("coarse_pictures")
def test_a_full_line_is_told_with_when_to_come_back(predictor: Predictor, jobs: SearchJobs) -> None:
    ask = asking(predictor, jobs)
    addresses = [
        ask("POST", PATH, json=LONG | {"seed": seed}).headers["Location"] for seed in (1, 2)
    ]
    full = ask("POST", PATH, json=LONG | {"seed": 3})
    assert int(full.headers["Retry-After"]) > 0
    assert "1 may wait" in only_error(full, 503)["message"]
    for address in reversed(addresses):
        assert read(ask("DELETE", address))["state"] == "cancelled"
        assert ended(ask, address)["state"] == "cancelled"
    assert read(ask("POST", PATH, json=LONG | {"seed": 3}), 202)["state"] in {"queued", "running"}


def test_a_search_that_is_not_known_is_no_path(predictor: Predictor, jobs: SearchJobs) -> None:
    ask = asking(predictor, jobs)
    for job_id in ("0123456789abcdef", "..", "%2e%2e%2f%2e%2e", "x" * 500):
        for method in ("GET", "DELETE"):
            reply = ask(method, f"{PATH}/{job_id}")
            assert reply.status_code in {404, 405}
            assert read(reply, reply.status_code)["n_errors"] == 1


@pytest.mark.slow
def test_the_command_line_searches_alike(tmp_path: Path) -> None:
    """The shipped model, the same config and seed: every number of the answer."""
    asked = SEARCH | {"temperature_K": 300.0, "n_trials": 10, "seed": 7, "sampler": "tpe"}
    (tmp_path / "search.yaml").write_text(yaml.safe_dump(asked))
    out = tmp_path / "out"
    ended_there = glassyli("search", tmp_path / "search.yaml", "--out", out, "--json")
    assert ended_there.returncode == 0, ended_there.stderr
    settings = SearchSettings(folder=str(tmp_path / "searches"))
    jobs = SearchJobs({"tiny": str(model_path(None))}, settings)
    ask = asking(Predictor.load(model_path(None)), jobs)
    done = ended(ask, ask("POST", PATH, json=asked).headers["Location"])
    jobs.close()
    assert done["result"] == json.loads(ended_there.stdout)
