"""`make bench` with the real engines: ReaxFF is the published one, and every goal has a figure."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks.reaxff import lithium, published

KCAL_PER_MOL_PER_eV = 23.060548

pytestmark = pytest.mark.needs_lammps


def energy_eV(lattice: str, constant_A: float, folder: Path) -> float:
    """Of an atom in a perfect crystal at rest."""
    cell = [
        "boundary p p p",
        f"lattice {lattice} {constant_A}",
        "region cell block 0 6 0 6 0 6",
        "create_box 1 cell",
        "create_atoms 1 box",
    ]
    with lithium(folder, cell) as lammps:
        lammps.command("run 0 post no")
        return lammps.get_thermo("pe") / lammps.get_natoms() / KCAL_PER_MOL_PER_eV


def test_the_crystal_is_that_of_the_publication(tmp_path: Path) -> None:
    known = published()
    constant_A = known.lattice_constant_A
    bcc = {scale: energy_eV("bcc", scale * constant_A, tmp_path) for scale in (0.99, 1.0, 1.01)}
    assert min(bcc, key=bcc.__getitem__) == 1.0
    assert -bcc[1.0] == pytest.approx(known.cohesive_energy_eV, abs=0.002)
    fcc = min(energy_eV("fcc", constant_A, tmp_path) for constant_A in (4.38, 4.42, 4.46))
    assert fcc - bcc[1.0] == pytest.approx(known.fcc_minus_bcc_eV, abs=0.002)


@pytest.mark.needs_ovito
@pytest.mark.slow
def test_every_goal_has_a_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--rounds", "1", "--json"])
    bench.main()
    found = json.loads(capsys.readouterr().out)
    figures = {each["what"]: each for each in found["figures"]}
    assert all(each["value"] > 0.0 for each in figures.values())
    goals = [each["goal"] for each in found["figures"] if each["goal"] is not None]
    assert sorted(goals) == [1.0, 1.0, 1.0, 20_000.0]
    assert found["machine"]["cpu"]
    ratio = {name: each["value"] for name, each in figures.items() if "full road" in name}
    assert (
        ratio["ReaxFF trajectory over forecast, full road"]
        > (ratio["EAM trajectory over forecast, full road"])
    )
