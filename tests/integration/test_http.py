"""A real server in a process of its own, asked over real HTTP."""

import json
import signal
import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from server_process import Served, served
from synthetic import synthetic_designs, synthetic_package, synthetic_store

from serve.endpoint.settings import MEBIBYTE
from serve.messages.embryos import MAX_DESIGNS
from simulate.design import EmbryoDesign
from surrogate.predictor import Predictor

pytestmark = [pytest.mark.needs_ray, pytest.mark.slow]

DESIGN: dict[str, Any] = {
    "n_atoms": 300,
    "packing_density_g_cm3": 0.0534,
    "mass_exchange": "open",
    "energy_exchange": "open",
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    synthetic_package(folder / "package", synthetic_store(folder / "store", synthetic_designs(6)))
    return folder / "package"


@pytest.fixture(scope="module")
def server(package: Path) -> Iterator[Served]:
    with served("--model", package, "--model", f"twin={package}") as running:
        assert running.said["models"] == {"synthetic": str(package), "twin": str(package)}
        yield running


@pytest.fixture(scope="module")
def client(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=120.0) as session:
        yield session


def predict(client: httpx.Client, **body: object) -> httpx.Response:
    return client.post("/v1/embryos/predict", json={"designs": [DESIGN]} | body)


@pytest.mark.parametrize("road", ["full", "fast"])
def test_the_answer_is_the_models_own(client: httpx.Client, package: Path, road: Any) -> None:
    designs = [DESIGN | {"n_atoms": n_atoms} for n_atoms in (120, 250)]
    reply = predict(client, designs=designs, horizon_ps=150.0, road=road)
    assert reply.status_code == 200
    model = Predictor.load(package)
    expected = model.predict_designs(
        [EmbryoDesign.model_validate(values) for values in designs], 150.0, road
    )
    assert reply.json()["model"] == {"name": model.package.name, "label": model.package.label}
    answered = reply.json()["predictions"]
    assert [each["road"] for each in answered] == [road, road]
    for found, wanted in zip(answered, expected, strict=True):
        assert found["design"] == wanted.design.model_dump(mode="json")
        # Another number of threads may sum in another order.
        assert found["p_crystalline"] == pytest.approx(wanted.p_crystalline, rel=1e-6)
        assert found["survival"]["probability"] == pytest.approx(wanted.survival.probability)


def test_the_model_says_what_it_is(client: httpx.Client, package: Path) -> None:
    expected = Predictor.load(package).package
    said = client.get("/v1/model").json()
    assert said["card_markdown"] == expected.card_text
    name = {"name": "synthetic", "label": expected.label}
    summary = json.loads(json.dumps(expected.summary()))
    assert {key: said[key] for key in summary} == summary | {"model": name}
    assert client.get("/healthz").json() == {"status": "ok"}


def test_it_is_ready_when_every_model_has_proven_itself(
    client: httpx.Client, package: Path
) -> None:
    label = Predictor.load(package).package.label
    models = [{"name": name, "label": label} for name in ("synthetic", "twin")]
    assert client.get("/readyz").json() == {"status": "ready", "models": models}
    assert client.get("/v1/models").json() == {"models": models}


def test_a_model_is_asked_by_its_name(client: httpx.Client) -> None:
    body = {"designs": [DESIGN], "road": "fast"}
    own, twin = (
        client.post(f"/v1/embryos/predict{query}", json=body).json()
        for query in ("", "?model=twin")
    )
    assert (own["model"]["name"], twin["model"]["name"]) == ("synthetic", "twin")
    assert own["predictions"] == twin["predictions"]
    stranger = client.post("/v1/embryos/predict?model=stranger", json=body)
    assert stranger.status_code == 404
    assert stranger.json()["detail"][0]["allowed"] == {"enum": ["synthetic", "twin"]}


def test_every_refusal_names_its_field(client: httpx.Client) -> None:
    reply = predict(client, designs=[DESIGN, DESIGN | {"n_atoms": 5, "colour": "red"}])
    assert reply.status_code == 422
    detail = {error["field"]: error for error in reply.json()["detail"]}
    assert set(detail) == {"designs[1].n_atoms", "designs[1].colour"}
    assert detail["designs[1].n_atoms"]["found"] == 5
    assert detail["designs[1].n_atoms"]["allowed"]["minimum"] == 100
    assert "n_atoms" in detail["designs[1].colour"]["allowed"]["keys"]


@pytest.mark.parametrize("body", [b"{", b'{"designs": [{"n_atoms": NaN}]}', b'{"a": "\\ud800"}'])
def test_broken_json_is_refused_not_a_fault(client: httpx.Client, body: bytes) -> None:
    reply = client.post("/v1/embryos/predict", content=body)
    assert reply.status_code == 422
    assert reply.json()["detail"]


def test_a_large_body_is_refused_however_it_is_sent(client: httpx.Client) -> None:
    whole = b" " * (MEBIBYTE + 1)
    pieces = (b" " * 65_536 for _ in range(MEBIBYTE // 65_536 + 1))
    for body in (whole, pieces):
        reply = client.post("/v1/embryos/predict", content=body)
        assert reply.status_code == 413
        assert reply.json()["detail"][0]["allowed"] == {"maximum": MEBIBYTE}


def test_the_largest_question_is_answered(client: httpx.Client) -> None:
    reply = predict(client, designs=[DESIGN] * MAX_DESIGNS, road="fast")
    assert len(reply.json()["predictions"]) == MAX_DESIGNS


def test_questions_asked_together_get_their_own_answers(client: httpx.Client) -> None:
    sizes = range(100, 400, 25)

    def ask(n_atoms: int) -> tuple[int, float]:
        reply = predict(client, designs=[DESIGN | {"n_atoms": n_atoms}], road="fast")
        (answer,) = reply.json()["predictions"]
        return answer["design"]["n_atoms"], answer["p_crystalline"]

    alone = [ask(n_atoms) for n_atoms in sizes]
    with ThreadPoolExecutor(6) as together:
        assert list(together.map(ask, sizes)) == alone


def test_one_fast_answer_takes_a_fraction_of_a_second(client: httpx.Client) -> None:
    seconds = [predict(client, road="fast").elapsed.total_seconds() for _ in range(20)]
    assert statistics.median(seconds) < 0.5  # about 10 ms on two idle cores


def test_unknown_places_are_refused_as_everything_is(client: httpx.Client) -> None:
    assert client.get("/v1/predict").status_code == 404
    assert client.get("/v1/embryos/predict").status_code == 405


def test_what_replicas_count_reaches_prometheus(client: httpx.Client) -> None:
    said = client.get("/metrics")
    assert said.headers["content-type"].startswith("text/plain")
    counted = dict(line.rsplit(" ", 1) for line in said.text.splitlines() if line[0] != "#")
    assert float(counted["glassyli_turns_total"]) > 0
    assert float(counted["glassyli_batch_atoms_count"]) > 0


def test_only_the_named_address_is_listened_at(
    server: Served,
) -> None:
    port = httpx.URL(server.url).port
    family = [server.process.pid, *(each.pid for each in server.family())]
    addresses = {
        connection.laddr.ip
        for pid in family
        for connection in psutil.Process(pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }
    assert addresses == {"127.0.0.1"}


def test_an_interrupt_leaves_nothing_behind(client: httpx.Client, server: Served) -> None:
    family = server.family()
    assert family
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(60.0) == 0
    _, alive = psutil.wait_procs(family, timeout=10.0)
    assert [each.name() for each in alive] == []
    with pytest.raises(httpx.TransportError):
        client.get("/healthz")
