"""Waiting for a Ray Serve replica, at most so long: what Ray says instead becomes a refusal."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from ray.exceptions import RayActorError
from ray.serve.exceptions import (
    BackPressureError,
    DeploymentUnavailableError,
    RequestCancelledError,
)

from serve.messages.refusals import busy

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Sentences for people, each with what to do.

    Attributes:
        late: The limit has passed.
        full: As many wait as may.
        lost: The replica is gone, or none is there.
    """

    late: str
    full: str
    lost: str


async def in_time(asked: Any, limit_s: float, refusals: Refusals) -> Any:  # noqa: ANN401 - Ray's own
    """What a replica answers.

    Args:
        asked: Response of a deployment handle.
        limit_s: Longest wait.
        refusals: What is said otherwise.

    Raises:
        RequestError: 503, there was no answer.
    """
    try:
        async with asyncio.timeout(limit_s):
            return await asked
    except TimeoutError as error:
        asked.cancel()
        raise busy(refusals.late) from error
    except BackPressureError as error:
        raise busy(refusals.full) from error
    except (RayActorError, DeploymentUnavailableError, RequestCancelledError) as error:
        logger.warning("a replica was lost with a question in hand: %s", error)
        raise busy(refusals.lost) from error
