"""A running campaign for the person watching, and for programs: a live table, lines, events."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from serve.console import Console, ProgressBar
from simulate.errors import GlassyLiError

if TYPE_CHECKING:
    from simulate.campaign import CampaignProgress

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
        events: A file that gets one JSON line an event, added at its end.

    Raises:
        GlassyLiError: `events` cannot be written.
    """
    with ExitStack() as opened:
        file = opened.enter_context(_appending(events)) if events else None
        yield CampaignView(
            opened.enter_context(console.progress("simulate", max(n_waiting, 1))), file
        )


class CampaignView:
    """Takes every event of a campaign to where it is watched."""

    def __init__(self, bar: ProgressBar, events: TextIO | None) -> None:
        self._bar = bar
        self._events = events

    def show(self, progress: "CampaignProgress") -> None:
        """Move the bar, renew the table, write the event."""
        if self._events:
            self._events.write(json.dumps(_event(progress), allow_nan=False) + "\n")
            self._events.flush()
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


@contextmanager
def _appending(path: Path) -> Iterator[TextIO]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a", encoding="utf-8")
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
