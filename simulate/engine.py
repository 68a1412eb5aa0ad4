"""LAMMPS behind one small promise: run a stage frame by frame, and hand back what a frame shows.

One instance per process at a time. Errors of the physics become `TrajectoryFailure`; an engine that
cannot start at all is an `EngineError`.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from simulate.confinement import (
    cell_of,
    exchange_commands,
    exchange_fixes,
    heat_leak_commands,
    wall_commands,
)
from simulate.design import EmbryoDesign
from simulate.errors import EngineError, TrajectoryFailure
from simulate.lammps_library import new_instance, tell
from simulate.protocol import Stage
from simulate.snapshot import Snapshot
from simulate.units import FS_PER_PS

NEIGHBOUR_SKIN_A = 1.0
SETTLING_STEP_fs = 1.0
"""While new velocities share their energy; less where the potential asks for less."""
STILL_ENOUGH_eV_per_A = 1.0e-2


@dataclass(frozen=True, slots=True, eq=False)
class EngineFrame:
    """The end of one frame interval.

    Attributes:
        positions_A: Mean over the last `averaging_ps`, inside the cell, ordered by atom id, shape
            ``(n_atoms, 3)``, Å.
        time_ps: Since the start of the stage, ps.
        temperature_K: Instantaneous, simulated.
        conserved_eV_per_atom: Energy plus what thermostats took.
        pressure_bar: Mean over the same time, of the accessible volume, without wall forces.
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

    def __init__(
        self, design: EmbryoDesign, atoms: Snapshot | bytes, seed: int, folder: Path
    ) -> None:
        """Build the cell around atoms, or go on from a restart file.

        Args:
            design: The design point.
            atoms: Where the atoms are, or what `restart_file` gave.
            seed: Of velocities and of the stochastic thermostat.
            folder: For the log, the potential's table and restart files.
        """
        self.log = folder / "log.lammps"
        self._design = design
        self._cell = cell_of(design)
        self._units = design.physics.units
        self._seed = 1 + seed % 899_999_999
        self._restart = folder / "restart"
        self._must_set_up = True
        self._lammps = new_instance(self.log)
        try:
            if isinstance(atoms, bytes):
                with self._writing_scratch():
                    self._restart.write_bytes(atoms)
                self._commands([f'read_restart "{self._restart}"'])
            else:
                self._build(atoms)
            self._describe(folder)
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

    def run(self, stage: Stage, n_done: int = 0) -> Iterator[EngineFrame]:
        """Run a stage, one frame at a time; the caller may stop asking at any frame.

        Args:
            stage: What to do.
            n_done: Frames of it that a restart file holds already.

        Raises:
            TrajectoryFailure: The physics broke down (lost atoms, numbers that are not finite).
        """
        averaged = f"{stage.sample_every} {stage.n_samples} {stage.steps_per_frame}"
        begin = [
            f"timestep {self._units.time(stage.time_step_fs / FS_PER_PS):.10g}",
            *exchange_commands(stage, self._cell, self._seed, self._units),
            f"fix mean all ave/atom {averaged} c_unwrapped[1] c_unwrapped[2] c_unwrapped[3]",
            f"fix press all ave/time {averaged} c_thermo_press",
            f"thermo {stage.steps_per_frame}",
        ]
        self._commands(begin if n_done else ["reset_timestep 0", *begin])
        self._must_set_up = True
        for number in range(n_done + 1, stage.n_frames + 1):
            setup = "" if self._must_set_up else "pre no "
            self._must_set_up = False
            self._commands(
                [f"run {stage.steps_per_frame} start 0 stop {stage.n_steps} {setup}post no"]
            )
            yield self._frame(number * stage.frame_ps)
        move, leak = exchange_fixes(stage)
        end = ["unfix mean", "unfix press", f"unfix {move}"]
        self._commands([*end, f"unfix {leak}"] if stage.ensemble == "csvr" else end)

    def restart_file(self) -> bytes:
        """The state, so that another process goes on from here bit by bit.

        Writing it renews neighbour lists, which changes sums in their last bit: a trajectory is
        reproduced only by writing at the same frames.

        Raises:
            EngineError: It cannot be written, or not be read again.
            TrajectoryFailure: Atoms were lost.
        """
        with self._writing_scratch():
            self._commands([f'write_restart "{self._restart}"'])
            self._must_set_up = True
            return self._restart.read_bytes()

    def set_temperature(self, temperature_K: float) -> None:
        """Draw new velocities at a simulated temperature, without drift or spin."""
        self._commands(
            [f"velocity all create {temperature_K:.10g} {self._seed} mom yes rot yes dist gaussian"]
        )

    def relax(self) -> Snapshot:
        """Move atoms apart that are too close, down the energy; the atoms where they come to rest.

        Stops after 100 steps: enough for overlaps and for the swing of vibration.
        """
        least_force = f"{self._units.energy(STILL_ENOUGH_eV_per_A):.10g}"
        self._commands([f"minimize 1.0e-4 {least_force} 100 1000"])
        places = np.array(
            self._lammps.numpy.extract_atom("x")[: self._design.n_atoms], dtype=np.float64
        )
        return Snapshot(
            places[self._order()], np.full(3, self._cell.edge_A), self._cell.is_periodic
        )

    def settle(self, temperature_K: float, length_ps: float = 1.0) -> None:
        """Let new velocities share their energy with resting atoms at a simulated temperature.

        Args:
            temperature_K: Of the stochastic velocity rescaling that supplies the heat.
            length_ps: How long.
        """
        span_K = f"{temperature_K:.10g} {temperature_K:.10g}"
        step_ps = min(SETTLING_STEP_fs, self._design.physics.time_step_fs) / FS_PER_PS
        leaks = ("move", "leak"), span_K, 0.1, self._cell, self._seed, self._units
        self._commands(
            [
                f"timestep {self._units.time(step_ps):.10g}",
                *heat_leak_commands(*leaks),
                f"run {round(length_ps / step_ps)} post no",
                "unfix leak",
                "unfix move",
            ]
        )

    def _build(self, atoms: Snapshot) -> None:
        boundary = "p p p" if self._cell.is_periodic else "f f f"
        edge = f"{self._cell.edge_A:.12g}"
        self._commands(
            [
                f"units {self._units.name}",
                f"atom_style {self._design.physics.atom_style}",
                "atom_modify map array",
                f"boundary {boundary}",
                f"region cell block 0 {edge} 0 {edge} 0 {edge}",
                "create_box 1 cell",
            ]
        )
        n_atoms = atoms.n_atoms
        self._lammps.create_atoms(
            n_atoms, list(range(1, n_atoms + 1)), [1] * n_atoms, atoms.positions_A.ravel().tolist()
        )
        if self._lammps.get_natoms() != n_atoms:
            raise EngineError(
                f"LAMMPS must take all {n_atoms} atoms, but took {self._lammps.get_natoms()}."
            )

    def _describe(self, folder: Path) -> None:
        """What a restart file does not hold: forces, wall, and what is measured."""
        self._commands(
            [
                *self._design.physics.lammps_commands(folder),
                f"neighbor {NEIGHBOUR_SKIN_A} bin",
                "neigh_modify every 1 delay 0 check yes",
                *wall_commands(self._cell, self._units),
                "compute unwrapped all property/atom xu yu zu",
                "thermo_style custom step temp pe econserve press",
                "thermo_modify norm no",
                f"compute_modify thermo_temp extra/dof {self._cell.n_frozen}",
            ]
        )

    def _frame(self, time_ps: float) -> EngineFrame:
        thermo: dict[str, float] = self._lammps.last_thermo()
        n_atoms = self._design.n_atoms
        mean = np.array(self._lammps.numpy.extract_fix("mean", 1, 2)[:n_atoms], dtype=np.float64)
        if not (math.isfinite(thermo["PotEng"]) and np.isfinite(mean).all()):
            raise TrajectoryFailure("not_finite", "energies and positions must stay finite.")
        positions_A = mean[self._order()]
        if self._cell.is_periodic:
            positions_A = positions_A % self._cell.edge_A
        return EngineFrame(
            positions_A=positions_A,
            time_ps=time_ps,
            temperature_K=thermo["Temp"],
            potential_eV_per_atom=self._units.eV(thermo["PotEng"]) / n_atoms,
            conserved_eV_per_atom=self._units.eV(thermo["Econserve"]) / n_atoms,
            pressure_bar=self._units.bar(self._lammps.extract_fix("press", 0, 0))
            * self._cell.edge_A**3
            / self._cell.accessible_volume_A3,
        )

    def _order(self) -> NDArray[np.int64]:
        """Places of the atoms in memory, by id, shape ``(n_atoms,)``."""
        ids = self._lammps.numpy.extract_atom("id")[: self._design.n_atoms]
        return np.argsort(np.array(ids))

    @contextmanager
    def _writing_scratch(self) -> Iterator[None]:
        """A disk without room says nothing of the physics, and no trajectory would get past it."""
        try:
            yield
        except (TrajectoryFailure, OSError) as error:
            if isinstance(error, TrajectoryFailure) and error.cause != "engine_error":
                raise
            raise EngineError(
                f"scratch must be writable, but {str(error).splitlines()[0].rstrip('.')}. "
                "Free some space, or set TMPDIR to a folder with more; run it again to go on."
            ) from error

    def _commands(self, commands: list[str]) -> None:
        tell(self._lammps, commands, self.log.parent)
