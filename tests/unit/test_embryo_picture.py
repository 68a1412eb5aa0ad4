"""Pictures show what is there: whole clusters, crystal rows, and the sphere in front."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from synthetic import ALWAYS, NEVER, Truth, lithium, synthetic_record, synthetic_store

from serve.embryo_picture import (
    facing,
    gathered,
    largest_disordered,
    moments,
    most_crystalline,
    pictured_frames,
    view_of,
)
from serve.spheres import draw_spheres
from simulate.record import Morphology
from simulate.snapshot import STRUCTURE_NAMES, Snapshot

LATTICE_A = 3.51
RADIUS_A = 1.4


def bcc_ball(n_cells: int = 4) -> NDArray[np.float64]:
    """A ball of bcc lithium about the origin, Å."""
    corners = np.stack(np.meshgrid(*3 * [np.arange(-n_cells, n_cells + 1)]), -1).reshape(-1, 3)
    lattice = LATTICE_A * np.concatenate([corners, corners + 0.5])
    return lattice[np.linalg.norm(lattice, axis=1) < 0.9 * n_cells * LATTICE_A]


def snapshot_of(positions_A: NDArray[np.float64], cell_A: float) -> Snapshot:
    return Snapshot(positions_A, np.full(3, cell_A), is_periodic=True)


def test_a_droplet_across_the_cell_edge_is_whole() -> None:
    ball, cell_A = bcc_ball(), 60.0
    shifted = (ball + np.array([0.0, 30.0, 59.0])) % cell_A
    about_A, members = gathered(snapshot_of(shifted, cell_A), lithium().physics)
    assert len(members) == len(ball)
    np.testing.assert_allclose(about_A, ball[members] - ball.mean(axis=0), atol=1.0e-9)


def test_a_cluster_that_spans_the_cell_is_no_longer_than_it() -> None:
    cells = 6
    corners = np.stack(np.meshgrid(np.arange(cells), [0, 1], [0, 1]), -1).reshape(-1, 3)
    rod = LATTICE_A * np.concatenate([corners, corners + 0.5])
    cell_A = np.array([cells * LATTICE_A, 60.0, 60.0])
    about_A, members = gathered(Snapshot(rod, cell_A, is_periodic=True), lithium().physics)
    assert len(members) == len(rod)
    assert (np.ptp(about_A, axis=0) <= cell_A + 1.0e-9).all()
    np.testing.assert_allclose(np.ptp(about_A[:, 1:], axis=0), 1.5 * LATTICE_A)


def test_atoms_of_other_clusters_are_left_out_and_counted() -> None:
    ball = bcc_ball()
    far = np.array([[0.0, 0.0, 28.0], [2.9, 0.0, 28.0]])
    snapshot = snapshot_of(np.concatenate([ball, far]) + 30.0, 60.0)
    view = view_of(snapshot, lithium(len(ball) + 2))
    assert view.n_outside == 2


def test_a_crystal_is_seen_along_its_rows() -> None:
    """Down a zone axis of low index the rows of a small ball leave few distinct places."""
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    ball = bcc_ball(3) @ turn.T
    along = facing(ball)[2] @ turn
    along = np.sort(np.abs(along))
    axes = np.array([[0.0, 0.0, 1.0], [0.0, 0.5**0.5, 0.5**0.5], 3 * [3**-0.5]])
    assert (axes @ along).max() > np.cos(np.radians(4.0))


def test_the_half_before_the_cut_is_taken_away() -> None:
    ball = bcc_ball()
    view = view_of(snapshot_of(ball + 30.0, 60.0), lithium(len(ball)))
    assert len(view.positions_A) < 0.65 * len(ball)
    assert view.positions_A[:, 2].max() < RADIUS_A


def test_structure_decides_the_colour() -> None:
    ball = bcc_ball()
    bcc = np.full(len(ball), STRUCTURE_NAMES.index("bcc"))
    labelled = Snapshot(ball + 30.0, np.full(3, 60.0), is_periodic=True, structure=bcc)
    blue = view_of(labelled, lithium(len(ball))).image(64)
    grey = view_of(snapshot_of(ball + 30.0, 60.0), lithium(len(ball))).image(64)
    middle = (32, 32)
    assert blue[middle][2] > blue[middle][0] + 40
    assert abs(int(grey[middle][2]) - int(grey[middle][0])) < 40


def test_the_nearer_sphere_hides_the_other() -> None:
    centres = np.array([[0.0, 0.0, 5.0], [0.0, 0.0, -5.0]])
    red_before_green = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    for order in ([0, 1], [1, 0]):
        image = draw_spheres(centres[order], red_before_green[order], RADIUS_A, 4.0, 32)
        assert image[16, 16, 0] > image[16, 16, 1]


def test_the_ground_is_transparent_and_the_disc_has_its_size() -> None:
    image = draw_spheres(np.zeros((1, 3)), np.ones((1, 3)), RADIUS_A, 4.0, 200)
    area_A2 = (image[..., 3] / 255.0).sum() * (8.0 / 200) ** 2
    assert image[0, 0, 3] == 0
    assert abs(area_A2 / (np.pi * RADIUS_A**2) - 1.0) < 0.02


def test_no_atoms_give_an_empty_picture() -> None:
    assert not draw_spheres(np.empty((0, 3)), np.empty((0, 3)), RADIUS_A, 4.0, 16).any()


def test_nothing_is_chosen_where_nothing_was_pictured() -> None:
    """These records have no frames file: there are no positions to draw."""
    records = [synthetic_record(lithium(), truth=truth) for truth in (ALWAYS, NEVER)]
    assert most_crystalline(records) is None
    assert largest_disordered(records) is None


def test_a_trajectory_is_shown_molten_cooled_ordering_and_ordered(tmp_path: Path) -> None:
    soon = Truth(quench_logit=-50.0, cure=0.0, median_ps=40.0)
    store = synthetic_store(tmp_path / "store", [lithium(120)], n_replicas=1, truth=soon)
    (record,) = store
    named = moments(record)
    shown = pictured_frames(store, record, named)
    assert [s.time_ps for s in shown] == [record.frames[index].time_ps for index in named]
    at = {name: record.frames[index].time_ps for index, name in named.items()}
    assert at["start of the hold"] == 0.0
    assert at["order sets in"] == record.incubation.upper_ps
    assert at["end"] == record.frames[-1].time_ps


def test_order_from_the_quench_has_no_moment_of_its_own() -> None:
    assert "order sets in" not in moments(synthetic_record(lithium(), truth=ALWAYS)).values()
    assert moments(synthetic_record(lithium(), is_failed=True)) == {}


def test_pictures_are_of_the_largest_glass_and_the_most_crystal(tmp_path: Path) -> None:
    designs = [lithium(120), lithium(180)]
    for truth, choose in ((NEVER, largest_disordered), (ALWAYS, most_crystalline)):
        store = synthetic_store(tmp_path / choose.__name__, designs, n_replicas=1, truth=truth)
        assert choose(list(store)).design.n_atoms == 180


def test_a_droplet_is_pictured_before_a_larger_sheet(tmp_path: Path) -> None:
    designs = [lithium(120), lithium(180)]
    shapes = {120: 0, 180: 2}
    for truth, choose in ((NEVER, largest_disordered), (ALWAYS, most_crystalline)):
        store = synthetic_store(tmp_path / choose.__name__, designs, n_replicas=1, truth=truth)
        records = [
            record.model_copy(
                update={
                    "morphology_at_end": Morphology(
                        n_clusters=1,
                        largest_cluster=record.design.n_atoms,
                        percolation_dimension=shapes[record.design.n_atoms],
                        n_surface=50,
                        pressure_bar=0.0,
                    )
                }
            )
            for record in store
        ]
        assert choose(records).design.n_atoms == 120
