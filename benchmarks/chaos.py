"""Hundreds of kills in a campaign of short runs: is anything lost, or there twice, or another?

    python -m benchmarks.chaos [--faults N] [--replicas N] [--every-s S] [--seed N] [--store DIR]

Workers are killed, crashed and stopped, the driver is killed, interrupted and terminated (and
started again as a user would), restart files are damaged; all real processes running real LAMMPS.
Then the store is audited: every planned id once, every checksum right, nothing left over, and a
sample bit by bit what an undisturbed run gives.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

import psutil

from simulate.losses import is_lost
from simulate.plan import Plan, read_campaign
from simulate.soundness import verified
from simulate.store import RecordStore, open_store
from simulate.trajectory import run_trajectory

N_ATOMS: Final = (100, 120, 140)
CAMPAIGN: Final = {
    "protocol": {
        "name": "chaos",
        "heat_ps": 10.0,
        "quench_rate_K_per_ps": 10.0,
        "hold_ps": 100.0,
        "frame_every_ps": 1.0,
        "labelling": {"persistence_ps": 20.0, "fraction_after_onset_ps": 20.0},
    },
    "grids": [
        {
            "n_atoms": list(N_ATOMS),
            "packing_density_g_cm3": [0.1],
            "mass_exchange": [exchange],
            "energy_exchange": ["open"],
        }
        for exchange in ("open", "confined")
    ],
}

FAULTS: Final = {
    "worker SIGKILL": 0.60,
    "worker SIGSEGV": 0.18,
    "worker SIGSTOP": 0.02,
    "damaged restart file": 0.12,
    "driver SIGKILL": 0.04,
    "driver SIGINT": 0.02,
    "driver SIGTERM": 0.02,
}
"""What is injected, by share."""

STALL_AFTER_S: Final = 40
N_SAMPLED: Final = 6
PATIENCE_S: Final = 600.0
MOST_GIVEN_UP: Final = 5
"""Drivers that may end by themselves: on a busy machine Ray does not start within its 30 s."""


class Campaign:
    """`glassyli simulate` as a process, started again whenever it was stopped.

    Attributes:
        injected: Faults so far, by kind.
        gave_up: What drivers said that ended by themselves before all was done.
    """

    def __init__(self, folder: Path, n_replicas: int, n_workers: int) -> None:
        self.injected: Counter[str] = Counter()
        self.gave_up: list[str] = []
        self._config = folder / "campaign.json"  # JSON is YAML
        self._config.write_text(json.dumps(CAMPAIGN | {"replicas": n_replicas}))
        self.plans: list[Plan] = read_campaign(self._config).plans()
        self._store = folder / "store"
        self._events = folder / "events.jsonl"
        self._log = folder / "stderr.txt"
        self._n_workers = n_workers
        self._seen: set[psutil.Process] = set()
        self._driver = self.start()

    @property
    def store(self) -> RecordStore:
        return open_store(self._store)

    def goes_on(self) -> bool:
        """Whether a driver runs; one that gave up is started again, as a user would."""
        code = self._driver.poll()
        if code and len(self.gave_up) < MOST_GIVEN_UP:
            self.gave_up.append(f"exit code {code}: {self.last_words()[-300:]}")
            self.start()
            return True
        return code is None

    def start(self) -> psutil.Popen:
        command = [
            sys.executable, "-m", "serve.cli", "simulate", str(self._config),
            "--out", str(self._store), "--workers", str(self._n_workers), "--json",
            "--checkpoint-every-s", "0", "--stall-after-s", str(STALL_AFTER_S),
            "--events", str(self._events),
        ]  # fmt: skip
        with self._log.open("a") as log:
            self._driver = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
        return self._driver

    def inject(self, kind: str, rng: random.Random) -> bool:
        """One fault, if there is something to hit."""
        whom, _, how = kind.partition(" ")
        hit = {"worker": self._hit_worker, "driver": self._hit_driver, "damaged": self._damage}
        did = hit[whom](how, rng)
        self.injected[kind] += did
        return did

    def finish(self) -> int:
        """Wait for its end, as long as it goes forward; removes our processes still there."""
        code = self._waited()
        while self.goes_on():
            code = self._waited()
        self.clean_up()
        return code

    def _waited(self) -> int:
        """Of the driver the exit code.

        Raises:
            psutil.TimeoutExpired: It goes on, but no trajectory ended for `PATIENCE_S`.
        """
        while True:
            n_before = self._n_records()
            try:
                return int(self._driver.wait(timeout=PATIENCE_S))
            except psutil.TimeoutExpired:
                if self._n_records() == n_before:
                    raise

    def _n_records(self) -> int:
        return len(list(self._store.glob("records/*.json")))

    def clean_up(self) -> None:
        """End what is left of us, of drivers that were killed for one."""
        for process in [self._driver, *self._seen]:
            if process.is_running():
                sent(process, signal.SIGKILL)

    def last_words(self) -> str:
        return self._log.read_text()[-2000:]

    def causes(self) -> Counter[str]:
        """How the drivers say that workers were lost."""
        events = [json.loads(line) for line in self._events.read_text().splitlines()]
        return Counter(each["loss"] for each in events if each["event"] == "worker_lost")

    def _hit_worker(self, how: str, rng: random.Random) -> bool:
        running = [each for each in self._children() if "TrajectoryWorker.run" in title(each)]
        return bool(running) and sent(rng.choice(running), signal.Signals[how])

    def _hit_driver(self, how: str, _: random.Random) -> bool:
        if not any("TrajectoryWorker.run" in title(each) for each in self._children()):
            return False  # it has only just begun
        self._driver.send_signal(signal.Signals[how])
        self._driver.wait(timeout=PATIENCE_S)
        self.start()
        return True

    def _damage(self, _: str, rng: random.Random) -> bool:
        written = sorted(self._store.glob("running/*/*.*"))
        if not written:
            return False
        try:
            victim = rng.choice(written)
            content = victim.read_bytes()
            at = rng.randrange(max(1, len(content)))
            victim.write_bytes(content[:at] + (b"damage" if rng.random() < 0.5 else b""))
        except FileNotFoundError:  # the trajectory is over
            return False
        return True

    def _children(self) -> list[psutil.Process]:
        try:
            found: list[psutil.Process] = self._driver.children(recursive=True)
        except psutil.Error:
            return []
        self._seen.update(found)
        return found


def title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def sent(process: psutil.Process, sign: signal.Signals) -> bool:
    try:
        process.send_signal(sign)
    except psutil.Error:
        return False
    return True


def disturb(campaign: Campaign, n_faults: int, every_s: float, rng: random.Random) -> None:
    """Inject faults at random moments, as many as asked, or until the campaign is over."""
    kinds, shares = list(FAULTS), list(FAULTS.values())
    while campaign.injected.total() < n_faults and campaign.goes_on():
        time.sleep(rng.expovariate(1.0 / every_s))
        campaign.inject(rng.choices(kinds, shares)[0], rng)


def run_again_what_was_lost(campaign: Campaign) -> int:
    """As the failed records say: remove them and run the same command; how many those were."""
    lost = [record for record in campaign.store if is_lost(record)]
    for record in lost:
        (campaign.store.path / "records" / f"{record.trajectory_id}.json").unlink()
    if lost:
        campaign.start()
        campaign.finish()
    return len(lost)


def audit(campaign: Campaign, rng: random.Random) -> list[str]:
    """What is wrong with the store; nothing should be."""
    store = campaign.store
    held = Counter(record.trajectory_id for record in store)
    planned = {plan.trajectory_id for plan in campaign.plans}
    verdict = verified(store)
    wrong = [f"{name}: planned and not there" for name in planned - set(held)]
    wrong += [f"{name}: there and not planned" for name in set(held) - planned]
    wrong += [f"{name}: there {n} times" for name, n in held.items() if n > 1]
    wrong += verdict.problems
    wrong += [f"left over: {path}" for path in (store.path / "running").iterdir()]
    there = [plan for plan in campaign.plans if plan.trajectory_id in held]
    for plan in rng.sample(there, min(N_SAMPLED, len(there))):
        record = store.record(plan.trajectory_id)
        with tempfile.TemporaryDirectory() as scratch:
            undisturbed, frames = run_trajectory(plan, Path(scratch))
        own = {"timings_s", "provenance", "checksum", "frames_file"}
        if record.model_dump(exclude=own) != undisturbed.model_dump(exclude=own):
            wrong.append(f"{plan.trajectory_id}: another record than undisturbed")
        if store.frames_bytes(record) != frames:
            wrong.append(f"{plan.trajectory_id}: other frames than undisturbed")
    return wrong


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--faults", type=int, default=200, help="how many are injected")
    asked.add_argument("--replicas", type=int, default=56, help="of each of six designs")
    asked.add_argument("--every-s", type=float, default=4.0, help="mean time between faults, s")
    asked.add_argument("--workers", type=int, default=2, help="trajectories at a time")
    asked.add_argument("--seed", type=int, default=1, help="of the faults")
    asked.add_argument("--store", type=Path, help="a folder on the disk to be used")
    options = asked.parse_args()
    rng = random.Random(options.seed)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=options.store, ignore_cleanup_errors=True) as folder:
        campaign = Campaign(Path(folder), options.replicas, options.workers)
        try:
            disturb(campaign, options.faults, options.every_s, rng)
            code = campaign.finish()
        finally:
            campaign.clean_up()
        told = campaign.last_words()
        causes = campaign.causes()
        n_lost = run_again_what_was_lost(campaign)
        wrong = audit(campaign, rng)
        resumed = sum(bool(record.provenance.resumed_at_ps) for record in campaign.store)
    print(f"{len(campaign.plans)} trajectories, {time.perf_counter() - began:.0f} s")
    print(f"{campaign.injected.total()} faults: {dict(campaign.injected.most_common())}")
    print(f"lost workers as the drivers saw them: {dict(causes)}")
    print(f"drivers that ended by themselves and were started again: {campaign.gave_up or 'none'}")
    print(f"{resumed} went on from a restart file; {n_lost} given up at first, then run again")
    if campaign.injected.total() < options.faults:
        wrong.append("the campaign was over before all faults were injected: more --replicas")
    if code:
        wrong.append(f"the last driver ended with {code}: {told}")
    print("\n".join(wrong) or "nothing lost, nothing twice, the sample bit by bit the same")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
