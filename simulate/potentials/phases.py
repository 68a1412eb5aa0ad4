"""What are crystal and melt like at one temperature? Enthalpy, volume, and how fast the melt flows.

Two periodic boxes without pressure. An undercooled melt may freeze while it is watched: its
crystalline share is told with every time, and diffusivity is taken before freezing only.

Reference:
    I.-C. Yeh, G. Hummer, J. Phys. Chem. B 108, 15873 (2004), doi 10.1021/jp0477147 (a periodic box
    of this size slows diffusion by some percent; not corrected).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulate.potentials.periodic_box import AVERAGING_PS, PeriodicBox, crystal_box
from simulate.potentials.potential import Potential

N_CELLS: Final = {"bcc": (8, 8, 8), "hcp": (8, 5, 5)}
"""1024 atoms of bcc, 800 of hcp."""
HELD_SHARE_OF_STEP: Final = 2.0 / 3.0
"""Of the time step of thermostatted stages."""
MELT_AT_of_guess: Final = 1.7
MOLTEN_BELOW: Final = 0.25
"""Share of crystalline labels: a liquid has a few by chance, and where it touches a crystal."""
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


def phases(
    potential: Potential,
    temperature_K: float,
    watch_ps: float,
    seed: int,
    on_progress: Callable[[float], object] = lambda _: None,
) -> Phases:
    """Measure both phases.

    Args:
        potential: The interactions.
        temperature_K: Of both.
        watch_ps: The melt's diffusion.
        seed: Of velocities.
        on_progress: Told the ps that are done, of `phases_ps` in all.
    """
    step_fs = HELD_SHARE_OF_STEP * potential.time_step_fs
    cells = N_CELLS[potential.lattice]
    with crystal_box(potential, potential.lattice, cells, step_fs) as box:
        box.run(f"velocity all create {2.0 * temperature_K} {seed} mom yes rot no dist gaussian")
        crystal = box.free(temperature_K, 2.0 * SETTLE_PS)
        on_progress(2.0 * SETTLE_PS)
    with crystal_box(potential, potential.lattice, cells, step_fs) as box:
        _melt(box, temperature_K, seed)
        melt = box.free(temperature_K, SETTLE_PS)
        watched_from_ps = phases_ps(0.0)
        on_progress(watched_from_ps)
        box.run(f"fix move all nvt temp {box.heat(temperature_K)}")
        box.run("compute way all msd com yes")
        times_ps, ways_A2, shares = [], [], []
        for number in range(round(watch_ps / CHUNK_PS)):
            box.run_ps(CHUNK_PS - AVERAGING_PS)
            shares.append(float(box.crystalline()[0].mean()))
            times_ps.append((number + 1) * CHUNK_PS)
            ways_A2.append(box.squared_way_A2("way"))
            on_progress(watched_from_ps + times_ps[-1])
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


def phases_ps(watch_ps: float) -> float:
    """All that is simulated for both phases, ps."""
    return 3.0 * SETTLE_PS + MELT_PS + QUENCH_PS + watch_ps


def _melt(box: PeriodicBox, temperature_K: float, seed: int) -> None:
    """Melt a crystal far above, and cool it to this temperature."""
    hot_K = MELT_AT_of_guess * max(temperature_K, box.potential.melting_guess_K)
    box.run(f"velocity all create {2.0 * hot_K} {seed} mom yes rot no dist gaussian")
    for end_K, length_ps in ((hot_K, MELT_PS), (temperature_K, QUENCH_PS)):
        box.run(f"fix move all npt temp {box.heat(hot_K, end_K)} {box.breathing()}")
        box.run_ps(length_ps)
    box.run("unfix move")
