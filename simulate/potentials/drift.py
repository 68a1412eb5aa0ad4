"""How long may a time step be? The energy an isolated embryo gains or loses by it, meV/atom a ns.

An isolated hold must keep its energy to 1 meV/atom over 1 ns. An embryo within a wall is melted and
quenched as in a campaign, only faster, and then left alone; the drift is the slope of its conserved
energy, with the spread of slopes of the hold's quarters. What is left alone for all of 1 ns needs
no line: its drift is what it gained.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from simulate.design import EmbryoDesign
from simulate.engine import Lammps
from simulate.packing import pack
from simulate.potentials.potential import EXPERIMENTAL_MELTING_K, Potential
from simulate.protocol import Protocol, stages

SHARE_OF_BULK: Final = 0.2
LITHIUM_K: Final = 325.0
"""The warmest design by which the step for lithium was chosen; drift rises with temperature."""
HOTTEST_HOLD_K: Final = 450.0
"""Of a design; magnesium and zinc would be asked beyond."""
HEAT_PS, QUENCH_K_PER_PS = 5.0, 20.0
N_PARTS: Final = 4
WHOLE_PS: Final = 1000.0
"""The hold of the reference protocol."""
FRAME_PS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Drift:
    """Of one embryo at one time step, extrapolated to 1 ns unless it was held so long; meV/atom."""

    step_fs: float
    drift_meV_per_ns: float
    spread_meV_per_ns: float
    temperature_K: float
    n_atoms: int
    length_ps: float


def drift(
    potential: Potential,
    step_fs: float,
    n_atoms: int,
    length_ps: float,
    heat_ps: float = HEAT_PS,
    quench_K_per_ps: float = QUENCH_K_PER_PS,
    on_progress: Callable[[float], object] = lambda _: None,
) -> Drift:
    """Hold one embryo isolated and measure.

    Args:
        potential: The interactions.
        step_fs: Of the isolated hold.
        n_atoms: Of the embryo.
        length_ps: Of the hold.
        heat_ps: Of the melt before it.
        quench_K_per_ps: From the melt to the hold.
        on_progress: Told the ps of the hold that are done.

    Raises:
        TrajectoryFailure: The step was too long to go on at all.
    """
    tm_K = EXPERIMENTAL_MELTING_K
    like_lithium_K = LITHIUM_K * tm_K[potential.element] / tm_K["Li"]
    design = EmbryoDesign(
        element=potential.element,
        potential=potential.name,
        n_atoms=n_atoms,
        packing_density_g_cm3=SHARE_OF_BULK * potential.bulk_density_g_cm3,
        mass_exchange="confined",
        energy_exchange="confined",
        hold_temperature_K=min(like_lithium_K, HOTTEST_HOLD_K),
    )
    protocol = Protocol(
        temperature_scaling="homologous" if potential.has_melting_point else "none",
        heat_ps=heat_ps,
        quench_rate_K_per_ps=quench_K_per_ps,
        hold_ps=length_ps,
        frame_every_ps=min(FRAME_PS, length_ps / (4.0 * N_PARTS)),
        isolated_time_step_fs=step_fs,
        labelling={"persistence_ps": 0.0, "averaging_ps": min(0.3, length_ps / (4.0 * N_PARTS))},
    )
    heat, quench, hold = stages(protocol, design)
    frames = []
    with (
        tempfile.TemporaryDirectory(prefix="glassyli-") as folder,
        Lammps(design, pack(design, 1), 1, Path(folder)) as engine,
    ):
        engine.relax()
        engine.set_temperature(heat.start_K)
        for stage in (heat, quench):
            list(engine.run(stage))
        for frame in engine.run(hold):
            frames.append(frame)
            on_progress(frame.time_ps)
    time_ns = np.array([frame.time_ps for frame in frames]) / 1000.0
    energy_meV = 1000.0 * np.array([frame.conserved_eV_per_atom for frame in frames])
    parts = np.array_split(np.arange(len(frames)), N_PARTS)
    slopes = [np.polyfit(time_ns[part], energy_meV[part], 1)[0] for part in parts]
    is_whole = hold.length_ps >= WHOLE_PS
    gained_meV = (energy_meV[-1] - energy_meV[0]) / (time_ns[-1] - time_ns[0])
    return Drift(
        step_fs=step_fs,
        drift_meV_per_ns=float(gained_meV if is_whole else np.polyfit(time_ns, energy_meV, 1)[0]),
        spread_meV_per_ns=0.0 if is_whole else float(np.std(slopes, ddof=1) / N_PARTS**0.5),
        temperature_K=float(np.mean([frame.temperature_K for frame in frames])),
        n_atoms=n_atoms,
        length_ps=hold.length_ps,
    )
