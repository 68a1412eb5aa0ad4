"""What a training under way keeps beside the package it will become, so that a killed one goes on.

OUT.training/training.json              what is fitted to what: another training is refused
OUT.training/data.*                     the data, for workers elsewhere
OUT.training/member-<n>.safetensors     a fitted member
OUT.training/checkpoint-<n>.pt          a member under way
OUT.training/progress-<n>.jsonl         a line an epoch
OUT.training/run.txt                    which run holds the folder
OUT.training/training.lock              held by it; the lock goes with the process
OUT.training/ray/                       of Ray Train's own
OUT.training/logs/                      for TensorBoard; all that is left in the end
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from simulate.claim import Claim
from simulate.errors import GlassyLiError, MisuseError
from simulate.files import write_atomically
from simulate.record import PHYSICS_VERSION
from simulate.settings import differences
from surrogate.manifest import SCHEMA_VERSION
from train.config import TrainingConfig
from train.records import Records

IDENTITY: Final = "training.json"
LOGS: Final = "logs"
RAY: Final = "ray"
_RUN: Final = "run.txt"
_OURS: Final = (
    "member-*.safetensors", "checkpoint-*.pt", "progress-*.jsonl", "data.*", RAY, LOGS, _RUN,
    IDENTITY,
)  # fmt: skip
"""Cleared in this order: killed meanwhile, it leaves no member without its identity."""


def identity_of(records: Records, config: TrainingConfig) -> dict[str, Any]:
    """Everything that decides what a training ends with, as JSON."""
    return {
        "data": records.content_sha256,
        "physics_version": PHYSICS_VERSION,
        "package_schema": SCHEMA_VERSION,
        "glassyli": version("glassyli"),
        **config.deciding,
    }


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of a training under way."""

    path: Path

    @classmethod
    def beside(cls, out: Path) -> "RunFolder":
        """That of the package `out`."""
        absolute = out.absolute()
        return cls(absolute.with_name(f"{absolute.name}.training"))

    @property
    def logs(self) -> Path:
        """For TensorBoard."""
        return self.path / LOGS

    def member(self, number: int) -> Path:
        """Where a fitted member is."""
        return self.path / f"member-{number}.safetensors"

    def checkpoint(self, number: int) -> Path:
        """Where a member under way leaves what it goes on from."""
        return self.path / f"checkpoint-{number}.pt"

    def progress(self, number: int) -> Path:
        """Where a member tells how far it is."""
        return self.path / f"progress-{number}.jsonl"

    def run_id(self) -> str:
        """Names the run that holds the folder: workers of a killed one know by it to stop."""
        try:
            return (self.path / _RUN).read_text("utf-8")
        except FileNotFoundError:
            return ""

    def n_fitted(self, n_members: int) -> int:
        """Members that are done."""
        return sum(self.member(number).exists() for number in range(n_members))

    @property
    def _is_worth_keeping(self) -> bool:
        return any((*self.path.glob("member-*"), *self.path.glob("checkpoint-*")))

    def is_under_way(self, identity: Mapping[str, Any]) -> bool:
        """Whether an interrupted training of this very kind is here, with anything to go on from.

        Raises:
            MisuseError: One of another kind is.
            GlassyLiError: Of which kind it is cannot be read.
        """
        if not self._is_worth_keeping:
            return False
        theirs = self._identity()
        if theirs != identity:
            raise MisuseError(
                f"a training goes on with the data and settings that it was begun with, but "
                f"{self.path} was begun with {differences(theirs, identity)}. Give those again, "
                "choose another --out, or remove that folder to start anew."
            )
        return True

    def _identity(self) -> dict[str, Any]:
        """What the training here fits to what."""
        path = self.path / IDENTITY
        try:
            found = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise _unreadable(path, str(error)) from error
        if not isinstance(found, dict):
            raise _unreadable(path, f"it holds {type(found).__name__}")
        return found

    @contextmanager
    def held(self, identity: Mapping[str, Any]) -> Iterator[None]:
        """Begin or go on; nobody else may meanwhile. Ended well, only the logs remain.

        Raises:
            MisuseError: Another training holds it, or is interrupted here.
            GlassyLiError: The place cannot be written, or `training.json` not be read.
        """
        claim = self._claimed()
        try:
            shutil.rmtree(self.path / RAY, ignore_errors=True)  # of workers that are gone
            if not self.is_under_way(identity):
                self._clear()
                write_atomically(self.path / IDENTITY, json.dumps(identity, indent=1))
            write_atomically(self.path / _RUN, uuid4().hex)
            yield
        except BaseException:
            if not self._is_worth_keeping:
                self._clear()
            raise
        else:
            with suppress(OSError):  # what was made stands, whatever is left here
                self._clear(keep=LOGS)
        finally:
            claim.release()
            with suppress(OSError):  # not empty: logs, or what a killed training goes on from
                self.path.rmdir()

    def _claimed(self) -> Claim:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GlassyLiError(
                f"{self.path.parent} must be a writable folder, but: {error.strerror}. "
                "Choose another --out."
            ) from error
        claim = Claim.of(self.path / "training.lock")
        if claim is None:
            raise MisuseError(
                f"one training at a time may write {self.path}, but another is running. "
                "Wait for it, or choose another --out."
            )
        return claim

    def _clear(self, keep: str | None = None) -> None:
        """Remove what a training puts here, and nothing else."""
        for pattern in (each for each in _OURS if each != keep):
            for each in (*self.path.glob(pattern), *self.path.glob(f".{pattern}.*")):
                if each.is_dir():
                    shutil.rmtree(each, ignore_errors=True)
                else:
                    each.unlink(missing_ok=True)


def _unreadable(path: Path, reason: str) -> GlassyLiError:
    return GlassyLiError(
        f"{path} must say what the fitted members beside it were begun with, but: {reason}. "
        f"Nothing was removed. Choose another --out, or remove {path.parent} to start anew."
    )
