"""What are crystal and melt like at one temperature? Enthalpy, volume, and how fast the melt flows.

    python -m benchmarks.phases Li 650        latent heat and diffusivity at the melting point
    python -m benchmarks.phases Li 364        of the undercooled melt, as long as it stays one

Two periodic boxes without pressure. An undercooled melt may freeze while it is watched: its
crystalline share is told with every time, and diffusivity is taken before freezing only.

Reference:
    I.-C. Yeh, G. Hummer, J. Phys. Chem. B 108, 15873 (2004), doi 10.1021/jp0477147 (a periodic box
    of this size slows diffusion by some percent; not corrected).
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from benchmarks.coexistence import MOLTEN_BELOW
from benchmarks.melting import ELEMENTS, HELD_SHARE_OF_STEP, MELT_AT_of_guess
from benchmarks.periodic_box import AVERAGING_PS, crystal_box
from simulate.potentials.registry import Potential, potentials

N_CELLS: Final = (8, 8, 8)
"""1024 atoms of bcc."""
MELT_PS, QUENCH_PS, SETTLE_PS, CHUNK_PS = 6.0, 6.0, 9.0, 2.0
LEFT_OUT_PS: Final = 1.0
"""In which atoms rattle before they diffuse."""


@dataclass(frozen=True, slots=True)
class Phases:
    """Crystal and melt at one temperature.

    Attributes:
        crystal_eV, melt_eV: Enthalpy an atom.
        crystal_A3, melt_A3: Volume an atom.
        times_ps, ways_A2, crystal_shares: Mean squared way of the melt's atoms since the box was
            left alone, and the share of crystalline labels, at each time.
    """

    temperature_K: float
    crystal_eV: float
    melt_eV: float
    crystal_A3: float
    melt_A3: float
    times_ps: tuple[float, ...]
    ways_A2: tuple[float, ...]
    crystal_shares: tuple[float, ...]

    @property
    def liquid_ps(self) -> float:
        """How long the melt stayed one."""
        return liquid_until(self.times_ps, self.crystal_shares)

    @property
    def diffusivity_A2_ps(self) -> float | None:
        """Of the melt, before it froze; 1 Å²/ps is 1e-8 m²/s."""
        until_ps = self.liquid_ps
        return diffusivity(
            [t for t in self.times_ps if t <= until_ps],
            [w for t, w in zip(self.times_ps, self.ways_A2, strict=True) if t <= until_ps],
        )


def liquid_until(times_ps: Sequence[float], crystal_shares: Sequence[float]) -> float:
    """The last time before the first crystalline one; 0 if the first is.

    >>> liquid_until([2.0, 4.0, 6.0], [0.1, 0.1, 0.8])
    4.0
    """
    told = 0.0
    for time_ps, share in zip(times_ps, crystal_shares, strict=True):
        if share > MOLTEN_BELOW:
            break
        told = time_ps
    return told


def diffusivity(times_ps: Sequence[float], ways_A2: Sequence[float]) -> float | None:
    """A sixth of the slope of the mean squared way, Å²/ps; None from fewer than three times.

    >>> round(diffusivity([2.0, 4.0, 6.0], [13.0, 25.0, 37.0]), 6)
    1.0
    """
    late = [(t, way) for t, way in zip(times_ps, ways_A2, strict=True) if t > LEFT_OUT_PS]
    if len(late) < 3:
        return None
    return float(np.polyfit([t for t, _ in late], [way for _, way in late], 1)[0]) / 6.0


def phases(potential: Potential, temperature_K: float, watch_ps: float, seed: int) -> Phases:
    """Measure both phases.

    Args:
        potential: The interactions.
        temperature_K: Of both.
        watch_ps: The melt's diffusion.
        seed: Of velocities.
    """
    step_fs = HELD_SHARE_OF_STEP * potential.time_step_fs
    with crystal_box(potential, "bcc", N_CELLS, step_fs) as box:
        box.run(f"velocity all create {2.0 * temperature_K} {seed} mom yes rot no dist gaussian")
        crystal = box.free(temperature_K, 2.0 * SETTLE_PS)
    with crystal_box(potential, "bcc", N_CELLS, step_fs) as box:
        hot_K = MELT_AT_of_guess * max(temperature_K, potential.melting_temperature_K)
        box.run(f"velocity all create {2.0 * hot_K} {seed} mom yes rot no dist gaussian")
        box.run(f"fix move all npt temp {hot_K} {hot_K} 0.1 iso 0 0 1")
        box.run_ps(MELT_PS)
        box.run(f"fix move all npt temp {hot_K} {temperature_K} 0.1 iso 0 0 1")
        box.run_ps(QUENCH_PS)
        box.run("unfix move")
        melt = box.free(temperature_K, SETTLE_PS)
        box.run(f"fix move all nvt temp {temperature_K} {temperature_K} 0.1")
        box.run("compute way all msd com yes")
        times_ps, ways_A2, shares = [], [], []
        for number in range(round(watch_ps / CHUNK_PS)):
            box.run_ps(CHUNK_PS - AVERAGING_PS)
            shares.append(float(box.crystalline()[0].mean()))
            times_ps.append((number + 1) * CHUNK_PS)
            ways_A2.append(box.squared_way_A2("way"))
        n_atoms = box.n_atoms
    return Phases(
        temperature_K=temperature_K,
        crystal_eV=crystal["enthalpy"] / n_atoms,
        melt_eV=melt["enthalpy"] / n_atoms,
        crystal_A3=crystal["vol"] / n_atoms,
        melt_A3=melt["vol"] / n_atoms,
        times_ps=tuple(times_ps),
        ways_A2=tuple(ways_A2),
        crystal_shares=tuple(shares),
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("element", choices=ELEMENTS)
    asked.add_argument("temperature", type=float, help="K")
    asked.add_argument("--watch", type=float, default=50.0, help="ps the melt is watched")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    potential = next(p for p in potentials().values() if p.element == options.element)
    found = phases(potential, options.temperature, options.watch, options.seed)
    if options.json:
        print(json.dumps(asdict(found), indent=1))
        return
    shares = " ".join(f"{share:.2f}" for share in found.crystal_shares)
    flow = found.diffusivity_A2_ps
    told = "too short to tell" if flow is None else f"{flow:.3f} A2/ps"
    print(
        f"{options.element} at {options.temperature:.0f} K: melt less crystal "
        f"{1000.0 * (found.melt_eV - found.crystal_eV):.1f} meV an atom, "
        f"volume {found.melt_A3:.3f} and {found.crystal_A3:.3f} A3\n"
        f"diffusivity of the melt {told} over the {found.liquid_ps:.0f} ps in which it stayed one; "
        f"crystalline share every {CHUNK_PS:.0f} ps: {shares}"
    )


if __name__ == "__main__":
    main()
