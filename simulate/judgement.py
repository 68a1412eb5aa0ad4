"""What a finished series of frames says: outcome, incubation, fractions, mobility.

Pure: the same series under other thresholds is judged again without any molecular dynamics.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from simulate.incubation import Incubation, Onset, incubation, onset
from simulate.protocol import Labelling
from simulate.record import Frame, Mobility, Outcome

MOBILITY_WINDOW_PS = 10.0
MOST_MOBILITY_WINDOWS = 10
ARRESTED_ABOVE = 0.9
"""Bond persistence over the window above which a disordered embryo counts as arrested (glassy)."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer of one trajectory; fields as in `TrajectoryRecord`."""

    outcome: Outcome
    incubation: Incubation
    crystalline_fraction: float
    core_fraction: float | None
    mobility: Mobility | None


def judge(frames: Sequence[Frame], labelling: Labelling) -> Judgement:
    """Judge a trajectory that ran to its end, early or not.

    Args:
        frames: The series, in time; at least one.
        labelling: Thresholds.
    """
    found = onset(frames, labelling)
    read_at_ps = frames[-1].time_ps if found is None else fraction_read_at_ps(found, labelling)
    read = min(frames, key=lambda frame: abs(frame.time_ps - read_at_ps))
    mobility = _mobility(frames, found)
    return Judgement(
        outcome="crystalline" if found else _without_onset(frames[-1], mobility, labelling),
        incubation=incubation(frames, labelling),
        crystalline_fraction=read.crystalline_fraction,
        core_fraction=read.core_fraction,
        mobility=mobility,
    )


def fraction_read_at_ps(found: Onset, labelling: Labelling) -> float:
    """When the crystalline fraction is read; for order in the quench, counted from the hold."""
    return max(found.time_ps, 0.0) + labelling.fraction_after_onset_ps


def is_settled(frames: Sequence[Frame], labelling: Labelling) -> bool:
    """Whether lasting order has been seen, and its crystalline fraction can be read."""
    found = onset(frames, labelling)
    return found is not None and frames[-1].time_ps >= fraction_read_at_ps(found, labelling)


def _without_onset(last: Frame, mobility: Mobility | None, labelling: Labelling) -> Outcome:
    """Arrest is a glass only where no crystal is growing: a crystal keeps its neighbours too."""
    if last.largest_cluster >= labelling.onset_cluster_atoms:
        return "ordering"
    is_arrested = mobility is not None and mobility.bond_persistence >= ARRESTED_ABOVE
    return "glassy" if is_arrested else "liquid"


def _mobility(frames: Sequence[Frame], found: Onset | None) -> Mobility | None:
    """Of the disordered embryo in its hold; None where it was not seen so."""
    until = len(frames) if found is None else found.index
    measured = [
        (f.bond_persistence, f.diffusivity_cm2_s)
        for f in frames[:until]
        if f.stage == "hold" and f.bond_persistence is not None and f.diffusivity_cm2_s is not None
    ][-MOST_MOBILITY_WINDOWS:]
    if not measured:
        return None
    return Mobility(
        window_ps=MOBILITY_WINDOW_PS,
        n_windows=len(measured),
        bond_persistence=fmean(persistence for persistence, _ in measured),
        diffusivity_cm2_s=fmean(diffusivity for _, diffusivity in measured),
    )
