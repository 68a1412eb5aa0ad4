"""How large an uploaded file may be, and why one is refused."""

from http import HTTPStatus
from typing import Any

from pydantic import Field

from simulate.errors import MisuseError
from simulate.settings import Settings

MEBIBYTE = 1_048_576


class UploadLimits(Settings):
    """What one file may cost."""

    unpacked_bytes: int = Field(128 * MEBIBYTE, ge=1, description="Of a gzipped file.")
    atoms: int = Field(100_000, ge=1, description="Of one frame.")
    frames: int = Field(64, ge=1, description="Read from one file.")
    read_s: float = Field(20.0, gt=0, description="Time to read it.")


class UploadError(MisuseError):
    """A file that cannot be read as atoms.

    Attributes:
        status: HTTP status: 413 where something is too large, else 422.
        found: What was there.
        allowed: JSON Schema keywords.
    """

    def __init__(
        self,
        message: str,
        found: str | float | None = None,
        allowed: dict[str, Any] | None = None,
        status: int = HTTPStatus.UNPROCESSABLE_ENTITY,
    ) -> None:
        super().__init__(message)
        self.found = found
        self.allowed = allowed
        self.status = int(status)


def too_much(message: str, found: int, maximum: int) -> UploadError:
    """The refusal of something too large."""
    return UploadError(message, found, {"maximum": maximum}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
