"""Search jobs on the disk, so that a restarted server knows them.

FOLDER/jobs.lock        held by the server that runs them
FOLDER/ID/job.json      a job; what else is in its folder is the study (`surrogate.search.run`)
FOLDER/forgotten-...    studies that are about to be removed
"""

import fcntl
import logging
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from serve.messages.searches import SearchJob
from simulate.errors import GlassyLiError
from simulate.files import write_atomically
from surrogate.search.result import SearchResult

logger = logging.getLogger(__name__)

JOB: Final = "job.json"
RESULT: Final = "search.json"
FORGOTTEN: Final = "forgotten-"
ID: Final = re.compile(r"[0-9a-f]{16}")


class HeldElsewhereError(GlassyLiError):
    """Another server keeps its searches there."""


class JobStore:
    """The jobs of one server.

    Args:
        folder: Made if it is not there, and held until the process ends or `close`.

    Raises:
        GlassyLiError: It cannot be written.
        HeldElsewhereError: Another server holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / "jobs.lock").open("ab")
        except OSError as error:
            raise GlassyLiError(
                f"the folder of searches must be writable, but {folder}: {error.strerror}. "
                "Choose another one."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise HeldElsewhereError(
                f"the folder of searches must belong to one server, but another holds {folder}. "
                "Stop that one, or choose another folder."
            ) from error

    def close(self) -> None:
        """Leave the folder to another server."""
        self._lock.close()

    def place(self, job_id: str) -> Path:
        """Folder of a job's study."""
        return self._folder / job_id

    def write(self, job: SearchJob) -> None:
        """Keep a job as it is, without its result, which its study keeps.

        Raises:
            GlassyLiError: It cannot be written; what was kept before still is.
        """
        kept = job.model_copy(update={"result": None, "seconds_left": None, "n_ahead": 0})
        write_atomically(self.place(job.id) / JOB, kept.model_dump_json(indent=1) + "\n")

    def __iter__(self) -> Iterator[SearchJob]:
        """All jobs that can be read, in the order they were submitted."""
        found = []
        for path in self._folder.glob(f"*/{JOB}"):
            try:
                job = SearchJob.model_validate_json(path.read_bytes())
            except (OSError, ValidationError) as error:
                logger.warning("left out, since it cannot be read: %s: %s", path, error)
                continue
            if job.id == path.parent.name and ID.fullmatch(job.id):
                found.append(job)
        return iter(sorted(found, key=lambda job: job.submitted_at))

    def result(self, job_id: str) -> SearchResult | None:
        """The answer of a search; None where it is gone."""
        try:
            return SearchResult.model_validate_json((self.place(job_id) / RESULT).read_bytes())
        except (OSError, ValidationError) as error:
            logger.warning("the answer of search %s cannot be read: %s", job_id, error)
            return None

    def forget(self, job_id: str) -> None:
        """A job and its study are no more; what they left goes with `sweep`.

        A rename alone, which nobody has to wait for and which a new job of the same id may follow.
        """
        try:
            self.place(job_id).rename(self._folder / f"{FORGOTTEN}{job_id}-{time.time_ns()}")
        except OSError as error:
            logger.warning("search %s could not be forgotten: %s", job_id, error)

    def sweep(self) -> None:
        """Remove what was forgotten, which may take its time."""
        for path in self._folder.glob(f"{FORGOTTEN}*"):
            shutil.rmtree(path, ignore_errors=True)
