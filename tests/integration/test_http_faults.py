"""What can go wrong while a server is asked, done to a real one."""

import http.client
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from server_process import Served, command_line, served
from synthetic import QUICK_TRAINING, synthetic_designs, synthetic_package, synthetic_store

from serve.endpoint.settings import Batching
from serve.models import model_path
from surrogate.manifest import WEIGHTS, read_manifest

pytestmark = [pytest.mark.needs_ray, pytest.mark.slow]

DESIGN: dict[str, Any] = {
    "n_atoms": 300,
    "packing_density_g_cm3": 0.0534,
    "mass_exchange": "open",
    "energy_exchange": "open",
}
PATIENCE_S = 240.0
MOST_TRIES = 200


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two models of the same records."""
    folder = tmp_path_factory.mktemp("models")
    store = synthetic_store(folder / "store", synthetic_designs(6))
    synthetic_package(folder / "old", store)
    synthetic_package(folder / "new", store, QUICK_TRAINING.model_copy(update={"seed": 7}))
    return folder / "old", folder / "new"


@pytest.fixture(scope="module")
def folder(packages: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that is served, to be replaced while it is."""
    place = tmp_path_factory.mktemp("served") / "model"
    shutil.copytree(packages[0], place)
    return place


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Served]:
    models = ("--model", f"small={folder}", "--model", f"large={model_path(None)}")
    with served(*models, "--replicas", 2) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=120.0) as session:
        yield session


def ask(client: httpx.Client, n_atoms: int = 300, road: str = "fast") -> httpx.Response:
    body = {"designs": [DESIGN | {"n_atoms": n_atoms}], "road": road}
    return client.post("/v1/embryos/predict", json=body)


class Load:
    """Clients that ask one question after another, each a new one, until they are told to stop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.replies: list[httpx.Response] = []
        self.n_lost = 0
        self._stop = threading.Event()
        self._number = iter(range(1_000_000))

    def __call__(self) -> None:
        with httpx.Client(base_url=self._url, timeout=120.0) as client:
            while not self._stop.is_set():
                self._until_answered(client, 100 + next(self._number) % 5_000)

    def _until_answered(self, client: httpx.Client, n_atoms: int) -> None:
        for _ in range(MOST_TRIES):
            reply = ask(client, n_atoms)
            self.replies.append(reply)
            if reply.status_code == 200:
                (said,) = reply.json()["predictions"]
                assert said["design"]["n_atoms"] == n_atoms
                return
            self.n_lost += 1
            assert reply.status_code == 503
            time.sleep(float(reply.headers["retry-after"]))
        raise AssertionError("a question was never answered")

    def stop(self) -> None:
        self._stop.set()


@contextmanager
def load(url: str, n_clients: int) -> Iterator[Load]:
    """So many clients at work; what went wrong in one of them is raised at the end."""
    clients = Load(url)
    with ThreadPoolExecutor(n_clients) as pool:
        working = [pool.submit(clients) for _ in range(n_clients)]
        try:
            yield clients
        finally:
            clients.stop()
    for each in working:
        each.result()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def put_in_place(package: Path, folder: Path, *, is_damaged: bool = False) -> None:
    """As people do: the new one beside, then in place of the old one."""
    aside = folder.with_name("aside")
    shutil.copytree(package, aside)
    if is_damaged:  # before anybody looks at it
        weights = bytearray((aside / WEIGHTS).read_bytes())
        weights[-8:] = b"\0" * 8
        (aside / WEIGHTS).write_bytes(weights)
    folder.rename(folder.with_name(f"before-{time.monotonic_ns()}"))
    aside.rename(folder)


def counted(client: httpx.Client, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return float(dict(line.rsplit(" ", 1) for line in lines if line[0] != "#")[name])


def labels(client: httpx.Client) -> set[str]:
    """Of several replicas, whoever happens to answer."""
    return {ask(client, 120).json()["model"]["label"] for _ in range(8)}


def test_a_damaged_package_changes_nothing(
    client: httpx.Client, server: Served, folder: Path, packages: tuple[Path, Path]
) -> None:
    old = read_manifest(packages[0]).label
    with load(server.url, 4) as clients:
        put_in_place(packages[1], folder, is_damaged=True)
        wait_until(lambda: counted(client, "glassyli_reloads_refused_total") >= 2)
    assert clients.n_lost == 0
    assert {each.json()["model"]["label"] for each in clients.replies} == {old}
    assert client.get("/readyz").status_code == 200


def test_a_new_package_takes_over_without_a_failed_request(
    client: httpx.Client, server: Served, folder: Path, packages: tuple[Path, Path]
) -> None:
    old, new = (read_manifest(each).label for each in packages)
    with load(server.url, 4) as clients:
        wait_until(lambda: len(clients.replies) > 20)
        put_in_place(packages[1], folder)
        wait_until(lambda: counted(client, "glassyli_reloads_accepted_total") >= 2)
        n_before = len(clients.replies)
        wait_until(lambda: len(clients.replies) > n_before + 20)
    assert clients.n_lost == 0
    assert {each.json()["model"]["label"] for each in clients.replies} == {old, new}
    assert labels(client) == {new}


@pytest.mark.parametrize("deployment", ["models", "ingress"])
def test_a_killed_replica_costs_only_what_it_had_in_hand(server: Served, deployment: str) -> None:
    before = {each.pid for each in server.replicas(deployment)}
    assert len(before) == {"models": 2, "ingress": 1}[deployment]
    n_clients = 4
    with load(server.url, n_clients) as clients:
        wait_until(lambda: len(clients.replies) > 20)
        psutil.Process(min(before)).kill()
        wait_until(lambda: len({each.pid for each in server.replicas(deployment)} - before) == 1)
        n_before = len(clients.replies)
        wait_until(lambda: len(clients.replies) > n_before + 50)
    # Every question was answered in the end, see `Load`; no client lost more than one.
    assert clients.n_lost <= n_clients
    assert "Traceback" not in "".join(each.text for each in clients.replies)


def test_a_slow_client_holds_up_nobody(client: httpx.Client, server: Served) -> None:
    """It says what it sends and does not send it; 20 s later it is told so."""
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 80), timeout=60.0) as slow:
        slow.sendall(
            b"POST /v1/embryos/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"
        )
        began = time.monotonic()
        for n_atoms in range(100, 120):
            assert ask(client, n_atoms).status_code == 200
        assert time.monotonic() - began < 15.0
        answer = http.client.HTTPResponse(slow)
        answer.begin()
        said = answer.read().decode()
    assert answer.status == 408
    assert "within 20 s" in said


def test_a_full_server_says_when_to_come_back_and_answers_who_waits(server: Served) -> None:
    n_clients, n_may_wait = 100, Batching().queued

    def once(number: int) -> httpx.Response:
        with httpx.Client(base_url=server.url, timeout=120.0) as one:
            return ask(one, 100 + number)

    replicas = server.replicas("models")
    for each in replicas:
        each.suspend()
    with ThreadPoolExecutor(n_clients) as pool:
        asked = [pool.submit(once, number) for number in range(n_clients)]
        try:
            wait_until(lambda: sum(each.done() for each in asked) >= n_clients - n_may_wait)
        finally:
            for each in replicas:
                each.resume()
    replies = [each.result() for each in asked]
    refused = [each for each in replies if each.status_code == 503]
    assert n_clients - n_may_wait <= len(refused) < n_clients
    assert all(int(each.headers["retry-after"]) > 0 for each in refused)
    assert {each.status_code for each in replies} == {200, 503}


def test_a_full_disk_keeps_nobody_from_answers(client: httpx.Client, server: Served) -> None:
    """Whatever answers writes nothing but logs; for a while not one byte of them can be written."""
    answering = [
        each
        for each in server.family()
        if "ServeReplica" in command_line(each) or "ProxyActor" in command_line(each)
    ]
    assert len(answering) >= 5  # the proxy, the ingress, two models and the searches
    before = {each: each.rlimit(psutil.RLIMIT_FSIZE) for each in answering}
    try:
        for each in answering:
            each.rlimit(psutil.RLIMIT_FSIZE, (0, before[each][1]))
        for n_atoms in range(100, 120):
            assert ask(client, n_atoms, road="full").status_code == 200
        assert client.post("/v1/embryos/predict", content=b"{").status_code == 422
        assert ask(client, 99).status_code == 422
        assert client.get(f"/v1/deposition/search/{'0' * 64}").status_code == 404
    finally:
        for each in answering:
            each.rlimit(psutil.RLIMIT_FSIZE, before[each])


def test_questions_in_hand_are_answered_before_it_ends(server: Served) -> None:
    """Last of the module: the server is gone then."""
    with (
        httpx.Client(base_url=server.url, timeout=120.0) as client,
        ThreadPoolExecutor(1) as beside,
    ):
        designs = [DESIGN | {"n_atoms": 1_000 + number} for number in range(24)]
        body = {"designs": designs, "road": "full"}
        waiting = beside.submit(client.post, "/v1/embryos/predict?model=large", json=body)
        time.sleep(0.2)
        assert not waiting.done()
        server.process.send_signal(signal.SIGINT)
        reply = waiting.result()
    assert reply.status_code == 200, reply.text
    assert len(reply.json()["predictions"]) == len(designs)
    assert server.process.wait(60.0) == 0
