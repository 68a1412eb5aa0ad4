"""How many durable records a second a campaign can take, and how much memory that costs.

    python -m benchmarks.scheduling [--records N] [--workers N] [--store FOLDER] [--json]

The engine does nothing, so that scheduling alone is timed: claims, Ray tasks, the watchdog's beats,
records that are sealed, fsynced and read back. Wall time: durable is what the disk says.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import psutil

from benchmarks.timing import Line
from simulate.campaign import CampaignProgress, run_campaign
from simulate.checkpoint import Checkpoints
from simulate.design import EmbryoDesign
from simulate.plan import Plan
from simulate.protocol import protocol_named
from simulate.record import Failure, TrajectoryRecord
from simulate.store import create_or_open
from simulate.trajectory import failed_record
from simulate.worker import TrajectoryWorker
from simulate.workers import Terms

LEAST_PER_S: Final = 200.0
MOST_GROWTH_MB: Final = 20.0
WARM_UP_SHARE: Final = 0.25
"""Of the records; caches fill and the interpreter takes its memory before growth is counted."""

DESIGN: Final = EmbryoDesign(
    n_atoms=300, packing_density_g_cm3=0.0534, mass_exchange="open", energy_exchange="open"
)


class IdleWorker(TrajectoryWorker):
    """Does all that a worker does, except for simulating."""

    def run(
        self, plan: Plan, trajectory_id: str, scratch: str, checkpoints: Checkpoints
    ) -> tuple[TrajectoryRecord, bytes | None]:
        assert plan.trajectory_id == trajectory_id
        self._beat(trajectory_id, 0)
        Path(scratch).is_dir(), checkpoints.folder.parent.is_dir()
        failure = Failure(cause="packing", message="this engine does nothing", stage="packing")
        return failed_record(plan, failure), None


class Memory:
    """Resident memory of the driver, MB, noted while records come in."""

    def __init__(self, n_records: int) -> None:
        self._n_records = n_records
        self.seen_MB: list[tuple[int, float]] = []

    def note(self, progress: CampaignProgress) -> None:
        if progress.n_done % max(1, self._n_records // 100) == 0:
            self.seen_MB.append((progress.n_done, psutil.Process().memory_info().rss / 1.0e6))

    @property
    def growth_MB(self) -> float:
        """From the end of the warm-up to the end."""
        after = [MB for n, MB in self.seen_MB if n >= WARM_UP_SHARE * self._n_records]
        return max(0.0, after[-1] - after[0])


def timed_campaign(
    n_records: int, n_workers: int, folder: Path, note: Callable[[CampaignProgress], None]
) -> tuple[float, float]:
    """Wall and driver's core time, s, from the first record of idle workers to the last."""
    protocol = protocol_named("quickstart")
    store = create_or_open(folder / "store", protocol)
    plans = [Plan(DESIGN, protocol, seed) for seed in range(1, n_records + 1)]
    clocks: list[tuple[float, float]] = []

    def on_progress(progress: CampaignProgress) -> None:
        note(progress)
        if progress.event == "finished":
            clocks.append((time.perf_counter(), time.process_time()))

    terms = Terms(body=IdleWorker, recycle_after=n_records)
    summary = run_campaign(plans, store, n_workers=n_workers, terms=terms, on_progress=on_progress)
    assert len(store) == summary.n_simulated == n_records
    (began_s, began_cpu_s), (ended_s, ended_cpu_s) = clocks[0], clocks[-1]
    return ended_s - began_s, ended_cpu_s - began_cpu_s


def lines(n_records: int, n_workers: int, folder: Path) -> list[Line]:
    """Figures of one campaign."""
    memory = Memory(n_records)
    took_s, cpu_s = timed_campaign(n_records, n_workers, folder, memory.note)
    what = f"an engine that does nothing, {n_records} records"
    return [
        Line(f"{what}: durable", (n_records - 1) / took_s, "records/s", LEAST_PER_S, "more"),
        Line(f"{what}: driver's core time", 1000.0 * cpu_s / (n_records - 1), "ms/record"),
        Line(f"{what}: driver's growth", memory.growth_MB, "MB", MOST_GROWTH_MB),
    ]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--records", type=int, default=20_000, help="how many")
    asked.add_argument("--workers", type=int, default=2, help="actors")
    asked.add_argument("--store", type=Path, help="a folder on the disk to be timed")
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(dir=options.store, ignore_cleanup_errors=True) as folder:
        found = lines(options.records, options.workers, Path(folder))
    load = os.getloadavg()[0]
    if options.json:
        print(json.dumps({"load": load, "figures": [asdict(line) for line in found]}, indent=1))
        return
    print(f"{options.workers} workers on {os.cpu_count()} cores that had a load of {load:.1f}")
    print("\n".join(map(str, found)))


if __name__ == "__main__":
    main()
