"""A copy of a record store at any URL that fsspec knows: s3://, gs://, sftp://, file://, memory://.

Running campaigns need locks, links and synced renames, which object stores have not. So a campaign
runs in a folder, and what is sealed is copied from there and to there, checked on arrival.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulate.errors import GlassyLiError, MisuseError
from simulate.files import sha256_of
from simulate.store import RecordStore, create_or_open, open_store
from simulate.transfer import checked_record, merge

_HEADER = "store.json"


def push(store: RecordStore, url: str) -> int:
    """Copy every record that is not at a URL yet, its frames first; what is there stays.

    Returns:
        How many records were added there.

    Raises:
        StoreError: A record or its frames are damaged here.
        StoreMismatchError: The store at the URL is of another protocol.
        GlassyLiError: The URL cannot be written, or did not keep what was written.
    """
    with _place(url) as (system, root):
        if system.exists(f"{root}/{_HEADER}"):
            with tempfile.TemporaryDirectory(prefix="glassyli-") as scratch:
                (Path(scratch) / _HEADER).write_bytes(system.cat_file(f"{root}/{_HEADER}"))
                create_or_open(Path(scratch), store.protocol)
        else:
            _send(system, f"{root}/{_HEADER}", (store.path / _HEADER).read_bytes())
        there = _names(system, f"{root}/records")
        waiting = [path for path in store.record_files() if path.name not in there]
        for path in waiting:
            record = checked_record(store, path)
            if record.frames_file is not None:
                name = f"{root}/frames/{record.frames_file.name}"
                _send(system, name, store.frames_bytes(record))
            _send(system, f"{root}/records/{path.name}", path.read_bytes())
    return len(waiting)


def pull(url: str, out: Path) -> int:
    """Copy every record at a URL that a store lacks, each one checked; the store is made if needed.

    Returns:
        How many records were added.

    Raises:
        MisuseError: There is no store at the URL.
        StoreError: A record or its frames there are damaged; nothing is copied.
        StoreMismatchError: `out` is of another protocol.
        GlassyLiError: The URL cannot be read.
    """
    has = {path.name for path in open_store(out).record_files()} if _is_store(out) else set()
    with _place(url) as (system, root), tempfile.TemporaryDirectory(prefix="glassyli-") as scratch:
        here = Path(scratch)
        if not system.exists(f"{root}/{_HEADER}"):
            raise MisuseError(
                f"a record store must have a {_HEADER}, but {url} has none. "
                "Make one with `glassyli records push STORE URL`."
            )
        (here / _HEADER).write_bytes(system.cat_file(f"{root}/{_HEADER}"))
        for folder in ("records", "frames"):
            (here / folder).mkdir()
        store = open_store(here)
        for name in sorted(_names(system, f"{root}/records") - has):
            path = here / "records" / name
            path.write_bytes(system.cat_file(f"{root}/records/{name}"))
            frames_file = store.read(path).frames_file
            if frames_file is not None:
                frames = Path(frames_file.name).name
                (here / "frames" / frames).write_bytes(system.cat_file(f"{root}/frames/{frames}"))
            checked_record(store, path)
        return merge([store], out)


def _is_store(path: Path) -> bool:
    return (path / _HEADER).is_file()


@contextmanager
def _place(url: str) -> Iterator[tuple[Any, str]]:
    """The filesystem of a URL and the path in it; what goes wrong there is said in our words."""
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(url)
        system.invalidate_cache()
        yield system, root.rstrip("/")
    except (OSError, ValueError, ImportError) as error:
        raise GlassyLiError(
            f"{url} must be a place that fsspec can read and write, but: {error}. Check the URL "
            "and your access; s3:// needs `pip install s3fs`, gs:// needs `pip install gcsfs`."
        ) from error


def _names(system: Any, folder: str) -> set[str]:  # noqa: ANN401 - fsspec ships no types
    if not system.exists(folder):
        return set()
    return {
        name
        for name in (str(path).rpartition("/")[2] for path in system.ls(folder, detail=False))
        if name.endswith(".json") and not name.startswith(".")
    }


def _send(system: Any, path: str, content: bytes) -> None:  # noqa: ANN401
    """Write a file whole or not at all, and read it again.

    Raises:
        GlassyLiError: Other bytes came back.
    """
    system.makedirs(path.rpartition("/")[0], exist_ok=True)
    with system.transaction:
        system.pipe_file(path, content)
    if sha256_of(system.cat_file(path)) != sha256_of(content):
        raise GlassyLiError(
            f"{path} must hold what was written, but reads otherwise. Remove it and push again."
        )
