"""The HTTP application: it checks questions, passes them on, and answers everything in JSON.

It computes nothing and loads no model, so that it can stand in a process that starts at once and
never makes a client wait for somebody else's atoms.
"""

import json
from importlib import import_module
from importlib.util import find_spec

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from serve.endpoint.asking import Asker
from serve.endpoint.refusals import not_so
from serve.endpoint.routes import embryos, service, structures
from serve.endpoint.settings import ServerSettings
from serve.faults import RETRY_AFTER_S, PlainFaults
from serve.messages.refusals import RequestError, unanswerable
from simulate.errors import MisuseError

HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    503: {"Retry-After": str(RETRY_AFTER_S)},
}


def build_app(
    asker: Asker,
    settings: ServerSettings,
    searches: object = None,  # noqa: ARG001 - their routes are not there yet
) -> FastAPI:
    """The endpoints over whoever answers."""
    app = FastAPI(
        title="Glassy Li",
        description="Will this lithium embryo stay glassy?",
        # The documentation pages would fetch scripts from the network; the schema needs none.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.include_router(service.routes(asker))
    app.include_router(embryos.routes(asker, settings))
    app.include_router(structures.routes(asker, settings))
    if find_spec("serve.endpoint.routes.page"):
        app.include_router(import_module("serve.endpoint.routes.page").routes())
    _explain_errors(app)
    return app


def _explain_errors(app: FastAPI) -> None:
    """Turn every exception into JSON here: what leaves the application becomes a traceback."""

    @app.exception_handler(RequestError)
    async def refused(_: Request, error: RequestError) -> Response:
        return _refused(error)

    @app.exception_handler(MisuseError)
    async def misused(_: Request, error: MisuseError) -> Response:
        return _refused(unanswerable(str(error)))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:])
        return _refused(not_so(422, f"`{field}`: {first['msg']}.", field, None))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        path = request.url.path[:80]
        headers = dict(error.headers or {})
        if error.status_code == 404:
            message = f"nothing is served at {path!r}. GET /openapi.json lists all that is."
            return _refused(not_so(404, message, "path", None), headers)
        if error.status_code == 405:
            allowed = headers.get("Allow", "").split(", ")
            message = f"{path!r} must be asked with {' or '.join(allowed)}, not {request.method}."
            return _refused(not_so(405, message, "method", {"enum": allowed}), headers)
        return _refused(not_so(error.status_code, str(error.detail), "request", None), headers)

    app.add_middleware(PlainFaults)


def _refused(error: RequestError, headers: dict[str, str] | None = None) -> Response:
    # ASCII: a client may have sent half of a surrogate pair, which is no UTF-8.
    content = json.dumps(error.refusal.model_dump(mode="python"), allow_nan=False)
    headers = HEADERS.get(error.status, {}) | (headers or {})
    return Response(content, error.status, headers, media_type="application/json")
