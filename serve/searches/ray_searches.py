"""Search jobs in a Ray Serve deployment of their own, one replica of `SearchReplica`."""

from typing import Any, Final

from ray.serve.handle import DeploymentHandle

from serve.in_time import Refusals, in_time
from serve.searches.asking import Found, NotNowError, Submitted
from surrogate.search.config import SearchConfig

LOOK_S: Final = 60.0
"""Longest wait for what the replica knows, on a machine that is too busy: it is a matter of
milliseconds, since searches themselves run in a thread beside."""

REFUSALS: Final = Refusals(
    late="the process that runs searches is too busy to answer. Ask again.",
    full="as many questions about searches are waiting as may. Ask again.",
    lost="the process that runs searches is not there; another takes over and goes on with them. "
    "Ask again.",
)


class RaySearches:
    """`Searches` through a handle.

    Args:
        replica: Of `serve.searches.search_replica.SearchReplica`.
    """

    def __init__(self, replica: DeploymentHandle) -> None:
        self._replica = replica

    async def submit(self, config: SearchConfig, model: str) -> Submitted:
        """See `Searches`."""
        said: Submitted = await self._in_time(self._replica.submit.remote(config, model))
        return said

    async def state_json(self, job_id: str) -> bytes | NotNowError | None:
        """See `Searches`."""
        said: bytes | NotNowError | None
        said = await self._in_time(self._replica.state_json.remote(job_id))
        return said

    async def cancel(self, job_id: str) -> Found:
        """See `Searches`."""
        found: Found = await self._in_time(self._replica.cancel.remote(job_id))
        return found

    async def _in_time(self, asked: Any) -> Any:  # noqa: ANN401 - Ray's own
        return await in_time(asked, LOOK_S, REFUSALS)
