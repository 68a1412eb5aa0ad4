"""What a server makes of anything that is sent to it.

`python -m benchmarks.fuzz [--requests N] [--seed S] [--json]` asks a real server 10 000 times:
questions drawn from its own OpenAPI, as they should be and as they should not; questions that must
be answered; files whole and broken. It says how many reached the model, and what the memory of the
server did.
"""

import argparse
import contextlib
import json
import math
import os
import statistics
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from tempfile import TemporaryDirectory
from typing import Final

import psutil

from benchmarks.fuzzing import Found, fuzz
from benchmarks.timing import Line
from serve.endpoint.settings import Limits, ServerSettings
from serve.searches.settings import SearchSettings
from serve.server import running_server
from serve.uploads.limits import MEBIBYTE

EVERY: Final = 100
"""Requests between two looks at the memory."""

MOST_GROWN: Final = 1.1
LEAST_REACHED: Final = 0.2


@dataclass(frozen=True)
class Memory:
    """Resident memory of everything the server started, and of it after so many requests."""

    server: psutil.Process
    samples: list[tuple[int, float]] = field(default_factory=list)

    def watch(self, found: Found) -> None:
        n = found.n_requests
        if n % EVERY == 0:
            self.samples.append((n, self.resident_MiB()))
            print(f"  {n} requests, {self.samples[-1][1]:.0f} MiB", file=sys.stderr)

    def resident_MiB(self) -> float:
        """Of the replicas and of what they started: Ray's own processes grow by their logs."""
        total = 0
        for each in self.server.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                line = " ".join(each.cmdline())
                if "ServeReplica" in line or "serve.uploads.child" in line:
                    total += each.memory_info().rss
        return total / 2**20

    @property
    def grown(self) -> float:
        """Mean of the last quarter of the samples over that of the second; nan of few samples."""
        sizes = [size for _, size in self.samples]
        quarter = len(sizes) // 4
        if not quarter:
            return math.nan
        return statistics.mean(sizes[-quarter:]) / statistics.mean(sizes[quarter : 2 * quarter])


def main() -> None:
    parser = argparse.ArgumentParser(description="A real server, asked anything.")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    memory = Memory(psutil.Process())
    with TemporaryDirectory() as folder:
        settings = ServerSettings(
            limits=Limits(atoms=2_000),
            cache_bytes=4 * MEBIBYTE,  # full early, so that what grows later is something else
            searches=SearchSettings(folder=folder, waiting=2),
        )
        began = time.monotonic()
        with running_server(settings) as url:
            found = fuzz(url, asked.requests, asked.seed, memory.watch)
    answers = Counter[int]()
    for each in found.statuses.values():
        answers.update(each)
    lines = [
        Line("requests", found.n_requests, "", asked.requests, "more"),
        Line(
            "reached the model",
            found.n_reached / found.n_requests,
            "of them",
            LEAST_REACHED,
            "more",
        ),
        Line("what should not have happened", len(found.faults), "", 0),
        Line("memory of the replicas, last quarter over second", memory.grown, "", MOST_GROWN),
        Line("requests a second", found.n_requests / (time.monotonic() - began), "1/s"),
    ]
    if asked.json:
        print(json.dumps({
            "figures": [asdict(line) for line in lines],
            "statuses": {path: dict(each) for path, each in found.statuses.items()},
            "memory_MiB": memory.samples,
            "faults": found.faults,
        }))  # fmt: skip
        return
    for path, each in sorted(found.statuses.items()):
        print(f"{path:30}" + "  ".join(f"{status}: {n}" for status, n in sorted(each.items())))
    print(f"{'all':30}" + "  ".join(f"{status}: {n}" for status, n in sorted(answers.items())))
    for fault in found.faults[:20]:
        print(f"  {fault[:1000]}")
    for line in lines:
        print(line)


if __name__ == "__main__":
    main()
