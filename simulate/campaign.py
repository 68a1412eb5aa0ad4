"""Many plans become many records on all cores: Ray actors, one LAMMPS each, one core each.

State lives in the store, not here: whatever is finished is on disk at once, and a second run of
the same campaign finds nothing to do. Running trajectories write checkpoints beside the store, so
a lost actor is replaced and its trajectory goes on from the last one.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from simulate.cluster import available_cores, ray_session
from simulate.losses import clear_checkpoints
from simulate.plan import Plan, each_once
from simulate.record import TrajectoryRecord, outcome_of
from simulate.store import RecordStore
from simulate.workers import Terms, Workers


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
        busy_share: Of the workers' time so far, the part spent on trajectories. A worker that
            never had a core, because there are fewer, has no time.
        trajectory_id: Whose event it is; None for the campaign's own.
        record: The trajectory that just finished.
        loss: How a worker was lost: it or its machine died, it hung, it was out of memory.
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
    loss: str | None = None


@dataclass(slots=True)
class CampaignSummary:
    """What a campaign did.

    Attributes:
        n_present: Trajectories whose records were there already.
        n_elsewhere: Left to another campaign that was running them on the same store.
    """

    n_planned: int
    n_present: int
    ids: list[str]
    n_elsewhere: int = 0
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
    terms: Terms = Terms(),  # noqa: B008 - frozen
    on_progress: Callable[[CampaignProgress], None] | None = None,
) -> CampaignSummary:
    """Bring every plan to a record. Safe to stop, safe to repeat.

    Args:
        plans: What to run, in this order (long ones first shorten the end); those in the store
            are skipped, and one that is named twice is run once.
        store: Where records go.
        address: A Ray cluster to join; None starts a local one.
        n_workers: Trajectories at a time; None: one for each core Ray offers. A named cluster may
            have fewer now and more later.
        terms: How workers are kept.
        on_progress: Called at the start and whenever a trajectory ends or a worker is lost.

    Raises:
        EngineError: LAMMPS or OVITO cannot be used on a worker.
    """
    _clear_leftovers(store)
    plans = each_once(plans)
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
        n_at_a_time = _n_workers(n_workers, len(waiting), may_grow=bool(address))
        workers = Workers(n_at_a_time, scratch, store, terms)
        summary.n_workers = workers.n_workers
        try:
            progress = _Progress(waiting, summary, began, workers)
            tell = on_progress or (lambda _: None)
            tell(progress.now("started"))
            workers.on_loss = lambda plan, cause: tell(
                progress.now("worker_lost", plan.trajectory_id, loss=cause)
            )
            for record, inherited_ps in workers.map_unordered(waiting):
                summary.outcomes[outcome_of(record)] += 1
                summary.simulated_ns += simulated_ns(record, inherited_ps)
                progress.finished(record)
                tell(progress.now("finished", record.trajectory_id, record))
        finally:
            summary.worker_losses = workers.n_lost
            summary.n_elsewhere = workers.n_elsewhere
            summary.wall_s = time.perf_counter() - began
            workers.stop()
    return summary


def simulated_ns(record: TrajectoryRecord, since_ps: float | None = None) -> float:
    """Length of the trajectory from packing, or from a time on the hold clock, to its end, ns."""
    times_ps = [frame.time_ps for frame in record.frames]
    if not times_ps:
        return 0.0
    if since_ps is None:
        since_ps = times_ps[0] - (times_ps[1] - times_ps[0] if times_ps[1:] else 0.0)
    return (times_ps[-1] - since_ps) / 1000.0


def _clear_leftovers(store: RecordStore) -> None:
    """Remove what was left of recorded trajectories when a campaign was killed."""
    for name in store.under_way():
        claim = store.claim(name) if name in store else None
        if claim:
            clear_checkpoints(store, store.record(name))
            claim.release()


class _Progress:
    """Rates and time left, from atom-steps done."""

    def __init__(
        self, waiting: Sequence[Plan], summary: CampaignSummary, began: float, workers: Workers
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
        loss: str | None = None,
    ) -> CampaignProgress:
        elapsed_s = time.perf_counter() - self._began
        busy_s = self._busy_s + self._workers.seconds_under_way()
        there_s = elapsed_s * max(1, self._workers.most_running)
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
            busy_share=min(1.0, busy_s / there_s),
            trajectory_id=trajectory_id,
            record=record,
            loss=loss,
        )


def _n_workers(asked: int | None, n_waiting: int, *, may_grow: bool) -> int:
    import ray

    offered = int(ray.cluster_resources().get("CPU", 0)) or available_cores()
    if asked and not may_grow:
        asked = min(asked, offered)
    return max(1, min(asked or offered, n_waiting))
