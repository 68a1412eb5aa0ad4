"""What may be asked, as JSON Schema that says everything in one place.

Refusals read the allowed values off it, and OpenAPI publishes it; so what is told is what holds.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar, Final

from simulate.settings import Settings

ALLOWED_KEYWORDS: Final = (
    "type", "enum", "const", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum",
    "minLength", "maxLength", "minItems", "maxItems", "x-max-atoms-full-road",
)  # fmt: skip
"""Of a schema, those that limit a value."""

JSONSchema = dict[str, Any]
Place = tuple[str | int, ...]


class Question(Settings):
    """Base of what is asked over HTTP: a subclass says in its schema what only it knows.

    Attributes:
        examples: Questions that are answered as they stand.
    """

    examples: ClassVar[tuple[JSONSchema, ...]] = ()

    @classmethod
    def close(cls, schema: JSONSchema) -> None:
        """Write into the schema, which holds no references, what only validators know."""

    @classmethod
    def narrow(cls, named: str, within: dict[str, Any], allowed: JSONSchema) -> None:
        """Tighten what is allowed of a field by its neighbours in the same JSON object."""


@cache
def published_schema(kind: type[Question]) -> JSONSchema:
    """JSON Schema of a question: without references, closed over what only its validators know."""
    schema = kind.model_json_schema()
    whole: JSONSchema = inlined(schema, schema.pop("$defs", {}))
    kind.close(whole)
    if kind.examples:
        whole["examples"] = list(kind.examples)
    return whole


def inlined(schema: Any, definitions: JSONSchema) -> Any:  # noqa: ANN401 - any part of a schema
    """A schema with every reference replaced by what it refers to.

    >>> inlined({"$ref": "#/$defs/Size", "default": 2}, {"Size": {"type": "integer"}})
    {'type': 'integer', 'default': 2}
    """
    if isinstance(schema, list):
        return [inlined(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    # The mapping of a discriminator refers too; the constants of its alternatives say the same.
    parts = {
        key: inlined(value, definitions)
        for key, value in schema.items()
        if key not in {"$ref", "discriminator"}
    }
    if "$ref" not in schema:
        return parts
    return inlined(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions) | parts


def find(schema: JSONSchema, place: Place) -> tuple[JSONSchema, Place]:
    """The part of a schema that rules a place, and that place as a client would write it.

    Empty where nothing rules. Pydantic also names the alternative that was taken, a client not.
    """
    written: list[str | int] = []
    for part in place:
        taken = _alternative(schema, part)
        if taken is not None:
            schema = taken
            continue
        written.append(part)
        inner = (
            each.get("items") if isinstance(part, int) else each.get("properties", {}).get(part)
            for each in alternatives(schema)
        )
        schema = next((each for each in inner if each is not None), {})
    return schema, tuple(written)


def alternatives(schema: JSONSchema) -> Iterator[JSONSchema]:
    """What a value may be, each by itself."""
    nested = [*schema.get("anyOf", []), *(schema.get("oneOf", []) if _is_choice(schema) else [])]
    if not nested:
        yield schema
    for each in nested:
        yield from alternatives(each)


def properties(schema: JSONSchema) -> JSONSchema:
    """Of all the objects that a value may be."""
    return {
        name: value
        for each in alternatives(schema)
        for name, value in each.get("properties", {}).items()
    }


def allowed_by(schema: JSONSchema) -> JSONSchema:
    """The keywords that limit a value.

    >>> allowed_by({"anyOf": [{"type": "number", "minimum": 1}, {"type": "null"}]})
    {'type': ['number', 'null'], 'minimum': 1}
    """
    limits: JSONSchema = {}
    types: list[str] = []
    for each in alternatives(schema):
        limits |= {key: each[key] for key in ALLOWED_KEYWORDS if key in each}
        types += [each["type"]] if each.get("type", None) not in {None, *types} else []
    if types:
        limits = {"type": types[0] if len(types) == 1 else types} | {
            key: value for key, value in limits.items() if key != "type"
        }
    if len([each for each in alternatives(schema) if "const" in each]) > 1:
        limits.pop("const")
    return limits


def _is_choice(schema: JSONSchema) -> bool:
    """Whether its `oneOf` tells what a value is, not which keys go together."""
    return "properties" not in schema


def _alternative(schema: JSONSchema, part: str | int) -> JSONSchema | None:
    """The alternative whose tag this is, of several objects told apart by a constant."""
    choices = list(alternatives(schema))
    if len(choices) < 2:
        return None
    for each in choices:
        constants = (value.get("const") for value in each.get("properties", {}).values())
        if part in constants and part not in each["properties"]:
            return each
    return None
