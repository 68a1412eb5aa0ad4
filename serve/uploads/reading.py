"""Bytes of a structure file to checked atoms.

A server leaves it to `serve.uploads.child`; the command line, whose files are its user's own, calls
it directly.
"""

import re
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from serve.uploads.file_question import FileQuestion
from serve.uploads.formats import format_of
from serve.uploads.limits import UploadError, UploadLimits, too_much
from serve.uploads.parsers import frames_of
from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.snapshot import Snapshot, read_structure, snapshot_of

if TYPE_CHECKING:
    from ase import Atoms

STAGES: Final = ("packing", "heat", "quench", "hold", "given")

MAX_CROWD: Final = 15.0
"""Atoms in a cube of the neighbour cut-off, mean over atoms: four times that of the crystal."""


@dataclass(frozen=True, slots=True, eq=False)
class NumberedSnapshot:
    """A frame, and its number in the file, from 1."""

    number: int
    snapshot: Snapshot


def read_own_file(path: Path, design: EmbryoDesign) -> list[Snapshot]:
    """Every frame of a file of one's own: as large as it is, read here and now.

    What is no upload's format by its name is left to ASE.

    Raises:
        MisuseError: As `read_frames`, and where there is no such file.
    """
    form = format_of(path.name)
    if form is None:
        return read_structure(path, element=design.element)
    no_limit = UploadLimits(unpacked_bytes=1 << 60, atoms=1 << 60, frames=1 << 60)
    asked = FileQuestion.of(form, design).model_copy(update={"limits": no_limit})
    try:
        return [frame.snapshot for frame in read_frames(path.read_bytes(), asked)]
    except OSError as error:
        raise MisuseError(f"a structure must be a readable file, but {error}.") from error
    except MisuseError as error:
        raise MisuseError(f"{path}: {error}") from error


def read_frames(data: bytes, asked: FileQuestion) -> list[NumberedSnapshot]:
    """The frames that are asked for, in the order of the file.

    Raises:
        UploadError: With the frame, what was found and what is allowed.
    """
    frames: list[NumberedSnapshot] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _read_into(frames, data, asked)
    except (MisuseError, MemoryError):
        raise
    except Exception as error:  # the readers of ASE and GSD raise what they like
        n_read = len(frames)
        number = sorted(asked.frames)[n_read] if asked.frames else n_read + 1
        raise _unreadable(error, number, asked) from error
    found = {frame.number for frame in frames}
    missing = [number for number in asked.frames or () if number not in found]
    if missing or not frames:
        raise UploadError(
            f"the file must hold the frames asked for, but has no frame {missing[0]}."
            if missing
            else "the file must hold at least one frame, but holds none.",
            missing[0] if missing else 0,
        )
    return frames


def _read_into(frames: list[NumberedSnapshot], data: bytes, asked: FileQuestion) -> None:
    for number, build in frames_of(data, asked):
        if asked.frames is not None and number not in asked.frames:
            continue
        if len(frames) == asked.limits.frames:
            raise too_much(
                f"at most {asked.limits.frames} frames are read from a file, but it holds more. "
                "Name those you want in `frames`.",
                asked.limits.frames + 1,
                asked.limits.frames,
            )
        frames.append(NumberedSnapshot(number, _checked(build(), number, asked)))
        if asked.frames is not None and len(frames) == len(asked.frames):
            return


def _unreadable(error: Exception, number: int, asked: FileQuestion) -> UploadError:
    # Messages of readers may name our temporary folder.
    what = re.sub(r"\S*/\S*", "the file", f"{type(error).__name__}: {error}")[:200]
    return UploadError(
        f"frame {number}: must be {asked.format}, but cannot be read ({what}). "
        "Check the format and the file.",
        what,
    )


def _checked(atoms: "Atoms", number: int, asked: FileQuestion) -> Snapshot:
    where = f"frame {number}"
    try:
        snapshot = snapshot_of(atoms, where, asked.element)
    except MisuseError as error:
        raise UploadError(str(error)) from error
    if snapshot.stage not in STAGES:
        raise UploadError(
            f"{where}: stage must be one of {', '.join(STAGES)}, but is {snapshot.stage[:40]!r}.",
            snapshot.stage[:40],
            {"enum": list(STAGES)},
        )
    _check_neighbours(snapshot, where, asked.cutoff_A)
    return replace(snapshot, structure=None)


def _check_neighbours(snapshot: Snapshot, where: str, cutoff_A: float) -> None:
    """Atoms stand as apart as atoms can, and not next to their own images.

    Counting neighbours would itself take as long as there are many.
    """
    if snapshot.is_periodic and snapshot.cell_A.min() <= 2.0 * cutoff_A:
        shortest_A = float(snapshot.cell_A.min())
        raise UploadError(
            f"{where}: every edge of a periodic cell must exceed {2.0 * cutoff_A:.3g} A, twice the "
            f"neighbour cut-off, but one is {shortest_A:.3g} A. Repeat the cell.",
            shortest_A,
            {"exclusiveMinimum": 2.0 * cutoff_A},
        )
    cubes = np.floor(snapshot.positions_A / cutoff_A).astype(np.int64)
    _, counts = np.unique(cubes, axis=0, return_counts=True)
    crowd = float((counts.astype(np.float64) ** 2).sum()) / snapshot.n_atoms
    if crowd > MAX_CROWD:
        raise UploadError(
            f"{where}: a cube of {cutoff_A:.3g} A may hold {MAX_CROWD:g} atoms on average, but "
            f"holds {crowd:.0f} (of a lithium crystal: 4). Are lengths in A?",
            crowd,
            {"maximum": MAX_CROWD},
        )
