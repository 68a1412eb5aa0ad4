"""How long may a time step be? The energy an isolated embryo gains or loses by it, meV/atom a ns.

    python -m benchmarks.drift Na 1 1.5 2 [--atoms N] [--length PS] [--json]

An isolated hold must keep its energy to 1 meV/atom over 1 ns. An embryo within a wall is melted and
quenched as in a campaign, only faster, and then left alone at each of the steps asked for; the
drift is the slope of its conserved energy, with the spread of slopes of the hold's quarters.
"""

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from simulate.design import EmbryoDesign
from simulate.engine import Lammps
from simulate.packing import pack
from simulate.potentials.registry import EXPERIMENTAL_MELTING_K, Potential, potentials
from simulate.protocol import Protocol, stages

ASKED: Final = "Embryos within a wall, a fifth as dense as bulk, as hot as Li at 325 K."
SHARE_OF_BULK: Final = 0.2
LITHIUM_K: Final = 325.0
"""The warmest design by which the step for lithium was chosen; drift rises with temperature."""
N_PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class Drift:
    """Of one embryo at one time step, extrapolated to 1 ns; meV/atom."""

    step_fs: float
    drift_meV_per_ns: float
    spread_meV_per_ns: float
    temperature_K: float


def drift(potential: Potential, step_fs: float, n_atoms: int, length_ps: float) -> Drift:
    """Hold one embryo isolated and measure.

    Raises:
        TrajectoryFailure: The step was too long to go on at all.
    """
    tm_K = EXPERIMENTAL_MELTING_K
    design = EmbryoDesign(
        element=potential.element,
        potential=potential.name,
        n_atoms=n_atoms,
        packing_density_g_cm3=SHARE_OF_BULK * potential.bulk_density_g_cm3,
        mass_exchange="confined",
        energy_exchange="confined",
        hold_temperature_K=LITHIUM_K * tm_K[potential.element] / tm_K["Li"],
    )
    protocol = Protocol(
        heat_ps=5.0,
        quench_rate_K_per_ps=20.0,
        hold_ps=length_ps,
        frame_every_ps=0.5,
        isolated_time_step_fs=step_fs,
    )
    heat, quench, hold = stages(protocol, design)
    with (
        tempfile.TemporaryDirectory(prefix="glassyli-") as folder,
        Lammps(design, pack(design, 1), 1, Path(folder)) as engine,
    ):
        engine.relax()
        engine.set_temperature(heat.start_K)
        for stage in (heat, quench):
            list(engine.run(stage))
        frames = list(engine.run(hold))
    time_ns = np.array([frame.time_ps for frame in frames]) / 1000.0
    energy_meV = 1000.0 * np.array([frame.conserved_eV_per_atom for frame in frames])
    parts = np.array_split(np.arange(len(frames)), N_PARTS)
    slopes = [np.polyfit(time_ns[part], energy_meV[part], 1)[0] for part in parts]
    return Drift(
        step_fs=step_fs,
        drift_meV_per_ns=float(np.polyfit(time_ns, energy_meV, 1)[0]),
        spread_meV_per_ns=float(np.std(slopes, ddof=1) / N_PARTS**0.5),
        temperature_K=float(np.mean([frame.temperature_K for frame in frames])),
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=f"{__doc__.partition(chr(10))[0]} {ASKED}")
    by_element = {potential.element: potential for potential in potentials().values()}
    asked.add_argument("element", choices=sorted(by_element))
    asked.add_argument("steps_fs", type=float, nargs="+")
    asked.add_argument("--atoms", type=int, default=300)
    asked.add_argument("--length", type=float, default=100.0, help="of each hold, ps")
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    for step_fs in options.steps_fs:
        found = drift(by_element[options.element], step_fs, options.atoms, options.length)
        if options.json:
            print(json.dumps(asdict(found)), flush=True)
        else:
            print(
                f"{options.element}, {step_fs:g} fs: {found.drift_meV_per_ns:+.2f} "
                f"+- {found.spread_meV_per_ns:.2f} meV/atom/ns at {found.temperature_K:.0f} K",
                flush=True,
            )


if __name__ == "__main__":
    main()
