"""Refusals that concern the server and not a question: who asks, how, when and whom."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from serve.faults import RETRY_AFTER_S
from serve.messages.refusals import RequestError, refused
from serve.messages.wording import shown

HEADERS: Final = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_AFTER_S)},
}


def as_response(error: RequestError, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal as it is sent, with the headers that belong to its status."""
    # ASCII: a client may have sent half of a surrogate pair, which is no UTF-8.
    content = json.dumps(error.refusal.model_dump(mode="python"), allow_nan=False)
    own = HEADERS.get(HTTPStatus(error.status), {})
    return Response(content, error.status, {**own, **(headers or {})}, "application/json")


def unknown_model(found: str, names: Sequence[str]) -> RequestError:
    """404: no such model."""
    message = (
        f"`model` must be one of {', '.join(names)}, but got {found[:80]!r}. Ask GET /v1/models."
    )
    return refused(HTTPStatus.NOT_FOUND, "model", message, found, {"enum": list(names)})


def key_needed() -> RequestError:
    """401: no key, or another one; which of the two is not said."""
    message = (
        "this server answers only with its API key, but the request has none or another. "
        "Send it as `Authorization: Bearer KEY` or as `X-API-Key: KEY`."
    )
    return refused(HTTPStatus.UNAUTHORIZED, "Authorization", message)


def foreign_page(origin: str) -> RequestError:
    """403: a page of another site asks."""
    message = (
        "pages are answered only if they come from this server, so that `Origin` and `Host` are "
        f"the same, but the page is of {shown(origin)}. Programs leave `Origin` out; a proxy must "
        "pass `Host` on as it was sent."
    )
    return refused(HTTPStatus.FORBIDDEN, "Origin", message, origin)


def foreign_name(host: str) -> RequestError:
    """403: a server of this machine alone is asked under a name that others can give it."""
    message = (
        "a server for this machine alone and without a key must be asked as localhost or "
        f"127.0.0.1, but was as {shown(host)}. Ask it so, or start it with a key."
    )
    return refused(HTTPStatus.FORBIDDEN, "Host", message, host, {"examples": ["127.0.0.1"]})


def too_slow(limit_s: float) -> RequestError:
    """408: the body did not arrive in time."""
    message = (
        f"the request body must arrive within {limit_s:g} s, but did not. "
        "Send less at once, or over a faster line."
    )
    return refused(HTTPStatus.REQUEST_TIMEOUT, "body", message, allowed={"maximum_s": limit_s})


def too_many(field: str, found: int, most: int, unit: str) -> RequestError:
    """413: more of something than this server is set to take at once."""
    message = (
        f"`{field}` must hold at most {most} {unit} in one request, but holds {found}. "
        "Split the request."
    )
    return refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, field, message, found, {"maximum": most})
