"""A file in frames, by its headers alone: how many atoms each holds is known before any is parsed.

Frames come as text that holds just this one.
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from serve.messages.structures import StructureFormat
from serve.uploads.limits import UploadError

MAX_HEADER_LINES: Final = 200
"""Of a LAMMPS data file, before its first section."""

MAX_COMMENT: Final = 20_000
"""Characters of the second line of an extended XYZ frame."""

TOO_MANY_COLUMNS: Final = re.compile(r":[RISL]:\d{3,}")

CheckAtoms = Callable[[str, int], int]
"""Takes what stands for the number of atoms, and the number of the frame; raises if it is none."""


@dataclass(frozen=True, slots=True)
class FrameText:
    """One frame as it stands in the file.

    Attributes:
        number: From 1.
    """

    number: int
    n_atoms: int
    text: str


def extxyz_frames(text: str, n_atoms_in: CheckAtoms) -> Iterator[FrameText]:
    """Frames of extended XYZ: a number, a comment, and as many lines."""
    lines = io.StringIO(text)
    number = 0
    while (first := lines.readline()).strip():
        number += 1
        n_atoms = n_atoms_in(first, number)
        block = [first, *(lines.readline() for _ in range(n_atoms + 1))]
        if len(block[1]) > MAX_COMMENT or TOO_MANY_COLUMNS.search(block[1]):
            raise UploadError(
                f"frame {number}: the comment must hold at most {MAX_COMMENT} characters and name "
                "at most 99 columns of each property, but does not. Shorten it."
            )
        if not block[-1]:
            raise UploadError(
                f"frame {number}: must hold {n_atoms} lines of atoms, as its first line says, but "
                "the file ends before. Send the whole file."
            )
        yield FrameText(number, n_atoms, "".join(block))


def lammps_dump_frames(text: str, n_atoms_in: CheckAtoms) -> Iterator[FrameText]:
    """Frames of a LAMMPS text dump: from one `ITEM: TIMESTEP` to the next."""
    mark = "ITEM: TIMESTEP"
    start = text.find(mark)
    if start < 0:
        raise UploadError(f"a LAMMPS dump must hold a line `{mark}`, but holds none.")
    number = 0
    while start >= 0:
        number += 1
        end = text.find(mark, start + 1)
        block = text[start:] if end < 0 else text[start:end]
        _, found, after = block.partition("ITEM: NUMBER OF ATOMS")
        if not found:
            raise UploadError(
                f"frame {number}: must say `ITEM: NUMBER OF ATOMS`, but does not. Mend the file."
            )
        n_atoms = n_atoms_in(after.lstrip().split("\n", 1)[0], number)
        if after.count("\n") < n_atoms:
            raise UploadError(
                f"frame {number}: must hold {n_atoms} lines of atoms, but the file ends before. "
                "Send the whole file."
            )
        yield FrameText(number, n_atoms, block)
        start = end


def lammps_data_frames(text: str, n_atoms_in: CheckAtoms) -> Iterator[FrameText]:
    """The only frame of a LAMMPS data file; its header says `300 atoms`."""
    lines = io.StringIO(text)
    for _ in range(MAX_HEADER_LINES):
        words = lines.readline().split("#", 1)[0].split()
        if len(words) == 2 and words[1] == "atoms":
            n_atoms = n_atoms_in(words[0], 1)
            if text.count("\n") < n_atoms:
                raise UploadError(
                    f"the file must hold {n_atoms} lines of atoms, as its header says, but ends "
                    "before. Send the whole file."
                )
            yield FrameText(1, n_atoms, text)
            return
    raise UploadError(
        "a LAMMPS data file must say in its header how many `atoms` it holds, but does not."
    )


FRAMES_OF: Final[dict[StructureFormat, Callable[[str, CheckAtoms], Iterator[FrameText]]]] = {
    "extxyz": extxyz_frames,
    "lammps-dump": lammps_dump_frames,
    "lammps-data": lammps_data_frames,
}
