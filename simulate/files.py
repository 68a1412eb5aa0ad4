"""Files appear whole or not at all, and are read with errors that say what to do."""

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from simulate.errors import GlassyLiError, MisuseError


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace `path` with `content`; a reader sees the old file or the new one, never half."""
    with appearing_whole(path) as handle:
        handle.write(_as_bytes(content))


def write_new(path: Path, content: str | bytes) -> None:
    """Write `path` whole unless it is there already: of several writers the first one wins."""

    def unless_there(partial: Path) -> None:
        try:
            path.hardlink_to(partial)
        except FileExistsError:
            return
        except OSError:
            # Some filesystems have no hard links: there the last of several writers wins.
            partial.replace(path)

    with _aside(path, unless_there) as handle:
        handle.write(_as_bytes(content))


@contextmanager
def appearing_whole(path: Path) -> Iterator[BinaryIO]:
    """A file to be written bit by bit; it replaces `path` once it is whole."""
    with _aside(path, lambda partial: partial.replace(path)) as handle:
        yield handle


@contextmanager
def _aside(path: Path, publish: Callable[[Path], object]) -> Iterator[BinaryIO]:
    """A file beside `path`, published once it is whole and gone at the end unless renamed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise GlassyLiError(
            f"{path.parent} must be a writable folder, but: {error.strerror}. Choose another place."
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as handle:
            yield handle
            handle.flush()
            os.fchmod(handle.fileno(), 0o666 & ~_UMASK)  # a temporary file is private
            os.fsync(handle.fileno())
        publish(Path(name))
        _sync_folder(path.parent)
    except OSError as error:
        raise GlassyLiError(
            f"{path} could not be written: {error.strerror}. Nothing was left half-written; "
            "free some space or choose another place."
        ) from error
    finally:
        Path(name).unlink(missing_ok=True)


def _as_bytes(content: str | bytes) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else content


def _sync_folder(folder: Path) -> None:
    """A file has its name for good only once its folder is on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network filesystems have no such thing
            raise
    finally:
        os.close(descriptor)


def _umask() -> int:
    """Permissions that this process takes away from new files."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _umask()
"""Read once: to ask is to change it for a moment, which threads must not do."""


def read_text(path: Path, what: str) -> str:
    """The text of a file the user named; `what` says what it should be ("a config")."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise MisuseError(
            f"{what} must be a readable text file, but {path}: {reason}. Check the path."
        ) from error


def read_yaml(path: Path, what: str = "a config") -> dict[str, Any]:
    """A YAML mapping the user named.

    Raises:
        MisuseError: The file is missing, unreadable or not a mapping.
    """
    try:
        content = yaml.safe_load(read_text(path, what))
    except yaml.YAMLError as error:
        raise MisuseError(f"{what} must be valid YAML, but {path}: {error}. Mend it.") from error
    if not isinstance(content, dict):
        raise MisuseError(
            f"{what} must be a YAML mapping (`key: value` lines), but {path} holds "
            f"{type(content).__name__}."
        )
    return content


def canonical_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """JSON with sorted keys and no spaces: the same value always gives the same text.

    >>> canonical_json({"b": 1, "a": [1.0, None]})
    '{"a":[1.0,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256_of(data: str | bytes) -> str:
    """Hex SHA-256 of text (UTF-8) or bytes."""
    return hashlib.sha256(data.encode("utf-8") if isinstance(data, str) else data).hexdigest()
