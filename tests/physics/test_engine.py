"""The real engine: does LAMMPS do what the design says?"""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from simulate.confinement import WALL_RANGE_A, cell_of
from simulate.design import EmbryoDesign
from simulate.engine import Lammps
from simulate.errors import TrajectoryFailure
from simulate.packing import pack
from simulate.potentials.admission import quick_admission
from simulate.protocol import Protocol, Stage, stages

pytestmark = pytest.mark.needs_lammps

PROTOCOL = Protocol(
    heat_ps=3.0,
    quench_rate_K_per_ps=40.0,
    hold_ps=6.0,
    frame_every_ps=1.0,
    labelling={"persistence_ps": 1.0},
)


def design(**change: object) -> EmbryoDesign:
    values = {
        "n_atoms": 150,
        "packing_density_g_cm3": 0.0534,
        "mass_exchange": "open",
        "energy_exchange": "open",
    }
    return EmbryoDesign.model_validate(values | change)


def held(asked: EmbryoDesign, folder, seed: int = 1, protocol: Protocol = PROTOCOL) -> list:
    """Frames of the hold of a short trajectory."""
    plan: tuple[Stage, ...] = stages(protocol, asked)
    with Lammps(asked, pack(asked, seed), seed, folder) as engine:
        engine.relax()
        engine.set_temperature(plan[0].start_K)
        frames = [list(engine.run(stage)) for stage in plan]
    return frames[-1]


def test_the_shipped_potential_passes_its_admission_test() -> None:
    found = quick_admission()
    assert found.lattice_constant_A == pytest.approx(3.510, rel=0.005)
    assert found.cohesive_energy_eV == pytest.approx(1.648, abs=0.002)
    assert found.fcc_minus_bcc_eV == pytest.approx(0.0240, abs=0.002)


def test_a_thermostatted_hold_has_the_scaled_temperature(tmp_path) -> None:
    frames = held(design(n_atoms=300), tmp_path)
    mean_K = np.mean([frame.temperature_K for frame in frames])
    spread_K = 364.4 * np.sqrt(2.0 / (3 * 300) / len(frames))
    assert mean_K == pytest.approx(364.4, abs=4.0 * spread_K)


@pytest.mark.parametrize("mass", ["open", "confined"])
def test_an_isolated_hold_keeps_its_energy(tmp_path, mass: str) -> None:
    frames = held(design(mass_exchange=mass, energy_exchange="confined"), tmp_path)
    energies_meV = np.array([1000.0 * frame.conserved_eV_per_atom for frame in frames])
    kinetic_meV = np.ptp([frame.temperature_K for frame in frames]) * 0.1293  # 3/2 k
    assert np.abs(energies_meV - energies_meV[0]).max() < 0.5
    assert kinetic_meV > 2.0  # what is conserved is the sum, not each part


def test_a_slow_heat_leak_is_almost_isolated_and_a_fast_one_holds_the_temperature(tmp_path) -> None:
    def hotter_K(exchange: dict) -> float:
        """Mean temperature of a hold that starts 150 K too hot."""
        asked = design(energy_exchange="partial", **exchange)
        hold = stages(PROTOCOL, asked)[2]
        with Lammps(asked, pack(asked, 1), 1, tmp_path) as engine:
            engine.relax()
            engine.set_temperature(2.0 * hold.start_K + 150.0)  # half goes into the packing's well
            return float(np.mean([frame.temperature_K for frame in list(engine.run(hold))[3:]]))

    slow_K = hotter_K({"energy_relaxation_ps": 1.0e4})
    fast_K = hotter_K({"energy_relaxation_ps": 0.1})
    assert fast_K == pytest.approx(364.4, abs=60.0)
    assert slow_K > fast_K + 60.0


@pytest.mark.parametrize("density", [0.0267, 0.2, 0.534])
def test_no_atom_leaves_a_walled_cell(tmp_path, density: float) -> None:
    asked = design(mass_exchange="confined", packing_density_g_cm3=density)
    cell = cell_of(asked)
    for frame in held(asked, tmp_path):
        from_centre_A = np.linalg.norm(frame.positions_A - cell.edge_A / 2.0, axis=1)
        assert len(from_centre_A) == asked.n_atoms
        assert from_centre_A.max() < cell.wall_radius_A + 0.5 * WALL_RANGE_A


@pytest.mark.parametrize(
    ("n_atoms", "density", "mass", "energy"),
    [
        *itertools.product(
            [100], [0.0267, 0.534], ["open", "sphere", "cube"], ["open", "confined"]
        ),
        (5000, 0.534, "open", "open"),
        (5000, 0.534, "sphere", "confined"),
    ],
)
def test_no_atom_is_lost_at_the_corners_of_the_design_space(
    tmp_path, n_atoms: int, density: float, mass: str, energy: str
) -> None:
    asked = design(
        n_atoms=n_atoms,
        packing_density_g_cm3=density,
        mass_exchange="open" if mass == "open" else "confined",
        wall_shape="cube" if mass == "cube" else "sphere",
        energy_exchange=energy,
    )
    short = {"heat_ps": 0.5, "quench_rate_K_per_ps": 1000.0, "hold_ps": 0.4, "frame_every_ps": 0.3}
    labelling = PROTOCOL.labelling.model_copy(update={"persistence_ps": 0.1})
    protocol = PROTOCOL.model_copy(update=short | {"labelling": labelling})
    for frame in held(asked, tmp_path, protocol=protocol):
        assert frame.positions_A.shape == (n_atoms, 3)
        assert np.isfinite(frame.potential_eV_per_atom)


def test_no_atom_leaves_a_cube_and_its_temperature_counts_every_degree_of_freedom(tmp_path) -> None:
    asked = design(mass_exchange="confined", wall_shape="cube", n_atoms=100)
    cell = cell_of(asked)
    assert (2.0 * (cell.wall_radius_A + 1.5)) ** 3 == pytest.approx(asked.cell_volume_A3)
    frames = held(asked, tmp_path)
    for frame in frames:
        from_centre_A = np.abs(frame.positions_A - cell.edge_A / 2.0)
        assert from_centre_A.max() < cell.wall_radius_A + 0.5 * WALL_RANGE_A
    assert (cell.n_frozen, cell_of(design()).n_frozen) == (0, 3)


def test_a_sphere_keeps_the_angular_momentum_at_zero(tmp_path) -> None:
    """So that it has 3 N - 3 degrees of freedom, as a periodic cell has."""
    asked = design(mass_exchange="confined", packing_density_g_cm3=0.3)
    hold = stages(PROTOCOL, asked)[2]
    with Lammps(asked, pack(asked, 1), 1, tmp_path) as engine:
        engine.relax()
        engine.set_temperature(hold.start_K)
        list(engine.run(hold))
        atoms = engine._lammps.numpy
        away_A = atoms.extract_atom("x")[:150] - cell_of(asked).edge_A / 2.0
        velocity = atoms.extract_atom("v")[:150]
        spin = np.cross(away_A, velocity)
    assert np.linalg.norm(spin.sum(axis=0)) < 0.02 * np.linalg.norm(spin, axis=1).sum()
    assert np.linalg.norm(velocity.sum(axis=0)) > 0.005 * np.linalg.norm(velocity, axis=1).sum()


def test_the_pressure_of_a_thin_gas_in_a_sphere_is_that_of_an_ideal_gas(tmp_path) -> None:
    """Counts on the wall's forces being left out and the design's volume being taken."""
    asked = design(mass_exchange="confined", packing_density_g_cm3=0.0005)
    hot = stages(PROTOCOL.model_copy(update={"heat_temperature_K": 1500.0}), asked)[0]
    with Lammps(asked, pack(asked, 1), 1, tmp_path) as engine:
        engine.set_temperature(8_000.0)
        hot = replace(hot, start_K=8_000.0, end_K=8_000.0, time_step_fs=0.5)
        seen = list(engine.run(hot))[1:]
    k_eV, bar_per_eV_A3 = 8.617e-5, 1.602e6
    ideal_bar = 150 * k_eV * 8_000.0 / asked.cell_volume_A3 * bar_per_eV_A3
    assert np.mean([frame.pressure_bar for frame in seen]) == pytest.approx(ideal_bar, rel=0.3)


def test_an_open_cell_lets_atoms_cross_its_edge(tmp_path) -> None:
    asked = design(packing_density_g_cm3=0.5)
    first, *_, last = held(asked, tmp_path)
    jumps_A = np.abs(last.positions_A - first.positions_A)
    assert (jumps_A > cell_of(asked).edge_A / 2.0).any()


def test_the_same_seed_gives_the_same_trajectory_and_another_does_not(tmp_path) -> None:
    runs = [held(design(), tmp_path, seed)[-1].positions_A for seed in (1, 1, 2)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.allclose(runs[0], runs[2])


def test_positions_are_averages_of_the_time_asked_for(tmp_path) -> None:
    def first_frame_A(averaging_ps: float) -> np.ndarray:
        labelling = PROTOCOL.labelling.model_copy(update={"averaging_ps": averaging_ps})
        protocol = PROTOCOL.model_copy(update={"labelling": labelling, "frame_every_ps": 0.99})
        heat = stages(protocol, design())[0]
        with Lammps(design(), pack(design(), 1), 1, tmp_path) as engine:
            engine.relax()
            engine.set_temperature(heat.start_K)
            return next(engine.run(heat)).positions_A

    shift_A = np.linalg.norm(first_frame_A(0.3) - first_frame_A(0.03), axis=1)
    assert 0.1 < np.median(shift_A) < 2.0  # an atom of the melt moves some 7 Å/ps


def test_a_time_step_far_too_long_is_a_failure_with_its_cause(tmp_path) -> None:
    wild = PROTOCOL.model_copy(update={"time_step_fs": 10.0, "heat_temperature_K": 1500.0})
    asked = design(mass_exchange="confined", packing_density_g_cm3=0.534)
    hot = stages(wild, asked)[0]
    with Lammps(asked, pack(asked, 1), 1, tmp_path) as engine:
        engine.relax()
        engine.set_temperature(40_000.0)
        with pytest.raises(TrajectoryFailure) as caught:
            list(engine.run(hot))
    assert caught.value.cause in {"lost_atoms", "not_finite"}
