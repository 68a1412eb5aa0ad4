"""Why a question cannot be asked: what must hold, what was found there, and what is allowed.

Every refusal names the field, in words for people and as JSON Schema keywords for programs.
"""

import json
import re
from http import HTTPStatus
from typing import Any, Final, TypeVar

from pydantic import Field, ValidationError

from serve.messages.schemas import (
    JSONSchema,
    Place,
    Question,
    allowed_by,
    alternatives,
    find,
    properties,
    published_schema,
)
from serve.messages.wording import in_words, path, shown
from simulate.design import parse_json
from simulate.errors import GlassyLiError, MisuseError
from simulate.settings import Settings, rule_broken

MAX_ERRORS: Final = 50
"""Errors spelt out in one answer: a small body must not cause a huge one."""

QuestionType = TypeVar("QuestionType", bound=Question)


class FieldError(Settings):
    """One thing that must hold and does not."""

    field: str = Field(description="Where: `designs[0].n_atoms`, or `body`.")
    found: Any = Field(description="What was there; long values are described.")
    message: str = Field(description="One sentence for people.")
    allowed: dict[str, Any] | None = Field(description="JSON Schema keywords, or known `keys`.")


class Refusal(Settings):
    """Body of every answer 4xx and 503."""

    detail: list[FieldError]
    n_errors: int = Field(description=f"All errors; at most {MAX_ERRORS} are spelt out.")

    @property
    def sentence(self) -> str:
        """All messages, for people."""
        return "; ".join(error.message for error in self.detail)


class RequestError(GlassyLiError):
    """A request that cannot be answered as it stands.

    Attributes:
        status: HTTP status.
        refusal: What the client is told.
    """

    def __init__(self, status: int, errors: list[FieldError], n_errors: int | None = None) -> None:
        self.status = status
        self.refusal = Refusal(detail=errors, n_errors=n_errors or len(errors))
        super().__init__(self.refusal.sentence)


def parse(kind: type[QuestionType], body: bytes) -> QuestionType:
    """The question in a request body.

    Raises:
        RequestError: 422, with every field that is wrong.
    """
    try:
        return checked(kind, parse_json(body.decode("utf-8"), "the request body"))
    except MisuseError as error:
        raise unreadable(str(error)) from error
    except UnicodeDecodeError as error:
        raise unreadable("the request body must be UTF-8 text. Encode it so.") from error
    except RecursionError as error:
        raise unreadable("the request body must be valid JSON, but nests too deeply.") from error


def checked(kind: type[QuestionType], values: object) -> QuestionType:
    """The question in values read from JSON.

    Raises:
        RequestError: 422, with every field that is wrong.
    """
    try:
        # As JSON again: strictly, text is no number there, and a list may stand for a tuple.
        return kind.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        items = error.errors(include_url=False)
        errors = [_field_error(kind, item) for item in items[:MAX_ERRORS]]
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, errors, len(items)) from error


def refused(
    status: int,
    field: str,
    message: str,
    found: object = None,
    allowed: dict[str, Any] | None = None,
) -> RequestError:
    """A refusal of one thing."""
    error = FieldError(field=field, found=shown(found), message=message, allowed=allowed)
    return RequestError(status, [error])


def unreadable(message: str) -> RequestError:
    """The refusal of a body that is no JSON at all."""
    return refused(HTTPStatus.UNPROCESSABLE_ENTITY, "body", message, allowed={"type": "object"})


def unanswerable(message: str, field: str = "body") -> RequestError:
    """The refusal of a question that the model cannot answer."""
    return refused(HTTPStatus.UNPROCESSABLE_ENTITY, field, message)


def too_large(found_bytes: int, max_bytes: int) -> RequestError:
    """The refusal of a body above the limit."""
    message = (
        f"the request body must hold at most {max_bytes} bytes, but holds {found_bytes} or more. "
        "Split the request."
    )
    return refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body", message, found_bytes, {"maximum": max_bytes}
    )


def busy(message: str) -> RequestError:
    """503: come back later; a `Retry-After` goes with it."""
    return refused(HTTPStatus.SERVICE_UNAVAILABLE, "server", message)


def _field_error(kind: type[Question], item: Any) -> FieldError:  # noqa: ANN401 - pydantic's own
    schema, place = find(published_schema(kind), item["loc"])
    found = item["input"]
    if item["type"] == "json_invalid":
        message = f"the request body must be valid JSON, but {rule_broken(item)}."
        return FieldError(field="body", found=None, message=message, allowed={"type": "object"})
    if item["type"] == "value_error":
        return _broken_rule(kind, rule_broken(item), place, found)
    if item["type"].startswith("union_tag"):
        return _unknown_kind(schema, place, item)
    if item["type"] == "extra_forbidden":
        keys = list(properties(find(published_schema(kind), item["loc"][:-1])[0]))
        message = (
            f"`{path(place)}` is not a known key; remove or rename it. "
            f"Known keys: {', '.join(keys)}."
        )
        return FieldError(
            field=path(place), found=shown(found), message=message, allowed={"keys": keys}
        )
    allowed = allowed_by(schema)
    must = f"`{path(place)}` must be {in_words(allowed, place)}"
    if item["type"] == "missing":
        return FieldError(
            field=path(place), found=None, message=f"{must}, but is missing.", allowed=allowed
        )
    told = shown(found)
    is_described = isinstance(told, str) and told != found
    message = f"{must}, but got {told if is_described else json.dumps(told)}."
    return FieldError(field=path(place), found=told, message=message, allowed=allowed)


def _unknown_kind(
    schema: JSONSchema,
    place: Place,
    item: Any,  # noqa: ANN401 - pydantic's own
) -> FieldError:
    """The tag that tells which of several objects is meant is missing or unknown."""
    tag = item["ctx"]["discriminator"].strip("'")
    known = [
        each["properties"][tag]["const"]
        for each in alternatives(schema)
        if tag in each.get("properties", {})
    ]
    named, found = path((*place, tag)), shown(item["ctx"].get("tag"))
    message = f"`{named}` must be {in_words({'enum': known})}, but got {json.dumps(found)}."
    return FieldError(field=named, found=found, message=message, allowed={"enum": known})


def _broken_rule(kind: type[Question], message: str, place: Place, found: object) -> FieldError:
    """A check across fields names first the field to change (see `EmbryoDesign`)."""
    schema, _ = find(published_schema(kind), place)
    known = properties(schema)
    words = re.findall(r"`(\w+)`", message) + re.findall(r"\w+", message)
    named = next((word for word in words if word in known), None)
    if named is None or not isinstance(found, dict):
        return FieldError(
            field=path(place), found=shown(found), message=message, allowed=allowed_by(schema)
        )
    ruled = known[named]
    allowed = allowed_by(ruled)
    kind.narrow(named, found, allowed)
    return FieldError(
        field=path((*place, named)),
        found=shown(found.get(named, ruled.get("default"))),
        message=message,
        allowed=allowed or None,
    )
