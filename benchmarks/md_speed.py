"""What the molecular dynamics costs that a forecast replaces, and the work between its frames."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.timing import Line, Task, timed
from simulate.design import EmbryoDesign
from simulate.engine import Lammps
from simulate.labels import label
from simulate.packing import pack
from simulate.potentials.registry import DEFAULT_POTENTIAL, potential_named
from simulate.protocol import Labelling, Stage, protocol_named, stages
from simulate.snapshot import Snapshot, extended_xyz
from simulate.units import FS_PER_PS

SIZES: Final = (200, 700)
REFERENCE_ATOMS: Final = 700
EAM_STEPS: Final = 500
REAXFF_STEPS: Final = 10
REAXFF: Final = potential_named("islam-2015")
S_PER_DAY: Final = 86_400.0


def embryo(
    n_atoms: int, packing_density_g_cm3: float = 0.0534, potential: str = DEFAULT_POTENTIAL
) -> EmbryoDesign:
    return EmbryoDesign(
        potential=potential,
        n_atoms=n_atoms,
        packing_density_g_cm3=packing_density_g_cm3,
        mass_exchange="open",
        energy_exchange="open",
    )


def melted(design: EmbryoDesign) -> Snapshot:
    """A droplet after some picoseconds of the heating, as a user's structure."""
    packed = pack(design, 1)
    with (
        tempfile.TemporaryDirectory() as folder,
        Lammps(design, packed, 1, Path(folder)) as engine,
    ):
        heat = stages(protocol_named("reference"), design)[0]
        engine.relax()
        engine.set_temperature(heat.start_K)
        positions_A = next(engine.run(heat)).positions_A
    return Snapshot(positions_A, packed.cell_A, packed.is_periodic)


def step(design: EmbryoDesign, atoms: Snapshot, heat: Stage, n_steps: int) -> Callable[[], float]:
    """Times a step of our own engine in the melt, s."""
    timed_stage = replace(
        heat, n_frames=2, steps_per_frame=n_steps, n_samples=1, sample_every=n_steps
    )

    def work() -> float:
        with tempfile.TemporaryDirectory() as folder, Lammps(design, atoms, 1, Path(folder)) as md:
            md.set_temperature(heat.start_K)
            frames = md.run(timed_stage)
            next(frames)  # the first one sets up
            began = time.process_time()
            next(frames)
            return (time.process_time() - began) / n_steps

    return work


def tasks() -> Iterator[Task]:
    """Everything here that is timed."""
    for n_atoms in SIZES:
        design = embryo(n_atoms)
        atoms = melted(design)
        heat = stages(protocol_named("reference"), design)[0]
        yield Task(f"EAM {n_atoms}", step(design, atoms, heat, EAM_STEPS))
        if n_atoms == REFERENCE_ATOMS:
            dear = embryo(n_atoms, potential=REAXFF.name)
            heat = stages(protocol_named("paper"), dear)[0]
            yield Task(f"ReaxFF {n_atoms}", step(dear, atoms, heat, REAXFF_STEPS))
        works: dict[str, Callable[[], object]] = {
            "label": partial(label, atoms, design.physics, Labelling()),
            "packing": partial(pack, design, 1),
            "extended XYZ": partial(extended_xyz, [atoms], "Li"),
        }
        for name, work in works.items():
            yield Task(f"{name} {n_atoms}", timed(work))


def lines(took_s: dict[str, float]) -> Iterator[Line]:
    """Figures from the medians."""
    for n_atoms in SIZES:
        step_s, step_fs = took_s[f"EAM {n_atoms}"], embryo(n_atoms).physics.time_step_fs
        what = f"{n_atoms} atoms: EAM (Nichol-Ackland, {step_fs:g} fs)"
        yield Line(what, _ns_per_day(step_fs, step_s), "ns/day")
        yield Line(what, 1.0e6 * step_s / n_atoms, "µs/atom/step")
        if n_atoms == REFERENCE_ATOMS:
            reaxff_fs = REAXFF.time_step_fs
            yield Line(
                f"{n_atoms} atoms: ReaxFF (Islam 2015, {reaxff_fs:g} fs)",
                _ns_per_day(reaxff_fs, took_s[f"ReaxFF {n_atoms}"]),
                "ns/day",
            )
        for name in ("label", "packing", "extended XYZ"):
            yield Line(f"{n_atoms} atoms: {name}", 1000.0 * took_s[f"{name} {n_atoms}"], "ms")


def replaced_s(took_s: dict[str, float]) -> dict[str, float]:
    """Seconds on one core of the reference protocol to its horizon, by what would run it."""
    protocol, design = protocol_named("reference"), embryo(REFERENCE_ATOMS)
    length_fs = FS_PER_PS * sum(stage.length_ps for stage in stages(protocol, design))
    steps_fs = {"EAM": design.physics.time_step_fs, "ReaxFF": REAXFF.time_step_fs}
    return {
        name: took_s[f"{name} {REFERENCE_ATOMS}"] * length_fs / step_fs
        for name, step_fs in steps_fs.items()
    }


def _ns_per_day(step_fs: float, step_s: float) -> float:
    return 1.0e-6 * step_fs / step_s * S_PER_DAY
