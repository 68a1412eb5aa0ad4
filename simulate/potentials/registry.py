"""Which potentials there are, what they are good for, and how LAMMPS is told of them."""

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from simulate.files import canonical_json, sha256_of, write_atomically
from simulate.potentials import nichol_ackland

DEFAULT_POTENTIAL: Final = "nichol-ackland-2016"

LITHIUM_LATTICE_A: Final = 3.51
"""Lattice constant of the first potential; see `Potential.length_scale`."""

EXPERIMENTAL_MELTING_K: Final = {"Li": 453.65, "Na": 370.95, "K": 336.7}
"""Melting points of the elements, K (CRC Handbook of Chemistry and Physics, 97th ed.)."""

ROOM_K: Final = 300.0


@dataclass(frozen=True, slots=True)
class Potential:
    """An admitted interatomic potential of one element.

    Attributes:
        melting_temperature_K: Melting point of the model crystal, simulated K, measured here.
        nominal_melting_K: What experiment-equivalent temperatures are scaled by: the melting point
            as it was believed to be when the first records were made.
        bulk_density_g_cm3: Density of the real crystal at room temperature.
        nearest_neighbour_A: Distance of nearest neighbours in the model crystal at 0 K.
        bcc_lattice_constant_A: At 0 K.
        cohesive_energy_eV, fcc_minus_bcc_eV: What the admission test must find.
        time_step_fs: For thermostatted stages.
        isolated_time_step_fs: For holds that must conserve energy to 1 meV/atom over 1 ns.
        coefficients_sha256: Hash of the numbers that define the energy.
    """

    name: str
    element: str
    citation: str
    doi: str
    mass_g_mol: float
    melting_temperature_K: float
    nominal_melting_K: float
    bulk_density_g_cm3: float
    bcc_lattice_constant_A: float
    cohesive_energy_eV: float
    fcc_minus_bcc_eV: float
    time_step_fs: float
    isolated_time_step_fs: float
    coefficients_sha256: str

    @property
    def nearest_neighbour_A(self) -> float:
        """Distance of nearest neighbours in the bcc crystal at 0 K, Å."""
        return self.bcc_lattice_constant_A * math.sqrt(0.75)

    @property
    def length_scale(self) -> float:
        """Lattice constant over that of lithium, for which lengths of packing and wall were chosen.

        Exactly 1 for lithium.
        """
        return self.bcc_lattice_constant_A / LITHIUM_LATTICE_A

    @property
    def substance(self) -> str:
        """Element and name, for people."""
        return f"{self.element} with {self.name}"

    @property
    def temperature_scale(self) -> float:
        """Simulated over experiment-equivalent temperature; a declared constant."""
        return self.nominal_melting_K / EXPERIMENTAL_MELTING_K[self.element]

    def share_of_melting(self, temperature_K: float) -> float:
        """Simulated temperature over the melting point of the model crystal.

        Args:
            temperature_K: Experiment-equivalent.
        """
        return temperature_K * self.temperature_scale / self.melting_temperature_K

    def temperature_at(self, share_of_melting: float) -> float:
        """Experiment-equivalent temperature, K, at that share of the melting point."""
        return share_of_melting * self.melting_temperature_K / self.temperature_scale

    @property
    def about_temperatures(self) -> str:
        """What 300 K means here, for people."""
        real_K = self.share_of_melting(ROOM_K) * EXPERIMENTAL_MELTING_K[self.element]
        return (
            f"of {self.element}, {ROOM_K:g} K is simulated at "
            f"{ROOM_K * self.temperature_scale:.0f} K, "
            f"{self.share_of_melting(ROOM_K):.2f} of the {self.melting_temperature_K:g} K at which "
            f"the model crystal melts; the metal is there at {real_K:.0f} K"
        )

    def lammps_commands(self, folder: Path) -> list[str]:
        """Commands that define the interactions; the table is written into `folder` first."""
        table = folder / f"{self.element}.{self.name}.eam.fs"
        write_atomically(table, nichol_ackland.eam_fs_table(self.element))
        return [
            "pair_style eam/fs",
            f'pair_coeff * * "{table}" {self.element}',
            f"mass 1 {self.mass_g_mol}",  # after pair_coeff, which sets a mass of its own
        ]


@cache
def potentials() -> dict[str, Potential]:
    """Every potential on offer, by name."""
    published = nichol_ackland.published()
    offered: list[Potential] = []
    for element, ours in nichol_ackland.measured().items():
        coefficients = nichol_ackland.coefficients_of(element)
        numbers = json.loads(coefficients.model_dump_json())
        offered.append(
            Potential(
                element=element,
                citation=published["citation"],
                doi=published["doi"],
                mass_g_mol=coefficients.mass_g_mol,
                bcc_lattice_constant_A=coefficients.lattice_constant_A,
                coefficients_sha256=sha256_of(canonical_json(numbers)),
                **ours.model_dump() | {"nominal_melting_K": ours.nominal},
            )
        )
    return {potential.name: potential for potential in offered}


def potential_named(name: str) -> Potential:
    """The potential of that name.

    Raises:
        ValueError: There is none; the message lists what there is.
    """
    known = potentials()
    if name not in known:
        raise ValueError(
            f"potential must be one of {', '.join(sorted(known))}, but got {name!r}. Choose one."
        )
    return known[name]
