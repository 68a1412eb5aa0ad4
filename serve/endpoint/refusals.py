"""Refusals that concern the server and not a question: who asks, how, when and whom.

Each is a `serve.messages.RequestError`; `refused` adds the headers that belong to its status.
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from serve.faults import RETRY_AFTER_S
from serve.messages import FieldError, RequestError

HEADERS: Final = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_AFTER_S)},
}


def refused(error: RequestError, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal as it is sent."""
    # ASCII: a client may have sent half of a surrogate pair, which is no UTF-8.
    content = json.dumps(error.refusal.model_dump(mode="python"), allow_nan=False)
    own = HEADERS.get(HTTPStatus(error.status), {})
    return Response(content, error.status, {**own, **(headers or {})}, "application/json")


def _refusal(
    status: HTTPStatus, field: str, found: object, message: str, allowed: dict[str, Any] | None
) -> RequestError:
    return RequestError(
        status, [FieldError(field=field, found=found, message=message, allowed=allowed)]
    )


def unknown_model(found: str, names: Sequence[str]) -> RequestError:
    """404: no such model."""
    known = ", ".join(names)
    message = f"`model` must be one of {known}, but got {found[:80]!r}. Ask GET /v1/models."
    return _refusal(HTTPStatus.NOT_FOUND, "model", found[:80], message, {"enum": list(names)})


def busy(message: str) -> RequestError:
    """503: come back later; a `Retry-After` goes with it."""
    return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "server", None, message, None)


def key_needed() -> RequestError:
    """401: no key, or another one; which of the two is not said."""
    message = (
        "this server answers only with its API key, but the request has none or another. "
        "Send it as `Authorization: Bearer KEY` or as `X-API-Key: KEY`."
    )
    return _refusal(HTTPStatus.UNAUTHORIZED, "Authorization", None, message, None)


def too_slow(limit_s: float) -> RequestError:
    """408: the body did not arrive in time."""
    message = (
        f"the request body must arrive within {limit_s:g} s, but did not. "
        "Send less at once, or over a faster line."
    )
    return _refusal(HTTPStatus.REQUEST_TIMEOUT, "body", None, message, {"maximum_s": limit_s})


def body_too_large(found_bytes: int, most_bytes: int) -> RequestError:
    """413: more bytes than the limit; counting ended there."""
    message = (
        f"the request body must hold at most {most_bytes} bytes, but holds {found_bytes} or more. "
        "Split the request."
    )
    return _refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body", found_bytes, message, {"maximum": most_bytes}
    )


def too_many(field: str, found: int, most: int, unit: str) -> RequestError:
    """413: more of something than this server is set to take at once."""
    message = (
        f"`{field}` must hold at most {most} {unit} in one request, but holds {found}. "
        "Split the request."
    )
    return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, field, found, message, {"maximum": most})


def not_so(status: int, message: str, field: str, allowed: dict[str, Any] | None) -> RequestError:
    """Another refusal of the HTTP layer itself, such as 404 and 405."""
    return _refusal(HTTPStatus(status), field, None, message, allowed)
