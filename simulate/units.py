"""Constants and conversions, each with its source. Inside, everything is LAMMPS `metal` units.

Lengths are Å, times ps, energies eV, temperatures K, masses g/mol.
"""

from typing import Final

AVOGADRO_per_mol: Final = 6.02214076e23
"""Avogadro constant, 1/mol (exact since the 2019 SI)."""

FARADAY_C_per_mol: Final = 96485.33212
"""Faraday constant, C/mol (CODATA 2018; exact since the 2019 SI)."""

GAS_J_per_mol_K: Final = 8.31446261815324
"""Molar gas constant, J/(mol K) (exact since the 2019 SI)."""

COULOMB_eV_A: Final = 14.39
"""e²/4πε0, eV Å, as used by Nichol & Ackland 2016, doi 10.1103/PhysRevB.93.184101."""

A3_PER_CM3: Final = 1.0e24
"""Å³ in a cm³."""

FS_PER_PS: Final = 1000.0
"""Femtoseconds in a picosecond."""

PS_PER_NS: Final = 1000.0
"""Picoseconds in a nanosecond."""

CLOCK_ROUNDING_PS: Final = 1.0e-6
"""Times of frames are kept to this; closer ones are the same."""


def number_density_per_A3(density_g_cm3: float, mass_g_mol: float) -> float:
    """Atoms per Å³ of a one-component metal.

    Args:
        density_g_cm3: Mass density, g/cm³.
        mass_g_mol: Atomic mass, g/mol.

    >>> round(number_density_per_A3(0.534, 6.94), 5)
    0.04634
    """
    return density_g_cm3 * AVOGADRO_per_mol / mass_g_mol / A3_PER_CM3


def cell_volume_A3(n_atoms: int, density_g_cm3: float, mass_g_mol: float) -> float:
    """Volume of the cell that holds `n_atoms` at a packing density, Å³."""
    return n_atoms / number_density_per_A3(density_g_cm3, mass_g_mol)
