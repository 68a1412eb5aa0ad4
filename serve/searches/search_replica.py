"""The process that runs searches: Ray Serve's replica of them."""

from collections.abc import Mapping

from serve.faults import lose_logs_quietly
from serve.searches.jobs import SearchJobs
from serve.searches.settings import SearchSettings


class SearchReplica(SearchJobs):
    """`SearchJobs` in a process of its own.

    Args:
        models: Folders of model packages by name; see `serve.models`.
        settings: Where jobs are kept, and how many.
    """

    def __init__(self, models: Mapping[str, str], settings: SearchSettings) -> None:
        lose_logs_quietly()
        super().__init__(models, settings)
