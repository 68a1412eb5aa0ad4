"""The body of a Ray actor: one trajectory after another, synchronous and single-threaded."""

import math
import tempfile
import time
from importlib.metadata import version
from itertools import count
from pathlib import Path

from simulate.checkpoint import Checkpoints
from simulate.errors import EngineError
from simulate.plan import Plan
from simulate.record import TrajectoryRecord
from simulate.release import Release, must_equal
from simulate.watchdog import BEAT_EVERY_S, beat


class TrajectoryWorker:
    """Runs trajectories on one core; OVITO must be used from the main thread alone."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._beat_at = -math.inf

    def check_in(self, driver: Release) -> str:
        """Say that this worker is there and fit for work.

        Args:
            driver: The driver's release.

        Returns:
            Ray's id of the machine.

        Raises:
            EngineError: This machine has another release.
        """
        import ray

        must_equal(driver)
        import simulate.trajectory  # noqa: F401 - takes seconds, which are no silence yet

        node_id: str = ray.get_runtime_context().get_node_id()
        return node_id

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
        beats = count()
        self._beat(trajectory_id, next(beats))
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
            return run_trajectory(
                plan,
                Path(folder),
                checkpoints if sees_store else None,
                lambda: self._beat(trajectory_id, next(beats)),
            )

    def _beat(self, trajectory_id: str, number: int) -> None:
        """Not at each of many quick frames: on a busy machine Ray takes its time to answer."""
        now = time.monotonic()
        if now - self._beat_at >= BEAT_EVERY_S:
            beat(self._name, f"{trajectory_id} {number}")
            self._beat_at = now
