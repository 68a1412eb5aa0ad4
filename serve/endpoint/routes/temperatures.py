"""Temperatures at which a model was not trained, each named by its place in the question.

Which they are depends on the model, so that no schema can say it, and the model's own refusal is
one sentence about the first of them. Once a question about deposits is refused, whatever for, its
temperatures are held against those that the model tells with its maps.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from serve.endpoint.asking import Asker
from serve.messages.deposition import MapsQuestion
from serve.messages.refusals import MAX_ERRORS, FieldError, RequestError
from serve.messages.schemas import Place
from serve.messages.wording import path
from simulate.design import parse_json
from simulate.errors import GlassyLiError, MisuseError
from surrogate.deposition.conditions import Temperature
from surrogate.deposition.question import OtherConditions

NAME: Final = "temperature_K"
USUAL_K: Final[float] = OtherConditions().temperature_K
"""Where a question names none."""

_TEMPERATURE: Final = TypeAdapter[float](Temperature)

Places = Callable[[dict[str, Any], float | None], Iterator[tuple[Place, Any]]]
"""Every temperature of a body, and where it stands; what is taken where none is said."""


def of_conditions(body: dict[str, Any], unsaid_K: float | None) -> Iterator[tuple[Place, Any]]:
    """Those of one set of conditions or of many."""
    said = body.get("conditions", {})
    if isinstance(said, dict):
        yield ("conditions", NAME), said.get(NAME, unsaid_K)
    elif isinstance(said, list):
        for number, each in enumerate(said):
            if isinstance(each, dict):
                yield ("conditions", number, NAME), each.get(NAME, unsaid_K)


def of_search(body: dict[str, Any], unsaid_K: float | None) -> Iterator[tuple[Place, Any]]:
    """That of a search, or its bounds."""
    said = body.get(NAME, unsaid_K)
    if isinstance(said, dict):
        yield from (((NAME, end), said.get(end)) for end in ("min", "max"))
    else:
        yield (NAME,), said


@asynccontextmanager
async def temperatures_named(
    asker: Asker, model: str | None, body: bytes, places: Places
) -> AsyncIterator[None]:
    """Name in a refusal inside the block every temperature that is wrong, too.

    Args:
        asker: Tells where the model was trained.
        model: That is asked.
        body: Of the request.
        places: Where its temperatures stand.

    Raises:
        RequestError: 422, with every field that is wrong.
        MisuseError: The refusal of the model, where it is about no temperature.
    """
    try:
        yield
    except MisuseError as error:
        wrong, n_wrong = await _wrong(asker, model, places(_object(body), USUAL_K))
        if not wrong:
            raise
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, wrong, n_wrong) from error
    except RequestError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        wrong, n_wrong = await _wrong(asker, model, places(_object(body), None))
        if not wrong:
            raise
        said = error.refusal
        errors = [*said.detail, *wrong][:MAX_ERRORS]
        raise RequestError(error.status, errors, said.n_errors + n_wrong) from error


async def _wrong(
    asker: Asker, model: str | None, asked: Iterator[tuple[Place, Any]]
) -> tuple[list[FieldError], int]:
    """The first of those at which the model was not trained, and how many there are."""
    possible = [(place, value) for place, value in asked if _is_possible(value)]
    if not possible:
        return [], 0
    try:
        low, high = json.loads(await asker.ask("maps", MapsQuestion(), model))[NAME]
    except GlassyLiError:  # what was refused before is the better answer
        return [], 0
    wrong = [(place, value) for place, value in possible if not low <= value <= high]
    return [_field_error(place, value, low, high) for place, value in wrong[:MAX_ERRORS]], len(
        wrong
    )


def _field_error(place: Place, value: float, low: float, high: float) -> FieldError:
    return FieldError(
        field=path(place),
        found=value,
        message=f"`{path(place)}` must be a number from {low:.6g} to {high:.6g}, about where the "
        f"model was trained, but got {value:g}. Choose one within, or ask a model trained at "
        "others.",
        allowed={"type": "number", "minimum": low, "maximum": high},
    )


def _object(body: bytes) -> dict[str, Any]:
    """What was asked, as far as it can be read; what cannot is refused already."""
    try:
        said = parse_json(body.decode("utf-8"), "the request body")
    except (MisuseError, UnicodeDecodeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _is_possible(value: object) -> bool:
    """What is no temperature of a deposit at all, whatever the model, is refused already."""
    try:
        _TEMPERATURE.validate_python(value, strict=True)
    except ValidationError:
        return False
    return True
