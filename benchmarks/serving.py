"""How much does HTTP add to a forecast, and how many forecasts does a busy server give?

    python -m benchmarks.serving [--seconds S] [--replicas N] [--json]

Closed loop: each client asks, waits for the answer and asks again, always something new, so that no
kept answer helps. Every block of requests stands beside the predictor called directly in a loop, in
the same run and in turns with it, on the shipped model: design by design, and for many clients also
with as many designs at once as the server computes together. Three questions:

- `nothing`: the whole way to a model replica and back, without a question;
- `fast`: one design on the fast road, a few milliseconds;
- `full`: one design on the full road, 50 ms and more.

The server computes on one core for each replica, and so does the direct loop it is compared with.
"""

import argparse
import http.client
import itertools
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Final

from benchmarks.timing import Line
from serve.endpoint.settings import Batching, Replicas, ServerSettings
from serve.models import model_path
from serve.server import running_server
from simulate.cluster import available_cores
from simulate.design import EmbryoDesign
from surrogate.prediction import Road
from surrogate.predictor import Predictor

MOST_ADDED_MS: Final = 3.0
LEAST_SHARE: Final = 0.8
LEAST_COMPUTE_MS: Final = 50.0

CLIENTS: Final = (1, 8, 64)
N_ROUNDS: Final = 5
WARM_UP: Final = 0.25
"""Share of a block before its answers count for requests/s."""

LONGER: Final = 5
"""Blocks of the most clients on the full road, whose answers take seconds, are so much longer."""

QUESTIONS: Final = ("nothing", "fast", "full")
ATOMS: Final = 400
"""Of every design; packed and through the network about 100 ms."""

AT_ONCE: Final = Batching().atoms // ATOMS
"""Designs of one computation of the server under load."""

NUMBERS: Final = 100_000
"""Of the designs of one block, more than any can ask for."""


@dataclass(frozen=True, slots=True)
class Block:
    """What one block of requests took.

    Attributes:
        seconds: Of each request, in no order.
        wall_s: Of the block.
        client_cpu_s: Processor time of the clients.
        n_steady: Requests answered while every client asked and the first answers were past.
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


def design(number: int) -> dict[str, Any]:
    """Never the same twice, always the same work: densities differ in the sixth digit."""
    return {
        "n_atoms": ATOMS,
        "packing_density_g_cm3": 0.0534 + number * 1e-9,
        "mass_exchange": "open",
        "energy_exchange": "open",
    }


def body(question: str, number: int) -> bytes:
    """What is sent; of `nothing` too, and not looked at there."""
    road = "full" if question == "full" else "fast"
    return json.dumps({"designs": [design(number)], "road": road}).encode()


def ask_for(place: tuple[str, int, str, int, float, int]) -> Block:
    """Clients in this process, each with its own connection, for so many seconds."""
    host, port, question, n_clients, seconds, first = place
    path = "/v1/nothing" if question == "nothing" else "/v1/embryos/predict"
    numbers = itertools.count(first)
    taken: list[float] = []
    ended: list[float] = []
    until = time.perf_counter() + seconds
    steady_s = seconds * (1.0 - WARM_UP)

    def client() -> None:
        connection = http.client.HTTPConnection(host, port, timeout=300.0)
        connection.connect()
        while time.perf_counter() < until:
            content = body(question, next(numbers))
            began = time.perf_counter()
            connection.request("POST", path, content, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
            ended.append(time.perf_counter())
            taken.append(ended[-1] - began)
            if answer.status != http.HTTPStatus.OK:
                raise RuntimeError(said.decode())
        connection.close()

    cpu, wall = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(n_clients) as pool:
        for each in [pool.submit(client) for _ in range(n_clients)]:
            each.result()
    wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    n_steady = sum(until - steady_s <= each <= until for each in ended)
    return Block(taken, wall_s, cpu_s, n_steady, steady_s)


_PREDICTOR: list[Predictor] = []


def load() -> None:
    """Once in each process of the direct loop."""
    _PREDICTOR.append(Predictor.load(model_path(None)))
    call_directly(("full", 0.1, 0, 1, 0.0))


def call_directly(asked: tuple[Road, float, int, int, float]) -> Block:
    """The predictor in a loop of this process, for so many seconds, so many designs a call.

    Each design counts as a request that took its share of the call. A rest between calls lets the
    core and its caches cool down, as they do in a server that waits for a client.
    """
    road, seconds, first, n, rest_s = asked
    (predictor,) = _PREDICTOR
    taken: list[float] = []
    wall = time.perf_counter()
    for number in itertools.count(first, n):
        time.sleep(rest_s)
        designs = [EmbryoDesign.model_validate(design(number + k)) for k in range(n)]
        began = time.perf_counter()
        predictor.predict_designs(designs, road=road)
        taken += [(time.perf_counter() - began) / n] * n
        if began - wall > seconds:
            break
    wall_s = time.perf_counter() - wall
    return Block(taken, wall_s, 0.0, len(taken), wall_s)


def joined(blocks: Sequence[Block]) -> Block:
    """Blocks that ran one after another as one."""
    return Block(
        [each for block in blocks for each in block.seconds],
        sum(block.wall_s for block in blocks),
        sum(block.client_cpu_s for block in blocks),
        sum(block.n_steady for block in blocks),
        sum(block.steady_s for block in blocks),
    )


@dataclass(frozen=True, slots=True)
class Bench:
    """A running server, clients in a process of their own, and the direct loops.

    Attributes:
        host, port: Of the server.
        client: A process.
        direct: One process for each replica.
        n_replicas: Of the server.
        seconds: Of a block.
        numbers: Of designs; each block takes `NUMBERS`.
    """

    host: str
    port: int
    client: ProcessPoolExecutor
    direct: ProcessPoolExecutor
    n_replicas: int
    seconds: float
    numbers: "itertools.count[int]"

    def served(self, question: str, n_clients: int) -> Block:
        """A block of requests."""
        first = next(self.numbers) * NUMBERS
        is_long = question == "full" and n_clients == max(CLIENTS)
        seconds = self.seconds * (LONGER if is_long else 1)
        place = (self.host, self.port, question, n_clients, seconds, first)
        return self.client.submit(ask_for, place).result()

    def directly(
        self, road: Road, n_processes: int, n_a_call: int = 1, rest_s: float = 0.0
    ) -> list[Block]:
        """The loop in so many processes at once, with so many designs in each call."""
        firsts = [next(self.numbers) * NUMBERS for _ in range(n_processes)]
        asked = [(road, self.seconds, first, n_a_call, rest_s) for first in firsts]
        return list(self.direct.map(call_directly, asked))


def low_load(bench: Bench) -> tuple[dict[str, Block], list[Line]]:
    """One client, in turns with the direct call."""
    roads: tuple[Road, ...] = ("fast", "full")
    direct = [f"{name} {road}" for name in ("direct", "rested") for road in roads]
    blocks: dict[str, list[Block]] = {name: [] for name in (*QUESTIONS, *direct)}
    for _ in range(N_ROUNDS):
        for question in QUESTIONS:
            blocks[question].append(bench.served(question, 1))
        rest_s = statistics.median(blocks["nothing"][-1].seconds)
        for road in roads:
            blocks[f"direct {road}"] += bench.directly(road, 1)
            blocks[f"rested {road}"] += bench.directly(road, 1, rest_s=rest_s)
    found = {name: joined(each) for name, each in blocks.items()}
    p50 = {name: block.quantile_ms(50) for name, block in found.items()}
    added = [
        Line(
            f"1 client, {road} road: p50 above nothing's and the direct call's",
            p50[road] - p50["nothing"] - p50[f"direct {road}"],
            "ms",
            MOST_ADDED_MS,
        )
        for road in roads
    ]
    rested = [
        Line(
            f"1 client, {road} road: the same if direct calls rest as long as nothing takes",
            p50[road] - p50["nothing"] - p50[f"rested {road}"],
            "ms",
        )
        for road in roads
    ]
    return found, added + rested


def high_load(bench: Bench) -> tuple[dict[str, Block], list[Line]]:
    """Many clients, in turns with direct loops on as many cores as there are replicas."""
    blocks: dict[str, list[Block]] = {
        f"{question}, {n} clients": [] for n in CLIENTS[1:] for question in QUESTIONS
    }
    direct: list[float] = []
    batched: list[float] = []
    computed: list[float] = []
    for _ in range(N_ROUNDS):
        for n in CLIENTS[1:]:
            for question in QUESTIONS:
                blocks[f"{question}, {n} clients"].append(bench.served(question, n))
        loops = bench.directly("full", bench.n_replicas)
        direct.append(sum(each.per_s for each in loops))
        computed += [each for loop in loops for each in loop.seconds]
        loops = bench.directly("full", bench.n_replicas, AT_ONCE)
        batched.append(sum(each.per_s for each in loops))
    found = {name: joined(each) for name, each in blocks.items()}
    most = found[f"full, {CLIENTS[-1]} clients"]
    per_s = {1: statistics.median(direct), AT_ONCE: statistics.median(batched)}
    return found, [
        Line(
            f"direct, full road, {bench.n_replicas} at once: compute of a request",
            statistics.median(computed) * 1e3,
            "ms",
            LEAST_COMPUTE_MS,
            "more",
        ),
        *(
            line
            for n, direct_per_s in per_s.items()
            for line in (
                Line(
                    f"direct, full road, {bench.n_replicas} at once, {n} designs a call",
                    direct_per_s,
                    "designs/s",
                ),
                Line(
                    f"{CLIENTS[-1]} clients, full road: requests/s of that",
                    most.per_s / direct_per_s,
                    "",
                    LEAST_SHARE,
                    "more",
                ),
            )
        ),
        Line(
            f"{CLIENTS[-1]} clients, full road: the clients' own processor time",
            most.client_cpu_s / most.wall_s,
            "cores",
        ),
    ]


def measured(seconds: float, n_replicas: int) -> tuple[dict[str, Block], list[Line]]:
    """Every block by name, and the figures beside their goals."""
    settings = ServerSettings(
        measures_itself=True,
        cache_bytes=0,
        replicas=Replicas(least=n_replicas, most=n_replicas),
        batching=Batching(queued=max(CLIENTS)),
    )
    spawn = multiprocessing.get_context("spawn")
    with (
        running_server(settings) as url,
        ProcessPoolExecutor(1, spawn) as client,
        ProcessPoolExecutor(n_replicas, spawn, initializer=load) as direct,
    ):
        host, _, port = url.removeprefix("http://").rpartition(":")
        numbers = itertools.count(1)
        warm = Bench(host, int(port), client, direct, n_replicas, 1.0, numbers)
        for question in QUESTIONS:
            warm.served(question, 8)
        warm.directly("full", n_replicas)
        bench = Bench(host, int(port), client, direct, n_replicas, seconds, numbers)
        low, added = low_load(bench)
        high, shares = high_load(bench)
    return low | high, added + shares


def main() -> None:
    parser = argparse.ArgumentParser(description="HTTP against the predictor called directly.")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each of the blocks")
    parser.add_argument("--replicas", type=int, default=available_cores())
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    blocks, lines = measured(asked.seconds, asked.replicas)
    rows = {
        name: {
            "requests": len(block.seconds),
            "per_s": block.per_s,
            **{f"p{percent}_ms": block.quantile_ms(percent) for percent in (50, 95, 99)},
            "client_cores": block.client_cpu_s / block.wall_s,
        }
        for name, block in blocks.items()
    }
    if asked.json:
        print(json.dumps({"blocks": rows, "figures": [asdict(line) for line in lines]}))
        return
    print(f"{'':24}{'requests/s':>12}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'client':>10}")
    for name, row in rows.items():
        times = "".join(f"{row[f'p{percent}_ms']:10.1f}" for percent in (50, 95, 99))
        print(f"{name:24}{row['per_s']:12.1f}{times}{row['client_cores']:10.2f}")
    for line in lines:
        print(line)


if __name__ == "__main__":
    main()
