import numpy as np
import pytest
from ase.build import bulk
from scipy.spatial.transform import Rotation

from simulate.neighbours import (
    bond_persistence,
    cage_relative_msd_A2,
    clusters,
    depth_A,
    label_ceiling,
    least_distance_A,
    neighbours,
    percolation_dimension,
)
from simulate.potentials.registry import potential_named
from simulate.snapshot import Snapshot

LITHIUM = potential_named("nichol-ackland-2016")


def lattice(kind: str = "bcc", constant_A: float = 3.51, n_cells: int = 5) -> Snapshot:
    crystal = bulk("Li", kind, a=constant_A, cubic=True).repeat(n_cells)
    return Snapshot(crystal.positions, np.diag(crystal.cell.array), is_periodic=True)


def carved(inside: np.ndarray, whole: Snapshot, cell_A: list[float]) -> Snapshot:
    return Snapshot(whole.positions_A[inside], np.array(cell_A), is_periodic=True)


@pytest.mark.parametrize(
    ("kind", "constant_A", "shell"), [("bcc", 3.51, 14), ("fcc", 3.51 * 2 ** (1 / 3), 12)]
)
def test_every_atom_of_a_crystal_is_fully_coordinated(
    kind: str, constant_A: float, shell: int
) -> None:
    found = neighbours(lattice(kind, constant_A), LITHIUM)
    assert (found.coordination == shell).all()
    assert found.is_core.all()


def test_a_crystal_that_fills_its_cell_is_a_network() -> None:
    found = neighbours(lattice(), LITHIUM)
    (whole,) = clusters(found)
    assert len(whole) == 250
    assert percolation_dimension(found, whole) == 3


@pytest.mark.parametrize(("free_axes", "dimension"), [(1, 2), (2, 1), (3, 0)])
def test_vacuum_along_an_axis_takes_one_dimension_away(free_axes: int, dimension: int) -> None:
    whole = lattice()
    cell_A = whole.cell_A + np.array([20.0 if k < free_axes else 0.0 for k in range(3)])
    slab = Snapshot(whole.positions_A, cell_A, is_periodic=True)
    found = neighbours(slab, LITHIUM)
    assert percolation_dimension(found, clusters(found)[0]) == dimension


def test_a_droplet_across_the_cell_edge_is_still_a_droplet() -> None:
    whole = lattice(n_cells=4)
    shifted = Snapshot(
        (whole.positions_A - 7.0) % (whole.cell_A + 20.0), whole.cell_A + 20.0, is_periodic=True
    )
    found = neighbours(shifted, LITHIUM)
    (droplet,) = clusters(found)
    assert percolation_dimension(found, droplet) == 0


def test_two_crystals_far_apart_are_two_clusters_largest_first() -> None:
    small, large = lattice(n_cells=2), lattice(n_cells=3)
    apart = np.concatenate([small.positions_A + 5.0, large.positions_A + 25.0])
    both = Snapshot(apart, np.full(3, 60.0), is_periodic=False)
    assert [len(group) for group in clusters(neighbours(both, LITHIUM))] == [54, 16]


def test_bonds_outlast_rotation_and_drift_but_not_mixing() -> None:
    crystal = lattice(n_cells=4)
    centre = crystal.positions_A.mean(axis=0)
    loose = Snapshot(crystal.positions_A, crystal.cell_A, is_periodic=False)
    turn = Rotation.from_euler("xyz", [40, 100, 200], degrees=True).as_matrix()
    turned = Snapshot((loose.positions_A - centre) @ turn.T + 3.0, loose.cell_A, is_periodic=False)
    mixed = Snapshot(
        np.random.default_rng(0).permutation(loose.positions_A), loose.cell_A, is_periodic=False
    )
    assert bond_persistence(loose, turned, LITHIUM) == 1.0
    assert bond_persistence(loose, mixed, LITHIUM) < 0.4


def test_diffusivity_is_blind_to_rotation_and_drift_and_sees_mixing() -> None:
    crystal = lattice(n_cells=6)
    centre = crystal.positions_A.mean(axis=0)
    loose = Snapshot(crystal.positions_A, crystal.cell_A, is_periodic=False)
    turn = Rotation.from_euler("xyz", [20, 40, 80], degrees=True).as_matrix()
    turned = Snapshot((loose.positions_A - centre) @ turn.T + 3.0, loose.cell_A, is_periodic=False)
    steps = np.random.default_rng(0).normal(scale=2.0, size=loose.positions_A.shape)
    walked = Snapshot(loose.positions_A + steps, loose.cell_A, is_periodic=False)
    plain_A2 = float(np.mean(np.sum((turned.positions_A - loose.positions_A) ** 2, axis=1)))
    assert plain_A2 > 50.0
    assert cage_relative_msd_A2(loose, turned, LITHIUM) < 1.0
    # Independent steps: its own variance and a fourteenth of it for the neighbours' mean.
    assert cage_relative_msd_A2(loose, walked, LITHIUM) == pytest.approx(
        3.0 * 4.0 * (1.0 + 1.0 / 14.0), rel=0.1
    )


def test_depth_is_the_way_to_the_surface() -> None:
    crystal = lattice(n_cells=6)
    loose = Snapshot(crystal.positions_A, crystal.cell_A, is_periodic=False)
    found = neighbours(loose, LITHIUM)
    middle = np.argsort(np.linalg.norm(loose.positions_A - loose.positions_A.mean(0), axis=1))[:1]
    outside = np.flatnonzero(~found.is_core)
    assert depth_A(loose, found, outside) == 0.0
    assert depth_A(loose, found, middle) > 3.51
    assert depth_A(crystal, neighbours(crystal, LITHIUM), middle) is None  # no surface at all


def test_bonds_outlast_a_move_across_the_cell_edge() -> None:
    crystal = lattice()
    moved = Snapshot((crystal.positions_A + 5.0) % crystal.cell_A, crystal.cell_A, is_periodic=True)
    assert bond_persistence(crystal, moved, LITHIUM) == 1.0


def test_the_least_distance_of_bcc_is_the_nearest_neighbour() -> None:
    assert least_distance_A(lattice()) == pytest.approx(LITHIUM.nearest_neighbour_A)


def test_surfaces_cap_what_a_perfect_crystal_can_show() -> None:
    shares = [label_ceiling(n) / n for n in (100, 300, 500, 700, 1000, 1500)]
    assert shares == sorted(shares)
    assert shares[2:] == pytest.approx([0.46, 0.51, 0.55, 0.60], abs=0.02)
