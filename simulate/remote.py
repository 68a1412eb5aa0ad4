"""A copy of a record store at any URL that fsspec knows: s3://, gs://, sftp://, file://, memory://.

Running campaigns need locks, links and synced renames, which object stores have not. So a campaign
runs in a folder, and what is sealed is copied from there and to there, checked on arrival.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from simulate.errors import GlassyLiError, MisuseError, StoreError, StoreMismatchError
from simulate.protocol import Protocol
from simulate.settings import differences
from simulate.store import RecordStore, create_or_open, open_store
from simulate.transfer import checked_record, put, stored_frames

_HEADER = "store.json"


def push(store: RecordStore, url: str) -> int:
    """Copy every record that is not at a URL yet, its frames first; what is there stays.

    Returns:
        How many records were added there.

    Raises:
        StoreError: A record or its frames are damaged here, or the header there is.
        StoreMismatchError: The store at the URL is of another protocol.
        GlassyLiError: The URL cannot be reached, or did not keep what was written.
    """
    place = _Place.at(url)
    protocol = _protocol_at(place)
    if protocol is None:
        place.send(_HEADER, (store.path / _HEADER).read_bytes())
    elif protocol.what_decides() != store.protocol.what_decides():
        parted = differences(protocol.what_decides(), store.protocol.what_decides())
        raise StoreMismatchError(
            f"a store holds records of one protocol, but {url} was written under {parted}. "
            "Push to another URL."
        )
    there = place.names("records")
    waiting = [path for path in store.record_files() if path.name not in there]
    for path in waiting:
        record = checked_record(store, path)
        if record.frames_file is not None:
            place.send(f"frames/{record.frames_file.name}", store.frames_bytes(record))
        place.send(f"records/{path.name}", path.read_bytes())
    return len(waiting)


def pull(url: str, out: Path) -> int:
    """Copy every record at a URL that a store lacks, each one checked; the store is made if needed.

    Record by record, so that a pull that was stopped goes on where it was.

    Returns:
        How many records were added.

    Raises:
        MisuseError: There is no store at the URL.
        StoreError: A record or its frames there are damaged; those before it were added.
        StoreMismatchError: `out` is of another protocol; nothing was fetched.
        GlassyLiError: The URL cannot be reached.
    """
    place = _Place.at(url)
    protocol = _protocol_at(place)
    if protocol is None:
        raise MisuseError(
            f"a record store must have a {_HEADER}, but {url} has none. "
            "Make one with `glassyli records push STORE URL`."
        )
    target = create_or_open(out, protocol)
    waiting = sorted(place.names("records") - {path.name for path in target.record_files()})
    for name in waiting:
        _add(target, place, name)
    return len(waiting)


def _protocol_at(place: "_Place") -> Protocol | None:
    """The protocol of the store at a place; None where there is no store."""
    header = place.read(_HEADER)
    if header is None:
        return None
    with _scratch() as here, _copied_from(place):
        (here / _HEADER).write_bytes(header)
        return open_store(here).protocol


def _add(target: RecordStore, place: "_Place", name: str) -> None:
    """Fetch one record and its frames, check both and append them."""
    with _scratch() as here, _copied_from(place):
        fetched = RecordStore(here, target.protocol)
        path = _fetch(place, f"records/{name}", here)
        frames_file = fetched.read(path).frames_file
        if frames_file is not None:
            _fetch(place, f"frames/{Path(frames_file.name).name}", here)
        record = checked_record(fetched, path)
        frames = stored_frames(fetched, record)
    put(target, record, frames)


def _fetch(place: "_Place", name: str, to: Path) -> Path:
    content = place.read(name)
    if content is None:
        raise StoreError(f"{name} is missing. Remove its record there and push it again.")
    path = to / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="glassyli-") as scratch:
        yield Path(scratch)


@contextmanager
def _copied_from(place: "_Place") -> Iterator[None]:
    """What is wrong with a copy is wrong where it came from, which the message must name."""
    try:
        yield
    except StoreError as error:
        raise StoreError(f"{place.url} must hold a store as it was pushed, but: {error}") from error


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder at a URL; what goes wrong there, and only that, is said to have gone wrong there."""

    url: str
    system: Any
    root: str

    @classmethod
    def at(cls, url: str) -> "_Place":
        import fsspec

        with _reaching(url):
            system, root = fsspec.core.url_to_fs(url)
            system.invalidate_cache()
        return cls(url, system, root.rstrip("/"))

    def read(self, name: str) -> bytes | None:
        """A file, or None where there is surely none: `exists()` also says so of a broken line."""
        with _reaching(self.url):
            return _content(self.system, f"{self.root}/{name}")

    def names(self, folder: str) -> set[str]:
        """The records in a folder that may not be there."""
        with _reaching(self.url):
            try:
                paths = self.system.ls(f"{self.root}/{folder}", detail=False)
            except FileNotFoundError:
                return set()
        names = (str(path).rpartition("/")[2] for path in paths)
        return {name for name in names if name.endswith(".json") and not name.startswith(".")}

    def send(self, name: str, content: bytes) -> None:
        """Write a file that has its name only once it is whole, and read it again.

        Raises:
            GlassyLiError: The place cannot be written, or other bytes came back.
        """
        path = f"{self.root}/{name}"
        with _reaching(self.url):
            self.system.makedirs(path.rpartition("/")[0], exist_ok=True)
            if _content(self.system, path) == content:
                return  # frames of a push that was stopped before their record
            if _renames(self.system):
                _send_aside(self.system, path, content)
            else:
                self.system.pipe_file(path, content)
            found = _content(self.system, path)
        if found != content:
            raise GlassyLiError(
                f"{name} at {self.url} must hold what was written, but reads otherwise. "
                "Remove it there and push again."
            )


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    """Each kind of place has exceptions of its own, many of them plain `Exception`s."""
    try:
        yield
    except Exception as error:
        raise GlassyLiError(
            f"{url} must be a place that fsspec can read and write, but: "
            f"{type(error).__name__}: {error}. Check the URL, the network and your credentials; "
            "s3:// needs `pip install s3fs`, gs:// `pip install gcsfs`, "
            "sftp:// `pip install paramiko`."
        ) from error


def _content(system: Any, path: str) -> bytes | None:  # noqa: ANN401 - fsspec ships no types
    try:
        return bytes(system.cat_file(path))
    except FileNotFoundError:
        return None


def _renames(system: Any) -> bool:  # noqa: ANN401
    """Whether a place has a rename of its own; object stores have none, nor half-written files."""
    from fsspec import AbstractFileSystem

    return type(system).mv is not AbstractFileSystem.mv


def _send_aside(system: Any, path: str, content: bytes) -> None:  # noqa: ANN401
    """Write beside `path` and rename: fsspec's own transactions may write to another disk."""
    folder, _, name = path.rpartition("/")
    partial = f"{folder}/.{name}.{uuid4().hex}"
    try:
        system.pipe_file(partial, content)
        system.mv(partial, path)
    except BaseException:
        with suppress(Exception):
            system.rm_file(partial)
        raise
