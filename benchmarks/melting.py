"""Where does the crystal of a potential melt? Crystal and melt side by side find it themselves.

    python -m benchmarks.melting Li --hold 580 620 660    does the crystal grow or shrink there?
    python -m benchmarks.melting Li --start 640 650 660   left alone, where does it come to rest?

Half of a periodic bar is melted while time stands still for the rest, and brought to the asked
temperature. Cross-section: of the free crystal at that temperature; along the bar: zero pressure.
Held there, crystal grows below the melting point and melts above it: the speed changes sign at the
melting point. Left alone (no thermostat), what crystallises warms the bar and what melts cools it,
until both phases stand still at the melting point; a bar left with one phase says nothing.
No bar tells anything either whose half was not molten at the moment of contact, or whose other
half was not crystalline: both are checked and told.

References:
    J. R. Morris, C. Z. Wang, K. M. Ho, C. T. Chan, Phys. Rev. B 49, 3109 (1994),
    doi 10.1103/PhysRevB.49.3109 (coexistence without a thermostat).
    J. J. Hoyt, M. Asta, A. Karma, Mater. Sci. Eng. R 41, 121 (2003),
    doi 10.1016/S0927-796X(03)00036-6 (from the speed of the interface).
"""

import argparse
import json
import math
from dataclasses import asdict
from statistics import fmean
from typing import Final

import numpy as np

from benchmarks.choices import CHOICES
from benchmarks.coexistence import Bar, Contact, Moment, verdict
from simulate.potentials.periodic_box import AVERAGING_PS, PeriodicBox, crystal_box
from simulate.potentials.phases import HELD_SHARE_OF_STEP, MELT_AT_of_guess
from simulate.potentials.registry import DEFAULT_POTENTIAL, Potential, potential_named

N_CELLS: Final = {"bcc": (7, 7, 22), "fcc": (6, 6, 16)}
"""Cubic cells of the bar: 2156 atoms of bcc, 2304 of fcc, which has twice as many a cell."""
N_SLICES: Final = 22
CONTACT_AT_of_guess: Final = 1.08
"""Of the melt before contact, or of the start if that is hotter: at 620 K lithium's freezes at the
standing crystal within 8 ps."""
FREE_SHARE_OF_STEP: Final = 1.0 / 3.0
"""Of the time step of thermostatted stages. Left alone at 2 fs, bars of lithium gained 13 to 15 meV
an atom in 130 ps (a quarter of the latent heat), at 1 fs 1 to 3 meV in 110 ps."""
MELTED_ABOVE: Final = 0.5
"""Of the height of the bar."""
MELT_PS, COOL_PS, RUN_IN_PS, SETTLE_PS = 4.0, 2.0, 3.0, 1.0
HELD_PS, FREE_PS = 24.0, 110.0
"""For which bars are watched."""
HELD_CHUNK_PS, FREE_CHUNK_PS = 2.0, 5.0
"""Over which a bar is averaged; one far from the melting point is done after some ps.

All these times are lithium's; see `paced`."""
OFFSETS: Final = (-0.02, 0.02, 0.0)
"""Share of the melting point on record by which bars left alone start colder or hotter."""


def paced(potential: Potential) -> float:
    """How much slower than the default's atoms those of a potential are; at least 1.

    By the time that an atom takes to the place of its neighbour, at its thermal speed where the
    crystal melts: in lithium's 3 ps potassium's melt hardly flows.
    """

    def time(each: Potential) -> float:
        return each.nearest_neighbour_A * math.sqrt(each.mass_g_mol / each.melting_guess_K)

    return max(1.0, time(potential) / time(potential_named(DEFAULT_POTENTIAL)))


def watched(
    potential: Potential,
    lattice: str,
    start_K: float,
    seed: int,
    watch_ps: float | None = None,
    *,
    is_held: bool,
    n_cells: tuple[int, int, int] | None = None,
    step_fs: float | None = None,
) -> Bar:
    """Bring crystal and melt together and watch them.

    Args:
        potential: The interactions.
        lattice: `bcc` or `fcc`, of the crystalline half.
        start_K: Of the crystal, and of both halves after contact; with `is_held` to the end.
        seed: Of velocities.
        watch_ps: From contact and a short settling on. None: `HELD_PS` or `FREE_PS`, paced.
        is_held: Whether a thermostat keeps the temperature.
        n_cells: Cubic cells along each edge.
        step_fs: Time step while the bar is watched.
    """
    pace = paced(potential)
    prepare_fs = HELD_SHARE_OF_STEP * potential.time_step_fs
    share = HELD_SHARE_OF_STEP if is_held else FREE_SHARE_OF_STEP
    with crystal_box(potential, lattice, n_cells or N_CELLS[lattice], prepare_fs) as box:
        box.warm(start_K, seed)
        contact = _melt_one_half(box, start_K, seed, pace)
        box.run(f"fix move all npt temp {box.heat(start_K)} {box.breathing('z')}")
        box.run_ps(pace * SETTLE_PS)
        if not is_held:
            box.run("unfix move")
            box.run(f"fix move all nph {box.breathing('z')} pchain 0")  # a chain would heat
        box.set_step(step_fs or share * potential.time_step_fs)
        chunk_ps = pace * (HELD_CHUNK_PS if is_held else FREE_CHUNK_PS)
        watch_ps = watch_ps or pace * (HELD_PS if is_held else FREE_PS)
        moments = tuple(
            _moment(box, chunk_ps, (number + 1) * chunk_ps)
            for number in range(round(watch_ps / chunk_ps))
        )
        return Bar(start_K, seed, is_held, box.n_atoms, contact, moments, pace)


def _moment(box: PeriodicBox, length_ps: float, time_ps: float) -> Moment:
    """Go on for so long, up to that time."""
    means = box.means(length_ps - AVERAGING_PS)
    is_crystal, height = box.crystalline()
    slices = [is_crystal[np.floor(height * N_SLICES) == number] for number in range(N_SLICES)]
    return Moment(
        time_ps=time_ps,
        temperature_K=means["temp"],
        pressure_bar=(means["pxx"], means["pyy"], means["pzz"]),
        enthalpy_eV=means["enthalpy"] / box.n_atoms,
        length_A=means["lz"],
        crystal_atoms=float(is_crystal.mean()),
        crystal_slices=fmean(float(each.mean() > 0.5) for each in slices),
    )


def _melt_one_half(box: PeriodicBox, start_K: float, seed: int, pace: float) -> Contact:
    """Melt the upper atoms beside the others, which stand still, and cool them nearly to theirs."""
    low_A, edge_A = box.box_A()
    border_A = low_A[2] + MELTED_ABOVE * edge_A[2]
    box.run(f"region top block INF INF INF INF {border_A:.10g} INF units box")
    box.run("group melted region top")
    # The box changes around the middle of what stands still, which is not moved with it.
    middle_A = (low_A[2] + border_A) / 2.0
    box.run(
        f"fix move melted nph {box.breathing('z')} dilate melted fixedpoint 0 0 {middle_A:.10g}"
    )
    warmer_K = max(start_K, box.potential.melting_guess_K)
    hot_K, cool_K = MELT_AT_of_guess * warmer_K, CONTACT_AT_of_guess * warmer_K
    for from_K, to_K, length_ps in ((hot_K, hot_K, MELT_PS), (hot_K, cool_K, COOL_PS)):
        box.run(f"fix warm melted temp/csvr {box.heat(from_K, to_K)} {seed}")
        box.run_ps(pace * length_ps)
    box.run(f"fix warm melted temp/csvr {box.heat(cool_K)} {seed}")
    box.run("compute way melted msd com yes")
    box.run_ps(pace * RUN_IN_PS)
    way_A2 = box.squared_way_A2("way")
    is_crystal, _ = box.crystalline()
    is_melt = box.is_member("melted")
    contact = Contact(
        crystal_in_melt=float(is_crystal[is_melt].mean()),
        crystal_in_rest=float(is_crystal[~is_melt].mean()),
        way_of_neighbour=way_A2 / box.potential.nearest_neighbour_A**2,
        volume_ratio=1.0 + (float(box.box_A()[1][2] / edge_A[2]) - 1.0) / float(is_melt.mean()),
    )
    for command in ("unfix warm", "unfix move", "uncompute way"):
        box.run(command)
    return contact


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("element", metavar="potential", choices=sorted(CHOICES))
    asked.add_argument("--crystal", choices=["bcc", "fcc"], default="bcc")
    which = asked.add_mutually_exclusive_group()
    which.add_argument("--hold", type=float, nargs="+", help="keep bars at these temperatures, K")
    which.add_argument("--start", type=float, nargs="+", help="leave bars alone from these, K")
    asked.add_argument(
        "--watch", type=float, help="ps a bar is watched; of lithium 24 held, 110 left alone"
    )
    asked.add_argument("--cells", type=int, nargs=3, help="cubic cells along each edge of the bar")
    asked.add_argument("--step", type=float, help="time step, fs")
    asked.add_argument("--first-seed", type=int, default=1, help="of the first bar")
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    potential = CHOICES[options.element]
    guess_K = potential.melting_guess_K
    bars = []
    for number, start_K in enumerate(
        options.hold or options.start or [guess_K * (1.0 + offset) for offset in OFFSETS]
    ):
        bar = watched(
            potential,
            options.crystal,
            start_K,
            options.first_seed + number,
            options.watch,
            is_held=bool(options.hold),
            n_cells=tuple(options.cells) if options.cells else None,
            step_fs=options.step,
        )
        bars.append(bar)
        if not options.json:
            print(bar.told, flush=True)
    print(json.dumps([asdict(b) for b in bars], indent=1) if options.json else verdict(bars))


if __name__ == "__main__":
    main()
