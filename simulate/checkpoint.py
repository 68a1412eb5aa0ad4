"""A running trajectory on disk, so that a killed worker or driver costs minutes, not hours.

Two slots are written in turn: if the last one is damaged, the one before it still holds. A slot is
a LAMMPS restart file, the frames seen so far and, last, a small file with the checksums of both,
which makes the slot count.

    FOLDER/restart.<slot>   FOLDER/frames.<slot>.npz   FOLDER/state.<slot>.json
"""

import io
import json
import logging
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import ValidationError

from simulate.files import sha256_of, write_atomically
from simulate.record import Frame, Morphology, StageName
from simulate.settings import Settings
from simulate.snapshot import Snapshot

logger = logging.getLogger(__name__)

EVERY_S: Final = 15.0
"""Wall time between two checkpoints unless asked otherwise, s."""


class Progress(Settings):
    """How far a trajectory is, without its atoms.

    Attributes:
        stage: The stage the last frame belongs to.
        n_in_stage: Frames of it that are done.
        reference_eV: Conserved quantity that the stage's frames are counted from, per atom.
        resumed_at_ps: Hold clock of each frame it was resumed from.
    """

    stage: StageName
    n_in_stage: int
    reference_eV: float
    frames: list[Frame]
    timings_s: dict[str, float]
    after_quench: Morphology | None
    resumed_at_ps: list[float]


class _Slot(Settings):
    """What `state.<slot>.json` holds."""

    number: int
    trajectory_id: str
    lammps: str
    glassyli: str
    progress: Progress
    restart_sha256: str
    frames_sha256: str


@dataclass(frozen=True, slots=True)
class Saved:
    """A slot that was read and found whole; `number` counts up with every slot written."""

    number: int
    progress: Progress
    snapshots: list[Snapshot]
    restart: bytes


@dataclass(slots=True)
class Checkpoints:
    """The two slots of one trajectory.

    Attributes:
        folder: Its own folder.
        every_s: Least wall time between two of them, s; a restart file is made only at some frames.
    """

    folder: Path
    every_s: float = EVERY_S
    _n_written: int = 0

    def save(self, progress: Progress, snapshots: Sequence[Snapshot], restart: bytes) -> None:
        """Write the older slot anew.

        Args:
            progress: How far the trajectory is.
            snapshots: All frames so far, packing first.
            restart: LAMMPS restart file of this moment.
        """
        self._n_written += 1
        slot = self._n_written % 2
        packed = _packed(snapshots)
        state = _Slot(
            number=self._n_written,
            trajectory_id=self.folder.name,
            lammps=version("lammps"),
            glassyli=version("glassyli"),
            progress=progress,
            restart_sha256=sha256_of(restart),
            frames_sha256=sha256_of(packed),
        )
        write_atomically(self.folder / f"restart.{slot}", restart)
        write_atomically(self.folder / f"frames.{slot}.npz", packed)
        write_atomically(self.folder / f"state.{slot}.json", state.model_dump_json())

    def latest(self) -> Saved | None:
        """The newest whole slot; None where there is none to go on from."""
        found = [(slot, state) for slot in (0, 1) if (state := self._state(slot)) is not None]
        for slot, state in sorted(found, key=lambda each: -each[1].number):
            saved = self._read(slot, state)
            if saved is not None:
                self._n_written = state.number
                return saved
        return None

    def clear(self) -> None:
        """Remove both slots."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _state(self, slot: int) -> _Slot | None:
        path = self.folder / f"state.{slot}.json"
        try:
            state = _Slot.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (ValidationError, OSError) as error:
            logger.warning("%s is damaged and is not used: %s", path, type(error).__name__)
            return None
        ours = (self.folder.name, version("lammps"), version("glassyli"))
        if (state.trajectory_id, state.lammps, state.glassyli) != ours:
            logger.warning("%s is of another trajectory or release and is not used", path)
            return None
        return state

    def _read(self, slot: int, state: _Slot) -> Saved | None:
        try:
            restart = (self.folder / f"restart.{slot}").read_bytes()
            frames = (self.folder / f"frames.{slot}.npz").read_bytes()
        except OSError:
            restart = frames = b""
        if (sha256_of(restart), sha256_of(frames)) != (state.restart_sha256, state.frames_sha256):
            logger.warning("slot %d in %s is damaged and is not used", slot, self.folder)
            return None
        try:
            return Saved(state.number, state.progress, _unpacked(frames), restart)
        except (ValueError, KeyError, zipfile.BadZipFile):
            return None


def _packed(snapshots: Sequence[Snapshot]) -> bytes:
    """Snapshots of one embryo as an uncompressed archive, positions to the last bit."""
    to = io.BytesIO()
    unlabelled = np.full(snapshots[0].n_atoms, -1)
    first = snapshots[0]
    np.savez(
        to,
        positions_A=np.stack([each.positions_A for each in snapshots]),
        structure=np.stack(
            [unlabelled if each.structure is None else each.structure for each in snapshots]
        ),
        cell_A=first.cell_A,
        about=np.array(
            json.dumps(
                {
                    "is_periodic": first.is_periodic,
                    "times_ps": [each.time_ps for each in snapshots],
                    "stages": [each.stage for each in snapshots],
                }
            )
        ),
    )
    return to.getvalue()


def _unpacked(archive: bytes) -> list[Snapshot]:
    with np.load(io.BytesIO(archive), allow_pickle=False) as held:
        about = json.loads(str(held["about"]))
        positions, structure, cell_A = held["positions_A"], held["structure"], held["cell_A"]
    return [
        Snapshot(
            positions_A=positions[i],
            cell_A=cell_A,
            is_periodic=about["is_periodic"],
            time_ps=time_ps,
            stage=about["stages"][i],
            structure=None if (structure[i] < 0).all() else structure[i],
        )
        for i, time_ps in enumerate(about["times_ps"])
    ]
