"""Known structures have known numbers, however they are turned or named."""

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from scipy.spatial.transform import Rotation
from synthetic import lithium

from simulate.packing import pack
from simulate.snapshot import Snapshot
from surrogate.descriptors import DESCRIPTOR_NAMES, descriptors
from surrogate.surroundings import surroundings


def numbers(snapshot: Snapshot) -> dict[str, float]:
    design = lithium(snapshot.n_atoms)
    return dict(zip(DESCRIPTOR_NAMES, descriptors(surroundings(snapshot, design)), strict=True))


def bcc(n_cells: int = 5) -> Snapshot:
    atoms = bulk("Li", "bcc", a=3.51, cubic=True).repeat(n_cells)
    return Snapshot(atoms.get_positions(), np.diag(atoms.cell.array), is_periodic=True)


def test_a_perfect_crystal_is_one_solid_without_surface() -> None:
    found = numbers(bcc())
    assert found["mean_averaged_q6"] == pytest.approx(0.5107, abs=1.0e-3)
    assert found["solid_share"] == found["core_share"] == found["largest_part"] == 1.0
    assert found["mean_coordination"] == pytest.approx(1.0)
    assert found["log_largest_solid_cluster"] == pytest.approx(np.log1p(250))


def test_a_random_packing_is_no_solid() -> None:
    packed = numbers(pack(lithium(300, 0.4), 1))
    assert packed["solid_share"] < 0.05
    assert packed["mean_averaged_q6"] < 0.35
    assert packed["core_share"] < 1.0


def test_two_parts_far_apart_are_told_from_one() -> None:
    small, large = bcc(3).positions_A, bcc(4).positions_A
    apart = Snapshot(
        np.concatenate([small + 5.0, large + 30.0]), np.full(3, 80.0), is_periodic=False
    )
    assert numbers(apart)["largest_part"] == pytest.approx(128 / 182)


def test_turning_and_renaming_change_nothing() -> None:
    packed = pack(lithium(200, 0.4, "confined"), 3)
    turn = Rotation.from_euler("xyz", [40, 100, 200], degrees=True).as_matrix()
    turned = packed.positions_A[np.random.default_rng(0).permutation(200)] @ turn.T
    before, after = numbers(packed), numbers(replace(packed, positions_A=turned))
    assert after == pytest.approx(before, abs=1.0e-5)
