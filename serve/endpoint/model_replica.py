"""The process that holds models and computes: Ray Serve's replica of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from weakref import WeakValueDictionary

from serve.endpoint.answering import Answering
from serve.endpoint.held import HeldModel
from serve.endpoint.packages import Files, label_of
from serve.endpoint.settings import ServerSettings
from serve.endpoint.tally import Answered, Tally
from serve.faults import lose_logs_quietly
from serve.messages.service import ModelName
from simulate.errors import MisuseError
from simulate.settings import Settings

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class ModelReplica:
    """Holds models by name, the least used of them on demand, and answers.

    Args:
        settings: Of the server, with every model named.
        spares: The packages as they were deployed, by name.
    """

    async def __init__(  # type: ignore[misc] # Ray awaits it
        self, settings: ServerSettings, spares: Mapping[str, Files]
    ) -> None:
        import torch
        from ray import serve as ray_serve

        lose_logs_quietly()
        torch.set_num_threads(1)
        self._settings = settings
        self._answering = Answering(settings)
        self._replica = ray_serve.get_replica_context().replica_id.to_full_id_str()
        self._deployed = {
            name: ModelName(name=name, label=label_of(files)) for name, files in spares.items()
        }
        # Loading takes its time; it must not hold up answers.
        self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="load")
        self._loaded: WeakValueDictionary[str, HeldModel] = WeakValueDictionary()

        @ray_serve.multiplexed(max_num_models_per_replica=settings.loaded)  # type: ignore[untyped-decorator]
        async def held(name: str) -> HeldModel:
            found = await self._beside(
                partial(HeldModel, name, settings.models[name], spares[name])
            )
            self._loaded[name] = found
            return found

        self._held: Callable[[str], Awaitable[HeldModel]] = held
        # Loaded now: Ray would wait a second or two before it gives work to a replica without.
        for name in list(settings.models)[: settings.loaded]:
            await held(name)
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def ask(self, name: str, kind: str, question: Settings) -> Answered:
        """The answer to a question, or why there is none."""
        held = await self._held(name)
        try:
            content = await self._answering.answer(held.model, kind, question)
        except MisuseError as error:
            return Answered(None, str(error), self._replica, self._answering.tally)
        return Answered(content, None, self._replica, self._answering.tally)

    async def names(self) -> tuple[list[ModelName], str, Tally]:
        """Every model, as deployed where it is not loaded; this replica; what it has counted."""
        known = [self._name_of(name) for name in self._settings.models]
        return known, self._replica, self._answering.tally

    def _name_of(self, name: str) -> ModelName:
        held = self._loaded.get(name)
        return self._deployed[name] if held is None else held.model.name

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._settings.watch_s)
            for held in list(self._loaded.values()):
                try:
                    await self._beside(partial(held.refresh, self._answering.tally))
                except Exception:
                    logger.exception("%s could not be looked at", held.model.asked_as)

    async def _beside(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._aside, work)
