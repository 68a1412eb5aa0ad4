import csv
from pathlib import Path

import numpy as np
import pytest

from simulate.potentials.nichol_ackland import (
    coefficients_of,
    eam_fs_table,
    host_density,
    pair_energy_eV,
)

ROUNDING_eV = 1.0e-6
"""Radii are printed to 1e-7 Å, and the core falls by some 10 eV/Å."""

PUBLISHED = Path(__file__).parents[1] / "golden" / "nichol_ackland_2016_samples.csv"


def samples(element: str) -> np.ndarray:
    with PUBLISHED.open() as handle:
        rows = [row for row in csv.DictReader(handle) if row["element"] == element]
    assert len(rows) == 40
    return np.array([[float(row[k]) for k in ("r_A", "pair_eV", "density")] for row in rows])


@pytest.mark.parametrize("element", ["Li", "Na", "K"])
def test_the_formulas_give_the_published_tables(element: str) -> None:
    r, pair, density = samples(element).T
    c = coefficients_of(element)
    above = r > c.r1_A
    assert np.abs(pair_energy_eV(r, c) - pair)[above].max() < ROUNDING_eV
    assert np.abs(host_density(r, c) - density).max() < 1.0e-6 * density.max()


@pytest.mark.parametrize("element", ["Li", "Na", "K"])
def test_atoms_are_not_felt_beyond_the_cut_off(element: str) -> None:
    c = coefficients_of(element)
    beyond = np.array([c.cutoff_A, c.cutoff_A + 1.0])
    assert (pair_energy_eV(beyond, c) == 0.0).all()
    assert (host_density(beyond, c) == 0.0).all()


def test_the_table_lammps_reads_holds_the_same_numbers() -> None:
    lines = eam_fs_table("Li", n_distances=500, n_densities=300).splitlines()
    assert lines[3] == "1 Li"
    n_rho, _, n_r, dr, cutoff = lines[4].split()
    assert (int(n_rho), int(n_r), float(cutoff)) == (300, 500, pytest.approx(1.3 * 3.51))
    values = np.array([float(line) for line in lines[6:]])
    assert len(values) == 300 + 500 + 500
    r = np.arange(500) * float(dr)
    c = coefficients_of("Li")
    assert values[300:800] == pytest.approx(host_density(r, c))
    assert values[801:] == pytest.approx(r[1:] * pair_energy_eV(r[1:], c))
    assert values[:300] == pytest.approx(-np.sqrt(np.arange(300) * 60.0 / 299))
