"""Bytes behind their checksum: read back as they were written, or not at all."""

import hashlib
from pathlib import Path
from typing import Final

from simulate.files import write_atomically

_DIGEST_BYTES: Final = hashlib.sha256().digest_size


def write_sealed(path: Path, content: bytes) -> None:
    """Replace `path` with the SHA-256 of the content and the content."""
    write_atomically(path, hashlib.sha256(content).digest() + content)


def read_sealed(path: Path) -> bytes | None:
    """What `write_sealed` wrote; None where there is nothing, or it is damaged."""
    try:
        written = path.read_bytes()
    except OSError:
        return None
    digest, content = written[:_DIGEST_BYTES], written[_DIGEST_BYTES:]
    return content if hashlib.sha256(content).digest() == digest else None
