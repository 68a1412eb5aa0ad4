"""Fitting members on Ray workers, and hearing from them while they work.

Data, progress and members travel as files in a folder that all workers must be able to reach. What
is there already is not done again: lost workers are replaced, and go on from their checkpoints.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from simulate.cluster import ray_session
from simulate.errors import GlassyLiError
from simulate.files import write_atomically
from train.checkpoint import Checkpoint
from train.config import TrainingConfig
from train.course import Course, Epoch, ProcessGroup, Team
from train.dataset import TrainingSet
from train.logs import MemberLog
from train.member import MemberFit, fit_member
from train.progress import Clock
from train.run_folder import RAY, RunFolder

POLL_EVERY_S: Final = 0.5

_RAY_TRAIN_SETTINGS: Final = {
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    "RAY_TRAIN_ENABLE_STATE_ACTOR_RECONCILIATION": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
}
"""Seconds saved on a machine of two cores; a user's own values are kept."""


def fit_members(folder: RunFolder, config: TrainingConfig, clock: Clock) -> list[MemberFit]:
    """Fit every member on Ray workers, save those that are fitted.

    Args:
        folder: Holds the data; seen by all workers.
        config: How.
        clock: Told of every epoch.

    Raises:
        GlassyLiError: No free cores in time, workers failed too often, or a member did not arrive.
    """
    if folder.n_fitted(config.n_members) < config.n_members:
        for variable, value in _RAY_TRAIN_SETTINGS.items():
            os.environ.setdefault(variable, value)
        timeout_s = str(config.ray_start_timeout_s)
        os.environ.setdefault("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", timeout_s)
        with ray_session():
            _run_workers(folder, config, clock)
    return [_read_member(folder, number) for number in range(config.n_members)]


def _run_workers(folder: RunFolder, config: TrainingConfig, clock: Clock) -> None:
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.torch import TorchConfig, TorchTrainer

    n_workers = config.n_workers
    if config.workers_share == "members":
        n_workers = min(n_workers, config.n_members)  # the others would have nothing to do
    _wait_for_cores(n_workers, config)
    trainer = TorchTrainer(
        _work,
        train_loop_config={
            "folder": str(folder.path),
            "run": folder.run_id(),
            "config": config.model_dump(mode="json"),
        },
        scaling_config=ScalingConfig(num_workers=n_workers, use_gpu=config.use_gpu),
        torch_config=TorchConfig(backend="nccl" if config.use_gpu else "gloo"),
        run_config=RunConfig(
            name="training",
            storage_path=str(folder.path / RAY),
            failure_config=FailureConfig(max_failures=config.max_worker_losses),
        ),
    )
    try:
        _watched(trainer.fit, lambda: _tell(folder, config, clock))
    except TrainingFailedError as error:
        raise GlassyLiError(
            f"training workers may be lost {config.max_worker_losses} times, but failed once more: "
            f"{error}. The same command goes on from there. Lower max_atoms_per_batch if memory "
            "was short; otherwise report it."
        ) from error


def _watched(run: Callable[[], object], tell: Callable[[], None]) -> None:
    """Run in a thread of its own, and tell how far it is from this one.

    In the main thread Ray would take Ctrl-C for itself, and end the process as if all were well.
    """
    errors: list[BaseException] = []

    def work() -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            errors.append(error)

    worker = threading.Thread(target=work, name="ray-train", daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(POLL_EVERY_S)
        tell()
    if errors:
        raise errors[0]


def _tell(folder: RunFolder, config: TrainingConfig, clock: Clock) -> None:
    """How far the members are: a step is an epoch, a member that stopped early made them all."""
    n_steps = config.epochs + 1
    done, latest = 0, (0.0, None)
    for number in range(config.n_members):
        path = folder.progress(number)
        if folder.member(number).exists():
            done += n_steps
        elif path.exists():
            told = _last(path)
            if told is not None:
                done += min(told["number"] + 1, n_steps)
                latest = max(latest, (path.stat().st_mtime, told["loss"]), key=itemgetter(0))
    if done:
        clock.tell("fitting", done, config.n_members * n_steps, latest[1])


def _last(path: Path) -> dict[str, Any] | None:
    """What a member told last; None where nothing is told yet, or just being told."""
    for line in reversed(path.read_text("utf-8").splitlines()):
        with suppress(ValueError):
            told: dict[str, Any] = json.loads(line)
            return told
    return None


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
    """What a Ray Train worker does: fit its share of the members, or its part of each."""
    from ray import train as ray_train
    from ray.train.torch import get_device

    context = ray_train.get_context()
    rank, n_workers = context.get_world_rank(), context.get_world_size()
    folder = RunFolder(Path(settings["folder"]))
    config = TrainingConfig.model_validate(settings["config"])
    device = str(get_device()) if config.use_gpu else "cpu"
    data = TrainingSet.read(folder.path)
    together = config.workers_share == "batches" and n_workers > 1
    team = ProcessGroup(device) if together else Team()
    for number in range(0 if together else rank, config.n_members, 1 if together else n_workers):
        if team.agreed(folder.member(number).exists()):
            continue
        checkpoint = Checkpoint(folder.checkpoint(number), config.checkpoint_every_s)
        with _told(folder, number, settings["run"], is_writer=team.rank == 0) as tell:
            course = Course(tell, device, checkpoint, team)
            fit = fit_member(data, config, number, course)
            _require_run(folder, settings["run"])
        if team.rank == 0:
            write_member(folder, number, fit)
            checkpoint.clear()


def _require_run(folder: RunFolder, run: str) -> None:
    """Stop what outlived its driver: another run has the folder now, or none."""
    if folder.run_id() != run:
        raise GlassyLiError(f"the run of this worker must hold {folder.path}, but it is over.")


@contextmanager
def _told(
    folder: RunFolder, number: int, run: str, *, is_writer: bool
) -> Iterator[Callable[[Epoch], None]]:
    """Where a member tells its epochs: a line each for the driver, curves for TensorBoard."""
    if not is_writer:
        yield lambda _: None
        return
    log = MemberLog(folder.logs, number)
    with folder.progress(number).open("w", encoding="utf-8") as lines:

        def tell(epoch: Epoch) -> None:
            _require_run(folder, run)
            lines.write(json.dumps(asdict(epoch)) + "\n")
            lines.flush()
            log.tell(epoch)

        try:
            yield tell
        finally:
            log.close()


def write_member(folder: RunFolder, number: int, fit: MemberFit) -> None:
    """Leave a fitted member where `fit_members` finds it."""
    tensors = {f"state.{key}": tensor for key, tensor in fit.state.items()}
    tensors["corrections"] = fit.corrections
    content = save(tensors, metadata={"held_out": str(fit.held_out)})
    write_atomically(folder.member(number), content)


def _read_member(folder: RunFolder, number: int) -> MemberFit:
    path = folder.member(number)
    if not path.exists():
        raise GlassyLiError(
            f"every worker must write its members into {folder.path}, but member {number} is "
            "missing. Put the package on a filesystem that all nodes share."
        )
    try:
        with safe_open(path, framework="pt") as opened:
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118 - not iterable
            held_out = int(opened.metadata()["held_out"])
    except SafetensorError as error:
        raise GlassyLiError(
            f"{path} must be a fitted member, but is damaged: {error}. Remove it; the same command "
            "fits it anew."
        ) from error
    corrections = tensors.pop("corrections")
    state = {key.removeprefix("state."): tensor for key, tensor in tensors.items()}
    return MemberFit(held_out, state, corrections)
