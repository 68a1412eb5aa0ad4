"""A pool of Ray actors with at most one trajectory in flight each, and what if one is lost.

(`ray.util.ActorPool` would hand a dead actor its next task.)
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulate.actors import Actor, Actors
from simulate.checkpoint import EVERY_S
from simulate.claim import Claim
from simulate.errors import EngineError, GlassyLiError
from simulate.losses import Losses, clear_checkpoints, is_lost
from simulate.plan import Plan
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore
from simulate.watchdog import LOOK_EVERY_S, Watch, last_beat, silence_limit_s
from simulate.worker import TrajectoryWorker
from simulate.write_behind import ABOUT_S, WriteBehind

RECYCLE_AFTER: Final = 200
"""Trajectories that a worker runs before a fresh one takes its place. It grows by 2 to 4 kB a frame
(measured: 4 MB in 25 trajectories of 40 frames), some 100 MB in 200 trajectories of the reference
protocol; to start another takes seconds."""

Finished = tuple[TrajectoryRecord, bytes | None]


@dataclass(frozen=True, slots=True)
class Terms:
    """How workers are kept.

    Attributes:
        checkpoint_every_s: Wall time between restart files of a running trajectory, s.
        stall_after_s: Silence after which a worker counts as hung, s; None: by the price of a
            frame, minutes at least.
        recycle_after: Trajectories before a worker is replaced by a fresh one.
        body: What the actors run.
    """

    checkpoint_every_s: float = EVERY_S
    stall_after_s: float | None = None
    recycle_after: int = RECYCLE_AFTER
    body: type = TrajectoryWorker


@dataclass(slots=True)
class _Running:
    """A trajectory in flight."""

    actor: Actor
    plan: Plan
    began: float
    watch: Watch


class Workers:
    """The pool. A lost worker is replaced and its plan queued again, first in the queue.

    Attributes:
        n_workers: Trajectories at a time.
        n_elsewhere: Trajectories left to another campaign that holds them.
        most_running: Trajectories that ran at once, at most: fewer than `n_workers` where so many
            wait for a core.
        on_loss: Called with the plan whose worker was lost, and how.
    """

    def __init__(self, n_workers: int, scratch: str, store: RecordStore, terms: Terms) -> None:
        import ray

        self.n_workers = n_workers
        self.n_elsewhere = 0
        self.most_running = 0
        self.on_loss: Callable[[Plan, str], None] = lambda _plan, _cause: None
        self._scratch = scratch
        self._store = store
        self._terms = terms
        self._ray = ray
        self._actors = Actors(terms.body, n_workers)
        self._queue: deque[Plan] = deque()
        self._running: dict[Any, _Running] = {}
        self._writing = WriteBehind(store)
        self._claims: dict[str, Claim] = {}
        self._losses = Losses(store)
        self._found_ps: dict[str, float] = {}
        self._looked = time.monotonic()
        self._unforeseen: EngineError | None = None

    @property
    def n_running(self) -> int:
        """Trajectories under way."""
        return len(self._running)

    @property
    def n_lost(self) -> int:
        """Workers that were lost."""
        return self._losses.n_lost

    def seconds_under_way(self) -> float:
        """Wall time that the running trajectories took so far, summed, s."""
        now = time.perf_counter()
        return sum(now - each.began for each in self._running.values())

    def map_unordered(
        self, plans: Sequence[Plan]
    ) -> Iterator[tuple[TrajectoryRecord, float | None]]:
        """Records in the order in which they finish, once they are in the store.

        Beside each the hold clock until which an earlier campaign simulated it, ps; None: all was
        done by us.

        Raises:
            EngineError: An engine cannot be used, or a worker is of another release, at once; or a
                trajectory broke in a way that nobody foresaw, after all others are done.
            GlassyLiError: The store cannot be written.
        """
        self._queue = deque(plans)
        self._staff()
        while self._running or self._queue or self._writing:
            finished = self._next_finished()
            self._staff()
            if finished is not None:  # failures too: dropping them would bias times
                self._writing.put(*finished)
            for record in self._writing.durable():
                yield record, self._closed(record)
        if self._unforeseen is not None:
            raise self._unforeseen

    def stop(self) -> None:
        """Free every core, whatever is running; what is being written is written."""
        self._actors.dismiss_all()
        for each in self._running.values():
            self._actors.dismiss(each.actor)
        self._running.clear()
        self._writing.close()
        for claim in self._claims.values():
            claim.release()
        self._claims.clear()

    def _closed(self, record: TrajectoryRecord) -> float | None:
        """Its checkpoints and our claim may go; what an earlier campaign had simulated of it."""
        inherited_ps = self._inherited_ps(record)
        clear_checkpoints(self._store, record)
        self._losses.forget(record.trajectory_id)
        self._found_ps.pop(record.trajectory_id, None)
        self._claims.pop(record.trajectory_id).release()
        return inherited_ps

    def _inherited_ps(self, record: TrajectoryRecord) -> float | None:
        found_ps = self._found_ps.get(record.trajectory_id)
        is_used = found_ps in record.provenance.resumed_at_ps or is_lost(record)
        return found_ps if is_used else None

    def _staff(self) -> None:
        """Give idle workers their next trajectories, and keep as many as there is work for."""
        idle = self._actors.idle
        while idle and self._queue:
            if self._start(idle[-1], self._queue.popleft()):
                idle.pop()
        if not self._queue:  # a core may be what somebody else waits for
            self._actors.dismiss_all()
        wanted = min(self.n_workers, len(self._queue) + len(self._running))
        for _ in range(len(self._actors.starting) + len(self._running), wanted):
            self._actors.hire()

    def _start(self, actor: Actor, plan: Plan) -> bool:
        """Give a worker its next trajectory, unless another campaign has or had it."""
        name = plan.trajectory_id
        claim = self._claims.get(name) or self._store.claim(name)
        if claim is None or name in self._store:
            self.n_elsewhere += 1
            if claim:
                claim.release()
            return False
        checkpoints = self._store.checkpoints(name, self._terms.checkpoint_every_s)
        found = None if name in self._claims else checkpoints.latest()
        if found:
            self._found_ps[name] = found.progress.frames[-1].time_ps
        self._claims[name] = claim
        task = actor.handle.run.remote(plan, name, self._scratch, checkpoints)
        watch = Watch(silence_limit_s(plan, self._terms.stall_after_s))
        self._running[task] = _Running(actor, plan, time.perf_counter(), watch)
        self.most_running = max(self.most_running, len(self._running))
        return True

    def _next_finished(self) -> Finished | None:
        """Wait until something happens; the record of what ended, if that was it."""
        waiting = [*self._running, *self._actors.starting]
        if not waiting:
            self._writing.wait()
            return None
        timeout_s = ABOUT_S if self._writing else LOOK_EVERY_S
        ready, _ = self._ray.wait(waiting, num_returns=1, timeout=timeout_s)
        elapsed_s = time.monotonic() - self._looked
        if elapsed_s >= LOOK_EVERY_S:
            self._looked = time.monotonic()
            for task, each in list(self._running.items()):
                if task not in ready and each.watch.is_hung(last_beat(each.actor.name), elapsed_s):
                    return self._lost(self._running.pop(task), "hung")
        for task in ready:
            if task in self._running:
                return self._collected(task)
            self._actors.check_in(task)
        return None

    def _collected(self, task: Any) -> Finished | None:  # noqa: ANN401 - a Ray reference
        """The record of a task that ended; None where its plan was queued again or broke."""
        ended = self._running.pop(task)
        try:
            result: Finished = self._ray.get(task)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, GlassyLiError):
                raise error.cause from error
            self._unforeseen = EngineError(
                f"trajectory {ended.plan.trajectory_id} must run or fail cleanly, but: "
                f"{error.cause!r}. All others were run; report it with `glassyli --debug ...`."
            )
            self._actors.idle.append(ended.actor)
            return None
        except self._ray.exceptions.RayError as error:
            return self._lost(ended, self._actors.cause_of_loss(error, ended.actor))
        ended.actor.n_done += 1
        if ended.actor.n_done < self._terms.recycle_after:
            self._actors.idle.append(ended.actor)
        else:
            self._actors.dismiss(ended.actor)
        return result

    def _lost(self, ended: _Running, cause: str) -> Finished | None:
        """Queue a plan again, or give it up as a failed record after too many losses."""
        self._actors.dismiss(ended.actor)
        given_up = self._losses.given_up(ended.plan, cause)
        if given_up is None:
            self._queue.appendleft(ended.plan)
        self.on_loss(ended.plan, cause)
        return given_up
