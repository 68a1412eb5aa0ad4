"""Which format a file is in, by its name, and its text, unpacked within limits."""

import re
import zlib
from collections.abc import Iterator
from typing import Final, get_args

from serve.messages.structures import StructureFormat
from serve.uploads.limits import UploadError, too_much

FORMATS: Final = get_args(StructureFormat)

ENDINGS: Final[dict[str, StructureFormat]] = {
    ".xyz": "extxyz",
    ".extxyz": "extxyz",
    ".data": "lammps-data",
    ".lmp": "lammps-data",
    ".dump": "lammps-dump",
    ".lammpstrj": "lammps-dump",
    ".gsd": "gsd",
}
"""Of file names; `.gz` may follow that of a text format."""

BEGINNINGS: Final[dict[str, StructureFormat]] = {"data.": "lammps-data", "dump.": "lammps-dump"}
"""Of file names, as LAMMPS users write them: `data.li`, `dump.100`; an ending says more."""

OTHER_ENDINGS: Final = (
    ".cfg", ".cif", ".cube", ".db", ".dcd", ".gen", ".gro", ".json", ".nc", ".pdb", ".poscar",
    ".res", ".traj", ".vasp", ".vtu", ".xsf", ".xtl",
)  # fmt: skip
"""Of structure files in other formats, whose owner may call them `data.cif`."""

NAMES_TOLD: Final = f"end in {', '.join(ENDINGS)} or begin with {' or '.join(BEGINNINGS)}"

GZIP_MAGIC: Final = b"\x1f\x8b"
PIECE_BYTES: Final = 65_536


def format_of(name: str) -> StructureFormat | None:
    """The format a file name tells; None: it tells none.

    >>> format_of("hold.xyz.gz"), format_of("melt.lammpstrj"), format_of("notes.txt")
    ('extxyz', 'lammps-dump', None)
    >>> format_of("runs/data.li"), format_of("dump.100.gz"), format_of("dump.xyz")
    ('lammps-data', 'lammps-dump', 'extxyz')
    >>> format_of("data.cif")
    """
    plain = re.split(r"[/\\]", name)[-1].lower().removesuffix(".gz")
    told = next((form for end, form in ENDINGS.items() if plain.endswith(end)), None)
    if told is not None or plain.endswith(OTHER_ENDINGS):
        return told
    return next((form for start, form in BEGINNINGS.items() if plain.startswith(start)), None)


def text_of(data: bytes, max_bytes: int) -> str:
    """The text of a file, gzipped or not; unpacking stops at the limit.

    Raises:
        UploadError: Too long, damaged, or no text.
    """
    if data.startswith(GZIP_MAGIC):
        data = b"".join(_unpacked(data, max_bytes))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UploadError(
            f"the file must be text in UTF-8, but byte {error.start} is none. "
            "Export it anew, or name its format."
        ) from error


def _unpacked(data: bytes, max_bytes: int) -> Iterator[bytes]:
    """Pieces of what was packed, several members after each other too."""
    n_bytes = 0
    while data:
        unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        while not unpacking.eof:
            try:
                piece = unpacking.decompress(data, PIECE_BYTES)
            except zlib.error as error:
                raise _damaged(str(error)) from error
            n_bytes += len(piece)
            if n_bytes > max_bytes:
                raise too_much(
                    f"the file must unpack to at most {max_bytes} bytes, but holds more. "
                    "Send fewer frames.",
                    n_bytes,
                    max_bytes,
                )
            data = unpacking.unconsumed_tail
            if not piece and not data and not unpacking.eof:
                raise _damaged("it ends early")
            yield piece
        data = unpacking.unused_data.lstrip(b"\x00")


def _damaged(why: str) -> UploadError:
    return UploadError(f"the file must be whole gzip, but is damaged: {why}. Send it again.")
