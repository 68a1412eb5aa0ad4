"""Fitting members on Ray workers, and hearing from them while they work.

Data, progress and members travel as files in a folder that all workers must be able to reach.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from safetensors import safe_open
from safetensors.torch import save

from simulate.cluster import ray_session
from simulate.errors import GlassyLiError
from simulate.files import write_atomically
from train.config import TrainingConfig
from train.dataset import TrainingSet
from train.member import MemberFit, fit_member

POLL_EVERY_S: Final = 0.5

Phase = Literal["reading", "starting", "fitting", "scoring"]

_RAY_TRAIN_SETTINGS: Final = {
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    "RAY_TRAIN_ENABLE_STATE_ACTOR_RECONCILIATION": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
}
"""Seconds saved on a machine of two cores; a user's own values are kept."""


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where a training stands.

    Attributes:
        phase: Reading records, waiting for Ray, fitting members, scoring.
        done: Steps done out of `total` in this phase: an epoch of a member is a step.
        loss: Of the last epoch; None where there is none.
        left_s: Guess from the pace of this phase; None before its first step.
    """

    phase: Phase
    done: int
    total: int
    loss: float | None
    elapsed_s: float
    left_s: float | None


Progress = Callable[[TrainingProgress], None]


class Clock:
    """Tells how far a training is, and guesses what is left from the pace of the phase."""

    def __init__(self, progress: Progress, began: float) -> None:
        self._progress = progress
        self._began = began
        self._phase = ""
        self._first = (0, began)

    def tell(
        self,
        phase: Phase,
        done: int,
        total: int,
        loss: float | None = None,
    ) -> None:
        """Say that `done` of `total` steps of a phase are done."""
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._first = phase, (done, now)
        steps, spent_s = done - self._first[0], now - self._first[1]
        left_s = spent_s / steps * (total - done) if steps > 0 else None
        self._progress(TrainingProgress(phase, done, total, loss, now - self._began, left_s))


@contextmanager
def _watched(folder: Path, total: int, clock: Clock) -> Iterator[None]:
    """Report what workers write while the block runs."""
    finished = threading.Event()

    def watch() -> None:
        seen = -1
        while not finished.wait(POLL_EVERY_S):
            lines = [
                line
                for path in sorted(folder.glob("progress-*.jsonl"))
                for line in path.read_text("utf-8").splitlines()
            ]
            if len(lines) > max(seen, 0):
                seen = len(lines)
                loss = _last_loss(lines)
                clock.tell("fitting", seen, total, loss)

    watcher = threading.Thread(target=watch, name="training-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()


def _last_loss(lines: Sequence[str]) -> float | None:
    try:
        loss = json.loads(lines[-1])["loss"]
    except ValueError:  # the worker is writing this very line
        return None
    return None if loss is None else float(loss)


def fit_members(folder: Path, config: TrainingConfig, clock: Clock) -> list[MemberFit]:
    """Fit every member on Ray workers.

    Args:
        folder: Holds the data; seen by all workers.
        config: How.
        clock: Told of every epoch.

    Raises:
        GlassyLiError: No free cores in time, a worker failed, or its member did not arrive.
    """
    for variable, value in _RAY_TRAIN_SETTINGS.items():
        os.environ.setdefault(variable, value)
    os.environ.setdefault("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", str(config.ray_start_timeout_s))
    n_workers = min(config.n_workers, config.n_members)
    with ray_session():
        from ray.train import RunConfig, ScalingConfig
        from ray.train.torch import TorchTrainer

        _wait_for_cores(n_workers, config)
        trainer = TorchTrainer(
            _work,
            train_loop_config={
                "folder": str(folder),
                "config": config.model_dump(mode="json"),
            },
            scaling_config=ScalingConfig(num_workers=n_workers, use_gpu=config.use_gpu),
            run_config=RunConfig(name="training", storage_path=str(folder / "ray")),
        )
        n_steps = config.n_members * (config.epochs + 1)
        with _watched(folder, n_steps, clock):
            try:
                trainer.fit()
            except RuntimeError as error:  # Ray's TrainingFailedError and its kin
                raise GlassyLiError(
                    f"every training worker must finish, but one failed: {error}. "
                    "Lower max_atoms_per_batch if memory was short; otherwise report it."
                ) from error
    return [_read_member(folder, number) for number in range(config.n_members)]


def _wait_for_cores(n_workers: int, config: TrainingConfig) -> None:
    """Wait until the workers fit into the cluster, but not for ever.

    Raises:
        GlassyLiError: They did not fit in time.
    """
    import ray
    from ray.util import placement_group, remove_placement_group

    bundle = {"CPU": 1.0} | ({"GPU": 1.0} if config.use_gpu else {})
    room = placement_group([bundle] * n_workers)
    has_room = room.wait(config.ray_start_timeout_s)
    free = ray.available_resources()
    remove_placement_group(room)
    if not has_room:
        raise GlassyLiError(
            f"{n_workers} training workers must find {bundle} each within "
            f"{config.ray_start_timeout_s:g} s, but the cluster is busy or too small: free are "
            f"{free.get('CPU', 0):g} cores and {free.get('GPU', 0):g} GPUs. Wait for campaigns to "
            "end, lower n_workers, or raise ray_start_timeout_s."
        )


def _work(settings: dict[str, Any]) -> None:
    """What a Ray Train worker does: fit its share of the members."""
    from ray import train as ray_train
    from ray.train.torch import get_device

    context = ray_train.get_context()
    rank, n_workers = context.get_world_rank(), context.get_world_size()
    folder = Path(settings["folder"])
    config = TrainingConfig.model_validate(settings["config"])
    device = str(get_device()) if config.use_gpu else "cpu"
    data = TrainingSet.read(folder)
    for number in range(rank, config.n_members, n_workers):
        with (folder / f"progress-{number}.jsonl").open("a", encoding="utf-8") as lines:

            def report(epoch: int, loss: float | None, lines: Any = lines) -> None:  # noqa: ANN401
                lines.write(json.dumps({"epoch": epoch, "loss": loss}) + "\n")
                lines.flush()

            fit = fit_member(data, config, number, report, device)
        _write_member(folder, number, fit)


def _member_path(folder: Path, number: int) -> Path:
    return folder / f"member-{number}.safetensors"


def _write_member(folder: Path, number: int, fit: MemberFit) -> None:
    tensors = {f"state.{key}": tensor for key, tensor in fit.state.items()}
    tensors["corrections"] = fit.corrections
    content = save(tensors, metadata={"held_out": str(fit.held_out)})
    write_atomically(_member_path(folder, number), content)


def _read_member(folder: Path, number: int) -> MemberFit:
    path = _member_path(folder, number)
    if not path.exists():
        raise GlassyLiError(
            f"every worker must write its members into {folder}, but member {number} is missing. "
            "Put the package on a filesystem that all nodes share."
        )
    with safe_open(path, framework="pt") as opened:
        tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118 - not iterable
        held_out = int(opened.metadata()["held_out"])
    corrections = tensors.pop("corrections")
    state = {key.removeprefix("state."): tensor for key, tensor in tensors.items()}
    return MemberFit(held_out, state, corrections)
