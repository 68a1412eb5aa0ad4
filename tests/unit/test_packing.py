import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.confinement import cell_of
from simulate.design import EmbryoDesign
from simulate.errors import TrajectoryFailure
from simulate.neighbours import least_distance_A
from simulate.packing import SHORTEST_DISTANCE_A, pack


def design(n_atoms: int, density: float, mass: str) -> EmbryoDesign:
    return EmbryoDesign(
        n_atoms=n_atoms,
        packing_density_g_cm3=density,
        mass_exchange="open" if mass == "open" else "confined",
        wall_shape="cube" if mass == "cube" else "sphere",
        energy_exchange="open",
    )


@settings(deadline=None, max_examples=40)
@given(
    n_atoms=st.integers(100, 5000),
    density=st.floats(0.0267, 0.64),
    mass=st.sampled_from(["open", "sphere", "cube"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_cell_of_the_design_space_can_be_packed_without_overlap(
    n_atoms: int, density: float, mass: str, seed: int
) -> None:
    asked = design(n_atoms, density, mass)
    packed = pack(asked, seed)
    assert packed.n_atoms == n_atoms
    assert packed.is_periodic == (mass == "open")
    assert least_distance_A(packed) >= (1.9 if density < 0.55 else SHORTEST_DISTANCE_A)
    cell = cell_of(asked)
    if cell.wall_radius_A is not None:
        order = np.inf if mass == "cube" else 2
        from_centre = np.linalg.norm(packed.positions_A - cell.edge_A / 2.0, ord=order, axis=1)
        assert from_centre.max() <= cell.wall_radius_A
    assert (packed.positions_A >= 0.0).all()
    assert (packed.positions_A <= cell.edge_A).all()


def test_the_same_seed_packs_the_same_atoms_and_another_does_not() -> None:
    asked = design(200, 0.1, "open")
    assert np.array_equal(pack(asked, 7).positions_A, pack(asked, 7).positions_A)
    assert not np.allclose(pack(asked, 7).positions_A, pack(asked, 8).positions_A)


def test_a_walled_cell_has_the_accessible_radius_of_equal_volume() -> None:
    asked = design(500, 0.0534, "sphere")
    outer_A = (3.0 * asked.cell_volume_A3 / (4.0 * np.pi)) ** (1.0 / 3.0)
    assert cell_of(asked).wall_radius_A == pytest.approx(outer_A - 1.5)


def test_a_cell_too_small_is_a_failure_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulate.packing.SHORTEST_DISTANCE_A", 2.2)
    monkeypatch.setattr("simulate.packing.ATTEMPTS_PER_DISTANCE", 1)
    monkeypatch.setattr("simulate.packing.DENSE_ABOVE_SHARE_OF_BULK", 2.0)
    with pytest.raises(TrajectoryFailure, match="Lower the packing density") as caught:
        pack(design(2000, 0.64, "sphere"), 1)
    assert caught.value.cause == "packing"
