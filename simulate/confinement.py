"""Mass and energy exchange with the surroundings: as physics first, as LAMMPS commands second.

Mass exchange `open` is a periodic cell, in which atoms and clusters meet their images. `confined`
is a closed sphere or cube of equal *accessible* volume: atom centres move freely up to 1.5 Å from
where a hard wall of volume V would be ((3V/4π)^(1/3) - 1.5 Å in a sphere), since an atom is about
3 Å thick (of other metals than lithium, in proportion to their lattices), and a harmonic wall turns
them back beyond. Nothing crosses it, and its energy belongs to the conserved quantity.

Degrees of freedom: a periodic cell conserves momentum and a sphere conserves angular momentum, both
zero from the start, so that either has 3 N - 3; a cube conserves neither.
"""

import math
from dataclasses import dataclass
from typing import Final

from simulate.design import EmbryoDesign, WallShape
from simulate.protocol import Stage
from simulate.unit_system import METAL, UnitSystem

HALF_ATOM_A: Final = 1.5
"""Half the thickness of a lithium atom: centres stay this far inside the wall of the volume, Å."""

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
        wall_radius_A: Radius (of a cube: half the edge) within which atom centres move freely,
            about the box centre, Å; None where the cell is periodic.
        wall_shape: Of the wall, where there is one.
    """

    edge_A: float
    wall_radius_A: float | None
    wall_shape: WallShape = "sphere"

    @property
    def is_periodic(self) -> bool:
        """Whether atoms meet their images."""
        return self.wall_radius_A is None

    @property
    def accessible_volume_A3(self) -> float:
        """Of the room in which atom centres move freely, Å³."""
        if self.wall_radius_A is None:
            return self.edge_A**3
        if self.wall_shape == "cube":
            return (2.0 * self.wall_radius_A) ** 3
        return 4.0 / 3.0 * math.pi * self.wall_radius_A**3

    @property
    def n_frozen(self) -> int:
        """Degrees of freedom that conservation laws hold at zero."""
        return 0 if not self.is_periodic and self.wall_shape == "cube" else 3


def cell_of(design: EmbryoDesign) -> Cell:
    """The cell that gives a design its packing density.

    >>> design = EmbryoDesign(n_atoms=500, packing_density_g_cm3=0.0534,
    ...                       mass_exchange="confined", energy_exchange="open")
    >>> round(cell_of(design).wall_radius_A, 2)
    28.03
    """
    volume_A3 = design.cell_volume_A3
    inset_A = HALF_ATOM_A * design.physics.length_scale
    if design.mass_exchange == "open":
        return Cell(volume_A3 ** (1.0 / 3.0), None)
    if design.wall_shape == "cube":
        radius_A = volume_A3 ** (1.0 / 3.0) / 2.0 - inset_A
    else:
        radius_A = (3.0 * volume_A3 / (4.0 * math.pi)) ** (1.0 / 3.0) - inset_A
    return Cell(2.0 * (radius_A + WALL_RANGE_A + BOX_MARGIN_A), radius_A, design.wall_shape)


def wall_commands(cell: Cell, units: UnitSystem = METAL) -> list[str]:
    """LAMMPS commands for the wall; empty for a periodic cell."""
    if cell.wall_radius_A is None:
        return []
    centre = cell.edge_A / 2.0
    surface_A = cell.wall_radius_A + WALL_RANGE_A
    if cell.wall_shape == "cube":
        low, high = f"{centre - surface_A:.10g}", f"{centre + surface_A:.10g}"
        room = f"block {low} {high} {low} {high} {low} {high}"
    else:
        room = f"sphere {centre:.10g} {centre:.10g} {centre:.10g} {surface_A:.10g}"
    stiffness = f"{units.energy(WALL_STIFFNESS_eV_per_A2):.10g}"
    return [
        f"region room {room} side in",
        f"fix wall all wall/region room harmonic {stiffness} 1.0 {WALL_RANGE_A}",
        # With the wall's own virial the pressure of a closed box would be zero by the virial
        # theorem; without it, it is what the atoms exert on the wall.
        "fix_modify wall energy yes virial no",
    ]


def exchange_commands(stage: Stage, cell: Cell, seed: int, units: UnitSystem = METAL) -> list[str]:
    """LAMMPS fixes that move atoms and exchange heat during a stage, in simulated kelvin.

    Args:
        stage: What is to be done.
        cell: Where; decides how many degrees of freedom there are.
        seed: Of the stochastic thermostat, positive.
        units: What LAMMPS counts in.
    """
    move, leak = exchange_fixes(stage)
    span_K = f"{stage.start_K:.10g} {stage.end_K:.10g}"
    if stage.ensemble == "nvt":
        return [
            f"fix {move} all nvt temp {span_K} {units.time(stage.relaxation_ps)}",
            f"compute_modify {move}_temp extra/dof {cell.n_frozen}",
        ]
    if stage.ensemble == "nve":
        return [f"fix {move} all nve"]
    return heat_leak_commands((move, leak), span_K, stage.relaxation_ps, cell, seed, units)


def heat_leak_commands(
    fixes: tuple[str, str], span_K: str, relaxation_ps: float, cell: Cell, seed: int,
    units: UnitSystem = METAL,
) -> list[str]:  # fmt: skip
    """LAMMPS fixes of these names for stochastic velocity rescaling; see `exchange_commands`."""
    move, leak = fixes
    return [  # its heat enters `econserve` by itself
        f"fix {move} all nve",
        f"fix {leak} all temp/csvr {span_K} {units.time(relaxation_ps):.10g} {seed}",
        f"compute_modify {leak}_temp extra/dof {cell.n_frozen}",
    ]


def exchange_fixes(stage: Stage) -> tuple[str, str]:
    """Names of the fixes that move atoms and leak heat in a stage.

    Every stage has its own: LAMMPS hands the state in a restart file to any fix of the same name.
    """
    return f"move_{stage.name}", f"leak_{stage.name}"
