"""What a learning loop found, in words that page and terminal share."""

from typing import Final

from serve.words import count, percent
from train.active.config import LEAST_INSIDE
from train.active.rounds import BoundarySize, LoopReport, RoundReport

REASONS: Final = {
    "precision": "the stated precision is reached",
    "trajectories": "the budget of trajectories is spent",
    "core_hours": "the budget of core-hours is spent",
    "candidates": "no candidate is left",
}


def round_words(found: RoundReport) -> str:
    """What is known after a round."""
    return (
        f"round {found.number}: {found.n_asked} asked, {found.n_ordered} of {found.n_known} known "
        f"ordered, {found.n_failed} failed; boundary known to {percent(found.boundary_spread)}"
    )


def answer(report: LoopReport) -> str:
    """Why it stopped, and what it cost."""
    last = report.rounds[-1]
    wanted = report.config.stop.boundary_spread
    is_reached = last.is_precise(wanted)
    known = (
        "At none of the places judged does the boundary lie within the sizes of the space"
        if last.boundary_spread is None
        else f"The boundary size is known to {percent(last.boundary_spread)} on average"
    )
    return (
        f"Stopped after {count(len(report.rounds), 'round')} and "
        f"{count(last.n_asked, 'trajectory')} ({last.core_hours:.2g} core-hours): "
        f"{REASONS[report.stopped_by]}. {known} (spread of the committee, "
        f"not an error; asked for {percent(wanted)}{'' if is_reached else ', not reached'})."
    )


def size_words(found: BoundarySize, sizes: tuple[int, int]) -> tuple[str, str]:
    """Boundary size and its interval; outside the sizes of the space only on which side.

    Args:
        found: At one place.
        sizes: Smallest and largest of the space.
    """
    low, high = found.interval
    ends = f"{low:.0f} to {high:.0f}"
    if found.is_inside:
        return f"{found.n_atoms:.0f}", ends
    side = "below" if round(found.n_atoms) <= sizes[0] else "above"
    return f"{side} {found.n_atoms:.0f}", ends


def remarks(report: LoopReport) -> list[str]:
    """What a reader must know beside the numbers."""
    last = report.rounds[-1]
    said = [
        (
            "Boundary: the size at which half of the embryos have ordered "
            f"{report.horizon_ps:g} ps into the hold. A longer hold would move it to smaller sizes."
        ),
        (
            "Spread and intervals are those of quick linear fits of the project's law: they say "
            "how far the data fix the line, not whether the boundary is one, and are no error."
        ),
    ]
    if last.share_inside < 1.0:
        said.append(
            f"In {percent(1.0 - last.share_inside)} of the places judged the boundary lies outside "
            "the sizes of the space; they do not count in the spread, and a loop ends by precision "
            f"only where they are at most {percent(1.0 - LEAST_INSIDE)}. Widen space.n_atoms."
        )
    if last.n_failed:
        said.append(
            f"{count(last.n_failed, 'trajectory')} failed: kept as records, censored where they "
            "were last sound, and paid for from the budget."
        )
    return said
