"""One interatomic potential, whatever its kind: what it describes, and what LAMMPS is told."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from simulate.errors import MisuseError
from simulate.settings import Settings
from simulate.unit_system import UNIT_SYSTEMS, UnitName, UnitSystem

Kind = Literal["EAM/FS", "2NN MEAM", "ReaxFF", "SNAP"]
Lattice = Literal["bcc", "hcp"]
MeltingKind = Literal["measured", "published"]
"""How a melting point is known: measured here, or taken over from a publication."""

LITHIUM_LATTICE_A: Final = 3.51
"""Lattice constant of the first potential; see `Potential.length_scale`."""

EXPERIMENTAL_MELTING_K: Final = {
    "Li": 453.65, "Na": 370.95, "K": 336.7, "Mg": 923.15, "Zn": 692.68,
}  # fmt: skip
"""Melting points of the elements, K (CRC Handbook of Chemistry and Physics, 97th ed.)."""

ROOM_K: Final = 300.0


class Known(Settings):
    """What is known of a potential beside its coefficients; the data file says how.

    Attributes:
        melting_temperature_K: None where nobody measured it.
        melting_kind, melting_source: How it is known, and by what; of every melting point.
        melting_error_K: As judged; None: not published.
        nominal_melting_K: None: the melting temperature.
        c_over_a: Of hcp crystals.
        fcc_minus_bcc_eV, bcc_minus_hcp_eV: Of crystals at rest.
        cost_us: Time of a core for one step of one atom, µs.
    """

    name: str
    lattice: Lattice = "bcc"
    c_over_a: float | None = Field(None, gt=0)
    melting_temperature_K: float | None = Field(None, gt=0)
    melting_kind: MeltingKind | None = None
    melting_source: str | None = None
    melting_error_K: float | None = Field(None, gt=0)
    nominal_melting_K: float | None = Field(None, gt=0)
    bulk_density_g_cm3: float = Field(gt=0)
    cohesive_energy_eV: float = Field(gt=0)
    fcc_minus_bcc_eV: float | None = None
    bcc_minus_hcp_eV: float | None = None
    time_step_fs: float = Field(gt=0)
    isolated_time_step_fs: float = Field(gt=0)
    cost_us: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _a_melting_point_says_how_it_is_known(self) -> Self:
        told = [self.melting_temperature_K, self.melting_kind, self.melting_source]
        if any(each is None for each in told) and told != [None] * 3:
            raise ValueError(
                "melting_temperature_K, melting_kind and melting_source must be given together, "
                f"but of {self.name} they are {told}. Say how the melting point is known."
            )
        return self


@dataclass(frozen=True, slots=True)
class Potential:
    """An interatomic potential of one element.

    Attributes:
        kind: The form of its energy.
        source: The data file that holds its coefficients, in this folder.
        lattice: Of the crystal lowest in energy of those compared.
        lattice_constant_A, c_over_a: Of that crystal at 0 K.
        melting_temperature_K: Melting point of the model crystal, simulated K; None: not measured.
        melting_kind, melting_source, melting_error_K: How it is known, by what, how closely.
        nominal_melting_K: What experiment-equivalent temperatures are scaled by: for lithium by
            Nichol and Ackland the melting point as it was believed to be when the first records
            were made.
        bulk_density_g_cm3: Density of the real crystal at room temperature.
        cohesive_energy_eV: What the admission test must find.
        fcc_minus_bcc_eV, bcc_minus_hcp_eV: Likewise, where they are known.
        time_step_fs: For thermostatted stages.
        isolated_time_step_fs: For holds that must conserve energy to 1 meV/atom over 1 ns.
        cost_us: Time of a core for one step of one atom, µs; None: not measured.
        coefficients_sha256: Hash of the numbers that define the energy.
        unit_name, atom_style: As LAMMPS must be set up before the interactions are named.
        write: Writes what LAMMPS reads into a folder, and gives the commands that name it.
    """

    name: str
    element: str
    kind: Kind
    citation: str
    doi: str
    source: str
    mass_g_mol: float
    lattice: Lattice
    lattice_constant_A: float
    c_over_a: float | None
    melting_temperature_K: float | None
    melting_kind: MeltingKind | None
    melting_source: str | None
    melting_error_K: float | None
    nominal_melting_K: float | None
    bulk_density_g_cm3: float
    cohesive_energy_eV: float
    fcc_minus_bcc_eV: float | None
    bcc_minus_hcp_eV: float | None
    time_step_fs: float
    isolated_time_step_fs: float
    cost_us: float | None
    coefficients_sha256: str
    write: Callable[[Path], list[str]] = field(compare=False, repr=False)
    unit_name: UnitName = "metal"
    atom_style: str = "atomic"

    @property
    def units(self) -> UnitSystem:
        """What LAMMPS counts in."""
        return UNIT_SYSTEMS[self.unit_name]

    @property
    def bcc_lattice_constant_A(self) -> float:
        """Edge of the bcc crystal, Å; of hcp metals, of a bcc crystal of equal volume an atom.

        Every length that is in proportion to atoms goes by it: cut-offs of neighbourhood, walls,
        distances of packing.
        """
        if self.c_over_a is None:
            return self.lattice_constant_A
        # An hcp atom has √3/4 a² c, a bcc atom half a cube.
        return self.lattice_constant_A * float((math.sqrt(0.75) * self.c_over_a) ** (1.0 / 3.0))

    @property
    def nearest_neighbour_A(self) -> float:
        """Distance of nearest neighbours in the crystal at 0 K, Å."""
        if self.c_over_a is None:
            return self.lattice_constant_A * math.sqrt(0.75)
        return self.lattice_constant_A * min(1.0, math.sqrt(1.0 / 3.0 + self.c_over_a**2 / 4.0))

    @property
    def length_scale(self) -> float:
        """Lattice constant over that of lithium, for which lengths of packing and wall were chosen.

        Exactly 1 for lithium by Nichol and Ackland.
        """
        return self.bcc_lattice_constant_A / LITHIUM_LATTICE_A

    @property
    def substance(self) -> str:
        """Element and name, for people."""
        return f"{self.element} with {self.name}"

    @property
    def has_melting_point(self) -> bool:
        """Whether temperatures can be scaled to it."""
        return self.melting_temperature_K is not None

    @property
    def melting_K(self) -> float:
        """Melting point of the model crystal, simulated K.

        Raises:
            MisuseError: It was not measured.
        """
        return self._needed(self.melting_temperature_K)

    @property
    def melting_guess_K(self) -> float:
        """Simulated K to begin a search at: as measured, or else of the real metal."""
        return self.melting_temperature_K or EXPERIMENTAL_MELTING_K[self.element]

    @property
    def temperature_scale(self) -> float:
        """Simulated over experiment-equivalent temperature; a declared constant.

        Raises:
            MisuseError: The melting point was not measured.
        """
        return self._needed(self.nominal_melting_K) / EXPERIMENTAL_MELTING_K[self.element]

    def share_of_melting(self, temperature_K: float) -> float:
        """Simulated temperature over the melting point of the model crystal.

        Args:
            temperature_K: Experiment-equivalent.
        """
        return temperature_K * self.temperature_scale / self.melting_K

    def temperature_at(self, share_of_melting: float) -> float:
        """Experiment-equivalent temperature, K, at that share of the melting point."""
        return share_of_melting * self.melting_K / self.temperature_scale

    @property
    def about_temperatures(self) -> str:
        """What 300 K means here, for people."""
        if not self.has_melting_point:
            return f"of {self.element} by {self.name}, temperatures are as simulated"
        real_K = self.share_of_melting(ROOM_K) * EXPERIMENTAL_MELTING_K[self.element]
        return (
            f"of {self.element}, {ROOM_K:g} K is simulated at "
            f"{ROOM_K * self.temperature_scale:.0f} K, "
            f"{self.share_of_melting(ROOM_K):.2f} of the {self.melting_temperature_K:g} K at which "
            f"the model crystal melts; the metal is there at {real_K:.0f} K"
        )

    def lammps_commands(self, folder: Path) -> list[str]:
        """Commands that define the interactions; what they read is written into `folder` first."""
        # The mass comes last: pair_coeff may set one of its own.
        return [*self.write(folder), f"mass 1 {self.mass_g_mol}"]

    def _needed(self, melting_K: float | None) -> float:
        if melting_K is None:
            raise MisuseError(
                "a potential whose temperatures are scaled (temperature_scaling: homologous) must "
                f"have a melting point, but that of {self.name} is not measured. Use "
                "`temperature_scaling: none` (the preset `paper` does), or another potential of "
                "`glassyli potentials`."
            )
        return melting_K
