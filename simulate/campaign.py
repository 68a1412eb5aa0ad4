"""Many plans become many records on all cores: Ray actors, one LAMMPS each, one core each.

State lives in the store, not here: whatever is finished is on disk at once, and a second run of
the same campaign finds nothing to do. Running trajectories write checkpoints beside the store, so
a lost actor is replaced and its trajectory goes on from the last one.
"""

import logging
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from simulate.checkpoint import EVERY_S, Checkpoints
from simulate.cluster import available_cores, ray_session
from simulate.errors import EngineError, GlassyLiError
from simulate.plan import Plan
from simulate.record import Failure, TrajectoryRecord
from simulate.store import RecordStore

logger = logging.getLogger(__name__)

MAX_WORKER_LOSSES = 3
"""A trajectory whose worker died this often becomes a failed record."""


@dataclass(frozen=True, slots=True)
class CampaignProgress:
    """Where a campaign stands, after something happened.

    Attributes:
        event: What happened: `started` (the campaign), `finished` (a trajectory, failed or not),
            `worker_lost`.
        n_total, n_done, n_running: Trajectories of this call.
        outcomes: How many ended how.
        worker_losses: Workers that died so far.
        elapsed_s: Since the campaign started.
        seconds_left: At the rate so far, assuming every hold runs to its horizon; None at first.
        ns_per_day: Simulated by all workers at the rate so far.
        busy_share: Of the workers' time so far, the part spent on trajectories.
        trajectory_id: Whose event it is; None for the campaign's own.
        record: The trajectory that just finished.
    """

    event: Literal["started", "finished", "worker_lost"]
    n_total: int
    n_done: int
    n_running: int
    outcomes: Counter[str]
    worker_losses: int
    elapsed_s: float
    seconds_left: float | None
    ns_per_day: float
    busy_share: float
    trajectory_id: str | None = None
    record: TrajectoryRecord | None = None


@dataclass(slots=True)
class CampaignSummary:
    """What a campaign did."""

    n_planned: int
    n_present: int
    ids: list[str]
    outcomes: Counter[str] = field(default_factory=Counter)
    worker_losses: int = 0
    simulated_ns: float = 0.0
    wall_s: float = 0.0
    n_workers: int = 0

    @property
    def n_simulated(self) -> int:
        """Trajectories run by this call."""
        return sum(self.outcomes.values())


def run_campaign(
    plans: Sequence[Plan],
    store: RecordStore,
    *,
    address: str | None = None,
    n_workers: int | None = None,
    checkpoint_every_s: float = EVERY_S,
    on_progress: Callable[[CampaignProgress], None] | None = None,
) -> CampaignSummary:
    """Bring every plan to a record. Safe to stop, safe to repeat.

    Args:
        plans: What to run, in this order (long ones first shorten the end); those in the store
            are skipped.
        store: Where records go.
        address: A Ray cluster to join; None starts a local one.
        n_workers: Trajectories at a time; None: one for each core Ray offers.
        checkpoint_every_s: Wall time between restart files of a running trajectory, s.
        on_progress: Called at the start and whenever a trajectory ends or a worker is lost.

    Raises:
        EngineError: LAMMPS or OVITO cannot be used on a worker.
    """
    waiting = [plan for plan in plans if plan.trajectory_id not in store]
    summary = CampaignSummary(
        n_planned=len(plans),
        n_present=len(plans) - len(waiting),
        ids=[plan.trajectory_id for plan in plans],
    )
    if not waiting:
        return summary
    began = time.perf_counter()
    with (
        ray_session(address, n_workers),
        tempfile.TemporaryDirectory(prefix="glassyli-", ignore_cleanup_errors=True) as scratch,
    ):
        workers = _Workers(_n_workers(n_workers, len(waiting)), scratch, store, checkpoint_every_s)
        summary.n_workers = workers.n_workers
        try:
            progress = _Progress(waiting, summary, began, workers)
            tell = on_progress or (lambda _: None)
            tell(progress.now("started"))
            workers.on_loss = lambda plan: tell(progress.now("worker_lost", plan.trajectory_id))
            for record, frames in workers.map_unordered(waiting):
                kept = store.append(record, frames)  # failures too: dropping them would bias times
                store.checkpoints(record.trajectory_id).clear()
                summary.outcomes[outcome_of(kept)] += 1
                summary.simulated_ns += simulated_ns(kept)
                progress.finished(kept)
                tell(progress.now("finished", kept.trajectory_id, kept))
        finally:
            summary.worker_losses = workers.n_lost
            summary.wall_s = time.perf_counter() - began
            workers.stop()
    return summary


def outcome_of(record: TrajectoryRecord) -> str:
    """The outcome, or `failed: cause`, in one word or two."""
    if record.failure is not None:
        return f"failed: {record.failure.cause}"
    return str(record.outcome)


def simulated_ns(record: TrajectoryRecord) -> float:
    """Length of the trajectory from packing to its end, ns."""
    if not record.frames:
        return 0.0
    spacing_ps = record.frames[1].time_ps - record.frames[0].time_ps if record.frames[1:] else 0.0
    return (record.frames[-1].time_ps - record.frames[0].time_ps + spacing_ps) / 1000.0


class _Progress:
    """Rates and time left, from atom-steps done."""

    def __init__(
        self, waiting: Sequence[Plan], summary: CampaignSummary, began: float, workers: "_Workers"
    ) -> None:
        self._workers = workers
        self._busy_s = 0.0
        self._price = {plan.trajectory_id: plan.atom_steps for plan in waiting}
        self._summary = summary
        self._began = began
        self._n_total = len(waiting)
        self._left = float(sum(self._price.values()))
        self._done = 0.0

    def finished(self, record: TrajectoryRecord) -> None:
        self._done += self._price[record.trajectory_id]
        self._left -= self._price[record.trajectory_id]
        self._busy_s += sum(record.timings_s.values())

    def now(
        self,
        event: Literal["started", "finished", "worker_lost"],
        trajectory_id: str | None = None,
        record: TrajectoryRecord | None = None,
    ) -> CampaignProgress:
        elapsed_s = time.perf_counter() - self._began
        busy_s = self._busy_s + self._workers.seconds_under_way()
        return CampaignProgress(
            event=event,
            n_total=self._n_total,
            n_done=self._summary.n_simulated,
            n_running=self._workers.n_running,
            outcomes=Counter(self._summary.outcomes),
            worker_losses=self._workers.n_lost,
            elapsed_s=elapsed_s,
            seconds_left=elapsed_s * self._left / self._done if self._done else None,
            ns_per_day=self._summary.simulated_ns / elapsed_s * 86_400.0,
            busy_share=min(1.0, busy_s / (elapsed_s * self._workers.n_workers)),
            trajectory_id=trajectory_id,
            record=record,
        )


class TrajectoryWorker:
    """The body of a Ray actor: synchronous and single-threaded, because OVITO must be."""

    def run(
        self, plan: Plan, scratch: str, checkpoints: Checkpoints
    ) -> tuple[TrajectoryRecord, bytes]:
        """Run one plan in a folder of its own that is gone afterwards.

        Args:
            plan: What to run.
            scratch: The driver's folder, which it removes even if this worker is killed; on another
                machine it is not there, and the system's own place is used.
            checkpoints: In the store; a machine that does not see the store does without.
        """
        from simulate.trajectory import run_trajectory

        parent = scratch if Path(scratch).is_dir() else None
        sees_store = checkpoints.folder.parent.is_dir()
        with tempfile.TemporaryDirectory(prefix="glassyli-", dir=parent) as folder:
            return run_trajectory(plan, Path(folder), checkpoints if sees_store else None)


class _Workers:
    """Actors with one task in flight each. A dead one is replaced and its plan queued again.

    (`ray.util.ActorPool` would hand a dead actor its next task.)
    """

    def __init__(
        self, n_workers: int, scratch: str, store: RecordStore, checkpoint_every_s: float
    ) -> None:
        import ray

        self._scratch = scratch
        self._store = store
        self._checkpoint_every_s = checkpoint_every_s
        self.n_workers = n_workers
        self.n_lost = 0
        self._ray = ray
        self._remote = ray.remote(num_cpus=1, max_restarts=0)(TrajectoryWorker)
        self._alive: list[Any] = []
        self._in_flight: dict[Any, tuple[Any, Plan, float]] = {}
        self._losses: Counter[str] = Counter()
        self.on_loss: Callable[[Plan], None] = lambda _: None

    @property
    def n_running(self) -> int:
        return len(self._in_flight)

    def seconds_under_way(self) -> float:
        """Wall time that the running trajectories took so far, summed, s."""
        now = time.perf_counter()
        return sum(now - started for _, _, started in self._in_flight.values())

    def map_unordered(
        self, plans: Sequence[Plan]
    ) -> Iterator[tuple[TrajectoryRecord, bytes | None]]:
        """Records in the order in which they finish."""
        queue = deque(plans)
        idle = [self._new_worker() for _ in range(min(self.n_workers, len(queue)))]
        while queue or self._in_flight:
            while idle and queue:
                self._start(idle.pop(), queue.popleft())
            while idle:  # its core may be what a worker still waiting to start needs
                self._dismiss(idle.pop())
            (ready,), _ = self._ray.wait(list(self._in_flight), num_returns=1)
            worker, plan, _ = self._in_flight.pop(ready)
            try:
                result = self._ray.get(ready)
            except self._ray.exceptions.RayTaskError as error:
                raise _cause_of(error, plan) from error
            except self._ray.exceptions.RayError as error:
                self._dismiss(worker)
                idle.append(self._new_worker())
                lost = self._lost(plan, queue, error)
                if lost is not None:
                    yield lost, None
            else:
                idle.append(worker)
                yield result

    def stop(self) -> None:
        """Free every core, whatever is running."""
        for worker in self._alive:
            self._ray.kill(worker)
        self._in_flight.clear()

    def _new_worker(self) -> Any:  # noqa: ANN401 - a Ray actor handle
        worker = self._remote.options(runtime_env={"env_vars": {"OMP_NUM_THREADS": "1"}}).remote()
        self._alive.append(worker)
        return worker

    def _start(self, worker: Any, plan: Plan) -> None:  # noqa: ANN401
        checkpoints = self._store.checkpoints(plan.trajectory_id, self._checkpoint_every_s)
        checkpoints.folder.parent.mkdir(exist_ok=True)
        running = worker.run.remote(plan, self._scratch, checkpoints)
        self._in_flight[running] = (worker, plan, time.perf_counter())

    def _dismiss(self, worker: Any) -> None:  # noqa: ANN401
        self._alive.remove(worker)
        self._ray.kill(worker)

    def _lost(self, plan: Plan, queue: deque[Plan], error: Exception) -> TrajectoryRecord | None:
        """Queue a plan again, or give it up as a failed record after too many losses."""
        from simulate.trajectory import failed_record

        self.n_lost += 1
        self._losses[plan.trajectory_id] += 1
        n_losses = self._losses[plan.trajectory_id]
        logger.warning(
            "worker of trajectory %s was lost (%d of %d): %s",
            plan.trajectory_id, n_losses, MAX_WORKER_LOSSES, type(error).__name__,
        )  # fmt: skip
        self.on_loss(plan)
        if n_losses < MAX_WORKER_LOSSES:
            queue.appendleft(plan)
            return None
        message = (
            f"the worker died {n_losses} times: {type(error).__name__}. "
            "Remove this record to try again."
        )
        failure = Failure(cause="lost_worker", message=message, stage="packing")
        saved = self._store.checkpoints(plan.trajectory_id).latest()
        return failed_record(plan, failure, saved)


def _cause_of(error: Any, plan: Plan) -> GlassyLiError:  # noqa: ANN401 - a RayTaskError
    cause = error.cause
    if isinstance(cause, GlassyLiError):
        return cause
    return EngineError(f"trajectory {plan.trajectory_id} must run or fail cleanly, but: {cause!r}")


def _n_workers(asked: int | None, n_waiting: int) -> int:
    import ray

    offered = int(ray.cluster_resources().get("CPU", 0)) or available_cores()
    return max(1, min(asked or offered, offered, n_waiting))
