"""Questions go to model replicas through a Ray Serve handle."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from ray.exceptions import RayError
from ray.serve.handle import DeploymentHandle

from serve.endpoint.asking import known_name
from serve.endpoint.settings import ServerSettings
from serve.endpoint.tally import Answered, Tally
from serve.in_time import Refusals, in_time
from serve.messages.service import ModelName
from simulate.errors import MisuseError
from simulate.settings import Settings

logger = logging.getLogger(__name__)

LOOK_S: Final = 5.0
"""Longest wait for what a replica knows by heart."""


class RayAsker:
    """An `Asker` over replicas.

    Args:
        replicas: Handle of `serve.endpoint.model_replica.ModelReplica`.
        settings: Of the server, with every model named.
    """

    def __init__(self, replicas: DeploymentHandle, settings: ServerSettings) -> None:
        self.names: Sequence[str] = tuple(settings.models)
        self._counted: dict[str, Tally] = {}
        self.tallies: Mapping[str, Tally] = self._counted
        self._limit_s = settings.limits.request_s
        self._replicas = replicas
        # Ray sends a question to a replica that holds its model.
        self._by_name = {
            name: replicas.options(method_name="ask", multiplexed_model_id=name)
            for name in settings.models
        }

    async def ask(self, kind: str, question: Settings, model: str | None) -> bytes:
        """See `Asker`."""
        name = known_name(model, self.names)
        asked = self._by_name[name].remote(name, kind, question)
        answered: Answered = await in_time(asked, self._limit_s, _refusals(self._limit_s))
        self._counted[answered.replica] = answered.tally
        if answered.content is None:
            raise MisuseError(answered.refusal or "")
        return answered.content

    async def models(self) -> list[ModelName]:
        """See `Asker`."""
        asked = self._replicas.names.remote()
        known: tuple[list[ModelName], str, Tally]
        known = await in_time(asked, LOOK_S, _refusals(LOOK_S))
        models, replica, tally = known
        self._counted[replica] = tally
        if len(self._counted) > 1:
            await self._forget_dead()
        return models

    async def _forget_dead(self) -> None:
        """A gauge is not worth an answer: without Ray's word all are taken to live."""
        try:
            async with asyncio.timeout(LOOK_S):
                living = await asyncio.to_thread(_living)
        except (RayError, TimeoutError) as error:
            logger.warning("which replicas live is not known: %s", error)
            return
        forget_kept(self._counted, living)


def forget_kept(tallies: Mapping[str, Tally], living: Collection[str]) -> None:
    """What a replica counted stays true when it is gone, and what it kept is gone with it.

    Args:
        tallies: By replica; those of the dead are changed.
        living: Replicas, and whatever else.
    """
    for replica, tally in tallies.items():
        if replica not in living:
            tally.kept_bytes = 0


def _living() -> set[str]:
    """Ray Serve names the actor of a replica as the replica names itself."""
    from ray.util import list_named_actors

    return {actor["name"] for actor in list_named_actors(all_namespaces=True)}


def _refusals(limit_s: float) -> Refusals:
    return Refusals(
        late=f"an answer may take at most {limit_s:g} s, but this one was not there. "
        "Ask for less at once, or try again later.",
        full="as many questions are waiting as may. Try again later.",
        lost="the process that computed the answer was lost with it. Ask again; another takes "
        "over.",
    )
