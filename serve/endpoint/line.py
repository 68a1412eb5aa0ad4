"""Turns wait in line; whatever has come while one computation ran is the next.

Ray Serve's own `@serve.batch` closes a batch without looking whether the one before has ended, so
that under load with no waiting time every question is a batch of its own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from serve.endpoint.turns import Answer, Turn


class Line:
    """First come, first served, in batches counted in atoms, on a thread beside the event loop.

    Args:
        compute: Answers turns together, in their order.
        most_atoms: Of a batch; a turn that is larger goes alone.
    """

    def __init__(
        self, compute: Callable[[Sequence[Turn]], Sequence[Answer]], most_atoms: int
    ) -> None:
        self._compute = compute
        self._most_atoms = most_atoms
        self._waiting: deque[tuple[Turn, asyncio.Future[Answer]]] = deque()
        self._work: asyncio.Task[None] | None = None
        # One thread: two computations at once would share one core and take twice the memory.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")

    async def take(self, turn: Turn) -> Answer:
        """The answer to a turn, when it is its turn; cancelled, it is not computed any more."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((turn, answer))
        if self._work is None or self._work.done():
            self._work = loop.create_task(self._until_empty())
        return await answer

    async def _until_empty(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._next():
            turns = [turn for turn, _ in batch]
            try:
                found = await loop.run_in_executor(self._thread, self._compute, turns)
            except Exception as error:  # noqa: BLE001 - whoever asked is told, and the line goes on
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for (_, answer), value in zip(batch, found, strict=True):
                if not answer.done():
                    answer.set_result(value)

    def _next(self) -> list[tuple[Turn, "asyncio.Future[Answer]"]]:
        batch: list[tuple[Turn, asyncio.Future[Answer]]] = []
        n_atoms = 0
        while self._waiting:
            turn, answer = self._waiting[0]
            if batch and n_atoms + turn.cost > self._most_atoms:
                break
            self._waiting.popleft()
            if not answer.done():
                batch.append((turn, answer))
                n_atoms += turn.cost
        return batch
