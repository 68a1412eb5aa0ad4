"""Workers that crash, hang or grow old, and a disk that is full: real processes, real LAMMPS."""

import json
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import psutil
import pytest
import yaml
from command_line import GLASSYLI, first_worker, streams_of, workers_running
from synthetic import SHORT_PROTOCOL, lithium

from simulate.campaign import run_campaign
from simulate.plan import Plan
from simulate.soundness import verified
from simulate.store import create_or_open, open_store
from simulate.workers import Terms

pytestmark = [
    pytest.mark.needs_ray, pytest.mark.needs_lammps, pytest.mark.needs_ovito, pytest.mark.slow,
]  # fmt: skip

PROTOCOL = SHORT_PROTOCOL.model_copy(update={"heat_ps": 10.0, "hold_ps": 40.0})
PLANS = [Plan(lithium(n_atoms=120), PROTOCOL, seed) for seed in (1, 2, 3)]
HANGS_AFTER_S = 30
"""Far more than any of these frames takes, on a busy machine too."""


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    values = {
        "protocol": PROTOCOL.model_dump(mode="json"),
        "designs": [lithium(n_atoms=120).model_dump(mode="json")],
        "replicas": len(PLANS),
    }
    file = tmp_path / "campaign.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


def test_workers_that_crash_or_hang_are_replaced(tmp_path: Path, campaign: Path) -> None:
    """One after the other, of the same trajectory."""
    command = [
        GLASSYLI, "simulate", campaign, "--out", "store", "--workers", "1", "--json",
        "--events", "events.jsonl", "--stall-after-s", str(HANGS_AFTER_S),
    ]  # fmt: skip
    running = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    crashed = first_worker(running)
    crashed.send_signal(signal.SIGSEGV)
    psutil.wait_procs([crashed], timeout=60)
    hung = first_worker(running)
    hung.send_signal(signal.SIGSTOP)
    stdout, stderr = streams_of(running, 400)
    assert running.returncode == 0, stderr
    assert json.loads(stdout)["n_simulated"] == len(PLANS)
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").open()]
    losses = [each["loss"] for each in events if each["event"] == "worker_lost"]
    assert losses == ["it or its machine died", "hung"]
    assert not crashed.is_running()
    assert not hung.is_running()
    held = {record.trajectory_id: record.failure for record in open_store(tmp_path / "store")}
    assert held == {plan.trajectory_id: None for plan in PLANS}


def test_workers_are_renewed_and_hold_one_trajectory_each(tmp_path: Path) -> None:
    store = create_or_open(tmp_path / "store", PROTOCOL)
    claims_held: list[int] = []
    pids: set[int] = set()
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(0.1):
            pids.update(worker.pid for worker in workers_running(psutil.Process()))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        summary = run_campaign(
            PLANS,
            store,
            n_workers=1,
            terms=Terms(recycle_after=1),
            on_progress=lambda _: claims_held.append(len(list(store.path.glob("running/*.lock")))),
        )
    finally:
        is_over.set()
        watcher.join()
    assert (summary.n_simulated, summary.worker_losses) == (len(PLANS), 0)
    assert len(pids) == len(PLANS)
    assert max(claims_held) <= 1  # nothing waits in line at a worker
    assert verified(store).is_sound


FULL_DISK = """
mount -t tmpfs -o size=60k tmpfs disk
glassyli() { "$GLASSYLI" simulate campaign.yaml --out disk/store --workers 1 --json; }
glassyli; echo full $?
mount -o remount,size=64m,ro disk
glassyli; echo read-only $?
mount -o remount,rw disk
glassyli; echo mended $?
cp -r disk/store kept
"""


def test_a_campaign_on_a_full_disk_stops_and_goes_on(tmp_path: Path, campaign: Path) -> None:
    """A small disk of its own, in a namespace that goes with the test."""
    mounting = ["unshare", "--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*mounting, "true"], check=False).returncode:
        pytest.skip("this system lets nobody mount a disk")
    (tmp_path / "disk").mkdir()
    ended = subprocess.run(
        [*mounting, "sh", "-c", FULL_DISK],
        cwd=campaign.parent, env={**os.environ, "GLASSYLI": GLASSYLI},
        capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    told = [line for line in ended.stdout.splitlines() if not line.startswith(("{", "}", " "))]
    assert told == ["full 1", "read-only 1", "mended 0"], ended.stderr
    errors = [line for line in ended.stderr.splitlines() if line.startswith("glassyli: error")]
    assert "No space left on device" in errors[0]
    assert "Read-only file system" in errors[1]
    assert "Traceback" not in ended.stderr
    store = open_store(tmp_path / "kept")
    assert sorted(record.trajectory_id for record in store) == sorted(
        plan.trajectory_id for plan in PLANS
    )
    assert verified(store).is_sound
