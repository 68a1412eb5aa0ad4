"""Bytes of a structure file to checked atoms.

A server leaves it to `serve.uploads.child`; the command line, whose files are its user's own, calls
it directly.
"""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from serve.messages.structures import StructureFormat
from serve.uploads.file_question import FileQuestion
from serve.uploads.formats import FORMATS
from serve.uploads.limits import UploadError, UploadLimits, too_much
from serve.uploads.parsers import frames_of
from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.snapshot import Snapshot, UnknownFormatError, read_structure, snapshot_of

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


def read_own_file(
    path: Path,
    design: EmbryoDesign,
    form: StructureFormat | None,
    frames: Sequence[int] | None = None,
) -> list[NumberedSnapshot]:
    """Frames of a file of one's own: as large as it is, read here and now.

    Args:
        path: The file.
        design: What its embryos are, as far as that is known.
        form: Its format; None: none of those that may be uploaded, so that ASE is asked.
        frames: Which, from 1; None: all.

    Raises:
        MisuseError: As `read_frames`, and where there is no such file.
    """
    if form is None:
        return _read_by_ase(path, design, frames)
    no_limit = UploadLimits(unpacked_bytes=1 << 60, atoms=1 << 60, frames=1 << 60)
    asked = FileQuestion.of(form, design).model_copy(
        update={"limits": no_limit, "frames": None if frames is None else tuple(frames)}
    )
    try:
        return read_frames(path.read_bytes(), asked)
    except OSError as error:
        raise MisuseError(f"a structure must be a readable file, but {error}.") from error
    except MisuseError as error:
        raise MisuseError(f"{path}: {error}") from error


def _read_by_ase(
    path: Path, design: EmbryoDesign, frames: Sequence[int] | None
) -> list[NumberedSnapshot]:
    try:
        found = read_structure(path, element=design.element)
    except UnknownFormatError as error:
        raise MisuseError(f"{error} Or name the format: --format {', '.join(FORMATS)}.") from error
    _require_found(frames or (), range(1, len(found) + 1))
    return [
        NumberedSnapshot(number, snapshot)
        for number, snapshot in enumerate(found, start=1)
        if frames is None or number in frames
    ]


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
    _require_found(asked.frames or (), [frame.number for frame in frames])
    if not frames:
        raise UploadError("the file must hold at least one frame, but holds none.", 0)
    return frames


def _require_found(asked: Sequence[int], found: Sequence[int]) -> None:
    missing = [number for number in asked if number not in found]
    if missing:
        raise UploadError(
            f"the file must hold the frames asked for, but has no frame {missing[0]}.", missing[0]
        )


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
