"""Iso-configurational replicas: the same atoms, new velocities. What then differs is chance.

Under every confinement they are a matched experiment: one seed gives the same atoms and velocities
whatever the walls and the thermostat. What then differs is the confinement, the time step of
isolated holds, and chance.

Stored positions are means over a fraction of a picosecond, and a thermostat settles the new
velocities: replicas share a configuration, not an energy.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from simulate.confinement import Cell, cell_of
from simulate.design import EmbryoDesign, Exchange
from simulate.errors import MisuseError
from simulate.files import sha256_of
from simulate.neighbours import neighbours
from simulate.plan import RELAXED_ONLY_AFTERWARDS, Plan, each_once
from simulate.record import Parent, TrajectoryRecord
from simulate.snapshot import Snapshot, about_its_middle
from simulate.store import RecordStore

Exchanges = tuple[Exchange, Exchange]
"""Of mass and of energy."""

EVERY_EXCHANGE: Final[tuple[Exchanges, ...]] = (
    ("open", "open"),
    ("open", "confined"),
    ("confined", "open"),
    ("confined", "confined"),
)


def branches(
    store: RecordStore,
    ids: Sequence[str],
    at_ps: float,
    seeds: Sequence[int],
    exchanges: Sequence[Exchanges] = (),
) -> list[Plan]:
    """Plans that start from stored frames of finished trajectories.

    Args:
        store: Where the parents are.
        ids: Their ids, or the beginnings of them.
        at_ps: Hold clock of the frame to start from, ps; 0: the end of the quench.
        seeds: One replica of every parent for each.
        exchanges: Confinements of mass and energy to go on under. Empty: the parent's own.

    Raises:
        MisuseError: No such parent, or it has no frame at that time, or had begun to order, or does
            not fit a cell; or the store was relabelled by relaxed positions.
    """
    if store.protocol.labelling.positions == "minimised":
        raise MisuseError(f"{RELAXED_ONLY_AFTERWARDS} Name the store it was relabelled from.")
    starts = []
    for each in ids:
        record = store.record(each)
        number = _frame_to_start_from(record, at_ps)
        (start,) = store.frames(record, [number])
        begun_from = about_its_middle(start) if exchanges else start.positions_A
        parent = Parent(
            trajectory_id=record.trajectory_id,
            frame_number=number,
            time_ps=at_ps,
            start_sha256=sha256_of(begun_from.tobytes()),  # moved atoms draw other velocities
        )
        beginning = replace(start, time_ps=0.0, stage="packing", structure=None)
        if not exchanges:
            starts.append((record.design, parent, beginning))
        starts.extend(
            (design, parent, placed(beginning, record.design, design))
            for design in _confined(record.design, exchanges)
        )
    return each_once(
        Plan(design, store.protocol, seed, parent, start)
        for seed in seeds
        for design, parent, start in starts
    )


def _frame_to_start_from(record: TrajectoryRecord, at_ps: float) -> int:
    """Number of the stored frame at that time.

    Raises:
        MisuseError: There is none, or the embryo had begun to order.
    """
    times_ps = {record.frames[n - 1].time_ps: n for n in record.frame_numbers if n}
    if at_ps not in times_ps:
        nearest = min(times_ps, key=lambda time_ps: abs(time_ps - at_ps), default=None)
        raise MisuseError(
            f"a parent must have a stored frame at {at_ps:g} ps, but the nearest of "
            f"{record.trajectory_id} is at {nearest} ps. Name that time."
        )
    frame = record.frames[times_ps[at_ps] - 1]
    if frame.largest_cluster >= record.protocol.labelling.onset_cluster_atoms:
        raise MisuseError(
            f"a parent must be disordered where its replicas start, but {record.trajectory_id} "
            f"has a crystalline cluster of {frame.largest_cluster} atoms at {at_ps:g} ps. "
            "Choose another parent or an earlier time."
        )
    return times_ps[at_ps]


def _confined(design: EmbryoDesign, exchanges: Sequence[Exchanges]) -> list[EmbryoDesign]:
    """The same embryo under each confinement."""
    own = design.model_dump() | {"wall_shape": "sphere", "energy_relaxation_ps": None}
    return [
        EmbryoDesign.model_validate(own | {"mass_exchange": mass, "energy_exchange": energy})
        for mass, energy in exchanges
    ]


def placed(start: Snapshot, ours: EmbryoDesign, theirs: EmbryoDesign) -> Snapshot:
    """The same atoms in the middle of a cell, their own or another.

    In the middle everywhere: velocities without spin depend on where atoms are in the cell.

    Raises:
        MisuseError: They are no droplet that fits: bonds would break or form, or atoms be outside.
    """
    room = cell_of(theirs)
    edge_A = np.full(3, room.edge_A)
    positions_A = about_its_middle(start) + 0.5 * edge_A
    moved = replace(start, positions_A=positions_A, cell_A=edge_A, is_periodic=room.is_periodic)
    n_before = len(neighbours(start, ours.physics).pairs)
    if not _holds(room, positions_A) or len(neighbours(moved, theirs.physics).pairs) != n_before:
        raise MisuseError(
            "an embryo must be one droplet that the cell leaves room around, but this one of "
            f"{ours.sentence} does not fit the cell of {theirs.sentence}. Choose a parent of lower "
            "packing density."
        )
    return moved


def _holds(room: Cell, positions_A: np.ndarray) -> bool:
    """Whether all atoms are where they may be."""
    if room.wall_radius_A is None:
        return bool(((positions_A >= 0.0) & (positions_A < room.edge_A)).all())
    apart_A = positions_A - 0.5 * room.edge_A
    return bool((np.linalg.norm(apart_A, axis=1) <= room.wall_radius_A).all())
