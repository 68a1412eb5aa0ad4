"""A periodic box of one metal in LAMMPS: warmed, watched, its atoms labelled.

For studies of the bulk (`simulate.potentials.phases`, `benchmarks.melting`); embryos run in
`simulate.engine`.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate.engine import NEIGHBOUR_SKIN_A
from simulate.errors import TrajectoryFailure
from simulate.labels import CRYSTALLINE, match_templates
from simulate.lammps_library import new_instance, tell
from simulate.potentials.crystals import lattice_command
from simulate.potentials.potential import Potential
from simulate.protocol import Labelling
from simulate.snapshot import Snapshot
from simulate.units import FS_PER_PS

AVERAGING_PS: Final = 0.3
"""Over which positions are averaged before they are labelled."""
WARM_PS: Final = 9.0
DAMPING_PS, BAROSTAT_PS = 0.1, 1.0
MEANS: Final = ("temp", "pxx", "pyy", "pzz", "enthalpy", "lx", "ly", "lz", "vol")
"""What `PeriodicBox.means` averages, by LAMMPS' names: K, bar, eV, Å, Å³."""


class PeriodicBox:
    """LAMMPS with atoms in a periodic box.

    Whatever moves them raises `TrajectoryFailure` where atoms are lost or numbers not finite.

    Attributes:
        potential: The interactions.
        n_atoms: Number of atoms.
    """

    def __init__(self, lammps: Any, potential: Potential, step_fs: float, folder: Path) -> None:  # noqa: ANN401 - LAMMPS ships no types
        self._lammps = lammps
        self._folder = folder
        self.potential = potential
        self.set_step(step_fs)
        self.n_atoms = int(lammps.get_natoms())

    def run(self, command: str) -> None:
        """Give LAMMPS a command."""
        tell(self._lammps, [command], self._folder)

    def set_step(self, step_fs: float) -> None:
        """Go on with this time step."""
        self._step_fs = step_fs
        self.run(f"timestep {self.potential.units.time(step_fs / FS_PER_PS):.6g}")

    def run_ps(self, length_ps: float) -> None:
        """Go on for so long."""
        self.run(f"run {self._tens(length_ps) * 10} post no")

    def means(self, length_ps: float) -> dict[str, float]:
        """Go on for so long, and average what `MEANS` names."""
        n_samples = self._tens(length_ps)
        for name in MEANS:
            self.run(f"variable {name} equal {name}")
        self.run("reset_timestep 0")  # a mean is of steps that its length divides
        told = " ".join(f"v_{name}" for name in MEANS)
        self.run(f"fix means all ave/time 10 {n_samples} {10 * n_samples} {told}")
        self.run(f"run {10 * n_samples} post no")
        found = [float(self._lammps.extract_fix("means", 0, 1, n)) for n in range(len(MEANS))]
        self.run("unfix means")
        _must_be_finite("means of temperature, pressure, enthalpy and edges", found)
        units = self.potential.units
        into = {"enthalpy": units.eV, "pxx": units.bar, "pyy": units.bar, "pzz": units.bar}
        return {
            name: into[name](value) if name in into else value
            for name, value in zip(MEANS, found, strict=True)
        }

    def crystalline(self) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Go on for `AVERAGING_PS`; which atoms are crystalline, and how high they are from 0 to 1.

        Returns:
            Both by atom id, shape ``(n_atoms,)``.
        """
        n_every = self._tens(AVERAGING_PS)
        self.run("reset_timestep 0")
        self.run("compute place all property/atom xu yu zu")
        of = "c_place[1] c_place[2] c_place[3]"
        self.run(f"fix mean all ave/atom {n_every} 10 {10 * n_every} {of}")
        self.run(f"run {10 * n_every} post no")
        low_A, edge_A = self.box_A()
        mean_A = np.array(self._lammps.numpy.extract_fix("mean", 1, 2)[: self.n_atoms])
        _must_be_finite("positions", mean_A)
        for command in ("unfix mean", "uncompute place"):
            self.run(command)
        places_A = ((mean_A - low_A) % edge_A)[self._order()]
        snapshot = Snapshot(places_A, edge_A, is_periodic=True)
        structure = match_templates(snapshot, Labelling().rmsd_cutoff)
        return np.isin(structure, CRYSTALLINE), places_A[:, 2] / edge_A[2]

    def warm(self, temperature_K: float, seed: int) -> dict[str, float]:
        """Give the resting crystal twice the motion, half of which it stores, and free it."""
        self.run(f"velocity all create {2.0 * temperature_K} {seed} mom yes rot no dist gaussian")
        return self.free(temperature_K, WARM_PS)

    def free(self, temperature_K: float, length_ps: float) -> dict[str, float]:
        """Let the box breathe without pressure, then give it the mean edges of the later part.

        Returns:
            What `MEANS` names, over the last two thirds. Nothing moves the atoms afterwards.
        """
        self.run(f"fix move all npt temp {self.heat(temperature_K)} {self.breathing()}")
        self.run_ps(length_ps / 3.0)
        means = self.means(2.0 * length_ps / 3.0)
        self.run("unfix move")
        edges = " ".join(f"{axis} final 0 {means['l' + axis]:.10g}" for axis in "xyz")
        self.run(f"change_box all {edges} remap units box")
        return means

    def heat(self, start_K: float, end_K: float | None = None) -> str:
        """What thermostats are told: from one temperature to another or at one, and how fast."""
        damping = self.potential.units.time(DAMPING_PS)
        return f"{start_K} {start_K if end_K is None else end_K} {damping}"

    def breathing(self, which: str = "iso") -> str:
        """What barostats are told, so that edges breathe without pressure."""
        return f"{which} 0 0 {self.potential.units.time(BAROSTAT_PS)}"

    def box_A(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest corner and edges, shape ``(3,)`` each."""
        low, high, *_ = self._lammps.extract_box()
        return np.array(low), np.array(high) - np.array(low)

    def squared_way_A2(self, compute: str) -> float:
        """What a `compute msd` says: mean squared way of its atoms since it was made."""
        return float(self._lammps.numpy.extract_compute(compute, 0, 1)[3])

    def is_member(self, group: str) -> NDArray[np.bool_]:
        """Whether each atom is of that LAMMPS group, by id, shape ``(n_atoms,)``."""
        bit = 1 << self._lammps.available_ids("group").index(group)
        mask = np.array(self._lammps.numpy.extract_atom("mask")[: self.n_atoms])
        return np.asarray((mask[self._order()] & bit) != 0)

    def _order(self) -> NDArray[np.int64]:
        return np.argsort(np.array(self._lammps.numpy.extract_atom("id")[: self.n_atoms]))

    def _tens(self, length_ps: float) -> int:
        """So many times ten steps are that long."""
        return max(1, round(100.0 * length_ps / self._step_fs))


@contextmanager
def crystal_box(
    potential: Potential, lattice: str, n_cells: tuple[int, int, int], step_fs: float
) -> Iterator[PeriodicBox]:
    """A perfect crystal at rest, of that many cubic cells along each edge.

    Args:
        potential: The interactions.
        lattice: `bcc`, `fcc` or `hcp`, this of a potential of which it is the ground state.
        n_cells: Cells along each edge: cubic ones, of hcp with right angles and four atoms.
        step_fs: Time step.
    """
    cube_A = potential.bcc_lattice_constant_A
    constant_A = {"bcc": cube_A, "fcc": cube_A * 2.0 ** (1.0 / 3.0)}.get(
        lattice, potential.lattice_constant_A
    )
    nx, ny, nz = n_cells
    with tempfile.TemporaryDirectory(prefix="glassyli-") as name:
        folder = Path(name)
        lammps = new_instance(folder / "log.lammps")
        try:
            commands = [
                f"units {potential.units.name}",
                f"atom_style {potential.atom_style}",
                "atom_modify map array",
                "boundary p p p",
                lattice_command(lattice, constant_A, potential.c_over_a),
                f"region cell block 0 {nx} 0 {ny} 0 {nz}",
                "create_box 1 cell",
                "create_atoms 1 box",
                *potential.lammps_commands(folder),
                f"neighbor {NEIGHBOUR_SKIN_A} bin",
            ]
            tell(lammps, commands, folder)
            yield PeriodicBox(lammps, potential, step_fs, folder)
        finally:
            lammps.close()


def _must_be_finite(what: str, values: ArrayLike) -> None:
    if not np.isfinite(values).all():
        raise TrajectoryFailure("not_finite", f"{what} must stay finite.")
