"""Whatever kills a training, the same command ends it with the same weights."""

import json
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
import yaml
from command_line import GLASSYLI, streams_of
from synthetic import QUICK_TRAINING, synthetic_designs, synthetic_package, synthetic_store

from simulate.store import RecordStore
from surrogate.package import Package, read_package
from train.fit import fit_package

pytestmark = [pytest.mark.needs_ray, pytest.mark.slow]

CONFIG = QUICK_TRAINING.model_copy(
    update={"epochs": 150, "max_atoms_per_batch": 3000, "checkpoint_every_s": 0.2}
)
ENOUGH_S = 560.0
SAME_WITHIN = 1.0e-3
"""Of weights of some 0.1: 150 epochs in float32, summed in another order by two workers."""

UNFELT = "attention.bias"
"""No softmax feels it: its gradient is rounding, which Adam makes steps of full length."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    folder = tmp_path_factory.mktemp("records")
    return synthetic_store(folder / "store", synthetic_designs(8), 1)


@pytest.fixture(scope="module")
def plain(store: RecordStore, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Trained at one go, without Ray."""
    return synthetic_package(tmp_path_factory.mktemp("plain") / "model", store, CONFIG, "model")


def hear_interrupts() -> None:
    """A process of a background shell would not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(store: RecordStore, folder: Path) -> subprocess.Popen[str]:
    """`glassyli train`, under way."""
    (folder / "train.yaml").write_text(yaml.safe_dump(CONFIG.model_dump(mode="json")))
    words = ["train", str(store.path), "--config", "train.yaml", "--out", "model", "--json"]
    return subprocess.Popen(
        [GLASSYLI, *words],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=hear_interrupts,  # noqa: PLW1509 - this process has one thread
    )


def await_fit(folder: Path, training: subprocess.Popen[str], number: int) -> None:
    """Until member `number` is in the midst of its epochs."""
    checkpoint = folder / f"model.training/checkpoint-{number}.pt"
    began = psutil.Process(training.pid).create_time()
    while not checkpoint.exists() or checkpoint.stat().st_mtime < began:
        assert training.poll() is None, training.stderr.read()
        time.sleep(0.02)


def workers_of(training: subprocess.Popen[str]) -> list[psutil.Process]:
    """Those that fit members."""
    found = psutil.Process(training.pid).children(recursive=True)
    return [each for each in found if "RayTrainWorker" in " ".join(each.cmdline())]


def test_killed_interrupted_and_terminated_it_ends_with_the_same_weights(
    store: RecordStore, plain: Package, tmp_path: Path
) -> None:
    for signalled, number, code in (
        (signal.SIGKILL, 0, -signal.SIGKILL), (signal.SIGINT, 0, 130), (signal.SIGTERM, 1, 130),
    ):  # fmt: skip
        training = started(store, tmp_path)
        await_fit(tmp_path, training, number)
        workers = workers_of(training)
        assert workers
        training.send_signal(signalled)
        if signalled == signal.SIGKILL:  # power is lost: alone they go on until Ray notices
            for each in workers:
                each.kill()
        _, said = streams_of(training, ENOUGH_S)
        assert training.returncode == code, said
        assert ("run the same command to go on" in said) == (code == 130)
        assert not (tmp_path / "model").exists()
        assert not psutil.wait_procs(workers, timeout=ENOUGH_S)[1]
    training = started(store, tmp_path)
    result, said = streams_of(training, ENOUGH_S)
    assert training.returncode == 0, said
    assert "going on with 1 of 2 members done" in said
    assert json.loads(result)["n_members_found"] == 1
    assert read_package(tmp_path / "model").label == plain.label
    assert [each.name for each in (tmp_path / "model.training").iterdir()] == ["logs"]


def test_a_killed_worker_is_replaced(store: RecordStore, plain: Package, tmp_path: Path) -> None:
    training = started(store, tmp_path)
    await_fit(tmp_path, training, 0)
    workers = workers_of(training)
    assert workers
    for each in workers:
        each.kill()
    _, said = streams_of(training, ENOUGH_S)
    assert training.returncode == 0, said
    assert read_package(tmp_path / "model").label == plain.label


def test_two_workers_that_share_batches_end_where_one_does(
    store: RecordStore, plain: Package, tmp_path: Path
) -> None:
    update = {"n_workers": 2, "workers_share": "batches"}
    fit_package(store, CONFIG.model_copy(update=update), tmp_path / "model", "shared")
    shared = read_package(tmp_path / "model").weights
    assert shared.keys() == plain.weights.keys()
    moved = {
        name: float((weight - plain.weights[name]).abs().max())
        for name, weight in shared.items()
        if not name.endswith(UNFELT)
    }
    assert 0.0 < max(moved.values()) < SAME_WITHIN  # sums were taken in another order
