"""What a finished series of frames says: outcome, incubation, fractions.

Pure: the same series under other thresholds is judged again without any molecular dynamics.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulate.incubation import Incubation, Onset, incubation, is_ordering, onset
from simulate.mobility import has_arrested
from simulate.protocol import Labelling
from simulate.record import Frame, Mobility, Outcome


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer of one trajectory; fields as in `TrajectoryRecord`."""

    outcome: Outcome
    incubation: Incubation
    crystalline_fraction: float
    core_fraction: float | None


def judge(frames: Sequence[Frame], labelling: Labelling, mobility: Mobility | None) -> Judgement:
    """Judge a trajectory that ran to its end, early or not.

    Args:
        frames: The series, in time; at least one.
        labelling: Thresholds.
        mobility: Of the disordered embryo; tells arrest from flow.
    """
    found = onset(frames, labelling)
    read_at_ps = frames[-1].time_ps if found is None else fraction_read_at_ps(found, labelling)
    read = min(frames, key=lambda frame: abs(frame.time_ps - read_at_ps))
    return Judgement(
        outcome="crystalline" if found else _without_onset(frames, mobility, labelling),
        incubation=incubation(frames, labelling),
        crystalline_fraction=read.crystalline_fraction,
        core_fraction=read.core_fraction,
    )


def fraction_read_at_ps(found: Onset, labelling: Labelling) -> float:
    """When the crystalline fraction is read; for order in the quench, counted from the hold."""
    return max(found.time_ps, 0.0) + labelling.fraction_after_onset_ps


def is_settled(frames: Sequence[Frame], labelling: Labelling) -> bool:
    """Whether lasting order has been seen, and its crystalline fraction can be read."""
    found = onset(frames, labelling)
    return found is not None and frames[-1].time_ps >= fraction_read_at_ps(found, labelling)


def _without_onset(
    frames: Sequence[Frame], mobility: Mobility | None, labelling: Labelling
) -> Outcome:
    """Arrest is a glass only where no crystal is growing: a crystal keeps its neighbours too."""
    if is_ordering(frames, labelling):
        return "ordering"
    return "glassy" if has_arrested(mobility) else "liquid"
