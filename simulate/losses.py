"""What becomes of a trajectory whose worker was lost: it goes on, begins anew, or is given up."""

import logging
from collections import Counter
from typing import Final

from simulate.checkpoint import Saved
from simulate.plan import Plan
from simulate.record import Failure, TrajectoryRecord
from simulate.snapshot import extended_xyz
from simulate.store import RecordStore

logger = logging.getLogger(__name__)

MAX_LOSSES: Final = 3
"""A trajectory whose worker was lost this often without getting on becomes a failed record."""


class Losses:
    """Counts the losses of each trajectory since it last got on.

    Attributes:
        n_lost: Workers lost in all, whatever they ran.
    """

    def __init__(self, store: RecordStore) -> None:
        self.n_lost = 0
        self._store = store
        self._losses: Counter[str] = Counter()
        self._reached: dict[str, int] = {}
        self._begun_anew: dict[str, Saved | None] = {}

    def given_up(self, plan: Plan, cause: str) -> tuple[TrajectoryRecord, bytes | None] | None:
        """Count a loss.

        Args:
            plan: What the worker ran.
            cause: How it was lost, in a few words.

        Returns:
            The failed record of a trajectory that is not tried again; None: it is.
        """
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
            name, self._losses[name], MAX_LOSSES, cause,
        )  # fmt: skip
        if self._losses[name] == MAX_LOSSES - 1 and name not in self._begun_anew:
            checkpoints.clear()  # it may be what kills the workers
            self._begun_anew[name] = saved
            self._reached.pop(name, None)
        if self._losses[name] < MAX_LOSSES:
            return None
        return self._failed(plan, cause, _furthest(self._begun_anew.get(name), saved))

    def forget(self, trajectory_id: str) -> None:
        """It is recorded."""
        self._losses.pop(trajectory_id, None)
        self._reached.pop(trajectory_id, None)
        self._begun_anew.pop(trajectory_id, None)

    def _failed(
        self, plan: Plan, cause: str, seen: Saved | None
    ) -> tuple[TrajectoryRecord, bytes | None]:
        from simulate.trajectory import failed_record

        message = (
            f"its worker was lost {MAX_LOSSES} times without getting on: {cause}. "
            "Remove this record to try again."
        )
        failure = Failure(cause="lost_worker", message=message, stage="packing")
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
