"""The same atoms under other walls."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from scipy.spatial.distance import pdist
from synthetic import NEVER, SHORT_PROTOCOL, lithium, synthetic_record

from simulate.branching import EVERY_EXCHANGE, branches, placed
from simulate.confinement import cell_of
from simulate.errors import MisuseError
from simulate.snapshot import Snapshot, extended_xyz
from simulate.store import create_or_open

OPEN = lithium(n_atoms=137, packing_density_g_cm3=0.0534)
WALLED = OPEN.model_copy(update={"mass_exchange": "confined"})


def droplet_across_the_edge() -> Snapshot:
    crystal = bulk("Li", "bcc", a=3.51, cubic=True).repeat(8).positions
    inside = np.argsort(np.linalg.norm(crystal - crystal.mean(axis=0), axis=1))[:137]
    edge_A = cell_of(OPEN).edge_A
    return Snapshot(
        (crystal[inside] - crystal.mean(axis=0)) % edge_A, np.full(3, edge_A), is_periodic=True
    )


def test_all_four_confinements_are_asked_for() -> None:
    assert len(set(EVERY_EXCHANGE)) == 4


def test_a_droplet_keeps_its_shape_in_the_middle_of_the_other_cell() -> None:
    start = droplet_across_the_edge()
    moved = placed(start, OPEN, WALLED)
    room = cell_of(WALLED)
    assert not moved.is_periodic
    assert moved.positions_A.mean(axis=0) == pytest.approx(np.full(3, room.edge_A / 2))
    half_A = start.cell_A / 2
    whole_A = (start.positions_A + half_A) % start.cell_A
    assert np.sort(pdist(moved.positions_A)) == pytest.approx(np.sort(pdist(whole_A)))


def test_walls_or_not_the_droplet_is_the_same_about_its_middle() -> None:
    start = droplet_across_the_edge()
    own, walled = (placed(start, OPEN, each) for each in (OPEN, WALLED))
    assert own.is_periodic
    assert own.positions_A - own.cell_A / 2 == pytest.approx(walled.positions_A - walled.cell_A / 2)


def test_confined_branches_are_of_one_start_and_no_replicas(tmp_path: Path) -> None:
    """Replicas start from where atoms are in the cell and draw other velocities: other ids."""
    store = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    record = synthetic_record(OPEN, 1, NEVER)
    frames = [replace(droplet_across_the_edge(), stage=frame.stage) for frame in record.frames]
    kept = store.append(record, extended_xyz([frames[0], *frames], "Li"))
    matched = branches(store, [kept.trajectory_id], 0.0, [1], EVERY_EXCHANGE)
    replicas = branches(store, [kept.trajectory_id], 0.0, [1])
    assert len({plan.parent for plan in matched}) == 1
    assert len({plan.trajectory_id for plan in [*matched, *replicas]}) == 5


def test_there_and_back_is_where_it_was_up_to_a_shift() -> None:
    start = droplet_across_the_edge()
    back = placed(placed(start, OPEN, WALLED), WALLED, OPEN)
    shift_A = (back.positions_A - start.positions_A) / start.cell_A
    assert shift_A - np.round(shift_A - shift_A[0]) == pytest.approx(
        np.tile(shift_A[0], (137, 1)), abs=1e-9
    )


def test_a_crystal_that_fills_the_cell_is_refused() -> None:
    crystal = bulk("Li", "bcc", a=3.51, cubic=True).repeat(4)
    dense = lithium(n_atoms=128, packing_density_g_cm3=0.533)
    start = Snapshot(crystal.positions, np.diag(crystal.cell.array), is_periodic=True)
    with pytest.raises(MisuseError, match=r"one droplet.*128 Li.*lower packing density"):
        placed(start, dense, dense.model_copy(update={"mass_exchange": "confined"}))


def test_two_droplets_that_the_middle_parts_are_refused_or_kept_whole() -> None:
    """Never torn: every bond of the start is a bond of the other cell."""
    start = droplet_across_the_edge()
    far = start.positions_A.copy()
    far[:40] = (far[:40] + start.cell_A / 2) % start.cell_A
    with pytest.raises(MisuseError, match="one droplet"):
        placed(Snapshot(far, start.cell_A, is_periodic=True), OPEN, WALLED)
