"""What a killed fit goes on from: one file, replaced as a whole, read without executing anything.

It holds tensors, numbers and names in dictionaries and lists, as `torch.save` writes them, behind
their checksum. A damaged file counts as none: the fit then begins anew and ends the same.
"""

import io
import logging
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from train.sealed import read_sealed, write_sealed

_LOG = logging.getLogger(__name__)

State = dict[str, Any]


class Checkpoint:
    """Where one fit leaves its state.

    Args:
        path: Of the file.
        every_s: Least time between two, s; 0: whenever there is an occasion.
    """

    def __init__(self, path: Path, every_s: float) -> None:
        self._path = path
        self._every_s = every_s
        self._saved_at = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether the last one is old enough."""
        return time.monotonic() - self._saved_at >= self._every_s

    def save(self, state: Callable[[], State]) -> None:
        """Replace what is there, if it is time."""
        if self.is_due:
            buffer = io.BytesIO()
            torch.save(state(), buffer)
            write_sealed(self._path, buffer.getvalue())
            self._saved_at = time.monotonic()

    def latest(self) -> State | None:
        """What was saved last; None where there is nothing, or nothing whole."""
        content = read_sealed(self._path)
        if content is None:
            if self._path.exists():
                _LOG.warning("%s is damaged; its member is fitted from the start", self._path)
            return None
        try:
            state: State = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except (RuntimeError, pickle.UnpicklingError) as error:
            _LOG.warning("%s is of another release (%s); begun anew", self._path, error)
            return None
        return state

    def clear(self) -> None:
        """Forget it: the fit is done."""
        self._path.unlink(missing_ok=True)
