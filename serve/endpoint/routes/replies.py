"""What every route shares: the model that is asked, and the form of answers."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel

from serve.messages.refusals import Refusal

WhichModel = Annotated[
    str | None,
    Query(description="Name of a model, of `GET /v1/models`. Default: the first of them."),
]


def json_bytes(content: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that is JSON already."""
    return Response(content, headers=headers, media_type="application/json")


def responses(reply: type[BaseModel], *refused: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer, for its documentation."""
    return {200: {"model": reply}, **{status: {"model": Refusal} for status in refused}}
