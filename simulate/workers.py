"""Ray actors that run trajectories, one at a time each, and what is done when one dies."""

import logging
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simulate.checkpoint import Checkpoints, Saved
from simulate.claim import Claim
from simulate.errors import EngineError, GlassyLiError
from simulate.plan import Plan
from simulate.record import Failure, TrajectoryRecord
from simulate.snapshot import extended_xyz
from simulate.store import RecordStore

logger = logging.getLogger(__name__)

MAX_LOSSES = 3
"""A trajectory whose worker died this often without getting on becomes a failed record."""


class TrajectoryWorker:
    """The body of a Ray actor: synchronous and single-threaded, because OVITO must be."""

    def run(
        self, plan: Plan, trajectory_id: str, scratch: str, checkpoints: Checkpoints
    ) -> tuple[TrajectoryRecord, bytes | None]:
        """Run one plan in a folder of its own that is gone afterwards.

        Args:
            plan: What to run.
            trajectory_id: Its id as the driver knows it.
            scratch: The driver's folder, which it removes even if this worker is killed; on another
                machine it is not there, and the system's own place is used.
            checkpoints: In the store; a machine that does not see the store does without.

        Raises:
            EngineError: This machine has another release, or lacks an engine.
        """
        from simulate.trajectory import run_trajectory

        if plan.trajectory_id != trajectory_id:
            raise EngineError(
                "workers must have the release of the driver, but glassyli "
                f"{version('glassyli')} on a worker gives trajectory {trajectory_id} the id "
                f"{plan.trajectory_id}. Install the same release on every machine."
            )
        parent = scratch if Path(scratch).is_dir() else None
        sees_store = checkpoints.folder.parent.is_dir()
        with tempfile.TemporaryDirectory(prefix="glassyli-", dir=parent) as folder:
            return run_trajectory(plan, Path(folder), checkpoints if sees_store else None)


class Workers:
    """Actors with one task in flight each. A dead one is replaced and its plan queued again.

    (`ray.util.ActorPool` would hand a dead actor its next task.)

    Attributes:
        n_workers: Trajectories at a time.
        n_lost: Workers that died.
        n_elsewhere: Trajectories left to another campaign that holds them.
        on_loss: Called with the plan whose worker died.
    """

    def __init__(
        self, n_workers: int, scratch: str, store: RecordStore, checkpoint_every_s: float
    ) -> None:
        import ray

        self.n_workers = n_workers
        self.n_lost = 0
        self.n_elsewhere = 0
        self.on_loss: Callable[[Plan], None] = lambda _: None
        self._scratch = scratch
        self._store = store
        self._checkpoint_every_s = checkpoint_every_s
        self._ray = ray
        self._remote = ray.remote(num_cpus=1, max_restarts=0)(TrajectoryWorker)
        self._alive: list[Any] = []
        self._in_flight: dict[Any, tuple[Any, Plan, float]] = {}
        self._claims: dict[str, Claim] = {}
        self._losses: Counter[str] = Counter()
        self._reached: dict[str, int] = {}
        self._begun_anew: dict[str, Saved | None] = {}
        self._found_ps: dict[str, float] = {}
        self._unforeseen: EngineError | None = None

    @property
    def n_running(self) -> int:
        """Trajectories under way."""
        return len(self._in_flight)

    def seconds_under_way(self) -> float:
        """Wall time that the running trajectories took so far, summed, s."""
        now = time.perf_counter()
        return sum(now - started for _, _, started in self._in_flight.values())

    def map_unordered(
        self, plans: Sequence[Plan]
    ) -> Iterator[tuple[TrajectoryRecord, bytes | None]]:
        """Records in the order in which they finish; hand each back to `settled` once stored.

        Raises:
            EngineError: An engine cannot be used, at once; or a trajectory broke in a way that
                nobody foresaw, after all others are done.
        """
        queue = deque(plans)
        idle = [self._new_worker() for _ in range(min(self.n_workers, len(queue)))]
        while queue or self._in_flight:
            while idle and queue:
                if self._start(idle[-1], queue.popleft()):
                    idle.pop()
            while idle:  # its core may be what a worker still waiting to start needs
                self._dismiss(idle.pop())
            if not self._in_flight:
                break
            (ready,), _ = self._ray.wait(list(self._in_flight), num_returns=1)
            finished = self._collect(ready, idle, queue)
            if finished is not None:
                yield finished
        if self._unforeseen is not None:
            raise self._unforeseen

    def settled(self, record: TrajectoryRecord) -> None:
        """A record is in the store: its checkpoints and our claim may go."""
        clear_checkpoints(self._store, record)
        self._begun_anew.pop(record.trajectory_id, None)
        claim = self._claims.pop(record.trajectory_id, None)
        if claim:
            claim.release()

    def inherited_ps(self, record: TrajectoryRecord) -> float | None:
        """Hold clock until which an earlier campaign simulated it; None: all was done by us."""
        found_ps = self._found_ps.get(record.trajectory_id)
        is_used = found_ps in record.provenance.resumed_at_ps or is_lost(record)
        return found_ps if is_used else None

    def stop(self) -> None:
        """Free every core, whatever is running."""
        for worker in self._alive:
            self._ray.kill(worker)
        self._in_flight.clear()
        for claim in self._claims.values():
            claim.release()
        self._claims.clear()

    def _new_worker(self) -> Any:  # noqa: ANN401 - a Ray actor handle
        worker = self._remote.options(runtime_env={"env_vars": {"OMP_NUM_THREADS": "1"}}).remote()
        self._alive.append(worker)
        return worker

    def _start(self, worker: Any, plan: Plan) -> bool:  # noqa: ANN401
        """Give a worker its next trajectory, unless another campaign has or had it."""
        name = plan.trajectory_id
        claim = self._claims.get(name) or self._store.claim(name)
        if claim is None or name in self._store:
            self.n_elsewhere += 1
            if claim:
                claim.release()
            return False
        checkpoints = self._store.checkpoints(name, self._checkpoint_every_s)
        found = None if name in self._claims else checkpoints.latest()
        if found:
            self._found_ps[name] = found.progress.frames[-1].time_ps
        self._claims[name] = claim
        running = worker.run.remote(plan, name, self._scratch, checkpoints)
        self._in_flight[running] = (worker, plan, time.perf_counter())
        return True

    def _collect(
        self,
        ready: Any,  # noqa: ANN401 - a Ray reference
        idle: list[Any],
        queue: deque[Plan],
    ) -> tuple[TrajectoryRecord, bytes | None] | None:
        """The record of a task that ended; None where its plan was queued again or broke."""
        worker, plan, _ = self._in_flight.pop(ready)
        try:
            result: tuple[TrajectoryRecord, bytes | None] = self._ray.get(ready)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, GlassyLiError):
                raise error.cause from error
            self._unforeseen = EngineError(
                f"trajectory {plan.trajectory_id} must run or fail cleanly, but: "
                f"{error.cause!r}. All others were run; report it with `glassyli --debug ...`."
            )
            idle.append(worker)
            return None
        except self._ray.exceptions.RayError as error:
            self._dismiss(worker)
            idle.append(self._new_worker())
            return self._lost(plan, queue, error)
        idle.append(worker)
        return result

    def _dismiss(self, worker: Any) -> None:  # noqa: ANN401
        self._alive.remove(worker)
        self._ray.kill(worker)

    def _lost(
        self, plan: Plan, queue: deque[Plan], error: Exception
    ) -> tuple[TrajectoryRecord, bytes | None] | None:
        """Queue a plan again, or give it up as a failed record after too many losses."""
        from simulate.trajectory import failed_record

        name = plan.trajectory_id
        self.n_lost += 1
        checkpoints = self._store.checkpoints(name)
        saved = checkpoints.latest()
        if saved and saved.number > self._reached.get(name, 0):
            self._reached[name] = saved.number  # it got on: no fault of the trajectory
            self._losses[name] = 0
        self._losses[name] += 1
        logger.warning(
            "worker of trajectory %s was lost (%d of %d): %s",
            name, self._losses[name], MAX_LOSSES, type(error).__name__,
        )  # fmt: skip
        self.on_loss(plan)
        if self._losses[name] == MAX_LOSSES - 1 and name not in self._begun_anew:
            checkpoints.clear()  # it may be what kills the workers
            self._begun_anew[name] = saved
            self._reached.pop(name, None)
        if self._losses[name] < MAX_LOSSES:
            queue.appendleft(plan)
            return None
        message = (
            f"the worker died {MAX_LOSSES} times without getting on: {type(error).__name__}. "
            "Remove this record to try again."
        )
        failure = Failure(cause="lost_worker", message=message, stage="packing")
        seen = _furthest(self._begun_anew.get(name), saved)
        frames = extended_xyz(seen.snapshots, plan.design.element) if seen else None
        return failed_record(plan, failure, seen), frames


def is_lost(record: TrajectoryRecord) -> bool:
    """Whether it never came back from its workers."""
    return record.failure is not None and record.failure.cause == "lost_worker"


def clear_checkpoints(store: RecordStore, record: TrajectoryRecord) -> None:
    """Remove what a recorded trajectory needs no more; one that was lost may yet go on from it."""
    if not is_lost(record):
        store.checkpoints(record.trajectory_id).clear()


def _furthest(*found: Saved | None) -> Saved | None:
    """The checkpoint that saw most of a trajectory."""
    return max(filter(None, found), key=lambda each: len(each.progress.frames), default=None)
