"""The Nichol-Ackland many-body potential of the alkali metals, from its published coefficients.

Reference:
    A. Nichol, G. J. Ackland, Phys. Rev. B 93, 184101 (2016), doi 10.1103/PhysRevB.93.184101.
"""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulate.files import write_atomically
from simulate.potentials.potential import Known
from simulate.settings import Settings
from simulate.units import COULOMB_eV_A

Array = NDArray[np.floating[Any]]

SOURCE: Final = "nichol_ackland_2016.toml"

CUTOFF_in_a: Final = 1.3
PAIR_KNOTS_in_a: Final = (1.3, 1.22, 1.15, 1.06, 0.95, float(np.sqrt(3.0) / 2.0))
DENSITY_KNOTS_in_a: Final = (1.3, 1.2)
DENSITY_TABLE_END: Final = 60.0
"""Largest host density tabulated; hot compressed lithium stays far below."""


class Coefficients(Settings):
    """The numbers of one element, lengths in Å and energies in eV."""

    lattice_constant_A: float
    atomic_number: int
    mass_g_mol: float
    r1_A: float
    r2_A: float
    core: tuple[float, float, float, float]
    pair: tuple[float, float, float, float, float, float]
    density: tuple[float, float]

    @property
    def cutoff_A(self) -> float:
        """No atom is felt beyond this distance, Å."""
        return CUTOFF_in_a * self.lattice_constant_A


@cache
def published() -> dict[str, Any]:
    """The data file as read: `name`, `doi`, `citation`, one table an element."""
    text = files("simulate.potentials").joinpath(SOURCE).read_text("utf-8")
    return tomllib.loads(text)


def measured() -> dict[str, Known]:
    """Of each element on offer, Li first."""
    return {
        element: Known.model_validate(values) for element, values in published()["measured"].items()
    }


def coefficients_of(element: str) -> Coefficients:
    """Published coefficients of Li, Na or K."""
    return Coefficients.model_validate(published()[element])


def pair_energy_eV(r_A: Array, c: Coefficients) -> Array:
    """Pair energy V(r), eV, at distances `r_A` of any shape, Å.

    A cubic-spline tail above r2, the exponential of a cubic between r1 and r2, and a ZBL core
    below r1, which no atom reaches at the temperatures of this project.
    """
    knots = np.asarray(PAIR_KNOTS_in_a) * c.lattice_constant_A
    tail = _cubic_steps(r_A, knots, c.pair)
    bridge = np.exp(np.polynomial.polynomial.polyval(r_A, c.core))
    return np.where(
        r_A > c.r2_A, tail, np.where(r_A > c.r1_A, bridge, _zbl_eV(r_A, c.atomic_number))
    )


def host_density(r_A: Array, c: Coefficients) -> Array:
    """Contribution φ(r) of a neighbour at `r_A` to the host density, eV², never negative."""
    knots = np.asarray(DENSITY_KNOTS_in_a) * c.lattice_constant_A
    return np.maximum(_cubic_steps(r_A, knots, c.density), 0.0)


def eam_fs_table(element: str, n_distances: int = 4000, n_densities: int = 4000) -> str:
    """The potential as a LAMMPS `eam/fs` file (F, φ, and r V on regular grids)."""
    c = coefficients_of(element)
    r: Array = np.arange(n_distances) * (c.cutoff_A / (n_distances - 1))
    rho: Array = np.arange(n_densities) * (DENSITY_TABLE_END / (n_densities - 1))
    pair_times_r = np.zeros_like(r)
    pair_times_r[1:] = r[1:] * pair_energy_eV(r[1:], c)
    pair_times_r[0] = pair_times_r[1]  # r V is finite at the origin; LAMMPS never looks there
    head = [
        f"# {published()['citation']}",
        f"# doi {published()['doi']}; {element}",
        "# written from the published coefficients",
        f"1 {element}",
        f"{n_densities} {rho[1]:.17g} {n_distances} {r[1]:.17g} {c.cutoff_A:.17g}",
        f"{c.atomic_number} {c.mass_g_mol:.6f} {c.lattice_constant_A:.6f} bcc",
    ]
    tables = [-np.sqrt(rho), host_density(r, c), pair_times_r]
    return "\n".join(head + [f"{value:.16e}" for table in tables for value in table]) + "\n"


def commands(element: str, name: str, folder: Path) -> list[str]:
    """LAMMPS commands for the element; the table is written into `folder` first.

    Plain `eam/fs`: its `opt` form copies the table every step, four times slower at 200 atoms.
    """
    table = folder / f"{element}.{name}.eam.fs"
    write_atomically(table, eam_fs_table(element))
    return ["pair_style eam/fs", f'pair_coeff * * "{table}" {element}']


def _cubic_steps(r_A: Array, knots_A: Array, weights: tuple[float, ...]) -> Array:
    gaps = np.maximum(knots_A - np.asarray(r_A)[..., None], 0.0)
    result: Array = (np.asarray(weights) * gaps**3).sum(axis=-1)
    return result


def _zbl_eV(r_A: Array, atomic_number: int) -> Array:
    """Universal screened Coulomb repulsion of two equal nuclei (Ziegler, Biersack, Littmark)."""
    screening_A = 0.46848 / (2.0 * atomic_number**0.23)
    safe_r = np.maximum(r_A, 1.0e-12)
    x = safe_r / screening_A
    screen = (
        0.18175 * np.exp(-3.19980 * x)
        + 0.50986 * np.exp(-0.94229 * x)
        + 0.28022 * np.exp(-0.40290 * x)
        + 0.02817 * np.exp(-0.20162 * x)
    )
    energy: Array = COULOMB_eV_A * atomic_number**2 / safe_r * screen
    return energy
