"""Mass and energy exchange with the surroundings: as physics first, as LAMMPS commands second.

Mass exchange `open` is a periodic cell, in which atoms and clusters meet their images. `confined`
is a closed sphere of equal *accessible* volume: atom centres move freely within
(3V/4π)^(1/3) - 1.5 Å, since an atom is about 3 Å thick, and a harmonic wall turns them back beyond.
Nothing crosses it, and its energy belongs to the conserved quantity.
"""

import math
from dataclasses import dataclass
from typing import Final

from simulate.design import EmbryoDesign
from simulate.protocol import Stage

HALF_ATOM_A: Final = 1.5
"""Half the thickness of an atom: centres stay this far inside the sphere of the volume, Å."""

WALL_RANGE_A: Final = 1.1
"""Depth of the harmonic wall beyond the accessible radius, Å."""

WALL_STIFFNESS_eV_per_A2: Final = 4.0
"""The wall rises to 4.8 eV, some ninety times kT in the melt; atoms enter it by about 0.1 Å."""

BOX_MARGIN_A: Final = 4.0
"""Room between the wall and the edge of the simulation box, Å; no atom gets there."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The room an embryo has.

    Attributes:
        edge_A: Edge of the cubic simulation box, Å.
        wall_radius_A: Radius within which atom centres move freely, about the box centre, Å;
            None where the cell is periodic.
    """

    edge_A: float
    wall_radius_A: float | None

    @property
    def is_periodic(self) -> bool:
        """Whether atoms meet their images."""
        return self.wall_radius_A is None


def cell_of(design: EmbryoDesign) -> Cell:
    """The cell that gives a design its packing density.

    >>> design = EmbryoDesign(n_atoms=500, packing_density_g_cm3=0.0534,
    ...                       mass_exchange="confined", energy_exchange="open")
    >>> round(cell_of(design).wall_radius_A, 2)
    28.03
    """
    volume_A3 = design.cell_volume_A3
    if design.mass_exchange == "open":
        return Cell(volume_A3 ** (1.0 / 3.0), None)
    radius_A = (3.0 * volume_A3 / (4.0 * math.pi)) ** (1.0 / 3.0) - HALF_ATOM_A
    return Cell(2.0 * (radius_A + WALL_RANGE_A + BOX_MARGIN_A), radius_A)


def wall_commands(cell: Cell) -> list[str]:
    """LAMMPS commands for the wall; empty for a periodic cell."""
    if cell.wall_radius_A is None:
        return []
    centre = cell.edge_A / 2.0
    surface_A = cell.wall_radius_A + WALL_RANGE_A
    return [
        f"region ball sphere {centre:.10g} {centre:.10g} {centre:.10g} {surface_A:.10g} side in",
        f"fix wall all wall/region ball harmonic {WALL_STIFFNESS_eV_per_A2} 1.0 {WALL_RANGE_A}",
        "fix_modify wall energy yes virial yes",
    ]


def exchange_commands(stage: Stage, seed: int) -> list[str]:
    """LAMMPS fixes that move atoms and exchange heat during a stage, in simulated kelvin.

    Args:
        stage: What is to be done.
        seed: Of the stochastic thermostat, positive.
    """
    if stage.ensemble == "nvt":
        return [
            f"fix move all nvt temp {stage.start_K:.10g} {stage.end_K:.10g} {stage.relaxation_ps}"
        ]
    if stage.ensemble == "nve":
        return ["fix move all nve"]
    return [  # its heat enters `econserve` by itself
        "fix move all nve",
        (
            f"fix leak all temp/csvr {stage.start_K:.10g} {stage.end_K:.10g} "
            f"{stage.relaxation_ps:.10g} {seed}"
        ),
    ]
