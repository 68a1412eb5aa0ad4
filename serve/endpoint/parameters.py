"""Query parameters: those of the route, and no others.

FastAPI leaves unknown ones alone: with `model` spelt wrong the default model would answer.
"""

from http import HTTPStatus
from typing import Final

from fastapi import Request

from serve.messages.refusals import MAX_ERRORS, FieldError, RequestError
from serve.messages.wording import shown

INTERFACE: Final = "/v1/"
"""Below it questions are asked. Elsewhere, at the page or `/healthz`, proxies and probes may add
what they like."""


async def only_known_parameters(request: Request) -> None:
    """Refuse a question with a parameter that its route does not have. A dependency of FastAPI.

    Raises:
        RequestError: 422, with every such parameter.
    """
    if not request.query_params or not request.url.path.startswith(INTERFACE):
        return
    asked = request.scope["route"].dependant  # codespell:ignore dependant
    known = [each.alias for each in asked.query_params]
    unknown = {
        name: value for name, value in request.query_params.multi_items() if name not in known
    }
    if unknown:
        errors = [_unknown(*each, known) for each in list(unknown.items())[:MAX_ERRORS]]
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, errors, len(unknown))


def _unknown(name: str, value: str, known: list[str]) -> FieldError:
    field = str(shown(name))
    return FieldError(
        field=field,
        found=shown(value),
        message=f"`{field}` is not a known query parameter; remove or rename it. "
        f"Known parameters: {', '.join(known) or 'none'}.",
        allowed={"keys": known},
    )
