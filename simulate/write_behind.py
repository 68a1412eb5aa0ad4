"""Records on their way to the disk while the campaign goes on: a write-behind queue.

A record counts once it is durable. To sync one takes milliseconds in which the driver would keep
idle workers waiting, so that threads do it; records come out in the order in which they went in.
"""

import logging
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

from simulate.record import TrajectoryRecord
from simulate.store import RecordStore

logger = logging.getLogger(__name__)

N_THREADS: Final = 4
"""A disk syncs four files in the time of one."""

MOST_UNDER_WAY: Final = 16
"""Records on their way to the disk; beyond that the disk is waited for."""

ABOUT_S: Final = 0.005
"""What a record takes to be durable, about, s."""


class WriteBehind:
    """Appends records to a store in the background."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(N_THREADS)
        self._under_way: deque[Future[TrajectoryRecord]] = deque()

    def __len__(self) -> int:
        """Records that went in and did not come out."""
        return len(self._under_way)

    def put(self, record: TrajectoryRecord, frames: bytes | None) -> None:
        """Send a record on its way."""
        self._under_way.append(self._threads.submit(self._store.append, record, frames))

    def durable(self) -> Iterator[TrajectoryRecord]:
        """Take out what reached the disk, and wait for it where too much is under way.

        Raises:
            GlassyLiError: The store cannot be written.
        """
        while self._under_way and (
            self._under_way[0].done() or len(self._under_way) > MOST_UNDER_WAY
        ):
            yield self._under_way.popleft().result()

    def wait(self) -> None:
        """Until all that went in is durable, or was found not to be writable."""
        wait(self._under_way)

    def close(self) -> None:
        """Write what is under way; what cannot be written is told."""
        self._threads.shutdown()
        for each in self._under_way:
            if each.exception() is not None:
                logger.warning("a record was not written: %s", each.exception())
        self._under_way.clear()
