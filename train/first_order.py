"""Where order begins in an embryo, and how far apart its planes are."""

from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from simulate.record import TrajectoryRecord
from simulate.snapshot import STRUCTURE_NAMES, Snapshot
from simulate.store import RecordStore

MOST_OF_THE_INSIDE: Final = 0.5
"""A crystal that fills more of the inside when first seen no longer says where it began."""

WHOLE_CRYSTAL: Final = 0.7
"""Crystalline share of the inside from which on the crystal is taken to fill the embryo."""

BCC_NEIGHBOURS: Final = 8
LEAST_BCC_ATOMS: Final = 20


def depth_ratio(record: TrajectoryRecord) -> float | None:
    """Depth of the first crystal over that of the crystal when it fills the embryo.

    Depth: mean distance of its atoms from the nearest surface atom. The same labels on both sides,
    since atoms near a surface are hardly ever labelled crystalline. None where order did not come
    in the hold, filled the inside at once, or did not fill it in the end.
    """
    seen = record.witnessed
    if seen is None or seen.upper_ps is None or seen.ordered_in_quench:
        return None
    onset_ps, last = seen.upper_ps, record.frames[-1]
    first = min(record.frames, key=lambda frame: abs(frame.time_ps - onset_ps))
    is_partial = first.largest_cluster <= MOST_OF_THE_INSIDE * first.n_core
    is_filled = (last.core_fraction or 0.0) >= WHOLE_CRYSTAL
    if not (is_partial and is_filled and first.cluster_depth_A and last.cluster_depth_A):
        return None
    return first.cluster_depth_A / last.cluster_depth_A


def plane_spacing_A(store: RecordStore, record: TrajectoryRecord) -> float | None:
    """Spacing of bcc (110) planes in the last frame, Å; None without a bcc crystal in it."""
    n_frames = len(record.frames)
    if record.outcome != "crystalline" or n_frames not in record.frame_numbers:
        return None
    (last,) = store.frames(record, [n_frames])
    return _spacing_A(last)


def _spacing_A(snapshot: Snapshot) -> float | None:
    """By the mean distance of the eight nearest neighbours, half the cube's diagonal of bcc."""
    if snapshot.structure is None:
        return None
    is_bcc = snapshot.structure == STRUCTURE_NAMES.index("bcc")
    if is_bcc.sum() < LEAST_BCC_ATOMS:
        return None
    period = snapshot.cell_A if snapshot.is_periodic else None
    places = snapshot.positions_A if period is None else snapshot.positions_A % period
    apart_A, _ = cKDTree(places, boxsize=period).query(places[is_bcc], BCC_NEIGHBOURS + 1)
    edge_A = 2.0 / np.sqrt(3.0) * float(apart_A[:, 1:].mean())
    return float(edge_A / np.sqrt(2.0))
