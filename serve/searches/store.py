"""Search jobs on the disk, so that a restarted server knows them.

FOLDER/jobs.lock        held by the server that runs them
FOLDER/ID/job.json      a job; what else is in its folder is the study (`surrogate.search.run`)
"""

import fcntl
import logging
import re
import shutil
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

    def remove(self, job_id: str) -> None:
        """Forget a job and its study."""
        # The job first: what is left of a folder without it is no job.
        (self.place(job_id) / JOB).unlink(missing_ok=True)
        shutil.rmtree(self.place(job_id), ignore_errors=True)
