"""Is it there, which models does it have, and what are they?"""

from fastapi import APIRouter, Response

from serve.endpoint.asking import Asker
from serve.endpoint.kinds.about import AboutQuestion, AboutReply
from serve.endpoint.routes.replies import WhichModel, json_bytes, responses
from serve.messages.service import ModelName
from simulate.settings import Settings


class ModelsReply(Settings):
    """Answer of `GET /v1/models`; the first one is asked when none is named."""

    models: list[ModelName]


def routes(asker: Asker) -> APIRouter:
    """The routes about the server itself."""
    router = APIRouter(tags=["service"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether the server is there."""
        return {"status": "ok"}

    @router.get("/v1/models", responses=responses(ModelsReply, 503))
    async def models() -> ModelsReply:
        """Names and labels of the models that answer."""
        return ModelsReply(models=await asker.models())

    @router.get("/v1/model", responses=responses(AboutReply, 404, 503))
    async def model(model: WhichModel = None) -> Response:
        """What a model is: protocol, training ranges, scores, limits, card."""
        return json_bytes(await asker.ask("about", AboutQuestion(), model))

    return router
