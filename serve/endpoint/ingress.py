"""The HTTP application: it checks questions, passes them on, and answers everything in JSON.

It computes nothing and loads no model, so that it can stand in a process that starts at once and
never makes a client wait for somebody else's atoms.
"""

from http import HTTPStatus

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from serve.endpoint.asking import Asker
from serve.endpoint.head import HeadAsGet
from serve.endpoint.keys import KeyNeeded
from serve.endpoint.metrics import Measured, Metrics
from serve.endpoint.openapi import describe
from serve.endpoint.origins import OwnPagesOnly
from serve.endpoint.parameters import only_known_parameters
from serve.endpoint.refusals import as_response
from serve.endpoint.routes import deposition, embryos, nothing, page, service, structures
from serve.endpoint.routes.searches import routes as search_routes
from serve.endpoint.settings import ServerSettings
from serve.faults import PlainFaults
from serve.messages.refusals import RequestError, refused, unanswerable
from serve.messages.wording import shown
from serve.searches.asking import Searches
from simulate.errors import MisuseError


def build_app(
    asker: Asker,
    settings: ServerSettings,
    searches: Searches | None = None,
    key_digest: bytes | None = None,
) -> FastAPI:
    """The endpoints over whoever answers.

    Args:
        asker: Answers.
        settings: Limits, above all.
        searches: Runs searches; None: this server takes none.
        key_digest: See `serve.endpoint.keys`; None: everybody may ask.
    """
    app = FastAPI(
        title="Glassy Li",
        description="Will this lithium embryo stay glassy?",
        # The documentation pages would fetch scripts from the network; the schema needs none.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        dependencies=[Depends(only_known_parameters)],
    )
    metrics = Metrics(asker.tallies)
    app.include_router(service.routes(asker, metrics))
    app.include_router(embryos.routes(asker, settings))
    app.include_router(structures.routes(asker, settings))
    app.include_router(deposition.routes(asker, settings))
    if searches is not None:
        app.include_router(search_routes(asker, searches, settings))
    if settings.measures_itself:
        app.include_router(nothing.routes(asker, settings))
    app.include_router(page.routes())
    describe(app, needs_key=key_digest is not None)
    _explain_errors(app)
    # Added last is passed first.
    app.add_middleware(HeadAsGet)
    if key_digest is not None:
        app.add_middleware(KeyNeeded, key_digest=key_digest)
    app.add_middleware(OwnPagesOnly, is_local=settings.is_local and key_digest is None)
    app.add_middleware(PlainFaults)
    app.add_middleware(Measured, metrics=metrics)
    return app


def _explain_errors(app: FastAPI) -> None:
    """Turn every exception into JSON here: what leaves the application becomes a traceback."""

    @app.exception_handler(RequestError)
    async def request_refused(_: Request, error: RequestError) -> Response:
        return as_response(error)

    @app.exception_handler(MisuseError)
    async def misused(_: Request, error: MisuseError) -> Response:
        return as_response(unanswerable(str(error)))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:])
        message = f"`{field}`: {first['msg']}."
        return as_response(refused(HTTPStatus.UNPROCESSABLE_ENTITY, field, message))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        path = shown(request.url.path)
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = headers.get("Allow", "").split(", ")
            message = f"{path} must be asked with {' or '.join(allowed)}, not {request.method}."
            refusal = refused(405, "method", message, request.method, {"enum": allowed})
            return as_response(refusal, headers)
        if error.detail == HTTPStatus(error.status_code).phrase:
            message = f"nothing is served at {path}. GET /openapi.json lists all that is."
            return as_response(refused(error.status_code, "path", message, path), headers)
        return as_response(refused(error.status_code, "request", str(error.detail)), headers)
