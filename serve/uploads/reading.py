"""Bytes of a structure file to checked atoms.

A server leaves it to `serve.uploads.child`; the command line, whose files are its user's own, calls
it directly.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Self, cast

import numpy as np
from pydantic import Field

from serve.messages.structures import StructureFormat
from serve.uploads.formats import format_of, text_of
from serve.uploads.headers import FRAMES_OF
from serve.uploads.limits import UploadError, UploadLimits, too_much
from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.neighbours import NEIGHBOUR_CUTOFF_in_a
from simulate.settings import Settings
from simulate.snapshot import Snapshot, read_structure, snapshot_of

if TYPE_CHECKING:
    from ase import Atoms

STAGES: Final = ("packing", "heat", "quench", "hold", "given")

MAX_CROWD: Final = 15.0
"""Atoms in a cube of the neighbour cut-off, mean over atoms: four times that of the crystal."""


class FileQuestion(Settings):
    """What is known of a file before it is read.

    Attributes:
        element: What all atoms must be; LAMMPS and HOOMD files often say types only.
        cutoff_A: Atoms nearer than this count as neighbours.
        is_periodic: Where the file cannot say it: LAMMPS data and GSD always hold a box.
        frames: Which, from 1; None: all.
    """

    format: StructureFormat
    element: str
    cutoff_A: float
    is_periodic: bool = True
    frames: tuple[int, ...] | None = None
    limits: UploadLimits = Field(default_factory=UploadLimits)

    @classmethod
    def of(cls, form: StructureFormat, design: EmbryoDesign) -> Self:
        """The question about a file of embryos of a design."""
        return cls(
            format=form,
            element=design.element,
            cutoff_A=NEIGHBOUR_CUTOFF_in_a * design.physics.bcc_lattice_constant_A,
            is_periodic=design.mass_exchange == "open",
        )

    def n_atoms_in(self, written: str, number: int) -> int:
        """Check a number of atoms as it is written in a header.

        Raises:
            UploadError: No number, none at all, or too many.
        """
        if not written.strip().isascii() or not written.strip().isdigit():
            raise UploadError(
                f"frame {number}: must begin with its number of atoms, but begins with "
                f"{written.strip()[:40]!r}. Is the format {self.format}?",
                written.strip()[:40],
            )
        digits = written.strip().lstrip("0")[:12] or "0"
        n_atoms, most = int(digits), self.limits.atoms
        if n_atoms > most:
            raise too_much(
                f"frame {number}: must hold at most {most} atoms, but its header says {n_atoms}. "
                "Send a smaller embryo.",
                n_atoms,
                most,
            )
        if n_atoms == 0:
            raise UploadError(f"frame {number}: must hold atoms, but its header says none.", 0)
        return n_atoms


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
    for number, build in _frames(data, asked):
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


def _frames(data: bytes, asked: FileQuestion) -> "Iterator[tuple[int, Callable[[], Atoms]]]":
    """Number of every frame, and what builds its atoms."""
    if asked.format == "gsd":
        yield from _gsd_frames(data, asked)
        return
    text = text_of(data, asked.limits.unpacked_bytes)
    parse = {
        "extxyz": _extxyz_atoms,
        "lammps-dump": _lammps_dump_atoms,
        "lammps-data": _lammps_data_atoms,
    }[asked.format]
    for frame in FRAMES_OF[asked.format](text, asked.n_atoms_in):
        yield frame.number, lambda: parse(frame.text, asked)  # noqa: B023 - called at once


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


def _extxyz_atoms(text: str, asked: FileQuestion) -> "Atoms":  # noqa: ARG001 - as all of them
    from ase.io.extxyz import read_xyz

    return cast("Atoms", next(read_xyz(io.StringIO(text), index=0)))


def _lammps_dump_atoms(text: str, asked: FileQuestion) -> "Atoms":
    from ase.io.lammpsrun import read_lammps_dump_text

    try:
        return cast(
            "Atoms", read_lammps_dump_text(io.StringIO(text), index=0, specorder=[asked.element])
        )
    except IndexError as error:
        raise _several_types() from error


def _lammps_data_atoms(text: str, asked: FileQuestion) -> "Atoms":
    from ase.data import atomic_numbers
    from ase.io.lammpsdata import read_lammps_data

    says_masses = any(line.split("#")[0].strip() == "Masses" for line in text.splitlines())
    numbers = None if says_masses else {1: atomic_numbers[asked.element]}
    try:
        atoms = cast("Atoms", read_lammps_data(io.StringIO(text), Z_of_type=numbers))
    except KeyError as error:
        raise _several_types() from error
    atoms.pbc = asked.is_periodic
    return atoms


def _several_types() -> UploadError:
    return UploadError(
        "a file with several types of atoms must tell their elements or masses, but does not. "
        "Add them, or keep one type."
    )


def _gsd_frames(data: bytes, asked: FileQuestion) -> "Iterator[tuple[int, Callable[[], Atoms]]]":
    """GSD is read from a file; what the headers of a frame say is checked before it is."""
    import gsd.fl
    import gsd.hoomd

    with ExitStack() as kept:
        try:
            path = Path(kept.enter_context(TemporaryDirectory())) / "upload.gsd"
            path.write_bytes(data)
        except OSError as error:
            raise UploadError(
                f"a GSD file must be put aside to be read, but cannot be ({error.strerror}): a "
                "fault of this machine. Try again later.",
                status=HTTPStatus.SERVICE_UNAVAILABLE,
            ) from error
        layer = gsd.fl.open(str(path), "r")
        frames = gsd.hoomd.HOOMDTrajectory(layer)
        with layer:
            for index in range(layer.nframes):
                if layer.chunk_exists(index, "particles/N"):
                    n_atoms = str(int(layer.read_chunk(index, "particles/N")[0]))
                    asked.n_atoms_in(n_atoms, index + 1)
                yield index + 1, lambda: _gsd_atoms(frames[index], asked)  # noqa: B023


def _gsd_atoms(frame: object, asked: FileQuestion) -> "Atoms":
    from ase import Atoms
    from ase.data import atomic_numbers

    particles, box = frame.particles, frame.configuration.box  # type: ignore[attr-defined]
    names = [str(name) for name in particles.types or ["A"]]
    used = sorted({names[each] for each in particles.typeid.tolist()})
    # A type of HOOMD may have any name; those that are elements are taken at their word.
    if len(used) > 1 and not all(name in atomic_numbers for name in used):
        raise _several_types()
    symbols = [
        names[each] if names[each] in atomic_numbers else asked.element
        for each in particles.typeid.tolist()
    ]
    if any(abs(tilt) > 1.0e-9 for tilt in box[3:]):
        raise UploadError("the cell must be orthogonal, but is tilted. Convert it first.")
    return Atoms(
        symbols, positions=particles.position.astype(float), cell=box[:3], pbc=asked.is_periodic
    )
