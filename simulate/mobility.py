"""Do the atoms of a disordered embryo flow, or has it arrested while it was watched?

Arrest is relative to the time of watching: an embryo has arrested if its structure relaxes more
slowly than half of that time, where relaxation is the usual fall of a correlation, here of pairs of
neighbours still together, to 1/e: on the mean over every frame to start from, and less what chance
encounters leave in a small embryo.
"""

import math
from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import Final

from simulate.incubation import onset
from simulate.neighbours import bond_persistence, cage_relative_msd_A2, mixed_persistence
from simulate.potentials.registry import Potential
from simulate.protocol import Labelling
from simulate.record import Frame, Mobility
from simulate.snapshot import Snapshot

WINDOW_PS: Final = 10.0
ARRESTED_ABOVE: Final = 1.0 / math.e
"""Share of neighbour pairs still together after half of the disordered hold."""
LEAST_HALF_PS: Final = 50.0
"""Over less than this anything would seem arrested."""

CM2_S_PER_A2_PS: Final = 1.0e-4
_MOST_FRAMES_A_WINDOW: Final = 50
_MOVING: Final = ("heat", "quench", "hold")


def since_a_window_ago(
    before: Sequence[Snapshot], after: Snapshot, potential: Potential
) -> dict[str, float]:
    """Bond persistence and diffusivity since the frame some 10 ps ago; {} where there is none.

    Args:
        before: Earlier frames, in time; the packing does not count.
        after: The frame asked about.
        potential: Gives the length scale of neighbourhood.
    """
    moved = [each for each in before[-_MOST_FRAMES_A_WINDOW:] if each.stage in _MOVING]
    if not moved:
        return {}
    then = min(moved, key=lambda each: abs(after.time_ps - WINDOW_PS - each.time_ps))
    window_ps = after.time_ps - then.time_ps
    if not 0.5 * WINDOW_PS <= window_ps <= 1.5 * WINDOW_PS:
        return {}
    msd_A2 = cage_relative_msd_A2(then, after, potential)
    return {
        "bond_persistence": bond_persistence(then, after, potential),
        "diffusivity_cm2_s": CM2_S_PER_A2_PS * msd_A2 / (6.0 * window_ps),
    }


def has_arrested(measured: Mobility | None) -> bool:
    """Whether an embryo's structure relaxes more slowly than half of the time it was watched."""
    return (
        measured is not None
        and measured.half_ps >= LEAST_HALF_PS
        and measured.persistence_over_half >= ARRESTED_ABOVE
    )


def mobility(
    frames: Sequence[Frame],
    snapshots: Sequence[Snapshot],
    labelling: Labelling,
    potential: Potential,
) -> Mobility | None:
    """Of the embryo while it was disordered in its hold; None where it hardly was.

    Args:
        frames: The series.
        snapshots: The atoms of each frame, in the same order.
        labelling: Thresholds: what counts as the onset.
        potential: Gives the length scale of neighbourhood.
    """
    found = onset(frames, labelling)
    until = len(frames) if found is None else found.index
    held = [number for number, frame in enumerate(frames[:until]) if frame.stage == "hold"]
    measured = [
        (f.bond_persistence, f.diffusivity_cm2_s)
        for f in (frames[number] for number in held)
        if f.bond_persistence is not None and f.diffusivity_cm2_s is not None
    ]
    if len(held) < 3 or not measured:
        return None
    half = len(held) - 1 - len(held) // 2
    lasting = [
        _unmixed_persistence(snapshots[start], snapshots[end], potential)
        for start, end in zip(held, held[half:], strict=False)
    ]
    return Mobility(
        window_ps=WINDOW_PS,
        n_windows=len(measured),
        bond_persistence=fmean(persistence for persistence, _ in measured),
        diffusivity_cm2_s=fmean(diffusivity for _, diffusivity in measured),
        half_ps=round(snapshots[held[half]].time_ps - snapshots[held[0]].time_ps, 6),
        persistence_over_half=fmean(lasting),
        persistence_spread=pstdev(lasting),
        n_origins=len(lasting),
    )


def _unmixed_persistence(before: Snapshot, after: Snapshot, potential: Potential) -> float:
    """Bond persistence on a scale from 0, what chance leaves in a mixed embryo, to 1."""
    by_chance = mixed_persistence(after, potential)
    together = bond_persistence(before, after, potential)
    return max(0.0, (together - by_chance) / (1.0 - by_chance)) if by_chance < 1.0 else 0.0
