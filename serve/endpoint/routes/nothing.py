"""`POST /v1/nothing`: the whole way of a question without the question, for benchmarks."""

from fastapi import APIRouter, Request, Response

from serve.endpoint.asking import Asker
from serve.endpoint.body import read_body
from serve.endpoint.kinds.nothing import NothingQuestion
from serve.endpoint.routes.replies import json_bytes
from serve.endpoint.settings import ServerSettings


def routes(asker: Asker, settings: ServerSettings) -> APIRouter:
    """The route of nothing; not part of the documented interface."""
    router = APIRouter()
    limits = settings.limits

    @router.post("/v1/nothing", include_in_schema=False)
    async def nothing(request: Request) -> Response:
        await read_body(request, limits.body_bytes, limits.body_s)
        return json_bytes(await asker.ask("nothing", NothingQuestion(), None))

    return router
