"""A connection to a server that answers every question once, however often it has to be asked.

Every question may be asked twice without harm. So a connection that breaks, a server that is full
and one that has lost a process are asked again, a few times and ever more slowly.
"""

import logging
import os
import random
import time
from http import HTTPStatus
from typing import Any, Final, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from serve.messages.refusals import Refusal
from serve.messages.service import KEY_VARIABLE
from simulate.errors import GlassyLiError, MisuseError

logger = logging.getLogger(__name__)

PASSING: Final = frozenset(
    {
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Answers of a server that is full, or has just lost the process that held the question."""

FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 10.0

ReplyType = TypeVar("ReplyType", bound=BaseModel)


class ServerError(GlassyLiError):
    """A server that cannot be reached, or does not answer as Glassy Li does.

    Attributes:
        status: HTTP status of its last answer; None where there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RefusedError(MisuseError):
    """A question that the server does not answer as it stands.

    Attributes:
        status: HTTP status.
        refusal: Every field that is wrong: what was found there, what is allowed.
    """

    def __init__(self, status: int, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.status = status
        self.refusal = refusal


class Connection:
    """To one server. Safe to share between threads.

    Args:
        url: Of the server.
        key: API key; None: that of the environment variable GLASSYLI_API_KEY, if any.
        timeout_s: Longest wait for one answer.
        tries: Of each question, the first included; at least 1.

    Raises:
        MisuseError: The URL is none of a server.
    """

    def __init__(self, url: str, key: str | None, timeout_s: float, tries: int) -> None:
        _check(url)
        given = key or os.environ.get(KEY_VARIABLE)
        self._session = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {given}"} if given else {},
            timeout=httpx.Timeout(timeout_s, connect=10.0),
        )
        self._tries = tries

    def close(self) -> None:
        """Let go of it."""
        self._session.close()

    def ask(
        self,
        method: str,
        path: str,
        kind: type[ReplyType],
        **content: Any,  # noqa: ANN401 - httpx's own
    ) -> ReplyType:
        """The reply to a question.

        Raises:
            RefusedError: The server names what is wrong.
            ServerError: No answer after all tries, or not one of ours.
        """
        response = self._answered(method, path, **content)
        try:
            if response.is_success:
                return kind.model_validate_json(response.content)
            refusal = Refusal.model_validate_json(response.content)
        except ValidationError as error:
            raise ServerError(
                f"{response.url} must answer as Glassy Li {kind.__name__} does, but says "
                f"{response.status_code} {response.text[:80]!r}. Check the address and the release "
                "of the server.",
                response.status_code,
            ) from error
        if response.status_code in PASSING:
            raise ServerError(
                f"the server could not answer: {refusal.sentence}", response.status_code
            )
        raise RefusedError(response.status_code, refusal)

    def _answered(
        self,
        method: str,
        path: str,
        **content: Any,  # noqa: ANN401 - httpx's own
    ) -> httpx.Response:
        """What the server says when it is no longer busy or being mended."""
        for number in range(1, self._tries + 1):
            is_last = number == self._tries
            try:
                response = self._session.request(method, path, **content)
            except (httpx.InvalidURL, httpx.DecodingError) as error:
                raise ServerError(
                    f"{self._session.base_url} cannot be asked or understood at {path!r} "
                    f"({type(error).__name__}: {error}). Check the address."
                ) from error
            except httpx.TransportError as error:
                # Whoever did not answer in time would be asked for the same work again.
                if is_last or isinstance(error, httpx.ReadTimeout):
                    raise ServerError(
                        f"{self._session.base_url} must answer, but does not "
                        f"({type(error).__name__}: {error}). Is the server running?"
                    ) from error
                why, least_s = type(error).__name__, 0.0
            else:
                if is_last or response.status_code not in PASSING:
                    return response
                why, least_s = str(response.status_code), _retry_after_s(response)
            wait_s = max(least_s, min(FIRST_WAIT_S * 2.0**number, LONGEST_WAIT_S))
            # Clients that were sent away together must not come back together.
            wait_s *= 1.0 + 0.25 * random.random()
            logger.info("%s %s: %s; asked again in %.1f s", method, path, why, wait_s)
            time.sleep(wait_s)
        raise ServerError("tries must be at least 1. Raise it.")


def _check(url: str) -> None:
    """Say at once what no number of tries would mend."""
    must = "the URL of a server must begin with http:// or https:// and name a host"
    try:
        asked = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise MisuseError(f"{must}, but {url!r} is not valid: {error}. Correct it.") from error
    if asked.scheme not in {"http", "https"} or not asked.host:
        raise MisuseError(f"{must}, but got {url!r}. Say http://127.0.0.1:8000, for example.")


def _retry_after_s(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), LONGEST_WAIT_S) if text.isdigit() else 0.0
