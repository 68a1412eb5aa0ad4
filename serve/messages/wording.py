"""Limits, places and values as people read them."""

import json
import math
from typing import Any

from serve.messages.schemas import JSONSchema, Place


def in_words(allowed: JSONSchema, place: Place = ()) -> str:
    """Limits as people say them; the place names what a list is of.

    >>> in_words({"type": ["number", "null"], "minimum": 0.01, "maximum": 1e6})
    'a number from 0.01 to 1e+06 or null'
    >>> in_words({"type": "array", "minItems": 1, "maxItems": 256}, ("designs",))
    'a list of 1 to 256 designs'
    """
    if "enum" in allowed:
        return f"one of {', '.join(json.dumps(value) for value in allowed['enum'])}" + (
            " or null" if "null" in allowed.get("type", ()) else ""
        )
    if "const" in allowed:
        return json.dumps(allowed["const"])
    types = allowed.get("type", "something else")
    kinds = [types] if isinstance(types, str) else types
    return " or ".join(_kind_in_words(kind, allowed, place) for kind in kinds)


def _kind_in_words(kind: str, allowed: JSONSchema, place: Place) -> str:
    if kind in {"integer", "number"}:
        return ("an integer" if kind == "integer" else "a number") + _range_in_words(allowed)
    if kind == "array":
        named = next((part for part in reversed(place) if isinstance(part, str)), "items")
        least, most = allowed.get("minItems", 0), allowed.get("maxItems")
        return "a list" if most is None else f"a list of {least} to {most} {named}"
    if kind == "string":
        most = allowed.get("maxLength")
        return "text" if most is None else f"text of at most {most} characters"
    return {"object": "a JSON object", "boolean": "true or false"}.get(kind, kind)


def _range_in_words(allowed: dict[str, Any]) -> str:
    low, high = allowed.get("minimum"), allowed.get("maximum")
    if low is not None and high is not None:
        return f" from {low:.6g} to {high:.6g}"
    above, below = allowed.get("exclusiveMinimum"), allowed.get("exclusiveMaximum")
    parts = [
        f" {words} {limit:.6g}"
        for words, limit in (
            ("above", above), ("at least", low), ("below", below), ("at most", high)
        )
        if limit is not None
    ]  # fmt: skip
    return ",".join(parts)


def shown(found: object) -> str | int | float | None:
    """What was found, short and as JSON can hold it."""
    if isinstance(found, dict):
        return f"an object with {len(found)} keys"
    if isinstance(found, list | tuple):
        return f"a list of {len(found)}"
    if isinstance(found, str):
        return found if len(found) <= 80 else f"text of {len(found)} characters: {found[:40]}..."
    if isinstance(found, float) and not math.isfinite(found):
        return "a number too large to hold"
    if isinstance(found, int) and abs(found) >= 2**53:
        return "an integer too large to hold"
    return found if found is None or isinstance(found, (int, float)) else repr(found)[:80]


def path(place: Place) -> str:
    """A place in a document as a path.

    >>> path(("designs", 0, "n_atoms"))
    'designs[0].n_atoms'
    """
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{shown(part)}" for part in place
    ).removeprefix(".")
    return text or "body"
