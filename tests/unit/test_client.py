import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from served import Served
from synthetic import lithium

from benchmarks import structure_files
from serve.client import Client
from serve.connection import RefusedError, ServerError
from serve.messages.service import Health
from simulate.errors import MisuseError
from surrogate.deposition.conditions import DepositionConditions

DESIGN = lithium(n_atoms=220)
CONDITIONS = DepositionConditions.model_validate(
    {"current_density_mA_cm2": 0.5, "deposition_time_min": 20.0}
)


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[Client]:
    with Client(served.url) as one:
        yield one


def test_designs_are_answered_as_in_python(served: Served, client: Client) -> None:
    designs = [DESIGN, lithium(n_atoms=400)]
    reply = client.embryos([designs[0], designs[1].model_dump()], horizon_ps=500.0, road="fast")
    assert reply.predictions == served.predictor.predict_designs(designs, 500.0, "fast")
    assert reply.model.label == served.predictor.package.label


def test_structures_are_answered_from_a_path_and_from_bytes(client: Client, tmp_path: Path) -> None:
    data = structure_files.xyz_gz(structure_files.snapshots(DESIGN, 2))
    (tmp_path / "a.xyz.gz").write_bytes(data)
    found = client.structures(tmp_path / "a.xyz.gz", DESIGN, frames=[2], with_atoms=True)
    assert [frame.frame for frame in found.frames] == [2]
    assert found.frames[0].atoms is not None
    short = {"energy_exchange": "open"}
    same = client.structures(data, short, file_format="extxyz", frames=[2], with_atoms=True)
    assert same.frames[0].atoms == found.frames[0].atoms


def test_deposits_surfaces_and_maps(client: Client) -> None:
    reply = client.deposition([CONDITIONS, {"current_density_mA_cm2": 2.5, "capacity_mAh_cm2": 1}])
    assert reply.forecasts[0].conditions == CONDITIONS
    low, high = reply.forecasts[0].glassy_share_interval
    assert low <= reply.forecasts[0].glassy_share <= high
    surface = client.surface({
        "current_density_mA_cm2": {"min": 0.5, "max": 2.5, "n": 3},
        "deposition_time_min": {"min": 20.0, "max": 60.0, "n": 2},
    })  # fmt: skip
    assert [len(row) for row in surface.glassy_share] == [3, 3]
    assert {each.name for each in client.maps().maps} == {"paper", "overpotential"}


SEARCH = {
    "current_density_mA_cm2": {"min": 0.5, "max": 5.0},
    "deposition_time_min": 120.0,
    "min_capacity_mAh_cm2": None,
    "also_maps": [],
    "n_trials": 12,
}


@pytest.mark.usefixtures("coarse_pictures")
def test_a_search_is_submitted_watched_and_answered(client: Client) -> None:
    job = client.search(SEARCH)
    assert client.search(SEARCH).id == job.id
    seen: list[int] = []
    done = client.wait_for_search(job.id, lambda each: seen.append(each.n_done), every_s=0.1)
    assert (done.state, done.n_done) == ("done", 12)
    assert done.result is not None
    assert seen == sorted(seen)
    with pytest.raises(RefusedError, match="n_trials"):
        client.search({**SEARCH, "n_trials": 10**6})
    with pytest.raises(RefusedError) as caught:
        client.search_state("0" * 16)
    assert caught.value.status == 404


@pytest.mark.usefixtures("coarse_pictures")
def test_a_search_can_be_cancelled(served: Served) -> None:
    with Client(served.url, model=served.predictor.package.name) as named:
        job = named.search({**SEARCH, "n_trials": 2000})
        assert named.cancel_search(job.id).state == "cancelled"
        assert named.wait_for_search(job.id).state == "cancelled"


def test_the_service_says_what_it_is(served: Served, client: Client) -> None:
    name = served.predictor.package.name
    assert [each.name for each in client.models().models] == [name]
    assert [each.name for each in client.ready().models] == [name]
    assert client.model().model.name == name
    with Client(served.url, model=name) as named:
        assert named.model() == client.model()
        # Whatever is of no model in particular knows no such parameter.
        assert named.models() == client.models()
        assert named.ready() == client.ready()


def test_a_refusal_is_an_error_that_names_the_field(served: Served, client: Client) -> None:
    with pytest.raises(RefusedError, match=r"designs\[0\]\.n_atoms") as caught:
        client.embryos([{**DESIGN.model_dump(), "n_atoms": 5}])
    (error,) = caught.value.refusal.detail
    assert (caught.value.status, error.field, error.found) == (422, "designs[0].n_atoms", 5)
    with Client(served.url, model="nobody") as lost, pytest.raises(RefusedError) as caught:
        lost.model()
    assert caught.value.status == 404


Behaviour = list[int | None]


@contextmanager
def unsteady(
    behaviour: Behaviour, retry_after: str | None = None, encoding: str | None = None
) -> Iterator[tuple[str, list[Any]]]:
    """A server that answers with these statuses in turn; None: it breaks the connection."""
    asked: list[Any] = []

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked.append((time.monotonic(), self.headers.get("Authorization")))
            self.rfile.read(int(self.headers["Content-Length"]))
            status = behaviour.pop(0)
            if status is None:
                self.connection.close()
                self.close_connection = True
                return
            told: dict[str, Any] = {"status": "ok"}
            if status >= 300:
                one = {"field": "server", "found": None, "message": "full.", "allowed": None}
                told = {"detail": [one], "n_errors": 1}
            content = json.dumps(told).encode()
            self.send_response(status)
            if retry_after and status == 503:
                self.send_header("Retry-After", retry_after)
            if encoding:
                self.send_header("Content-Encoding", encoding)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def ask(client: Client) -> Health:
    return client._asked("POST", "/anything", Health, json={})


def test_what_passes_is_asked_again_until_it_has_passed() -> None:
    with unsteady([None, 503, 500, 200]) as (url, asked), Client(url, key="k") as client:
        assert ask(client).status == "ok"
    assert len(asked) == 4
    assert {key for _, key in asked} == {"Bearer k"}


def test_a_full_server_is_left_alone_as_long_as_it_asks() -> None:
    with unsteady([503, 200], retry_after="2") as (url, asked), Client(url) as client:
        ask(client)
    (first, _), (second, _) = asked
    assert 2.0 <= second - first < 20.0  # a busy machine wakes late


def test_a_refusal_is_not_asked_again() -> None:
    with unsteady([422]) as (url, asked), Client(url) as client, pytest.raises(RefusedError):
        ask(client)
    assert len(asked) == 1


def test_tries_end() -> None:
    with (
        unsteady([503, 503]) as (url, asked),
        Client(url, tries=2) as client,
        pytest.raises(ServerError, match="full") as caught,
    ):
        ask(client)
    assert (len(asked), caught.value.status) == (2, 503)
    with (
        Client("http://127.0.0.1:9", tries=1) as client,
        pytest.raises(ServerError, match="running"),
    ):
        client.ready()


@pytest.mark.parametrize(
    "url",
    ["localhost:8000", "127.0.0.1:8000", "", "ftp://host", "http://", "http://[::1", "a\x00b"],
)
def test_a_url_that_is_none_is_refused_at_once(url: str) -> None:
    began = time.monotonic()
    with pytest.raises(MisuseError, match="must begin with http://"):
        Client(url)
    assert time.monotonic() - began < 5.0


def test_a_place_that_cannot_be_asked_is_a_server_error() -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(ServerError, match="InvalidURL"):
        client.search_state("a\x00b")


def test_an_answer_that_cannot_be_unpacked_is_a_server_error() -> None:
    with (
        unsteady([200], encoding="gzip") as (url, asked),
        Client(url) as client,
        pytest.raises(ServerError, match="DecodingError"),
    ):
        ask(client)
    assert len(asked) == 1


def test_another_server_is_told_from_ours() -> None:
    with (
        unsteady([200]) as (url, _),
        Client(url) as client,
        pytest.raises(ServerError, match="address and the release"),
    ):
        client.embryos([DESIGN])
