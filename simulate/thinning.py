"""A store small enough to be shared: whole records, a few frames of each, rounded positions.

The series (labels, energies, temperatures of every frame) stay complete; most positions go. Ids
stay, so a campaign can go on in a thinned store, and thinning again adds only what is new.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from simulate.landmarks import landmark_frames
from simulate.record import TrajectoryRecord
from simulate.snapshot import extended_xyz
from simulate.store import RecordStore, create_or_open
from simulate.transfer import StoredFrames, put, stored_frames

DECIMALS: Final = 3
"""Positions are kept to 0.001 Å, a hundredth of what averaging leaves of vibration."""


def thin(store: RecordStore, out: Path, n_frames: int) -> int:
    """Copy what is not there yet into a store of few frames.

    Args:
        store: Where records come from.
        out: The thinned store, made if it is not there; its records are never changed.
        n_frames: Most frames of a trajectory.

    Returns:
        How many records were added.

    Raises:
        StoreMismatchError: `out` is of another protocol.
        StoreError: A record or its frames are damaged.
    """
    thinned = create_or_open(out, store.protocol)
    added = 0
    for record in store:
        if record.trajectory_id in thinned:
            continue
        put(thinned, record, _few_frames(store, record, n_frames))
        added += 1
    return added


def _few_frames(store: RecordStore, record: TrajectoryRecord, n_frames: int) -> StoredFrames | None:
    if stored_frames(store, record) is None:
        return None
    kept = kept_frames(record, n_frames)
    snapshots = [
        replace(each, positions_A=np.round(each.positions_A, DECIMALS))
        for each in store.frames(record, kept)
    ]
    return extended_xyz(snapshots, record.design.element), kept


def kept_frames(record: TrajectoryRecord, n_frames: int) -> list[int]:
    """Numbers of the frames worth keeping, those first that a forecast is asked at.

    In this order, until there are `n_frames`: the packing, the end, the landmarks that came before
    order did, and frames spread evenly over the wait. Number 0 is the packing.
    """
    last = len(record.frames)
    incubation = record.incubation
    watched_ps = incubation.lower_ps if incubation else float("inf")
    is_kept = set(record.frame_numbers)
    waiting = [
        number
        for number, frame in enumerate(record.frames, start=1)
        if 0.0 <= frame.time_ps <= watched_ps and number in is_kept
    ]
    asked = [
        number
        for number in landmark_frames(record).values()
        if number == 0 or record.frames[number - 1].time_ps <= watched_ps
    ]
    chosen = list(dict.fromkeys(n for n in (0, last, *asked) if n in is_kept))[:n_frames]
    left = [number for number in waiting if number not in chosen]
    places = np.linspace(0, len(left) - 1, min(n_frames - len(chosen), len(left))).round()
    return sorted({*chosen, *(left[int(place)] for place in places)})
