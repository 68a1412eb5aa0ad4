"""A trajectory is run by one campaign at a time: whoever locks its file holds it."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from simulate.errors import GlassyLiError


@dataclass(frozen=True, slots=True)
class Claim:
    """A trajectory that this process runs; it goes with the process."""

    path: Path
    handle: BinaryIO

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """Hold the file at `path`, made if it is not there; None where another holds it.

        Raises:
            GlassyLiError: It cannot be written or locked.
        """
        while True:
            handle = _opened(path)
            if not _is_locked(handle):
                handle.close()
                return None
            if _is_at(path, handle):
                return cls(path, handle)
            handle.close()  # its holder removed it between our opening and our locking

    def release(self) -> None:
        """Let others have it."""
        self.path.unlink(missing_ok=True)
        self.handle.close()


def _opened(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(exist_ok=True)
        return path.open("ab")
    except OSError as error:
        raise GlassyLiError(
            f"{path.parent} must be writable, but: {error.strerror}. Free some space or choose "
            "another --out."
        ) from error


def _is_locked(handle: BinaryIO) -> bool:
    """Whether the lock is ours; closes the file where none can be had at all."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        handle.close()
        raise GlassyLiError(
            f"{handle.name} must be lockable, but: {error.strerror}. Choose an --out on a "
            "filesystem with file locks, a local disk for one."
        ) from error
    return True


def _is_at(path: Path, handle: BinaryIO) -> bool:
    """Whether an open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False
