"""Faults leave the server as JSON with one sentence, never as a traceback or as plain text.

`PlainFaults` is used twice: around the application, and in Ray Serve's HTTP proxy, which answers by
itself when a replica has died. Light, because the proxy imports it.
"""

import logging
from http import HTTPStatus
from typing import Final

from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

RETRY_AFTER_S: Final = 2

OUR_FAULT: Final = "The server could not answer; the cause is in its log. Try again later."


def lose_logs_quietly() -> None:
    """Lines that cannot be logged, on a full disk say, are lost, and nothing else is.

    Ray Serve sends what a replica writes to stderr to its log, and Python complains of a line that
    it could not log on stderr: each complaint makes the next until the stack is at its end, in the
    middle of a question.
    """
    logging.raiseExceptions = False


class PlainFaults:
    """ASGI middleware: replaces exceptions, silence, and every 5xx answer that is not JSON."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and watch the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_started = is_replaced = False

        async def checked(message: Message) -> None:
            nonlocal has_started, is_replaced
            if is_replaced:
                return
            if message["type"] == "http.response.start":
                has_started = True
                if message["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR and not _is_json(message):
                    is_replaced = True
                    await _fault(message["status"])(scope, receive, send)
                    return
            await send(message)

        try:
            await self.app(scope, receive, checked)
        except ClientDisconnect:
            return  # nobody is there to be told
        except Exception:
            logger.exception("a request failed")
            if not has_started:
                await _fault(HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send)
            return
        # Ray Serve's proxy says nothing at all when a replica has died with the question, which
        # may be asked again: another takes over.
        if not has_started:
            await _fault(HTTPStatus.SERVICE_UNAVAILABLE)(scope, receive, send)


def proxy_middleware() -> list[Middleware]:
    """What Ray Serve's HTTP proxy is asked to put around itself."""
    return [Middleware(PlainFaults)]


def _is_json(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"application/json")
        for name, value in message["headers"]
    )


def _fault(status: int) -> JSONResponse:
    is_busy = status == HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": str(RETRY_AFTER_S)} if is_busy else {}
    # In the form of every refusal (`serve.messages.refusals.Refusal`), which is not imported here.
    error = {"field": "server", "found": None, "message": OUR_FAULT, "allowed": None}
    return JSONResponse({"detail": [error], "n_errors": 1}, status, headers=headers)
