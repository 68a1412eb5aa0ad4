"""Iso-configurational replicas: the same atoms, new velocities. What then differs is chance.

Stored positions are means over a fraction of a picosecond, and a thermostat settles the new
velocities: replicas share a configuration, not an energy.
"""

from collections.abc import Sequence
from dataclasses import replace

from simulate.errors import MisuseError
from simulate.files import sha256_of
from simulate.plan import RELAXED_ONLY_AFTERWARDS, Plan, each_once
from simulate.record import Parent
from simulate.store import RecordStore


def branches(
    store: RecordStore, ids: Sequence[str], at_ps: float, seeds: Sequence[int]
) -> list[Plan]:
    """Plans that start from stored frames of finished trajectories.

    Args:
        store: Where the parents are.
        ids: Their ids, or the beginnings of them.
        at_ps: Hold clock of the frame to start from, ps; 0: the end of the quench.
        seeds: One replica of every parent for each.

    Raises:
        MisuseError: No such parent, or it has no frame at that time, or had begun to order; or the
            store was relabelled by relaxed positions.
    """
    if store.protocol.labelling.positions == "minimised":
        raise MisuseError(f"{RELAXED_ONLY_AFTERWARDS} Name the store it was relabelled from.")
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
        if (
            record.frames[number - 1].largest_cluster
            >= record.protocol.labelling.onset_cluster_atoms
        ):
            raise MisuseError(
                f"a parent must be disordered where its replicas start, but {record.trajectory_id} "
                f"has a crystalline cluster of {record.frames[number - 1].largest_cluster} atoms "
                f"at {at_ps:g} ps. Choose another parent or an earlier time."
            )
        (start,) = store.frames(record, [number])
        parent = Parent(
            trajectory_id=record.trajectory_id,
            frame_number=number,
            time_ps=at_ps,
            start_sha256=sha256_of(start.positions_A.tobytes()),
        )
        beginning = replace(start, time_ps=0.0, stage="packing", structure=None)
        starts.append((record, parent, beginning))
    return each_once(
        Plan(record.design, store.protocol, seed, parent, start)
        for seed in seeds
        for record, parent, start in starts
    )
