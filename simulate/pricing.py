"""What a campaign will cost on this machine: measured on a moment of it, then multiplied."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from simulate.design import EmbryoDesign
from simulate.engine import Lammps
from simulate.labels import label
from simulate.packing import pack
from simulate.plan import Plan
from simulate.potentials.registry import DEFAULT_POTENTIAL, Potential, potential_named
from simulate.protocol import Protocol, stages
from simulate.snapshot import Snapshot, extended_xyz

CALIBRATION_ATOMS = 300
CALIBRATION_FRAMES = 6
CALIBRATION_FRAME_PS = 2.0

RECORD_BYTES: Final = 2900
"""JSON of a record without its series; of melts of 150 and 300 atoms, which differ by 4."""

SERIES_BYTES_PER_FRAME: Final = 510
"""JSON of one frame of the series, whatever the embryo; of the same melts, 507 and 513."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Measured on one core of this machine.

    Attributes:
        us_per_atom_step: Molecular dynamics with the default potential, µs.
        ms_per_frame: Labelling one frame, ms.
        bytes_per_atom_frame: Positions and labels on disk, compressed.
    """

    us_per_atom_step: float
    ms_per_frame: float
    bytes_per_atom_frame: float


@dataclass(frozen=True, slots=True)
class Price:
    """At most: every hold runs to its horizon.

    Attributes:
        atom_steps: Atoms times time steps.
        core_hours: On cores like the one that was measured.
        disk_MB: Of the record store.
    """

    n_trajectories: int
    atom_steps: int
    core_hours: float
    disk_MB: float


def calibrate() -> Calibration:
    """Run and label a melt of 300 atoms for some picoseconds; a few seconds.

    Raises:
        EngineError: LAMMPS or OVITO cannot be used.
    """
    design = EmbryoDesign(
        n_atoms=CALIBRATION_ATOMS,
        packing_density_g_cm3=0.1,
        mass_exchange="open",
        energy_exchange="open",
    )
    protocol = Protocol(frame_every_ps=CALIBRATION_FRAME_PS)
    heat = stages(protocol, design)[0]
    packed = pack(design, 1)
    with (
        tempfile.TemporaryDirectory(prefix="glassyli-") as folder,
        Lammps(design, packed, 1, Path(folder)) as engine,
    ):
        engine.relax()
        engine.set_temperature(heat.start_K)
        frames = engine.run(heat)
        next(frames)  # the first one sets up
        began = time.perf_counter()
        states = [next(frames) for _ in range(CALIBRATION_FRAMES)]
        md_s = time.perf_counter() - began
    snapshots = [Snapshot(s.positions_A, packed.cell_A, packed.is_periodic) for s in states]
    label(snapshots[0], design.physics, protocol.labelling)
    began = time.perf_counter()
    labelled = [
        replace(each, structure=label(each, design.physics, protocol.labelling).structure)
        for each in snapshots
    ]
    label_s = time.perf_counter() - began
    n_steps = CALIBRATION_FRAMES * heat.steps_per_frame
    n_atom_frames = CALIBRATION_FRAMES * CALIBRATION_ATOMS
    return Calibration(
        us_per_atom_step=1.0e6 * md_s / (n_steps * CALIBRATION_ATOMS),
        ms_per_frame=1000.0 * label_s / CALIBRATION_FRAMES,
        bytes_per_atom_frame=len(extended_xyz(labelled, design.element)) / n_atom_frames,
    )


def times_default(potential: Potential) -> float:
    """Cost of a step of one atom over that of the default, which is what `calibrate` measures.

    By what is on record of both; 1 where one was not measured.

    >>> times_default(potential_named(DEFAULT_POTENTIAL))
    1.0
    """
    default_us = potential_named(DEFAULT_POTENTIAL).cost_us
    return potential.cost_us / default_us if potential.cost_us and default_us else 1.0


def price(plans: Sequence[Plan], measured: Calibration) -> Price:
    """What some trajectories cost at most.

    Args:
        plans: Those that are to be run.
        measured: From `calibrate`.
    """
    n_frames = [sum(stage.n_frames for stage in plan.stages) for plan in plans]
    atom_steps = sum(plan.atom_steps for plan in plans)
    as_default = sum(plan.atom_steps * times_default(plan.design.physics) for plan in plans)
    seconds = 1.0e-6 * measured.us_per_atom_step * as_default
    seconds += 1.0e-3 * measured.ms_per_frame * sum(n_frames)
    stored = zip(n_frames, plans, strict=True)
    atom_frames = sum((n + 1) * plan.design.n_atoms for n, plan in stored)  # and the packing
    n_bytes = measured.bytes_per_atom_frame * atom_frames
    n_bytes += SERIES_BYTES_PER_FRAME * sum(n_frames) + RECORD_BYTES * len(plans)
    return Price(
        n_trajectories=len(plans),
        atom_steps=atom_steps,
        core_hours=seconds / 3600.0,
        disk_MB=1.0e-6 * n_bytes,
    )
