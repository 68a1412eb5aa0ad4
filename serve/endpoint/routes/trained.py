"""What lies beyond the records that a model was trained on, named by its place in a question.

Which temperatures and horizons do depends on the model, so that no schema can say it, and the
model's own refusal is one sentence about the first of them. Once a question about deposits is
refused, whatever for, they are held against the limits that the model tells with its maps.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from serve.endpoint.asking import Asker
from serve.messages.deposition import MapsQuestion
from serve.messages.refusals import MAX_ERRORS, FieldError, RequestError
from serve.messages.schemas import JSONSchema, Place
from serve.messages.wording import path
from simulate.design import parse_json
from simulate.errors import GlassyLiError, MisuseError
from surrogate.deposition.bridge import MOST_HOLDS
from surrogate.deposition.conditions import Temperature
from surrogate.deposition.question import OtherConditions

Quantity = Literal["temperature_K", "horizon_ps"]
"""By the names of their fields."""

USUAL_K: Final[float] = OtherConditions().temperature_K
"""Where a question names none."""

_POSSIBLE: Final[dict[Quantity, TypeAdapter[float]]] = {
    "temperature_K": TypeAdapter(Temperature),
    "horizon_ps": TypeAdapter(Annotated[float, Field(gt=0.0, allow_inf_nan=False)]),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A value of a question, and where it stands."""

    quantity: Quantity
    place: Place
    value: Any

    def is_possible(self) -> bool:
        """What is wrong whatever the model is refused already."""
        try:
            _POSSIBLE[self.quantity].validate_python(self.value, strict=True)
        except ValidationError:
            return False
        return True


Asks = Callable[[dict[str, Any], float | None], Iterator[Asked]]
"""Every temperature and horizon of a body; what temperature is taken where none is said."""


def of_conditions(body: dict[str, Any], unsaid_K: float | None) -> Iterator[Asked]:
    """Those of one set of conditions or of many."""
    said = body.get("conditions", {})
    if isinstance(said, dict):
        yield _temperature(said, unsaid_K, "conditions")
    elif isinstance(said, list):
        for number, each in enumerate(said):
            if isinstance(each, dict):
                yield _temperature(each, unsaid_K, "conditions", number)
    yield from _horizons(body)


def of_search(body: dict[str, Any], unsaid_K: float | None) -> Iterator[Asked]:
    """Those of a search, or their bounds."""
    said = body.get("temperature_K")
    if isinstance(said, dict):
        for end in ("min", "max"):
            yield Asked("temperature_K", ("temperature_K", end), said.get(end))
    else:
        yield _temperature(body, unsaid_K)
    yield from _horizons(body)


@asynccontextmanager
async def limits_named(
    asker: Asker, model: str | None, body: bytes, asks: Asks
) -> AsyncIterator[None]:
    """Name in a refusal inside the block everything that lies beyond the model's records, too.

    Args:
        asker: Tells where the model was trained.
        model: That is asked.
        body: Of the request.
        asks: Where its temperatures and horizons stand.

    Raises:
        RequestError: 422, with every field that is wrong.
        MisuseError: The refusal of the model, where it is about something else.
    """
    try:
        yield
    except MisuseError as error:
        wrong, n_wrong = await _wrong(asker, model, asks(_object(body), USUAL_K))
        if not wrong:
            raise
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, wrong, n_wrong) from error
    except RequestError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        wrong, n_wrong = await _wrong(asker, model, asks(_object(body), None))
        if not wrong:
            raise
        said = error.refusal
        errors = [*said.detail, *wrong][:MAX_ERRORS]
        raise RequestError(error.status, errors, said.n_errors + n_wrong) from error


def _temperature(said: dict[str, Any], unsaid_K: float | None, *place: str | int) -> Asked:
    value = said.get("temperature_K", unsaid_K)
    return Asked("temperature_K", (*place, "temperature_K"), value)


def _horizons(body: dict[str, Any]) -> Iterator[Asked]:
    """That of the question, or of its bridge."""
    yield Asked("horizon_ps", ("horizon_ps",), body.get("horizon_ps"))
    bridge = body.get("bridge")
    if isinstance(bridge, dict):
        yield Asked("horizon_ps", ("bridge", "horizon_ps"), bridge.get("horizon_ps"))


async def _wrong(
    asker: Asker, model: str | None, asked: Iterator[Asked]
) -> tuple[list[FieldError], int]:
    """The first of those beyond the model's records, and how many there are."""
    possible = [each for each in asked if each.is_possible()]
    if not possible:
        return [], 0
    try:
        known = json.loads(await asker.ask("maps", MapsQuestion(), model))
    except GlassyLiError:  # what was refused before is the better answer
        return [], 0
    wrong = [
        error
        for each in possible
        if (error := _REFUSALS[each.quantity](each.place, each.value, known)) is not None
    ]
    return wrong[:MAX_ERRORS], len(wrong)


def _cold_or_hot(place: Place, value: float, known: dict[str, Any]) -> FieldError | None:
    low, high = known["temperature_K"]
    if low <= value <= high:
        return None
    message = (
        f"`{path(place)}` must be a number from {low:.6g} to {high:.6g}, about where the model was "
        f"trained, but got {value:g}. Choose one within, or ask a model trained at others."
    )
    return _field_error(place, value, message, {"minimum": low, "maximum": high})


def _far(place: Place, value: float, known: dict[str, Any]) -> FieldError | None:
    high = known["longest_horizon_ps"]
    if value <= high:
        return None
    message = (
        f"`{path(place)}` must be at most {high:g}, {MOST_HOLDS:g} times the longest hold of the "
        f"model's records, but got {value:g}. Choose a shorter one, or set "
        '`bridge` to {"kind": "growth"} instead, which extrapolates to the minutes of plating and '
        "says so."
    )
    return _field_error(place, value, message, {"exclusiveMinimum": 0, "maximum": high})


_REFUSALS: Final[dict[Quantity, Callable[[Place, float, dict[str, Any]], FieldError | None]]] = {
    "temperature_K": _cold_or_hot,
    "horizon_ps": _far,
}


def _field_error(place: Place, value: float, message: str, bounds: JSONSchema) -> FieldError:
    allowed = {"type": "number", **bounds}
    return FieldError(field=path(place), found=value, message=message, allowed=allowed)


def _object(body: bytes) -> dict[str, Any]:
    """What was asked, as far as it can be read; what cannot is refused already."""
    try:
        said = parse_json(body.decode("utf-8"), "the request body")
    except (MisuseError, UnicodeDecodeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
