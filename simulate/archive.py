"""A whole store as one gzipped tar file, and back; what comes from outside is checked first."""

import errno
import gzip
import io
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from simulate.errors import GlassyLiError, MisuseError, StoreError
from simulate.files import appearing_whole
from simulate.store import RecordStore, open_store
from simulate.transfer import checked_record, merge

MEMBER: Final = re.compile(r"store\.json|records/[^./][^/]*\.json|frames/[^./][^/]*\.xyz\.gz")
"""What an archive may hold, by name."""

MOST_GROWTH: Final = 100
"""An archive may unpack to this many times its size: records grow by some 30, frames by 1."""

MOST_BYTES: Final = 20 * 10**9
"""An archive may unpack to this much in any case."""

_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_archive(store: RecordStore, path: Path) -> int:
    """A whole store as one gzipped tar file.

    Returns:
        How many records it holds.

    Raises:
        StoreError: A record or its frames are damaged.
    """
    n_records = 0
    with (
        appearing_whole(path) as handle,
        tarfile.open(fileobj=handle, mode="w:gz") as archive,
    ):
        archive.add(store.path / "store.json", "store.json")
        for record in store:
            store.add_to(archive, record)
            n_records += 1
    return n_records


def import_archive(path: Path, out: Path) -> int:
    """Add what an archive holds to a store, made if it is not there.

    Every record and its frames are checked before the first one is copied.

    Returns:
        How many records were added.

    Raises:
        MisuseError: Not an archive of a store, or cut off, damaged or far too large.
        StoreError: A record in it was changed or lacks its frames.
        GlassyLiError: There is no room to unpack or to copy it.
    """
    with _scratch() as folder:
        try:
            _unpack(path, folder)
        except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
            if isinstance(error, OSError) and error.errno in _NO_ROOM:
                raise _no_room(error) from error
            reason = error.strerror if isinstance(error, OSError) else None
            raise _no_archive(path, reason or str(error)) from error
        if not (folder / "store.json").is_file():
            raise _no_archive(path, "it holds no store.json")
        return merge([_checked_store(path, folder)], out)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    try:
        made = tempfile.TemporaryDirectory(prefix="glassyli-", ignore_cleanup_errors=True)
    except OSError as error:
        raise _no_room(error) from error
    with made as name:
        yield Path(name)


def _no_room(error: OSError) -> GlassyLiError:
    return GlassyLiError(
        f"an archive must be unpacked into a temporary folder, but: {error.strerror}. Nothing was "
        "imported; free some space, or set TMPDIR to a folder with more."
    )


def _no_archive(path: Path, reason: str) -> MisuseError:
    return MisuseError(
        f"an archive must be what `glassyli records export --format archive` wrote, but {path}: "
        f"{reason.rstrip('.')}. Nothing was imported; export or copy it again."
    )


def _unpack(path: Path, folder: Path) -> None:
    """Write the files of an archive into a folder, none but those of a store."""
    most = min(MOST_GROWTH * path.stat().st_size, MOST_BYTES)
    with gzip.open(path) as packed:
        bounded = _Bounded(packed, most)
        with tarfile.open(fileobj=bounded, mode="r|") as archive:
            for member in archive:
                is_ours = member.isfile() and MEMBER.fullmatch(member.name)
                source = archive.extractfile(member) if is_ours else None
                if source is None:
                    raise tarfile.TarError(
                        f"it holds {member.name!r}, which is no file of a store: only store.json, "
                        "records/*.json and frames/*.xyz.gz are"
                    )
                target = folder / member.name
                target.parent.mkdir(exist_ok=True)
                with target.open("wb") as handle:
                    shutil.copyfileobj(source, handle)
        # The checksum of all that was packed stands at the very end, after the last file.
        while bounded.read(1 << 20):
            pass


class _Bounded(io.RawIOBase):
    """Reads from a stream until it has given too much."""

    def __init__(self, source: gzip.GzipFile, most: int) -> None:
        self._source, self._most, self._n_read = source, most, 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Raises:
            TarError: More came than was allowed.
        """
        content = self._source.read(size)
        self._n_read += len(content)
        if self._n_read > self._most:
            raise tarfile.TarError(
                f"it unpacks to more than {self._most} bytes, {MOST_GROWTH} times its size or "
                f"{MOST_BYTES / 1e9:g} GB"
            )
        return content


def _checked_store(path: Path, folder: Path) -> RecordStore:
    """The unpacked store, every record of it sound; errors name places inside the archive."""
    try:
        store = open_store(folder)
        for each in store.record_files():
            checked_record(store, each)
    except GlassyLiError as error:
        inside = str(error).replace(f"{folder}{os.sep}", "")
        raise StoreError(
            f"in the archive {path}: {inside} Nothing was imported; export or copy it again."
        ) from error
    return store
