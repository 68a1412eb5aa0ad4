"""Iso-configurational replicas: the same atoms, new velocities. What then differs is chance."""

from collections.abc import Sequence
from dataclasses import replace

from simulate.errors import MisuseError
from simulate.plan import Plan
from simulate.record import Parent
from simulate.store import RecordStore


def branches(
    store: RecordStore, ids: Sequence[str], at_ps: float, seeds: Sequence[int]
) -> list[Plan]:
    """Plans that start from stored frames of finished trajectories.

    Stored positions are means over a fraction of a picosecond; new velocities are given a
    picosecond to share their heat with them before the hold begins.

    Args:
        store: Where the parents are.
        ids: Their ids, or the beginnings of them.
        at_ps: Hold clock of the frame to start from, ps; 0: the end of the quench.
        seeds: One replica of every parent for each.

    Raises:
        MisuseError: No such parent, or it has no frame at that time.
    """
    starts = []
    for each in ids:
        record = store.record(each)
        number = next(
            (n for n in record.frame_numbers if n and record.frames[n - 1].time_ps == at_ps), None
        )
        if number is None:
            times = [record.frames[n - 1].time_ps for n in record.frame_numbers if n]
            nearest = min(times, key=lambda time_ps: abs(time_ps - at_ps), default=None)
            raise MisuseError(
                f"a parent must have a stored frame at {at_ps:g} ps, but the nearest of "
                f"{record.trajectory_id} is at {nearest} ps. Name that time."
            )
        parent = Parent(trajectory_id=record.trajectory_id, frame_number=number, time_ps=at_ps)
        (start,) = store.frames(record, [number])
        starts.append((record, parent, replace(start, structure=None)))
    return [
        Plan(record.design, store.protocol, seed, parent, start)
        for seed in seeds
        for record, parent, start in starts
    ]
