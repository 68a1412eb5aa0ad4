"""The labeller that needs no OVITO, and how far two labellers agree."""

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from scipy.spatial.transform import Rotation

from benchmarks.agreement import Agreement, agreement, compare
from simulate.potentials.registry import potential_named
from simulate.protocol import Labelling
from simulate.snapshot import STRUCTURE_NAMES, Snapshot
from simulate.solid_bonds import BondCriterion, solid_atoms

LITHIUM = potential_named("nichol-ackland-2016")
BCC_A, FCC_A = 3.51, 3.51 * 2 ** (1 / 3)
BCC = STRUCTURE_NAMES.index("bcc")


def crystal(kind: str, n_cells: int = 4) -> Snapshot:
    atoms = (
        bulk("Li", "hcp", a=FCC_A / 2**0.5, orthorhombic=True)
        if kind == "hcp"
        else bulk("Li", kind, a=BCC_A if kind == "bcc" else FCC_A, cubic=True)
    ).repeat(n_cells)
    return Snapshot(atoms.positions, np.diag(atoms.cell.array), is_periodic=True)


def sphere(kind: str, n_atoms: int = 400) -> Snapshot:
    """Free atoms in the middle of a cell of 60 Å."""
    whole = crystal(kind, n_cells=9)
    from_centre = whole.positions_A - whole.positions_A.mean(axis=0) - 0.01
    nearest = np.argsort(np.linalg.norm(from_centre, axis=1))[:n_atoms]
    return Snapshot(from_centre[nearest] + 30.0, np.full(3, 60.0), is_periodic=False)


def jiggled(snapshot: Snapshot, spread_A: float) -> Snapshot:
    moves = np.random.default_rng(0).normal(scale=spread_A, size=snapshot.positions_A.shape)
    return replace(snapshot, positions_A=snapshot.positions_A + moves)


@pytest.mark.parametrize("kind", ["bcc", "fcc", "hcp"])
def test_a_perfect_crystal_is_solid_throughout(kind: str) -> None:
    whole = crystal(kind)
    found = solid_atoms(whole, LITHIUM)
    assert found.n_solid == found.largest_cluster == whole.n_atoms
    assert (found.n_bonds == (14 if kind == "bcc" else 12)).all()


@pytest.mark.parametrize("kind", ["bcc", "fcc", "hcp"])
def test_a_perfect_sphere_is_one_solid_that_reaches_into_its_surface(kind: str) -> None:
    found = solid_atoms(sphere(kind), LITHIUM)
    assert found.is_solid[found.is_core].all()
    assert found.n_solid == found.largest_cluster > 1.2 * found.is_core.sum()


def test_atoms_thrown_anywhere_are_no_solid() -> None:
    found = solid_atoms(jiggled(crystal("bcc"), 5.0), LITHIUM)
    assert found.n_solid <= 0.02 * len(found.is_solid)


def test_what_is_solid_turns_moves_and_is_renamed_with_the_atoms() -> None:
    drop = jiggled(sphere("bcc"), 0.45)
    found = solid_atoms(drop, LITHIUM)
    assert 40 < found.n_solid < 300
    order = np.random.default_rng(1).permutation(drop.n_atoms)
    turn = Rotation.from_euler("xyz", [0.3, 1.1, -0.7]).as_matrix()
    moved = drop.positions_A[order] @ turn.T + [3.0, -80.0, 11.0]
    again = solid_atoms(replace(drop, positions_A=moved), LITHIUM)
    assert (again.n_bonds == found.n_bonds[order]).all()
    assert again.largest_cluster == found.largest_cluster


def test_a_sphere_across_a_periodic_boundary_is_as_solid_as_a_free_one() -> None:
    drop = jiggled(sphere("bcc"), 0.3)
    split = (drop.positions_A + np.array([30.0, 0.0, 12.0])) % drop.cell_A
    across = solid_atoms(Snapshot(split, drop.cell_A, is_periodic=True), LITHIUM)
    free = solid_atoms(drop, LITHIUM)
    assert (across.n_bonds == free.n_bonds).all()
    assert across.largest_cluster == free.largest_cluster


def test_without_its_images_a_crystal_has_a_surface() -> None:
    cut = solid_atoms(replace(crystal("bcc"), is_periodic=False), LITHIUM)
    assert 0 < cut.n_solid < len(cut.is_solid)


@pytest.mark.parametrize("stricter", [{"likeness": 0.8}, {"n_bonds": 13}])
def test_each_threshold_decides(stricter: dict) -> None:
    drop = jiggled(sphere("bcc"), 0.3)
    fewer = solid_atoms(drop, LITHIUM, BondCriterion.model_validate(stricter))
    assert fewer.n_solid < solid_atoms(drop, LITHIUM).n_solid


def test_few_atoms_are_no_error() -> None:
    pair = Snapshot(np.array([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0]]), np.full(3, 9.0), False)  # noqa: FBT003
    assert solid_atoms(pair, LITHIUM).largest_cluster == 0


def test_agreement_counts_all_four_cases() -> None:
    first = np.array([True, True, True, False, False, False])
    second = np.array([True, True, False, True, False, False])
    found = agreement(first, second)
    assert found == Agreement(both=2, only_first=1, only_second=1, neither=2)
    assert found.kappa == pytest.approx(1 / 3)  # 4 of 6 agree, 3 of 6 by chance
    assert (found + found).total == 12


@pytest.mark.parametrize(
    ("counts", "kappa"),
    [((5, 0, 0, 5), 1.0), ((0, 5, 5, 0), -1.0), ((1, 1, 1, 1), 0.0), ((7, 0, 0, 0), None)],
)
def test_kappa_is_one_for_full_agreement_and_none_without_a_question(counts, kappa) -> None:
    assert Agreement(*counts).kappa == kappa


def test_frames_are_compared_by_atoms_core_and_order() -> None:
    drop = sphere("bcc")
    core = solid_atoms(drop, LITHIUM).is_core
    labelled = replace(drop, structure=np.where(core, BCC, 0))
    found = compare([drop, labelled], LITHIUM, Labelling())  # the first has no labels
    assert found.atoms.total == drop.n_atoms
    assert found.core_atoms == Agreement(int(core.sum()), 0, 0, 0)
    assert found.atoms.only_second > 0  # the surface
    assert found.frames == Agreement(1, 0, 0, 0)
    n_core = int(core.sum())
    strict = compare([labelled], LITHIUM, Labelling(onset_cluster_atoms=n_core + 1))
    assert strict.frames == Agreement(0, 0, 1, 0)
    huge = BondCriterion(onset_cluster_atoms=drop.n_atoms + 1)
    assert compare([labelled], LITHIUM, Labelling(), huge).frames == Agreement(0, 1, 0, 0)
