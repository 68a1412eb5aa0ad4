"""Every potential on offer: the right crystals at rest, and small crystals that stay themselves."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer

import simulate.design
from serve.commands import potentials as potentials_command
from simulate.design import EmbryoDesign
from simulate.engine import EngineFrame, Lammps
from simulate.packing import pack
from simulate.potentials import admission, registry, wheel
from simulate.potentials import characterise as characterisation
from simulate.potentials.admission import (
    LEAST_CORE,
    admit,
    at_rest,
    quick_admission,
    sphere_temperatures_K,
)
from simulate.potentials.findings import Report
from simulate.potentials.registry import Potential, potential_named, potentials
from simulate.potentials.sphere import kept_core
from simulate.potentials.work import Piece, worked
from simulate.protocol import Protocol, stages

pytestmark = pytest.mark.needs_lammps

NICHOL_ACKLAND = sorted(name for name in potentials() if name.startswith("nichol-ackland"))
BETWEEN_UNIT_SYSTEMS = 2.0e-5
"""LAMMPS' own constants of its unit systems differ in the sixth digit."""


@pytest.mark.parametrize(
    ("name", "constant_A", "cohesion_eV", "other_meV"),
    [
        ("nichol-ackland-2016", 3.510, 1.648, 24.0),
        ("nichol-ackland-2016-na", 4.291, 1.109, -3.0),
        ("nichol-ackland-2016-k", 5.328, 0.923, 7.0),
        ("cui-2012", 3.455, 1.647, 12.4),
        ("islam-2015", 3.44, 1.635, 26.0),
        ("zuo-2020", 3.506, 1.900, 2.3),
        ("sun-2006", 3.184, 1.529, 13.0),
        ("jang-2018", 2.778, 1.090, 79.0),
    ],
)
def test_the_crystals_of_a_potential_are_those_expected(
    name: str, constant_A: float, cohesion_eV: float, other_meV: float
) -> None:
    """The other lattice is fcc where bcc is the ground state, and bcc where hcp is."""
    found = quick_admission(name)
    other_eV = found.fcc_minus_bcc_eV if found.c_over_a is None else found.bcc_minus_hcp_eV
    assert other_eV is not None
    assert found.lattice_constant_A == pytest.approx(constant_A, rel=0.005)
    assert found.cohesive_energy_eV == pytest.approx(cohesion_eV, abs=0.002)
    assert 1000.0 * other_eV == pytest.approx(other_meV, abs=2.0)


@pytest.mark.needs_ovito
@pytest.mark.parametrize(
    ("name", "length_ps"),
    [*((name, 15.0) for name in NICHOL_ACKLAND), ("cui-2012", 0.6), ("sun-2006", 2.0)],
)
def test_a_free_sphere_keeps_its_core_at_the_hold(
    name: str, length_ps: float, tmp_path: Path
) -> None:
    """A bad one loses it within 9 ps; `glassyli potentials check --full` is the longer one."""
    potential = potential_named(name)
    core = kept_core(potential, 1000, sphere_temperatures_K(potential)[-1], length_ps, tmp_path)
    assert core.crystalline > LEAST_CORE, core
    assert core.ground_state > LEAST_CORE, core


@pytest.mark.needs_ovito
def test_the_sphere_test_refuses_the_lithium_that_ships_with_lammps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first-neighbour line of `library.meam`, which a crystal at rest does not give away."""
    library = wheel.folder() / "library.meam"
    wrong = replace(
        potential_named("cui-2012"),
        lattice_constant_A=3.509,
        time_step_fs=3.0,
        write=lambda _: ["pair_style meam", f'pair_coeff * * "{library}" Li NULL Li'],
    )
    monkeypatch.setattr(simulate.design, "potential_named", lambda _: wrong)
    core = kept_core(wrong, 1000, 300.0, 6.0, tmp_path)
    assert core.crystalline < LEAST_CORE, core


@pytest.mark.needs_ovito
def test_the_quick_check_admits_the_default_potential_within_a_minute_of_a_core() -> None:
    began_s = time.process_time()
    assert admit("nichol-ackland-2016", "quick").verdict == "pass"
    assert time.process_time() - began_s < 60.0


@pytest.mark.needs_ovito
def test_the_check_refuses_a_potential_that_blows_up(monkeypatch: pytest.MonkeyPatch) -> None:
    wild = replace(potential_named("nichol-ackland-2016"), time_step_fs=60.0)
    for module in (admission, simulate.design):
        monkeypatch.setattr(module, "potential_named", lambda _: wild)
    report = admit(wild.name, "full")
    assert report.verdict == "fail"
    *at_rest, cool, warm, embryo = report.findings
    assert all(finding.verdict == "pass" for finding in at_rest)
    assert all(finding.failure for finding in (cool, warm, embryo)), report.findings


@pytest.mark.needs_ovito
def test_what_blows_up_while_it_is_measured_is_kept_as_findings_that_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """In a free sphere and in boxes of the bulk; the crystals at rest are measured all the same."""
    wild = replace(potential_named("nichol-ackland-2016"), time_step_fs=100.0)
    for module in (characterisation, simulate.design, registry):
        monkeypatch.setattr(module, "potential_named", lambda _: wild)
    out = tmp_path / "x.json"
    with pytest.raises(typer.Exit) as ended:
        potentials_command.characterise(
            wild.name, sizes="100", rate=100.0, seeds=1, watch_ps=8.0, out=out
        )
    assert ended.value.exit_code == 1
    rest, *moving = Report.model_validate_json(out.read_text("utf-8")).findings
    assert (rest.what, rest.failure) == ("E(fcc) - E(bcc)", None)
    assert [each.what for each in moving] == [
        "heating clusters of 100 atoms", "latent heat", "diffusivity",
    ]  # fmt: skip
    assert {each.failure for each in moving} <= {"lost_atoms", "not_finite"}
    assert all("LAMMPS stopped at" in each.how for each in moving)
    assert "diffusivity: " in capfd.readouterr().out


def test_a_crystal_without_a_finite_energy_is_a_finding_that_failed() -> None:
    potential = potential_named("nichol-ackland-2016")
    infinite = ["pair_style lj/cut 5.0", "pair_coeff 1 1 1.0 1.0e30"]
    beyond = replace(potential, write=lambda _: infinite)
    unknown = replace(potential, write=lambda _: ["pair_style none/such"])
    found = worked(
        [Piece("at rest", 1.0, lambda _, of=each: at_rest(of)) for each in (beyond, unknown)]
    )
    assert [(each.verdict, each.failure) for each in found] == [
        ("fail", "not_finite"), ("fail", "engine_error"),
    ]  # fmt: skip
    assert "energies or positions grew infinite (the energy of a bcc crystal must" in found[0].how
    assert "LAMMPS stopped at `pair_style none/such`" in found[1].how


def watched(
    potential: Potential, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[EngineFrame]:
    """Every kind of stage, within a wall that atoms are pushed into."""
    folder.mkdir()
    monkeypatch.setattr(simulate.design, "potential_named", lambda _: potential)
    design = EmbryoDesign(
        element="Mg", potential=potential.name, n_atoms=100,
        packing_density_g_cm3=1.0 * potential.bulk_density_g_cm3, mass_exchange="confined",
        energy_exchange="partial", energy_relaxation_ps=1.0,
    )  # fmt: skip
    protocol = Protocol(
        temperature_scaling="none", heat_ps=0.1, quench_rate_K_per_ps=1000.0, hold_ps=0.1,
        frame_every_ps=0.05, labelling={"persistence_ps": 0.0, "averaging_ps": 0.02},
    )  # fmt: skip
    with Lammps(design, pack(design, 1), 1, folder) as engine:
        engine.relax()
        engine.set_temperature(600.0)
        engine.settle(600.0, 0.05)
        return [frame for stage in stages(protocol, design) for frame in engine.run(stage)]


def test_the_engine_says_the_same_in_either_unit_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """LAMMPS converts this file itself, so that one potential runs in both."""
    metal = potential_named("sun-2006")
    assert metal.unit_name == "metal"
    real = replace(metal, unit_name="real")
    ours = watched(metal, tmp_path / "metal", monkeypatch)
    theirs = watched(real, tmp_path / "real", monkeypatch)
    assert len(ours) == len(theirs) == 8
    for one, other in zip(ours, theirs, strict=True):
        assert one.time_ps == pytest.approx(other.time_ps)
        for name in ("temperature_K", "potential_eV_per_atom", "conserved_eV_per_atom"):
            ratio = getattr(other, name) / getattr(one, name)
            assert ratio == pytest.approx(1.0, rel=10 * BETWEEN_UNIT_SYSTEMS), name
        assert other.pressure_bar == pytest.approx(one.pressure_bar, rel=1e-3, abs=5.0)
        assert np.abs(other.positions_A - one.positions_A).max() < 1e-3


def test_reaxff_goes_on_from_a_restart_file_as_if_nothing_had_happened(tmp_path: Path) -> None:
    design = EmbryoDesign(
        potential="islam-2015", n_atoms=100, packing_density_g_cm3=0.2, mass_exchange="confined",
        energy_exchange="open",
    )  # fmt: skip
    protocol = Protocol(
        temperature_scaling="none", hold_ps=0.02, frame_every_ps=0.01,
        labelling={"persistence_ps": 0.0, "averaging_ps": 0.005},
    )  # fmt: skip
    heat, _, hold = stages(protocol, design)
    with Lammps(design, pack(design, 1), 1, tmp_path) as engine:
        engine.relax()
        engine.set_temperature(heat.start_K)
        list(engine.run(hold))
        saved = engine.restart_file()
        expected = list(engine.run(replace(hold, name="heat")))
    with Lammps(design, saved, 1, tmp_path) as engine:
        found = list(engine.run(replace(hold, name="heat")))
    assert -2.0 < found[-1].potential_eV_per_atom < -1.0  # eV, not kcal/mol
    for one, other in zip(expected, found, strict=True):
        assert np.array_equal(one.positions_A, other.positions_A)
        assert one.conserved_eV_per_atom == other.conserved_eV_per_atom
