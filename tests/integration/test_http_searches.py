"""Searches of a real server: beside its answers, through a kill, and through a restart."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_process import served
from synthetic import synthetic_designs, synthetic_package, synthetic_store

from surrogate.deposition.answer import deposition_answer
from surrogate.deposition.question import DepositionQuestion
from surrogate.predictor import Predictor

pytestmark = [pytest.mark.needs_ray, pytest.mark.slow]

PLATED: dict[str, Any] = {
    "conditions": [{"current_density_mA_cm2": 0.5, "capacity_mAh_cm2": 1.0}],
    "horizon_ps": 150.0,
}
SHORT: dict[str, Any] = {
    "objective": "glassy_share",
    "sampler": "random",
    "n_trials": 10,
    "also_maps": [],
    "min_capacity_mAh_cm2": None,
    "max_clipped_share": 1.0,
}
LONG = SHORT | {"n_trials": 2000, "n_map_draws": 32}
PATH = "/v1/deposition/search"
PATIENCE_S = 240.0


def submitted(client: httpx.Client, search: dict[str, Any]) -> str:
    """The address of a job; a server that is too busy is asked again."""
    until = time.monotonic() + PATIENCE_S
    while (reply := client.post(PATH, json=search)).status_code == 503:
        assert time.monotonic() < until, reply.text
        time.sleep(float(reply.headers["Retry-After"]))
    assert reply.status_code == 202, reply.text
    return reply.headers["Location"]


def seen(
    client: httpx.Client, address: str, is_so: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """A job once it is so; a server that is too busy is asked again."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        reply = client.get(address)
        assert reply.status_code in {200, 503}, reply.text
        if reply.status_code == 200 and is_so(reply.json()):
            return dict(reply.json())
        time.sleep(0.1)
    raise AssertionError(reply.text)


def test_searches_run_beside_survive_a_kill_and_a_restart(tmp_path: Path) -> None:
    package, folder = tmp_path / "package", tmp_path / "searches"
    synthetic_package(package, synthetic_store(tmp_path / "store", synthetic_designs(6)))
    options = ("--model", package, "--searches", folder)
    with served(*options) as server, httpx.Client(base_url=server.url, timeout=60.0) as client:
        assert not folder.exists()
        address = submitted(client, LONG)
        before = seen(client, address, lambda job: job["n_done"] >= 50)
        assert before["state"] == "running"

        answer = deposition_answer(
            Predictor.load(package), DepositionQuestion.model_validate(PLATED)
        )
        there = client.post("/v1/deposition/predict", json=PLATED).json()
        assert {**there, "model": None} == {**answer.model_dump(mode="json"), "model": None}

        (replica,) = server.replicas("searches")
        replica.send_signal(signal.SIGKILL)
        replica.wait(30.0)
        after = seen(client, address, lambda job: job["state"] == "running" and job["n_done"] > 50)
        assert after["n_done"] >= before["n_done"]
        assert client.delete(address).json()["state"] == "cancelled"

        short = submitted(client, SHORT)
        done = seen(client, short, lambda job: job["state"] not in {"queued", "running"})
        assert done["state"] == "done", done["error"]
        assert client.post(PATH, json=SHORT).status_code == 200
        left = submitted(client, LONG | {"seed": 2})
        seen(client, left, lambda job: job["n_done"] > 0)

    with served(*options) as server, httpx.Client(base_url=server.url, timeout=60.0) as client:
        assert client.get(short).json() == done
        assert seen(client, left, lambda job: job["n_done"] > 0)["state"] == "running"
        assert client.delete(left).json()["state"] == "cancelled"
