"""Who asks in `benchmarks.serving`: clients over HTTP, and callers of the predictor itself.

Each function runs in a process that does nothing else; what it is asked, and a `Block` of what it
found, travel between processes. A design is never the same twice and always the same work: their
densities differ by less than a part in a hundred thousand.
"""

import http.client
import itertools
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from serve.models import model_path
from simulate.design import EmbryoDesign
from surrogate.prediction import Road
from surrogate.predictor import Predictor

QUESTIONS: Final = ("nothing", "fast", "full")
ROADS: Final[tuple[Road, ...]] = ("fast", "full")

ATOMS: Final = 800
"""Of every design, so that a forecast on the full road takes 50 ms and more."""

NUMBERS: Final = 5_000
"""Of the designs of one block, more than any can ask for."""

STEP_g_cm3: Final = 1.0e-12
"""Between the packing densities of two designs."""

WARM_UP: Final = 0.25
"""Share of a block before its answers count for requests/s."""


_PREDICTOR: list[Predictor] = []


@dataclass(frozen=True, slots=True)
class Block:
    """What one block of requests took.

    Attributes:
        seconds: Of each request, in no order.
        wall_s: Of the block.
        client_cpu_s: Processor time of the clients.
        n_steady: Requests answered after the warm-up and while every client asked.
        steady_s: How long that was.
    """

    seconds: list[float]
    wall_s: float
    client_cpu_s: float
    n_steady: int
    steady_s: float

    @property
    def per_s(self) -> float:
        """Requests answered in a second of steady work."""
        return self.n_steady / self.steady_s

    def quantile_ms(self, percent: int) -> float:
        """Of the times of requests."""
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1] * 1e3


@dataclass(frozen=True, slots=True)
class Place:
    """A server.

    Attributes:
        host, port: It listens there.
    """

    host: str
    port: int

    def connection(self) -> http.client.HTTPConnection:
        """Kept alive from request to request."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=300.0)
        connection.connect()
        return connection


def ask_for(place: Place, question: str, n_clients: int, seconds: float, first: int) -> Block:
    """Clients in this process, each with its own connection, for so many seconds."""
    numbers = itertools.count(first)
    taken: list[float] = []
    ended: list[float] = []
    until = time.perf_counter() + seconds

    def client() -> None:
        connection = place.connection()
        while time.perf_counter() < until:
            taken.append(_asked(connection, question, next(numbers)))
            ended.append(time.perf_counter())
        connection.close()

    cpu, wall = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(n_clients) as pool:
        for each in [pool.submit(client) for _ in range(n_clients)]:
            each.result()
    wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    return Block(taken, wall_s, cpu_s, *_steady(ended, until, seconds))


def load() -> None:
    """Once in each process that calls the predictor."""
    _PREDICTOR.append(Predictor.load(model_path(None)))
    _called("full", [0])


def call_directly(road: Road, seconds: float, first: int, n: int) -> Block:
    """The predictor in a loop of this process, for so many seconds, so many designs a call.

    Each design counts as a request that took its share of the call.
    """
    taken: list[float] = []
    ended: list[float] = []
    began = time.perf_counter()
    until = began + seconds
    for number in itertools.count(first, n):
        taken += [_called(road, range(number, number + n)) / n] * n
        ended += [time.perf_counter()] * n
        if ended[-1] > until:
            break
    return Block(taken, ended[-1] - began, 0.0, *_steady(ended, until, seconds))


def ask_in_turns(place: Place, n_turns: int, first: int) -> dict[str, list[float]]:
    """Each question over HTTP and each call of the predictor once a turn, in an order drawn anew.

    Returns:
        Times of `QUESTIONS`, and of `direct fast` and `direct full`, turn by turn, s.
    """
    numbers = itertools.count(first)
    connection = place.connection()
    works: dict[str, Callable[[], float]] = {
        question: partial(_asked_next, connection, question, numbers) for question in QUESTIONS
    }
    works |= {f"direct {road}": partial(_called_next, road, numbers) for road in ROADS}
    order, drawn = list(works), random.Random(first)
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(n_turns):
        drawn.shuffle(order)
        for name in order:
            seconds[name].append(works[name]())
    connection.close()
    return seconds


def _steady(ended: Sequence[float], until: float, seconds: float) -> tuple[int, float]:
    """How many answers of a block came after its warm-up, and the time they are of."""
    steady_s = seconds * (1.0 - WARM_UP)
    return sum(until - steady_s <= each <= until for each in ended), steady_s


def _called_next(road: Road, numbers: Iterator[int]) -> float:
    return _called(road, [next(numbers)])


def _called(road: Road, numbers: Sequence[int]) -> float:
    (predictor,) = _PREDICTOR
    designs = [EmbryoDesign.model_validate(_design(number)) for number in numbers]
    began = time.perf_counter()
    predictor.predict_designs(designs, road=road)
    return time.perf_counter() - began


def _asked_next(
    connection: http.client.HTTPConnection, question: str, numbers: Iterator[int]
) -> float:
    return _asked(connection, question, next(numbers))


def _asked(connection: http.client.HTTPConnection, question: str, number: int) -> float:
    """Of `nothing` the same body is sent as of `fast`, and not looked at."""
    path = "/v1/nothing" if question == "nothing" else "/v1/embryos/predict"
    road = "full" if question == "full" else "fast"
    content = json.dumps({"designs": [_design(number)], "road": road}).encode()
    began = time.perf_counter()
    connection.request("POST", path, content, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    said = answer.read()
    took_s = time.perf_counter() - began
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(said.decode())
    return took_s


def _design(number: int) -> dict[str, Any]:
    return {
        "n_atoms": ATOMS,
        "packing_density_g_cm3": 0.0534 + number * STEP_g_cm3,
        "mass_exchange": "open",
        "energy_exchange": "open",
    }
