"""How every setting of this project behaves: closed, frozen, and clear about what is wrong."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from simulate.errors import MisuseError


class Settings(BaseModel):
    """Base of all settings and records: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


SettingsType = TypeVar("SettingsType", bound=BaseModel)


def validated(
    kind: type[SettingsType], values: Mapping[str, Any] | object, where: str
) -> SettingsType:
    """Build settings from what a user wrote.

    Args:
        kind: The settings class.
        values: What was read from a file or the command line.
        where: Where it was written, for the message ("designs.jsonl line 3").

    Raises:
        MisuseError: With one sentence for each thing that must hold and does not.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise MisuseError(f"{where}: {explain(error, kind)}") from error


def explain(error: ValidationError, kind: type[BaseModel] | None = None) -> str:
    """A pydantic error as sentences: field, what must hold, what was found, what is allowed."""
    return " ".join(_sentence(item, kind) for item in error.errors(include_url=False))


def rule_broken(item: Any) -> str:  # noqa: ANN401 - pydantic's own
    """What must hold, of one of pydantic's errors, in the words of whoever wrote the rule."""
    message = str(item["msg"]).removeprefix("Value error, ")
    return re.sub(r"\bself\.(?=\w)", "", message)  # left by f"{self.hold_ps=}"


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """Where two settings part, by their innermost keys.

    >>> differences({"hold_ps": 5.0, "label": {"cutoff": 1}}, {"hold_ps": 5.0, "label": {}})
    'label.cutoff = 1 (asked for: nothing)'
    """
    left, right = dict(_leaves(theirs)), dict(_leaves(ours))
    return "; ".join(
        f"{key} = {left.get(key, 'nothing')} (asked for: {right.get(key, 'nothing')})"
        for key in dict.fromkeys([*left, *right])
        if left.get(key) != right.get(key)
    )


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _sentence(item: Any, kind: type[BaseModel] | None) -> str:  # noqa: ANN401 - pydantic's own
    place = ".".join(str(part) for part in item["loc"])
    message = rule_broken(item)
    if item["type"] == "extra_forbidden":
        known = ", ".join(sorted(kind.model_fields)) if kind and len(item["loc"]) == 1 else ""
        allowed = f" Known keys: {known}." if known else ""
        return f"`{place}` is not a known key; remove or rename it.{allowed}"
    if item["type"] == "missing":
        return f"`{place}` is required but was not given; add it."
    # A rule of ours that ends its own sentence has said what was found.
    if message.endswith(".") or not place:
        return f"{f'`{place}`: ' if place else ''}{message.removesuffix('.')}."
    return f"`{place}`: {message[:1].lower()}{message[1:]}, but got {_short(item['input'])}."


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
