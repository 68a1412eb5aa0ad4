"""The process that runs searches: Ray Serve's replica of them."""

from collections.abc import Mapping

from serve.faults import lose_logs_quietly
from serve.searches.asking import InProcessSearches
from serve.searches.jobs import SearchJobs
from serve.searches.settings import SearchSettings


class SearchReplica(InProcessSearches):
    """Jobs are written and read beside the replica's event loop, which a slow disk must not stop.

    Args:
        models: Folders of model packages by name; see `serve.models`.
        settings: Where jobs are kept, and how many.
    """

    def __init__(self, models: Mapping[str, str], settings: SearchSettings) -> None:
        lose_logs_quietly()
        super().__init__(SearchJobs(models, settings))

    def check_health(self) -> None:
        """See `SearchJobs`; Ray Serve asks."""
        self._jobs.check_health()
