"""The two unit systems LAMMPS is told to use, converted at the engine's doors and nowhere else.

Outside the engine every number is eV, ps, bar, Å and K, as in LAMMPS' `metal`. ReaxFF speaks
`real`: kcal/mol, fs and atm. Lengths, masses and temperatures are the same in both.
"""

from dataclasses import dataclass
from typing import Final, Literal

from simulate.units import FS_PER_PS, FARADAY_C_per_mol

UnitName = Literal["metal", "real"]

JOULE_PER_KCAL: Final = 4184.0
"""The thermochemical calorie, exact by definition."""

BAR_PER_ATM: Final = 1.01325
"""Exact by definition."""


@dataclass(frozen=True, slots=True)
class UnitSystem:
    """How LAMMPS counts energy, time and pressure.

    Attributes:
        name: As LAMMPS calls it.
        of_an_eV: LAMMPS' energy units in an eV.
        of_a_ps: Its time units in a ps.
        of_a_bar: Its pressure units in a bar.

    >>> REAL.time(0.0005), round(REAL.eV(REAL.energy(1.635)), 12), METAL.time(0.003)
    (0.5, 1.635, 0.003)
    """

    name: UnitName
    of_an_eV: float
    of_a_ps: float
    of_a_bar: float

    def energy(self, energy_eV: float) -> float:
        """For LAMMPS, from eV; forces from eV/Å and stiffness from eV/Å² as well."""
        return energy_eV * self.of_an_eV

    def time(self, time_ps: float) -> float:
        """For LAMMPS, from ps."""
        return time_ps * self.of_a_ps

    def eV(self, energy: float) -> float:
        """From LAMMPS, eV."""
        return energy / self.of_an_eV

    def bar(self, pressure: float) -> float:
        """From LAMMPS, bar."""
        return pressure / self.of_a_bar


METAL: Final = UnitSystem("metal", 1.0, 1.0, 1.0)
"""Every factor is one, so that nothing changes in its last bit."""

REAL: Final = UnitSystem("real", FARADAY_C_per_mol / JOULE_PER_KCAL, FS_PER_PS, 1.0 / BAR_PER_ATM)

UNIT_SYSTEMS: Final[dict[UnitName, UnitSystem]] = {"metal": METAL, "real": REAL}
