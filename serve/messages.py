"""What is said over HTTP: the question, the answer, and why a question cannot be asked.

Every refusal names the field, what was found there and what is allowed, in words for people and as
JSON Schema keywords for programs. The allowed values are read off the settings themselves.
"""

import json
import math
from functools import cache
from typing import Any, Final, Self

from pydantic import Field, ValidationError, model_validator

from simulate.design import DENSEST_SHARE_OF_BULK, EmbryoDesign, parse_json
from simulate.errors import GlassyLiError, MisuseError
from simulate.potentials.registry import DEFAULT_POTENTIAL, potential_named, potentials
from simulate.settings import Settings, rule_broken
from surrogate.prediction import Prediction, Road

MAX_DESIGNS: Final = 256
MAX_BODY_BYTES: Final = 1_048_576
MAX_ATOMS_FULL_ROAD: Final = 400_000
"""Atoms of one request on the full road, where each is packed and goes through the graph: about two
minutes on one core, and enough for 256 embryos of 1500 atoms."""

MAX_ERRORS: Final = 50
"""Errors spelt out in one answer: a small body must not cause a huge one."""

ALLOWED_KEYWORDS: Final = (
    "type", "enum", "minimum", "exclusiveMinimum", "maximum", "minItems", "maxItems",
    "x-max-atoms-full-road",
)  # fmt: skip


class PredictRequest(Settings):
    """Body of `POST /v1/predict`."""

    designs: list[EmbryoDesign] = Field(
        min_length=1,
        max_length=MAX_DESIGNS,
        description="Design points; answered in this order.",
        json_schema_extra={"x-max-atoms-full-road": MAX_ATOMS_FULL_ROAD},
    )
    horizon_ps: float | None = Field(
        None,
        gt=0,
        strict=True,
        description="Until when on the hold clock, ps. null: the hold the model was trained on.",
    )
    road: Road = Field(
        "full",
        description="`full`: freshly packed atoms through the graph network. "
        "`fast`: from the design alone.",
    )

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        n_atoms = sum(design.n_atoms for design in self.designs)
        if self.road == "full" and n_atoms > MAX_ATOMS_FULL_ROAD:
            raise ValueError(
                f"designs must hold at most {MAX_ATOMS_FULL_ROAD} atoms together on the full road, "
                f"but hold {n_atoms}. Split the request, or ask with road='fast'."
            )
        return self


class ModelName(Settings):
    """Which model answered."""

    name: str
    label: str = Field(description="Name and short hash of the weights.")


class PredictReply(Settings):
    """Answer of `POST /v1/predict`."""

    model: ModelName
    predictions: list[Prediction]


class FieldError(Settings):
    """One thing that must hold and does not."""

    field: str = Field(description="Where: `designs[0].n_atoms`, or `body`.")
    found: Any = Field(description="What was there; long values are described.")
    message: str = Field(description="One sentence for people.")
    allowed: dict[str, Any] | None = Field(description="JSON Schema keywords, or known `keys`.")


class Refusal(Settings):
    """Body of every answer 413 and 422."""

    detail: list[FieldError]
    n_errors: int = Field(description=f"All errors; at most {MAX_ERRORS} are spelt out.")


class RequestError(GlassyLiError):
    """A request that cannot be answered as it stands.

    Attributes:
        status: HTTP status.
        refusal: What the client is told.
    """

    def __init__(self, status: int, errors: list[FieldError], n_errors: int | None = None) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.status = status
        self.refusal = Refusal(detail=errors, n_errors=n_errors or len(errors))


def parse_request(body: bytes) -> PredictRequest:
    """The question in a request body.

    Raises:
        RequestError: 422, with every field that is wrong.
    """
    try:
        values = parse_json(body.decode("utf-8"), "the request body")
        return PredictRequest.model_validate(values)
    except ValidationError as error:
        items = error.errors(include_url=False)
        errors = [_field_error(item) for item in items[:MAX_ERRORS]]
        raise RequestError(422, errors, len(items)) from error
    except MisuseError as error:
        raise unreadable(str(error)) from error
    except UnicodeDecodeError as error:
        raise unreadable("the request body must be UTF-8 text. Encode it so.") from error
    except RecursionError as error:
        raise unreadable("the request body must be valid JSON, but nests too deeply.") from error


def unreadable(message: str) -> RequestError:
    """The refusal of a body that is no JSON at all."""
    return RequestError(
        422, [FieldError(field="body", found=None, message=message, allowed={"type": "object"})]
    )


def unanswerable(message: str) -> RequestError:
    """The refusal of designs that the model cannot answer for."""
    return RequestError(
        422, [FieldError(field="designs", found=None, message=message, allowed=None)]
    )


def too_large(found_bytes: int) -> RequestError:
    """The refusal of a body above the limit."""
    message = (
        f"the request body must hold at most {MAX_BODY_BYTES} bytes, but holds {found_bytes} or "
        "more. Split the request."
    )
    allowed = {"maximum": MAX_BODY_BYTES}
    return RequestError(
        413, [FieldError(field="body", found=found_bytes, message=message, allowed=allowed)]
    )


@cache
def request_schema() -> dict[str, Any]:
    """JSON Schema of `PredictRequest`, closed over what only its validators know."""
    schema = PredictRequest.model_json_schema()
    design = schema.pop("$defs")["EmbryoDesign"]
    schema["properties"]["designs"]["items"] = design
    # Without a melting point temperatures cannot be compared with those learnt from.
    known = [each for each in potentials().values() if each.has_melting_point]
    fields = design["properties"]
    fields["potential"]["enum"] = sorted(potential.name for potential in known)
    fields["element"]["enum"] = sorted({potential.element for potential in known})
    fields["packing_density_g_cm3"]["maximum"] = DENSEST_SHARE_OF_BULK * max(
        potential.bulk_density_g_cm3 for potential in known
    )
    # The docstring of the class is for readers of the code.
    design["description"] = "One design point: what one embryo is, before any atom is placed."
    return dict(schema)


def _field_error(item: Any) -> FieldError:  # noqa: ANN401 - pydantic's own
    place, found = item["loc"], item["input"]
    if item["type"] == "value_error":
        # A check across fields names first the field to change (see `EmbryoDesign`).
        message = rule_broken(item)
        named = message.split(" ", 1)[0]
        if named in _schema_at(place).get("properties", {}):
            design = found
            place, found = (*place, named), found.get(named, _default(place, named))
        allowed = _allowed(_schema_at(place))
        if named == "packing_density_g_cm3":
            asked = potential_named(design.get("potential", DEFAULT_POTENTIAL))
            allowed["maximum"] = DENSEST_SHARE_OF_BULK * asked.bulk_density_g_cm3
        return FieldError(
            field=_path(place), found=_shown(found), message=message, allowed=allowed or None
        )
    if item["type"] == "extra_forbidden":
        keys = list(_schema_at(place[:-1])["properties"])
        message = (
            f"`{_path(place)}` is not a known key; remove or rename it. "
            f"Known keys: {', '.join(keys)}."
        )
        return FieldError(
            field=_path(place), found=_shown(found), message=message, allowed={"keys": keys}
        )
    allowed = _allowed(_schema_at(place))
    must = f"`{_path(place)}` must be {_in_words(allowed)}"
    if item["type"] == "missing":
        return FieldError(
            field=_path(place), found=None, message=f"{must}, but is missing.", allowed=allowed
        )
    shown = _shown(found)
    is_described = isinstance(shown, str) and shown != found
    message = f"{must}, but got {shown if is_described else json.dumps(shown)}."
    return FieldError(field=_path(place), found=shown, message=message, allowed=allowed)


def _schema_at(place: tuple[str | int, ...]) -> dict[str, Any]:
    """The part of the request schema that rules a place; empty where nothing does."""
    schema = request_schema()
    for part in place:
        schema = (
            schema.get("items", {})
            if isinstance(part, int)
            else schema.get("properties", {}).get(part, {})
        )
    return schema


def _default(place: tuple[str | int, ...], name: str) -> object:
    return _schema_at((*place, name)).get("default")


def _allowed(schema: dict[str, Any]) -> dict[str, Any]:
    """The keywords that limit a value; a nullable value is written as two types."""
    if "anyOf" in schema:
        value, null = schema["anyOf"]
        return _allowed(value) | {"type": [value["type"], null["type"]]}
    return {keyword: schema[keyword] for keyword in ALLOWED_KEYWORDS if keyword in schema}


def _in_words(allowed: dict[str, Any]) -> str:
    """Limits as people say them.

    >>> _in_words({"type": ["number", "null"], "minimum": 0.01, "maximum": 1e6})
    'a number from 0.01 to 1e+06 or null'
    """
    if "enum" in allowed:
        return f"one of {', '.join(json.dumps(value) for value in allowed['enum'])}"
    kinds = allowed.get("type", "something else")
    kind, *null = [kinds] if isinstance(kinds, str) else kinds
    words = {
        "integer": "an integer",
        "number": "a number",
        "array": "a list",
        "object": "a JSON object",
    }.get(kind, kind)
    low, high = allowed.get("minimum"), allowed.get("maximum")
    if low is not None and high is not None:
        words += f" from {low:.6g} to {high:.6g}"
    elif "exclusiveMinimum" in allowed:
        words += f" above {allowed['exclusiveMinimum']:g}"
        words += "" if high is None else f", at most {high:.6g}"
    if "maxItems" in allowed:
        words += f" of {allowed['minItems']} to {allowed['maxItems']} designs"
    return f"{words} or null" if null else words


def _shown(found: object) -> str | int | float | None:
    """What was found, short and as JSON."""
    if isinstance(found, dict):
        return f"an object with {len(found)} keys"
    if isinstance(found, list):
        return f"a list of {len(found)}"
    if isinstance(found, str):
        return found if len(found) <= 80 else f"text of {len(found)} characters: {found[:40]}..."
    if isinstance(found, float) and not math.isfinite(found):
        return "a number too large to hold"
    if isinstance(found, int) and abs(found) >= 2**53:
        return "an integer too large to hold"
    return found if found is None or isinstance(found, (int, float)) else repr(found)[:80]


def _path(place: tuple[str | int, ...]) -> str:
    """A place in a document as a path.

    >>> _path(("designs", 0, "n_atoms"))
    'designs[0].n_atoms'
    """
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in place
    ).removeprefix(".")
    return text or "body"
