"""A running campaign for the person watching, and for programs: a live table, lines, events."""

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from serve.console import Console, ProgressBar
from simulate.errors import GlassyLiError

if TYPE_CHECKING:
    from simulate.campaign import CampaignProgress

logger = logging.getLogger(__name__)

LEAST_FOR_A_GUESS = 4
"""Finished trajectories before the time left is worth saying."""


@contextmanager
def campaign_view(
    console: Console, n_waiting: int, events: Path | None = None
) -> Iterator["CampaignView"]:
    """Show a campaign while it runs.

    Args:
        console: Where.
        n_waiting: Trajectories to run.
        events: A file that gets one JSON line an event, added at its end. Where it cannot be
            written any more, the campaign goes on without.

    Raises:
        GlassyLiError: `events` cannot be opened.
    """
    with ExitStack() as opened:
        file = opened.enter_context(_appending(events)) if events else None
        yield CampaignView(
            opened.enter_context(console.progress("simulate", max(n_waiting, 1))), file
        )


class CampaignView:
    """Takes every event of a campaign to where it is watched."""

    def __init__(self, bar: ProgressBar, events: FileIO | None) -> None:
        self._bar = bar
        self._events = events

    def show(self, progress: "CampaignProgress") -> None:
        """Move the bar, renew the table, write the event."""
        self._write(progress)
        counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(progress.outcomes.items()))
        left_s = progress.seconds_left if progress.n_done >= LEAST_FOR_A_GUESS else None
        self._bar.at(
            progress.n_done,
            counts or "first trajectories running",
            left_s,
            facts={
                "running": str(progress.n_running),
                **{outcome: str(n) for outcome, n in sorted(progress.outcomes.items())},
                "lost workers": str(progress.worker_losses),
                "ns/day": f"{progress.ns_per_day:.0f}",
                "cores busy": f"{100.0 * progress.busy_share:.0f} %",
            },
        )

    def _write(self, progress: "CampaignProgress") -> None:
        if self._events is None:
            return
        try:
            self._events.write(f"{json.dumps(_event(progress), allow_nan=False)}\n".encode())
        except OSError as error:
            logger.warning(
                "going on without --events: %s cannot be written: %s. Free some space.",
                self._events.name, error.strerror,
            )  # fmt: skip
            self._events = None


@contextmanager
def _appending(path: Path) -> Iterator[FileIO]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab", buffering=0)  # nothing is left to be written when it is closed
    except OSError as error:
        raise GlassyLiError(
            f"--events must be writable, but {path}: {error.strerror}. Choose another file."
        ) from error
    with file:
        yield file


def _event(progress: "CampaignProgress") -> dict[str, object]:
    """One event for programs; times in seconds, lengths in ns."""
    record = progress.record
    finished = {}
    if record is not None:
        failure = record.failure
        finished = {
            "outcome": record.outcome,
            "failure": failure.cause if failure else None,
            "wall_s": round(sum(record.timings_s.values()), 3),
            "n_resumed": len(record.provenance.resumed_at_ps),
        }
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": progress.event,
        "trajectory_id": progress.trajectory_id,
        **({"loss": progress.loss} if progress.loss else {}),
        **finished,
        "n_total": progress.n_total,
        "n_done": progress.n_done,
        "n_running": progress.n_running,
        "outcomes": dict(progress.outcomes),
        "worker_losses": progress.worker_losses,
        "elapsed_s": round(progress.elapsed_s, 3),
        "seconds_left": None if progress.seconds_left is None else round(progress.seconds_left),
        "ns_per_day": round(progress.ns_per_day, 3),
        "busy_share": round(progress.busy_share, 4),
    }
