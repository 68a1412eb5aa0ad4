"""How much does HTTP add to a forecast, and how many forecasts does a busy server give?

    python -m benchmarks.serving [--seconds S] [--turns N] [--replicas N] [--json]

Closed loop: each client asks, waits for the answer and asks again, always something new, so that no
kept answer helps. Three questions, on the shipped model:

- `nothing`: the whole way to a model replica and back, without a question;
- `fast`: one design on the fast road, a few milliseconds;
- `full`: one design on the full road, 50 ms and more.

What HTTP adds is measured in turns: one client asks each question and calls the predictor once a
turn, in an order drawn anew, so that whatever slows one slows the others, and each follows each. A
turn gives one difference. Asked nothing but `nothing`, everything on the way stays awake, and the
way is shorter than to a server that computes in between: blocks of one question say how much.

Blocks of many clients stand in turns with loops that call the predictor: design by design, and with
as many designs at once as the server computes together; a round gives one ratio. The server
computes on one core for each replica, and so do the loops.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from scipy.stats import quantile_test

from benchmarks.serving_clients import (
    ATOMS,
    NUMBERS,
    QUESTIONS,
    ROADS,
    Block,
    Place,
    ask_for,
    ask_in_turns,
    call_directly,
    load,
)
from benchmarks.timing import Line
from serve.endpoint.settings import Batching, Replicas, ServerSettings
from serve.server import running_server
from simulate.cluster import available_cores

MOST_ADDED_MS: Final = 3.0
LEAST_SHARE: Final = 0.8
LEAST_COMPUTE_MS: Final = 50.0

CLIENTS: Final = (1, 8, 64)
N_ROUNDS: Final = 5
"""Of blocks."""

LONGER: Final = 5
"""Blocks of the most clients on the full road, whose answers take seconds, are so much longer."""

AT_ONCE: Final = Batching().atoms // ATOMS
"""Designs of one computation of the server under load."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A running server, clients in a process of their own, and callers of the predictor.

    Attributes:
        place: The server.
        client: A process.
        direct: One process for each replica, each with the predictor.
        n_replicas: Of the server.
        seconds: Of a block.
        numbers: Of designs; each block takes `NUMBERS`.
    """

    place: Place
    client: ProcessPoolExecutor
    direct: ProcessPoolExecutor
    n_replicas: int
    seconds: float
    numbers: "itertools.count[int]"

    def first(self) -> int:
        """Number of the first design of the next block."""
        return next(self.numbers) * NUMBERS

    def served(self, question: str, n_clients: int) -> Block:
        """A block of requests."""
        is_long = question == "full" and n_clients == max(CLIENTS)
        seconds = self.seconds * (LONGER if is_long else 1)
        asked = (self.place, question, n_clients, seconds, self.first())
        return self.client.submit(ask_for, *asked).result()

    def directly(self, n_a_call: int) -> list[Block]:
        """The loops on the full road, with so many designs in each call."""
        firsts = [self.first() for _ in range(self.n_replicas)]
        loops = [
            self.direct.submit(call_directly, "full", self.seconds, each, n_a_call)
            for each in firsts
        ]
        return [loop.result() for loop in loops]


def added(bench: Bench, n_turns: int) -> tuple[dict[str, float], list[Line]]:
    """Each p50, ms, and what HTTP adds to a call of the predictor, beyond the way itself."""
    asked = bench.direct.submit(ask_in_turns, bench.place, n_turns, bench.first())
    ms = {name: np.array(each) * 1e3 for name, each in asked.result().items()}
    lines = []
    for road in ROADS:
        extra = ms[road] - ms["nothing"] - ms[f"direct {road}"]
        bounds = quantile_test(extra, p=0.5).confidence_interval()
        what = f"1 client, {road} road: time above nothing's and the direct call's"
        lines += [
            Line(f"{what}, p50", float(np.median(extra)), "ms", MOST_ADDED_MS),
            Line("  from, with 95 % confidence", float(bounds.low), "ms"),
            Line("  to", float(bounds.high), "ms"),
        ]
    return {name: float(np.median(each)) for name, each in ms.items()}, lines


def under_load(bench: Bench) -> tuple[dict[str, Block], list[Line]]:
    """Blocks of clients, in turns with direct loops on as many cores as there are replicas."""
    blocks: dict[str, list[Block]] = {
        f"{question}, {n} client{'s' * (n > 1)}": [] for n in CLIENTS for question in QUESTIONS
    }
    direct: dict[int, list[float]] = {1: [], AT_ONCE: []}
    computed: list[float] = []
    for _ in range(N_ROUNDS):
        ways = itertools.product(CLIENTS, QUESTIONS)
        for kept, (n, question) in zip(blocks.values(), ways, strict=True):
            kept.append(bench.served(question, n))
        for n, rates in direct.items():
            found = bench.directly(n)
            rates.append(sum(each.per_s for each in found))
            computed += [each for loop in found for each in loop.seconds if n == 1]
    joined = {name: _joined(each) for name, each in blocks.items()}
    return joined, [
        Line(
            f"direct, full road, {bench.n_replicas} at once: compute of a request",
            statistics.median(computed) * 1e3,
            "ms",
            LEAST_COMPUTE_MS,
            "more",
        ),
        *_shares(blocks[f"full, {max(CLIENTS)} clients"], direct, bench.n_replicas),
    ]


def _shares(most: list[Block], direct: dict[int, list[float]], n_replicas: int) -> list[Line]:
    lines = []
    for n, rates in direct.items():
        what = f"direct, full road, {n_replicas} at once, {n} designs a call"
        lines.append(Line(what, statistics.median(rates), "designs/s"))
        shares = [block.per_s / per_s for block, per_s in zip(most, rates, strict=True)]
        what = f"{max(CLIENTS)} clients, full road: requests/s of that"
        lines += [
            Line(f"{what}, median", statistics.median(shares), "", LEAST_SHARE, "more"),
            Line(f"  least of {len(shares)} rounds", min(shares), ""),
            Line("  most", max(shares), ""),
        ]
    whole = _joined(most)
    what = f"{max(CLIENTS)} clients, full road: the clients' own processor time"
    return [*lines, Line(what, whole.client_cpu_s / whole.wall_s, "cores")]


def _joined(blocks: Sequence[Block]) -> Block:
    """Blocks that ran one after another as one."""
    return Block(
        [each for block in blocks for each in block.seconds],
        sum(block.wall_s for block in blocks),
        sum(block.client_cpu_s for block in blocks),
        sum(block.n_steady for block in blocks),
        sum(block.steady_s for block in blocks),
    )


def measured(
    seconds: float, n_turns: int, n_replicas: int
) -> tuple[dict[str, float], dict[str, Block], list[Line]]:
    """Times in turns, every block by name, and the figures beside their goals."""
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
        place, numbers = Place(host, int(port)), itertools.count(1)
        warm = Bench(place, client, direct, n_replicas, 1.0, numbers)
        for question in QUESTIONS:
            warm.served(question, 8)
        warm.directly(1)
        bench = Bench(place, client, direct, n_replicas, seconds, numbers)
        p50, extra = added(bench, n_turns)
        blocks, shares = under_load(bench)
    return p50, blocks, extra + shares


def main() -> None:
    parser = argparse.ArgumentParser(description="HTTP against the predictor called directly.")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each of the blocks")
    parser.add_argument("--turns", type=int, default=300, help="of one client's questions")
    parser.add_argument("--replicas", type=int, default=available_cores())
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    p50, blocks, lines = measured(asked.seconds, asked.turns, asked.replicas)
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
        figures = [asdict(line) for line in lines]
        print(json.dumps({"in_turns_p50_ms": p50, "blocks": rows, "figures": figures}))
        return
    print("In turns, p50: " + ", ".join(f"{name} {ms:.1f} ms" for name, ms in p50.items()))
    print(f"{'':24}{'requests/s':>12}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'client':>10}")
    for name, row in rows.items():
        times = "".join(f"{row[f'p{percent}_ms']:10.1f}" for percent in (50, 95, 99))
        print(f"{name:24}{row['per_s']:12.1f}{times}{row['client_cores']:10.2f}")
    for line in lines:
        print(line)


if __name__ == "__main__":
    main()
