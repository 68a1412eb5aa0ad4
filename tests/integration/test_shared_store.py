"""Campaigns that share a store, and trajectories whose workers keep dying: real processes."""

import json
import signal
import subprocess
import threading
from pathlib import Path

import psutil
import pytest
import yaml
from command_line import GLASSYLI, streams_of
from synthetic import SHORT_PROTOCOL, lithium

from simulate.campaign import run_campaign
from simulate.losses import MAX_LOSSES
from simulate.plan import Plan
from simulate.store import create_or_open

pytestmark = [
    pytest.mark.needs_ray, pytest.mark.needs_lammps, pytest.mark.needs_ovito, pytest.mark.slow,
]  # fmt: skip

PROTOCOL = SHORT_PROTOCOL.model_copy(update={"heat_ps": 10.0, "hold_ps": 60.0})


def test_two_campaigns_on_one_store_share_the_work(tmp_path: Path) -> None:
    values = {
        "protocol": PROTOCOL.model_dump(mode="json"),
        "designs": [lithium(n_atoms=120).model_dump(mode="json")],
        "replicas": 8,
    }
    (tmp_path / "campaign.yaml").write_text(yaml.safe_dump(values))
    command = [GLASSYLI, "simulate", "campaign.yaml", "--out", "store", "--workers", "1", "--json"]
    both = [
        subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    summaries = []
    for running in both:
        stdout, stderr = streams_of(running, 240)
        assert running.returncode == 0, stderr
        summaries.append(json.loads(stdout))
    assert sum(each["n_simulated"] for each in summaries) == 8
    assert all(each["n_simulated"] for each in summaries)
    assert len(list((tmp_path / "store").glob("records/*.json"))) == 8
    assert not list((tmp_path / "store" / "running").iterdir())


def test_a_trajectory_that_keeps_killing_its_worker_ends_as_a_failed_record(tmp_path: Path) -> None:
    store = create_or_open(tmp_path / "store", PROTOCOL)
    doomed = Plan(lithium(n_atoms=120), PROTOCOL, 1)
    is_over = threading.Event()
    killed = []

    def kill_every_worker() -> None:
        while not is_over.wait(0.05):
            for child in psutil.Process().children(recursive=True):
                try:
                    if "TrajectoryWorker.run" in " ".join(child.cmdline()):
                        child.send_signal(signal.SIGKILL)
                        killed.append(child.pid)
                except psutil.Error:
                    continue

    killer = threading.Thread(target=kill_every_worker)
    killer.start()
    try:
        summary = run_campaign([doomed], store, n_workers=1)
    finally:
        is_over.set()
        killer.join()
    assert summary.worker_losses == MAX_LOSSES
    assert len(set(killed)) >= MAX_LOSSES
    (record,) = store
    assert record.failure.cause == "lost_worker"
    assert "Remove this record to try again" in record.failure.message
    assert record.witnessed is None
