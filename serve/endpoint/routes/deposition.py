"""`/v1/deposition/...`: how glassy is a deposit plated so?"""

from typing import Any

from fastapi import APIRouter, Request, Response

from serve.endpoint.asking import Asker
from serve.endpoint.body import read_body
from serve.endpoint.refusals import too_many
from serve.endpoint.routes.model_range import of_conditions, outside_range_named
from serve.endpoint.routes.replies import WhichModel, json_bytes, responses
from serve.endpoint.settings import ServerSettings
from serve.messages.deposition import (
    DepositionReply,
    DepositionRequest,
    MapsQuestion,
    MapsReply,
    SurfaceReply,
    SurfaceRequest,
)
from serve.messages.refusals import parse
from serve.messages.schemas import Question, published_schema


def routes(asker: Asker, settings: ServerSettings) -> APIRouter:
    """The routes of deposits."""
    router = APIRouter(tags=["deposition"])
    limits = settings.limits

    @router.get("/v1/deposition/maps", responses=responses(MapsReply, 401, 404, 422, 503))
    async def maps(model: WhichModel = None) -> Response:
        """What may be assumed between a cell and a simulation, and what was seen of deposits."""
        return json_bytes(await asker.ask("maps", MapsQuestion(), model))

    @router.post(
        "/v1/deposition/predict",
        responses=responses(DepositionReply, 401, 404, 408, 413, 422, 503),
        openapi_extra=_asked(DepositionRequest),
    )
    async def predict(request: Request, model: WhichModel = None) -> Response:
        """Glassy shares under 1 to 256 sets of conditions, with the embryos assumed."""
        body = await read_body(request, limits.body_bytes, limits.body_s)
        async with outside_range_named(asker, model, body, of_conditions):
            question = parse(DepositionRequest, body)
            n = len(question.conditions)
            if n > limits.designs:
                raise too_many("conditions", n, limits.designs, "sets of conditions")
            answer = await asker.ask("deposition", question, model)
        return json_bytes(answer)

    @router.post(
        "/v1/deposition/surface",
        responses=responses(SurfaceReply, 401, 404, 408, 413, 422, 503),
        openapi_extra=_asked(SurfaceRequest),
    )
    async def surface(request: Request, model: WhichModel = None) -> Response:
        """Glassy shares over current density and plating time, at most 1024 points."""
        body = await read_body(request, limits.body_bytes, limits.body_s)
        async with outside_range_named(asker, model, body, of_conditions):
            answer = await asker.ask("surface", parse(SurfaceRequest, body), model)
        return json_bytes(answer)

    return router


def _asked(kind: type[Question]) -> dict[str, Any]:
    """A question as OpenAPI tells it."""
    content = {"application/json": {"schema": published_schema(kind)}}
    return {"requestBody": {"required": True, "content": content}}
