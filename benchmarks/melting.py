"""Where does the crystal of a potential melt? Crystal and melt side by side find it themselves.

    python -m benchmarks.melting Na [--crystal bcc] [--guess K] [--repeats N] [--json]
    python -m benchmarks.melting Li --hold 540 560 580

Nearly half of a periodic bar is melted while the rest is kept cold, both are brought to a guessed
temperature, and then nothing but the pressure (zero) is controlled: where the guess is too hot,
crystal melts and takes heat up, where it is too cold, melt orders and gives heat off, until both
phases stand still at the melting temperature. Every repeat starts from another side of the guess.
A crystal of another kind (fcc) melts lower than the stable one.

Reference:
    J. R. Morris, C. Z. Wang, K. M. Ho, C. T. Chan, Phys. Rev. B 49, 3109 (1994),
    doi 10.1103/PhysRevB.49.3109 (coexistence without a thermostat).
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Final

import numpy as np

from simulate.engine import new_instance
from simulate.labels import match_templates
from simulate.potentials.registry import Potential, potentials
from simulate.protocol import Labelling
from simulate.snapshot import STRUCTURE_NAMES, Snapshot

N_CELLS: Final = {"bcc": (7, 7, 22), "fcc": (6, 6, 16)}
"""Cubic cells of the bar: 2156 atoms of bcc, 2304 of fcc, which has twice as many a cell."""
N_SLICES: Final = 22
MELT_AT_in_guess: Final = 1.7
SHARE_OF_STEP: Final = 2.0 / 3.0
"""Of the time step of thermostatted stages."""
MELTED_ABOVE: Final = 0.6
"""Of the height of the bar; heat runs into the other part before it is let go."""
MELT_SWELLS: Final = 0.03
WARM_PS, MELT_PS, COOL_PS, SETTLE_PS, REST_PS, WATCH_PS = 6.0, 5.0, 3.0, 2.0, 40.0, 60.0
AVERAGING_PS: Final = 0.3
GUESSES: Final = {"Li": 551.0, "Na": 370.0, "K": 340.0}
OFFSETS: Final = (-0.03, 0.03, 0.0)
"""Share of the guess by which the repeats start colder or hotter."""


@dataclass(frozen=True, slots=True)
class Coexistence:
    """What one bar came to.

    Attributes:
        temperature_K: Mean over the watched time.
        drift_K: Mean of its second half less that of its first.
        shares: Share of atoms by structure at the end, of both halves.
        crystal_share: Share of the bar's slices that are crystalline at the end: 0 or 1 would mean
            that only one phase was left, and the temperature says nothing.
    """

    start_K: float
    temperature_K: float
    drift_K: float
    shares: dict[str, float]
    crystal_share: float

    @property
    def is_two_phases(self) -> bool:
        """Whether crystal and melt were both there to the end."""
        return 0.15 < self.crystal_share < 0.85


def coexistence(
    potential: Potential,
    lattice: str,
    guess_K: float,
    start_K: float,
    seed: int,
    *,
    is_held: bool = False,
) -> Coexistence:
    """Bring crystal and melt together and read their temperature.

    Args:
        potential: The interactions.
        lattice: `bcc` or `fcc`, of the crystalline half.
        guess_K: For warming and melting.
        start_K: Of both halves when they are left alone.
        seed: Of velocities.
        is_held: Whether a thermostat keeps them there: the crystal grows below the melting point
            and shrinks above it. For potentials whose energy drifts.
    """
    with (
        tempfile.TemporaryDirectory(prefix="glassyli-") as name,
        _bar(potential, lattice, Path(name)) as lammps,
    ):
        run = lammps.command

        def steps(length_ps: float) -> int:
            return round(1000.0 * length_ps / _step_fs(potential))

        run(f"velocity all create {2.0 * guess_K} {seed} mom yes rot no dist gaussian")
        pressure = "x 0 0 1 y 0 0 1 z 0 0 1 couple xy"
        run(f"fix move all npt temp {guess_K} {guess_K} 0.1 {pressure}")
        run(f"run {steps(WARM_PS)}")
        run("unfix move")
        # The melt takes more room; what is not right is put right by the free pressure later.
        run(f"change_box all z scale {1.0 + MELT_SWELLS / 2.0:.6g} remap units box")
        hot_K = MELT_AT_in_guess * guess_K
        run(f"fix cold held nvt temp {guess_K} {guess_K} 0.1")
        run(f"fix warm melted nvt temp {hot_K} {hot_K} 0.1")
        run(f"run {steps(MELT_PS)}")
        run(f"fix warm melted nvt temp {hot_K} {start_K} 0.1")
        run(f"run {steps(COOL_PS)}")
        run("unfix cold")
        run("unfix warm")
        run(f"fix move all npt temp {start_K} {start_K} 0.1 {pressure}")
        run(f"run {steps(SETTLE_PS)}")
        if not is_held:
            run("unfix move")
            run(f"fix move all nph {pressure} pchain 0")  # a chain would heat
        run(f"run {steps(REST_PS)}")
        halves_K = []
        for _ in range(2):
            run("fix half all ave/time 5 1 5 c_thermo_temp ave running")
            run(f"run {steps(WATCH_PS / 2.0)}")
            halves_K.append(float(lammps.extract_fix("half", 0, 0)))
            run("unfix half")
        run("compute place all property/atom xu yu zu")
        every = steps(AVERAGING_PS) // 10
        run("reset_timestep 0")  # a mean is of steps that its length divides
        run(f"fix mean all ave/atom {every} 10 {10 * every} c_place[1] c_place[2] c_place[3]")
        run(f"run {10 * every}")
        structure, height = _structure(lammps)
    is_crystal = np.isin(structure, [STRUCTURE_NAMES.index(k) for k in ("bcc", "fcc", "hcp")])
    slices = [is_crystal[np.floor(height * N_SLICES) == number] for number in range(N_SLICES)]
    return Coexistence(
        start_K=start_K,
        temperature_K=fmean(halves_K),
        drift_K=halves_K[1] - halves_K[0],
        shares={
            kind: float(np.mean(structure == number)) for number, kind in enumerate(STRUCTURE_NAMES)
        },
        crystal_share=fmean(float(each.mean() > 0.5) for each in slices),
    )


@contextmanager
def _bar(potential: Potential, lattice: str, folder: Path) -> Iterator[Any]:
    """LAMMPS with a perfect crystal whose upper part is the group `melted`."""
    constant_A = potential.bcc_lattice_constant_A * (2.0 ** (1.0 / 3.0) if lattice == "fcc" else 1)
    nx, ny, nz = N_CELLS[lattice]
    lammps = new_instance(folder / "log.lammps")
    try:
        for command in (
            "units metal",
            "atom_style atomic",
            "boundary p p p",
            f"lattice {lattice} {constant_A:.10g}",
            f"region bar block 0 {nx} 0 {ny} 0 {nz}",
            "create_box 1 bar",
            "create_atoms 1 box",
            *potential.lammps_commands(folder),
            "neighbor 1.0 bin",
            f"timestep {_step_fs(potential) / 1000.0:.6g}",
            f"region top block INF INF INF INF {round(MELTED_ABOVE * nz) - 0.01} INF",
            "group melted region top",
            "group held subtract all melted",
        ):
            lammps.command(command)
        yield lammps
    finally:
        lammps.close()


def _structure(lammps: Any) -> tuple[np.ndarray, np.ndarray]:  # noqa: ANN401 - LAMMPS ships no types
    """Structure of each atom and its height in the bar from 0 to 1, shape ``(n_atoms,)``."""
    n_atoms = int(lammps.get_natoms())
    low, high, *_ = lammps.extract_box()
    edge_A = np.array(high) - np.array(low)
    mean_A = np.array(lammps.numpy.extract_fix("mean", 1, 2)[:n_atoms]) - np.array(low)
    places_A = mean_A % edge_A
    found = match_templates(Snapshot(places_A, edge_A, is_periodic=True), Labelling().rmsd_cutoff)
    return found, places_A[:, 2] / edge_A[2]


def _step_fs(potential: Potential) -> float:
    return SHARE_OF_STEP * potential.time_step_fs


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("element", choices=sorted(GUESSES))
    asked.add_argument("--crystal", choices=["bcc", "fcc"], default="bcc")
    asked.add_argument("--guess", type=float, help="guessed melting temperature, K")
    asked.add_argument("--repeats", type=int, default=len(OFFSETS))
    asked.add_argument("--hold", type=float, nargs="+", help="keep bars at these temperatures, K")
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    potential = next(p for p in potentials().values() if p.element == options.element)
    guess_K = options.guess or GUESSES[options.element]
    starts_K = options.hold or [
        guess_K * (1.0 + OFFSETS[number % len(OFFSETS)]) for number in range(options.repeats)
    ]
    found = []
    for number, start_K in enumerate(starts_K):
        one = coexistence(
            potential,
            options.crystal,
            guess_K,
            start_K,
            1 + 10 * number,
            is_held=bool(options.hold),
        )
        found.append(one)
        if not options.json:
            shares = ", ".join(f"{kind} {share:.2f}" for kind, share in one.shares.items())
            print(
                f"from {start_K:.0f} K: {one.temperature_K:.1f} K, drift {one.drift_K:+.1f} K, "
                f"{100 * one.crystal_share:.0f} % crystal ({shares})",
                flush=True,
            )
    told_K = [one.temperature_K for one in found if one.is_two_phases]
    if options.json:
        print(json.dumps([asdict(one) for one in found], indent=1))
    elif options.hold:
        print("below the melting temperature the crystal grows, above it the melt")
    elif told_K:
        spread = f" +- {stdev(told_K):.1f} K (spread of {len(told_K)})" if len(told_K) > 1 else ""
        print(f"{options.element}, {options.crystal}: {fmean(told_K):.1f} K{spread}")
    else:
        print("no bar kept two phases: start from another guess")


if __name__ == "__main__":
    main()
