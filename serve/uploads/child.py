"""The process that reads strangers' files: started by `serve.uploads.readers`, and by nobody else.

`python -m serve.uploads.child DESCRIPTOR FOLDER` answers questions that come through an inherited
socket. It sets its own limits before it reads anything, and lives in a folder that goes with it.
"""

import json
import resource
import shutil
import sys
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Final

from serve.uploads.file_question import FileQuestion
from serve.uploads.limits import UploadError
from serve.uploads.reading import NumberedSnapshot, read_frames

MEMORY_BYTES: Final = 3 * 1024**3
"""Of address space, of which libraries take a part before a file is seen."""

FILE_BYTES: Final = 256 * 1024**2

SLOW_MODULES: Final = (
    "ase.io.extxyz", "ase.io.lammpsdata", "ase.io.lammpsrun", "gsd.hoomd", "scipy.spatial"
)  # fmt: skip
"""Imported before the first question, not in it."""


def main() -> None:
    """Answer until the other end closes."""
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_FSIZE, FILE_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    for slow in SLOW_MODULES:
        import_module(slow)

    with Connection(int(sys.argv[1])) as parent:
        parent.send_bytes(b"ready")
        while True:
            try:
                question, data = parent.recv_bytes(), parent.recv_bytes()
            except (EOFError, OSError):
                break
            # From here on it is the file whose fault it is.
            parent.send_bytes(b"taken")
            _answer(parent, FileQuestion.model_validate_json(question), data)
    # Whoever started us may have been killed before it could.
    shutil.rmtree(sys.argv[2], ignore_errors=True)


def _answer(parent: Connection, asked: FileQuestion, data: bytes) -> None:
    """What the frames are as JSON, then the coordinates of each; or why there are none."""
    used_s = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    _limit(resource.RLIMIT_CPU, int(used_s + asked.limits.read_s) + 1)
    frames: list[NumberedSnapshot] = []
    told: dict[str, object] = {}
    try:
        frames = read_frames(data, asked)
    except UploadError as error:
        told = {
            "message": str(error),
            "found": error.found,
            "allowed": error.allowed,
            "status": error.status,
        }
    except MemoryError:
        told = {"message": "the file takes too much memory to read. Send fewer atoms or frames."}
    about = [
        {
            "number": frame.number,
            "n_atoms": frame.snapshot.n_atoms,
            "cell_A": frame.snapshot.cell_A.tolist(),
            "is_periodic": frame.snapshot.is_periodic,
            "time_ps": frame.snapshot.time_ps,
            "stage": frame.snapshot.stage,
        }
        for frame in frames
    ]
    parent.send_bytes(json.dumps({"error": told, "frames": about}).encode())
    for frame in frames:
        parent.send_bytes(frame.snapshot.positions_A.tobytes())


def _limit(what: int, most: int) -> None:
    """Lower the soft limit; where the machine allows less, that stays."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
