"""Frames of a file as atoms, by the readers of ASE and GSD."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from serve.uploads.file_question import FileQuestion
from serve.uploads.formats import text_of
from serve.uploads.headers import FRAMES_OF
from serve.uploads.limits import UploadError

if TYPE_CHECKING:
    from ase import Atoms


def frames_of(data: bytes, asked: FileQuestion) -> "Iterator[tuple[int, Callable[[], Atoms]]]":
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
