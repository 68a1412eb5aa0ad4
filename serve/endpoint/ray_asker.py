"""Questions go to model replicas through a Ray Serve handle; what Ray says becomes a refusal."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from ray.exceptions import RayActorError, RayError
from ray.serve.exceptions import (
    BackPressureError,
    DeploymentUnavailableError,
    RequestCancelledError,
)
from ray.serve.handle import DeploymentHandle

from serve.endpoint.asking import known_name
from serve.endpoint.refusals import busy
from serve.endpoint.settings import ServerSettings
from serve.endpoint.tally import Answered, Tally
from serve.messages.service import ModelName
from simulate.errors import MisuseError
from simulate.settings import Settings

logger = logging.getLogger(__name__)

LOOK_S = 5.0
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
        async with _in_time(asked, self._limit_s):
            answered: Answered = await asked
        self._counted[answered.replica] = answered.tally
        if answered.content is None:
            raise MisuseError(answered.refusal or "")
        return answered.content

    async def models(self) -> list[ModelName]:
        """See `Asker`."""
        asked = self._replicas.names.remote()
        async with _in_time(asked, LOOK_S):
            known: tuple[list[ModelName], str, Tally] = await asked
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


@asynccontextmanager
async def _in_time(asked: Any, limit_s: float) -> AsyncIterator[None]:  # noqa: ANN401 - Ray's own
    """Wait for a replica's answer, at most so long."""
    try:
        async with asyncio.timeout(limit_s):
            yield
    except TimeoutError as error:
        asked.cancel()
        raise busy(
            f"an answer may take at most {limit_s:g} s, but this one was not there. "
            "Ask for less at once, or try again later."
        ) from error
    except BackPressureError as error:
        raise busy("as many questions are waiting as may. Try again later.") from error
    except (RayActorError, DeploymentUnavailableError, RequestCancelledError) as error:
        logger.warning("a model replica was lost with a question in hand: %s", error)
        raise busy(
            "the process that computed the answer was lost with it. Ask again; another takes over."
        ) from error
