"""Search jobs in a Ray Serve deployment of their own, one replica of `SearchJobs`."""

import asyncio
import logging
from typing import Any, Final, cast

from ray.exceptions import RayActorError
from ray.serve.exceptions import (
    BackPressureError,
    DeploymentUnavailableError,
    RequestCancelledError,
)
from ray.serve.handle import DeploymentHandle

from serve.endpoint.refusals import busy
from serve.searches.asking import Found, NotNowError, Submitted
from surrogate.search.config import SearchConfig

logger = logging.getLogger(__name__)

LOOK_S: Final = 60.0
"""Longest wait for what the replica knows, on a machine that is too busy: it is a matter of
milliseconds, since searches themselves run in a thread beside."""


class RaySearches:
    """`Searches` through a handle.

    Args:
        replica: Of `serve.searches.jobs.SearchJobs`.
    """

    def __init__(self, replica: DeploymentHandle) -> None:
        self._replica = replica

    async def submit(self, config: SearchConfig, model: str) -> Submitted:
        """See `Searches`."""
        said = await _in_time(self._replica.submit.remote(config, model))
        return cast("Submitted", said)

    async def state_json(self, job_id: str) -> bytes | NotNowError | None:
        """See `Searches`."""
        return cast(
            "bytes | NotNowError | None", await _in_time(self._replica.state_json.remote(job_id))
        )

    async def cancel(self, job_id: str) -> Found:
        """See `Searches`."""
        return cast("Found", await _in_time(self._replica.cancel.remote(job_id)))


async def _in_time(asked: Any) -> object:  # noqa: ANN401 - Ray's own
    """What the replica says.

    Raises:
        RequestError: 503, it says nothing.
    """
    try:
        async with asyncio.timeout(LOOK_S):
            return cast("object", await asked)
    except TimeoutError as error:
        asked.cancel()
        raise busy("the process that runs searches is too busy to answer. Ask again.") from error
    except (
        BackPressureError, RayActorError, DeploymentUnavailableError, RequestCancelledError,
    ) as error:  # fmt: skip
        logger.warning("the searches could not be asked: %s", error)
        raise busy(
            "the process that runs searches is not there; another takes over and goes on with "
            "them. Ask again."
        ) from error
