"""The interface as OpenAPI tells it: every place, what may be asked there, and every answer.

FastAPI writes most of it from the code. What it cannot know is added here: who may ask, why a
status is answered, and the attributes of answers, which the code describes in docstrings.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serve.endpoint.keys import OPEN
from serve.endpoint.parameters import INTERFACE

ABOUT: Final = """\
Will lithium embryos stay glassy? Forecasts for designs, for uploaded atoms and for conditions of
deposition, by a graph network that learnt from molecular dynamics.

Units stand in names: `_ps`, `_K`, `_A`, `_g_cm3`, `_mA_cm2`, `_min`. Intervals hold 90 %. Simulated
nanoseconds are no minutes of a cell, and the metal here is pure: every answer says where it holds
(`applicability`, `limits`).

Every refusal has one form: for each thing that is wrong the `field`, what was `found`, a `message`
for people, and what is `allowed`, as JSON Schema keywords."""

REASONS: Final = {
    200: "The answer.",
    202: "Taken on; `Location` says where to ask how far it is.",
    401: "The key of this server is missing or wrong.",
    403: "A page of another site asks, or a server of one machine under a foreign name.",
    404: "No such model or job; `allowed` lists the models there are.",
    408: "The body did not arrive in time.",
    413: "More than this server takes at once; `allowed` says how much that is.",
    415: "The body is of another kind than is asked for.",
    422: "Something is wrong, missing, unknown, or contradicts another field.",
    500: "A fault of the server, whose log has the cause. Asking again does no harm.",
    503: "Full, or not ready; `Retry-After` says after how many seconds to come back.",
}

KEYS: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The key of this server."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same."},
}

HEADERS: Final = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    503: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
}

REFUSAL: Final = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}

Spec = dict[str, Any]


def describe(app: FastAPI, *, needs_key: bool) -> None:
    """Have the application tell all of its interface.

    Args:
        app: With all its routes.
        needs_key: Whether whoever asks must show a key.
    """

    def openapi() -> Spec:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(app, needs_key=needs_key)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(app: FastAPI, *, needs_key: bool) -> Spec:
    spec = get_openapi(
        title=app.title, version=version("glassyli"), description=ABOUT, routes=app.routes
    )
    spec["info"]["license"] = {"name": "MIT", "identifier": "MIT"}
    spec["components"]["securitySchemes"] = KEYS
    for path, operation in _operations(spec):
        named = f"{operation['tags'][0]} {operation['summary']}".lower()
        operation["operationId"] = re.sub(r"\W+", "_", named)
        operation["summary"] = operation["description"].split(". ")[0].rstrip(".")
        answers = operation["responses"]
        answers |= {"403": {}, "500": {}}
        if path.startswith(INTERFACE):
            answers["422"] = {}
        if path not in OPEN:
            keys: list[dict[str, list[str]]] = [{name: []} for name in KEYS]
            operation["security"] = keys if needs_key else [*keys, {}]
            answers["401"] = {}
        for status, response in answers.items():
            if int(status) >= HTTPStatus.BAD_REQUEST:
                response["content"] = REFUSAL
            response["description"] = REASONS.get(int(status), HTTPStatus(int(status)).phrase)
            if int(status) in HEADERS:
                response["headers"] = HEADERS[int(status)]
    for schema in spec["components"]["schemas"].values():
        _tell_attributes(schema)
    return spec


def _operations(spec: Spec) -> Iterator[tuple[str, Spec]]:
    for path, methods in spec["paths"].items():
        for operation in methods.values():
            yield path, operation


def _tell_attributes(schema: Spec) -> None:
    """Move what a docstring says of attributes to the properties, and leave out its examples."""
    about, _, attributes = schema.get("description", "").partition("\n\nAttributes:\n")
    if about:
        schema["description"] = _plain(re.split(r"\n\n(?:>{3}|Reference:|Args:)", about)[0])
    entries = re.split(r"\n(?=    \w)", "\n" + attributes.split("\n\n")[0])
    for entry in entries:
        names, _, said = entry.strip().partition(": ")
        for name in names.split(", "):
            told = schema.get("properties", {}).get(name)
            if told is not None and "description" not in told:
                told["description"] = _plain(said)


def _plain(text: str) -> str:
    """One paragraph without the marks of Sphinx."""
    return re.sub(r":\w+:`([^`]*)`", r"\1", " ".join(text.split()))
