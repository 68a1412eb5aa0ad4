"""Search jobs as the routes see them."""

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from serve.messages.searches import JobState, SearchJob
from simulate.errors import GlassyLiError, MisuseError
from surrogate.search.config import SearchConfig

if TYPE_CHECKING:
    from serve.searches.jobs import SearchJobs

OVER: Final[frozenset[JobState]] = frozenset({"done", "cancelled", "failed"})


class NotNowError(GlassyLiError):
    """No search can be taken now, but later; says so without a path."""


Submitted = SearchJob | MisuseError | NotNowError
"""A job, or why there is none: the model cannot be asked this, or not now."""

Found = SearchJob | NotNowError | None
"""A job; that none can be told now; or None where there is none."""


class Searches(Protocol):
    """Runs searches; where is its own business. See `serve.searches.jobs.SearchJobs`."""

    async def submit(self, config: SearchConfig, model: str) -> Submitted:
        """The job of a search, or why there is none; without its result."""
        ...

    async def state_json(self, job_id: str) -> bytes | NotNowError | None:
        """A job as JSON, with its result if it is done."""
        ...

    async def cancel(self, job_id: str) -> Found:
        """Stop a job."""
        ...


class InProcessSearches:
    """`Searches` in a thread of the process that asks."""

    def __init__(self, jobs: "SearchJobs") -> None:
        self._jobs = jobs

    async def submit(self, config: SearchConfig, model: str) -> Submitted:
        """See `Searches`."""
        return await asyncio.to_thread(self._jobs.submit, config, model)

    async def state_json(self, job_id: str) -> bytes | NotNowError | None:
        """See `Searches`."""
        return await asyncio.to_thread(self._jobs.state_json, job_id)

    async def cancel(self, job_id: str) -> Found:
        """See `Searches`."""
        return await asyncio.to_thread(self._jobs.cancel, job_id)
