"""Refusals that concern the server and not a question: who asks, how, when and whom.

Each is a `serve.messages.RequestError`; the application adds the headers that belong to its status.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from serve.messages.refusals import FieldError, RequestError


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


def not_so(status: int, message: str, field: str, allowed: dict[str, Any] | None) -> RequestError:
    """Another refusal of the HTTP layer itself, such as 404 and 405."""
    return _refusal(HTTPStatus(status), field, None, message, allowed)
