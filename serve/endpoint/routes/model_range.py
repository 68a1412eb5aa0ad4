"""Temperatures and horizons beyond a model's records, each named by its place in the question.

Which those are depends on the model, so that no schema can say it, and the model's own refusal is
one sentence about the first of them. Once a question about deposits is refused, whatever for, its
values are held against the range that the model tells with its maps.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from serve.endpoint.asking import Asker
from serve.messages.deposition import MapsQuestion, MapsReply
from serve.messages.refusals import MAX_ERRORS, FieldError, RequestError
from serve.messages.schemas import JSONSchema, Place
from serve.messages.wording import path
from simulate.design import parse_json
from simulate.errors import GlassyLiError, MisuseError
from surrogate.deposition.bridge import MOST_HOLDS
from surrogate.deposition.conditions import Temperature
from surrogate.deposition.question import OtherConditions

USUAL_K: Final[float] = OtherConditions().temperature_K
"""Where a question names none."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a model knows only so far.

    Attributes:
        possible: What is wrong whatever the model, and refused already, does not fit it.
        error: Of a value at its place, by what the model tells; None where it is within.
    """

    possible: TypeAdapter[float]
    error: Callable[[Place, float, MapsReply], FieldError | None]


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a question, and where it stands."""

    quantity: Quantity
    place: Place
    said: Any

    def is_possible(self) -> bool:
        """See `Quantity.possible`."""
        try:
            self.quantity.possible.validate_python(self.said, strict=True)
        except ValidationError:
            return False
        return True


Values = Callable[[dict[str, Any], float | None], Iterator[Value]]
"""Every temperature and horizon of a body; what temperature is taken where none is said."""


def of_conditions(body: dict[str, Any], unsaid_K: float | None) -> Iterator[Value]:
    """Those of one set of conditions or of many."""
    said = body.get("conditions", {})
    if isinstance(said, dict):
        yield _temperature(said, unsaid_K, "conditions")
    elif isinstance(said, list):
        for number, each in enumerate(said):
            if isinstance(each, dict):
                yield _temperature(each, unsaid_K, "conditions", number)
    yield from _horizons(body)


def of_search(body: dict[str, Any], unsaid_K: float | None) -> Iterator[Value]:
    """Those of a search, or their bounds."""
    said = body.get("temperature_K")
    if isinstance(said, dict):
        for end in ("min", "max"):
            yield Value(TEMPERATURE, ("temperature_K", end), said.get(end))
    else:
        yield _temperature(body, unsaid_K)
    yield from _horizons(body)


@asynccontextmanager
async def outside_range_named(
    asker: Asker, model: str | None, body: bytes, values: Values
) -> AsyncIterator[None]:
    """Name in a refusal inside the block every value beyond the model's records, too.

    Args:
        asker: Tells where the model was trained.
        model: That is asked.
        body: Of the request.
        values: Where its temperatures and horizons stand.

    Raises:
        RequestError: 422, with every field that is wrong.
        MisuseError: The refusal of the model, where every value is within its range.
    """
    try:
        yield
    except MisuseError as error:
        wrong, n_wrong = await _wrong(asker, model, values(_object(body), USUAL_K))
        if not wrong:
            raise
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, wrong, n_wrong) from error
    except RequestError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        wrong, n_wrong = await _wrong(asker, model, values(_object(body), None))
        if not wrong:
            raise
        said = error.refusal
        errors = [*said.detail, *wrong][:MAX_ERRORS]
        raise RequestError(error.status, errors, said.n_errors + n_wrong) from error


def _temperature(said: dict[str, Any], unsaid_K: float | None, *place: str | int) -> Value:
    return Value(TEMPERATURE, (*place, "temperature_K"), said.get("temperature_K", unsaid_K))


def _horizons(body: dict[str, Any]) -> Iterator[Value]:
    """That of the question, or of its bridge; the growth bridge has none."""
    yield Value(HORIZON, ("horizon_ps",), body.get("horizon_ps"))
    bridge = body.get("bridge")
    if isinstance(bridge, dict) and bridge.get("kind") == "horizon":
        yield Value(HORIZON, ("bridge", "horizon_ps"), bridge.get("horizon_ps"))


async def _wrong(
    asker: Asker, model: str | None, values: Iterator[Value]
) -> tuple[list[FieldError], int]:
    """The first of those beyond the model's records, and how many there are."""
    possible = [each for each in values if each.is_possible()]
    if not possible:
        return [], 0
    try:
        known = MapsReply.model_validate_json(await asker.ask("maps", MapsQuestion(), model))
    except (GlassyLiError, ValidationError):  # what was refused before is the better answer
        return [], 0
    found = [each.quantity.error(each.place, each.said, known) for each in possible]
    wrong = [error for error in found if error is not None]
    return wrong[:MAX_ERRORS], len(wrong)


def _temperature_error(place: Place, value: float, known: MapsReply) -> FieldError | None:
    low, high = known.temperature_K
    if low <= value <= high:
        return None
    message = (
        f"`{path(place)}` must be a number from {low:.6g} to {high:.6g}, about where the model was "
        f"trained, but got {value:g}. Choose one within, or ask a model trained at others."
    )
    return _field_error(place, value, message, {"minimum": low, "maximum": high})


def _horizon_error(place: Place, value: float, known: MapsReply) -> FieldError | None:
    high = known.longest_horizon_ps
    if value <= high:
        return None
    message = (
        f"`{path(place)}` must be at most {high:g}, {MOST_HOLDS:g} times the longest hold of the "
        f"model's records, but got {value:g}. Choose a shorter one, or set "
        '`bridge` to {"kind": "growth"} instead, which extrapolates to the minutes of plating and '
        "says so."
    )
    return _field_error(place, value, message, {"exclusiveMinimum": 0, "maximum": high})


def _field_error(place: Place, value: float, message: str, bounds: JSONSchema) -> FieldError:
    allowed = {"type": "number", **bounds}
    return FieldError(field=path(place), found=value, message=message, allowed=allowed)


TEMPERATURE: Final = Quantity(TypeAdapter(Temperature), _temperature_error)
HORIZON: Final = Quantity(
    TypeAdapter(Annotated[float, Field(gt=0.0, allow_inf_nan=False)]), _horizon_error
)


def _object(body: bytes) -> dict[str, Any]:
    """What was asked, as far as it can be read; what cannot is refused already."""
    try:
        said = parse_json(body.decode("utf-8"), "the request body")
    except (MisuseError, UnicodeDecodeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
