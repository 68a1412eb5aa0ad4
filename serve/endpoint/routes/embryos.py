"""`POST /v1/embryos/predict`: what becomes of these designs?"""

from fastapi import APIRouter, Request, Response

from serve.endpoint.asking import Asker
from serve.endpoint.body import read_body
from serve.endpoint.refusals import too_many
from serve.endpoint.routes.replies import WhichModel, json_bytes, responses
from serve.endpoint.settings import Limits, ServerSettings
from serve.messages.embryos import EmbryosReply, EmbryosRequest
from serve.messages.refusals import parse
from serve.messages.schemas import published_schema


def routes(asker: Asker, settings: ServerSettings) -> APIRouter:
    """The routes of designs."""
    router = APIRouter(tags=["embryos"])
    limits = settings.limits

    @router.post(
        "/v1/embryos/predict",
        responses=responses(EmbryosReply, 401, 404, 408, 413, 422, 503),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": published_schema(EmbryosRequest)}},
            }
        },
    )
    async def predict(request: Request, model: WhichModel = None) -> Response:
        """Outcome, survival and incubation of 1 to 256 designs."""
        question = parse(EmbryosRequest, await read_body(request, limits.body_bytes, limits.body_s))
        _check(question, limits)
        return json_bytes(await asker.ask("embryos", question, model))

    return router


def _check(question: EmbryosRequest, limits: Limits) -> None:
    """The limits of this server; those of the schema are checked with it."""
    if len(question.designs) > limits.designs:
        raise too_many("designs", len(question.designs), limits.designs, "designs")
    n_atoms = sum(design.n_atoms for design in question.designs)
    if question.road == "full" and n_atoms > limits.atoms:
        raise too_many("designs", n_atoms, limits.atoms, "atoms")
