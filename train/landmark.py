"""Forecasts asked at fixed moments: who is waiting still, and how long from there.

Before the end of the quench everybody is asked, and order in the quench is an answer like any
other. From then on only those that have not ordered are, and their time counts from the landmark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulate.incubation import Incubation
from simulate.landmarks import LANDMARKS, landmark_frames
from simulate.record import TrajectoryRecord
from simulate.units import CLOCK_ROUNDING_PS

BEFORE_THE_HOLD: Final = ("packing", "end of heating")
LEAST_AT_RISK: Final = 20
"""Fewer are not compared: every interval would span everything."""


@dataclass(frozen=True, slots=True)
class AtRisk:
    """One trajectory at one landmark.

    Attributes:
        record: Which; its frame `frame_number` is the landmark's.
        since_ps: Hold clock of that frame, ps; None before the end of the quench.
        incubation: Counted from `since_ps` where that is a time.
    """

    record: TrajectoryRecord
    frame_number: int
    since_ps: float | None
    incubation: Incubation

    @property
    def planned_follow_up_ps(self) -> float:
        """Until when it is watched from there if nothing happens, ps."""
        return max(0.0, self.record.planned_follow_up_ps - (self.since_ps or 0.0))


def at_risk(records: Sequence[TrajectoryRecord], landmark: str) -> list[AtRisk]:
    """Those that reached a landmark without having ordered, and were watched beyond it.

    Args:
        records: Any; those whose incubation nothing is known of are left out.
        landmark: One of `simulate.landmarks.LANDMARKS`.
    """
    found = [_at(record, landmark) for record in records]
    return [each for each in found if each is not None]


def askable(records: Sequence[TrajectoryRecord], landmark: str) -> list[AtRisk]:
    """Those at risk whose atoms at the landmark are kept."""
    found = at_risk(records, landmark)
    return [each for each in found if each.frame_number in each.record.frame_numbers]


def too_few_wait(records: Sequence[TrajectoryRecord]) -> str:
    """Why these records cannot be compared on, and what to do; empty where enough of them wait."""
    most = max(len(askable(records, each)) for each in LANDMARKS)
    if most >= LEAST_AT_RISK:
        return ""
    return (
        f"a comparison needs {LEAST_AT_RISK} embryos that wait at a landmark, with their frames, "
        f"and at most {most} do. Simulate more."
    )


def residual(incubation: Incubation, since_ps: float) -> Incubation | None:
    """What is left of an incubation at a time of the hold clock; None where nothing is.

    Order that came between the frames about that time counts from it.

    >>> residual(Incubation(lower_ps=90.0, upper_ps=100.0), 50.0)
    Incubation(lower_ps=40.0, upper_ps=50.0, ordered_in_quench=False)
    """
    until_ps = incubation.lower_ps if incubation.upper_ps is None else incubation.upper_ps
    if incubation.ordered_in_quench or until_ps <= since_ps + CLOCK_ROUNDING_PS:
        return None
    upper_ps = None if incubation.upper_ps is None else incubation.upper_ps - since_ps
    return Incubation(lower_ps=max(0.0, incubation.lower_ps - since_ps), upper_ps=upper_ps)


def _at(record: TrajectoryRecord, landmark: str) -> AtRisk | None:
    if landmark not in LANDMARKS:
        raise ValueError(f"landmark must be one of {', '.join(LANDMARKS)}, but got {landmark!r}.")
    seen, number = record.witnessed, landmark_frames(record).get(landmark)
    if seen is None or number is None:
        return None
    if landmark in BEFORE_THE_HOLD:
        return AtRisk(record, number, None, seen)
    since_ps = max(0.0, record.frames[number - 1].time_ps)
    left = residual(seen, since_ps)
    return None if left is None else AtRisk(record, number, since_ps, left)
