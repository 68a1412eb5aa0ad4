"""How busy are the actors of a campaign of real trajectories?

    python -m benchmarks.busy [--trajectories N] [--atoms N] [--workers N] [--json]

The share of the actors' wall time, from the first dispatch to the last, that went into LAMMPS and
labels; and the same of the steady state, without each actor's first trajectory, in which it loads
LAMMPS and OVITO. Others on the machine slow both, so that the share stays comparable.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.timing import Line
from simulate.campaign import CampaignProgress, run_campaign
from simulate.design import EmbryoDesign
from simulate.plan import Plan
from simulate.protocol import protocol_named
from simulate.store import create_or_open

LEAST_SHARE: Final = 0.98
LEAST_STEADY_SHARE: Final = 0.99


@dataclass(frozen=True, slots=True)
class Stint:
    """The work on one trajectory, on the driver's clock, s."""

    began: float
    ended: float

    def within(self, begin: float, end: float) -> float:
        """Seconds of it between two moments."""
        return max(0.0, min(self.ended, end) - max(self.began, begin))


def stints(
    n_trajectories: int, n_atoms: int, n_workers: int, folder: Path
) -> tuple[list[Stint], int]:
    """Run a campaign, frames as far apart as in the reference.

    Returns:
        The work in the order of its ends, and how many actors there were: no more than cores.
    """
    protocol = protocol_named("quickstart").model_copy(update={"frame_every_ps": 10.0})
    design = EmbryoDesign(
        n_atoms=n_atoms, packing_density_g_cm3=0.1, mass_exchange="open", energy_exchange="open"
    )
    plans = [Plan(design, protocol, seed) for seed in range(1, n_trajectories + 1)]
    worked: list[Stint] = []

    def on_progress(progress: CampaignProgress) -> None:
        if progress.record is not None:
            now = time.perf_counter()
            worked.append(Stint(now - sum(progress.record.timings_s.values()), now))

    store = create_or_open(folder / "store", protocol)
    summary = run_campaign(plans, store, n_workers=n_workers, on_progress=on_progress)
    return worked, summary.n_workers


def share(worked: list[Stint], begin: float, end: float, n_workers: int) -> float:
    """Of the actors' time between two moments, that spent on trajectories."""
    return sum(each.within(begin, end) for each in worked) / (n_workers * (end - begin))


def lines(worked: list[Stint], n_workers: int) -> list[Line]:
    """A worker gets its next trajectory when its last one ended: dispatches are seen by ends."""
    ends = sorted(each.ended for each in worked)
    first, last = min(each.began for each in worked), ends[-n_workers - 1]
    steady = ends[n_workers - 1]  # each actor has done one
    what = f"{len(worked)} trajectories on {n_workers} actors: busy"
    return [
        Line(what, share(worked, first, last, n_workers), "of wall", LEAST_SHARE, "more"),
        Line(
            f"{what}, steady state",
            share(worked, steady, last, n_workers), "of wall", LEAST_STEADY_SHARE, "more",
        ),
    ]  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--trajectories", type=int, default=12, help="how many")
    asked.add_argument("--atoms", type=int, default=300, help="of each embryo")
    asked.add_argument("--workers", type=int, default=2, help="actors, at most one a core")
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        worked, n_workers = stints(
            options.trajectories, options.atoms, options.workers, Path(folder)
        )
    found = lines(worked, n_workers)
    if options.json:
        print(json.dumps([asdict(line) for line in found], indent=1))
        return
    print(f"{os.cpu_count()} cores that had a load of {os.getloadavg()[0]:.1f}")
    print("\n".join(map(str, found)))


if __name__ == "__main__":
    main()
