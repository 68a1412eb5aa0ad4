"""Several potentials side by side: each its own, and lithium as it was before there were others."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from simulate.confinement import cell_of
from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.neighbours import least_distance_A
from simulate.packing import pack
from simulate.plan import Plan, read_campaign
from simulate.potentials.potential import Known
from simulate.potentials.registry import (
    DEFAULT_POTENTIAL,
    EXPERIMENTAL_MELTING_K,
    potential_named,
    potentials,
    refusal,
)
from simulate.protocol import Protocol, protocol_named, stages
from simulate.record import TrajectoryRecord

ROOT = Path(__file__).parents[2]
NAMES = sorted(name for name in potentials() if name.startswith("nichol-ackland"))
"""Of which there are records."""


def design_of(name: str, share_of_bulk: float = 0.1, mass: str = "confined") -> EmbryoDesign:
    potential = potential_named(name)
    return EmbryoDesign(
        element=potential.element,
        potential=name,
        n_atoms=300,
        packing_density_g_cm3=share_of_bulk * potential.bulk_density_g_cm3,
        mass_exchange=mass,
        energy_exchange="open",
    )


def test_lithium_is_what_it_was_before_there_were_others() -> None:
    """Fixed on purpose: another hash would orphan every record of lithium."""
    lithium = potential_named(DEFAULT_POTENTIAL)
    assert lithium.coefficients_sha256 == (
        "d78160c41d13a03f8923bba694ad4f8ce9d3335d55d616292790d1960457408a"
    )
    assert (lithium.element, lithium.nominal_melting_K) == ("Li", 551.0)
    assert lithium.temperature_scale == 551.0 / 453.65
    assert (lithium.time_step_fs, lithium.isolated_time_step_fs) == (3.0, 0.5)
    assert lithium.length_scale == 1.0


def test_ids_of_the_records_that_ship_are_found_again() -> None:
    paths = sorted((ROOT / "train" / "reference" / "records").glob("*.json"))[:20]
    assert len(paths) == 20
    for path in paths:
        values = json.loads(path.read_text("utf-8"))
        record = TrajectoryRecord.model_validate(values)
        assert Plan.of(record).trajectory_id == record.trajectory_id == path.stem
    assert record.design.key == EmbryoDesign.model_validate(values["design"]).key


def test_every_potential_has_numbers_of_its_own() -> None:
    every, unscaled = potentials(), Protocol(temperature_scaling="none")
    assert next(iter(every)) == DEFAULT_POTENTIAL
    assert {each.element for each in every.values()} == {"Li", "Na", "K", "Mg", "Zn"}
    assert len({each.coefficients_sha256 for each in every.values()}) == len(every) == 8
    assert len({Plan(design_of(name), unscaled, 1).trajectory_id for name in every}) == len(every)


@pytest.mark.parametrize("name", sorted(potentials()))
def test_what_is_said_of_a_potential_hangs_together(name: str) -> None:
    potential = potential_named(name)
    assert potential.isolated_time_step_fs <= potential.time_step_fs
    assert (potential.lattice == "hcp") == (potential.c_over_a is not None)
    assert (potential.lattice == "hcp") == (potential.bcc_minus_hcp_eV is not None)
    assert (potential.nominal_melting_K is None) == (potential.melting_temperature_K is None)
    assert potential.element in EXPERIMENTAL_MELTING_K
    assert potential.doi.startswith("10.")
    assert (ROOT / "simulate" / "potentials" / potential.source).exists()
    # At 0 K the model crystal is about as dense as the metal is when warm.
    assert design_of(name, 1.0).cell_volume_A3 / 300 == pytest.approx(
        potential.bcc_lattice_constant_A**3 / 2.0, rel=0.1
    )


@pytest.mark.parametrize("left_out", ["melting_temperature_K", "melting_kind", "melting_source"])
def test_a_melting_point_without_its_origin_is_refused(left_out: str) -> None:
    said = {
        "name": "x", "bulk_density_g_cm3": 1.0, "cohesive_energy_eV": 1.0, "time_step_fs": 1.0,
        "isolated_time_step_fs": 1.0, "melting_temperature_K": 450.0, "melting_kind": "published",
        "melting_source": "doi",
    }  # fmt: skip
    assert Known.model_validate(said).melting_kind == "published"
    with pytest.raises(ValidationError, match="must be given together"):
        Known.model_validate({name: each for name, each in said.items() if name != left_out})


def test_hashes_of_sodium_and_potassium_are_what_they_were() -> None:
    """Fixed on purpose, like that of lithium."""
    for name, starts in (("na", "e5a1ec87e57e"), ("k", "442ae0009dc7")):
        found = potential_named(f"nichol-ackland-2016-{name}").coefficients_sha256
        assert found.startswith(starts)


@pytest.mark.parametrize("name", [n for n, p in potentials().items() if not p.has_melting_point])
def test_temperatures_cannot_be_scaled_without_a_melting_point(name: str) -> None:
    asked = design_of(name)
    with pytest.raises(MisuseError, match=rf"{name} is not measured.*temperature_scaling: none"):
        stages(Protocol(), asked)
    assert stages(Protocol(temperature_scaling="none"), asked)[2].start_K == 300.0
    assert "as simulated" in asked.physics.about_temperatures


@pytest.mark.parametrize("name", ["library.meam", "library.meam:Li", "Baskes 1992"])
def test_the_wheels_lithium_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(ValueError, match=r"lost its crystal within 9 ps at 300 K.*cui-2012"):
        potential_named(name)
    with pytest.raises(ValueError, match="admission test") as error:
        design_of(DEFAULT_POTENTIAL).model_validate(
            design_of(DEFAULT_POTENTIAL).model_dump() | {"potential": name}
        )
    assert "9 ps" in str(error.value)


def test_another_refused_one_is_told_from_an_unknown_one() -> None:
    assert "not compiled" in (refusal("Zn.rann") or "")
    assert refusal("lj") is None
    with pytest.raises(ValueError, match=r"must be one of cui-2012, .* but got 'lj'"):
        potential_named("lj")


def test_the_papers_protocol_is_that_of_the_paper() -> None:
    paper = protocol_named("paper")
    for name, step_fs in (("islam-2015", 0.5), (DEFAULT_POTENTIAL, 3.0), ("cui-2012", 2.0)):
        heat, quench, hold = stages(paper, design_of(name))
        assert (heat.start_K, quench.end_K, hold.end_K) == (500.0, 300.0, 300.0)
        assert heat.length_ps == pytest.approx(100.0, abs=11.0)  # whole frames
        assert quench.length_ps == pytest.approx(200.0, abs=11.0)
        assert hold.length_ps == pytest.approx(5000.0, abs=11.0)
        assert {heat.time_step_fs, quench.time_step_fs, hold.time_step_fs} == {step_fs}


def test_another_melting_point_is_another_trajectory_but_for_lithium(monkeypatch) -> None:
    """Those of lithium are older than the rule."""
    for name in NAMES:
        asked = design_of(name)
        before = Plan(asked, Protocol(), 1).trajectory_id
        moved = replace(asked.physics, nominal_melting_K=300.0)
        with monkeypatch.context() as patched:
            patched.setattr("simulate.design.potential_named", lambda _, moved=moved: moved)
            after = Plan(asked, Protocol(), 1).trajectory_id
        assert (before == after) == (name == DEFAULT_POTENTIAL)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("share", "mass"), [(0.1, "confined"), (0.1, "open"), (0.9, "confined")])
def test_lengths_are_in_proportion_to_the_lattice(name: str, share: float, mass: str) -> None:
    asked = design_of(name, share, mass)
    lattice_A = asked.physics.bcc_lattice_constant_A
    least_A = least_distance_A(pack(asked, 1))
    assert least_A >= (1.3 if share > 0.75 else 2.2) / 3.51 * lattice_A * (1.0 - 1e-12)
    if mass == "confined":
        free_A = (3.0 * asked.cell_volume_A3 / (4.0 * 3.141592653589793)) ** (1.0 / 3.0)
        assert free_A - cell_of(asked).wall_radius_A == pytest.approx(1.5 / 3.51 * lattice_A)


def test_sodium_is_sampled_as_lithium_is_at_equal_shares() -> None:
    sodium = read_campaign(ROOT / "configs" / "extrapolation-sodium.yaml")
    lithium = read_campaign(ROOT / "configs" / "reference.yaml")
    assert sodium.protocol == lithium.protocol
    assert len(sodium.all_designs) == 16
    for one, other in (
        ("n_atoms", lambda space: space.n_atoms),
        ("mass exchange", lambda space: space.mass_exchange),
    ):
        assert other(sodium.sampling) == other(lithium.sampling), one
    potential = potential_named("nichol-ackland-2016-na")
    shares = [
        [limit / bulk for limit in space.packing_density_g_cm3]
        for space, bulk in (
            (sodium.sampling, potential.bulk_density_g_cm3),
            (lithium.sampling, potential_named(DEFAULT_POTENTIAL).bulk_density_g_cm3),
        )
    ]
    assert shares[0] == pytest.approx(shares[1], rel=1e-3)
    share = potential_named(DEFAULT_POTENTIAL).share_of_melting(300.0)
    for asked in sodium.all_designs:
        assert (asked.element, asked.potential) == ("Na", potential.name)
        hold = stages(sodium.protocol, asked)[2]
        assert hold.start_K / potential.melting_temperature_K == pytest.approx(share, rel=0.01)
