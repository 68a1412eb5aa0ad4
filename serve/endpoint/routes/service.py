"""Is it there, does it answer truly, which models does it have, what are they, how is it doing?"""

from contextlib import suppress

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from serve.endpoint.asking import Asker
from serve.endpoint.keys import MAY_KNOW
from serve.endpoint.kinds.about import AboutQuestion
from serve.endpoint.metrics import Metrics
from serve.endpoint.routes.replies import WhichModel, json_bytes, responses
from serve.messages.refusals import RequestError
from serve.messages.service import AboutReply, Health, ModelsReply, Readiness


def routes(asker: Asker, metrics: Metrics) -> APIRouter:
    """The routes about the server itself."""
    router = APIRouter(tags=["service"])

    @router.get("/healthz")
    async def healthz() -> Health:
        """Whether the server is there."""
        return Health()

    @router.get("/readyz", responses=responses(Readiness, 503), response_model_exclude_none=True)
    async def readyz(request: Request) -> Readiness:
        """Whether questions are answered, by packages that proved themselves."""
        models = await asker.models()
        return Readiness(models=models if request.scope.get(MAY_KNOW, True) else None)

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics_text() -> Response:
        """Counts and times for Prometheus."""
        with suppress(RequestError):
            await asker.models()  # brings what replicas have counted
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    @router.get("/v1/models", responses=responses(ModelsReply, 401, 503))
    async def models() -> ModelsReply:
        """Names and labels of the models that answer."""
        return ModelsReply(models=await asker.models())

    @router.get("/v1/model", responses=responses(AboutReply, 401, 404, 422, 503))
    async def model(model: WhichModel = None) -> Response:
        """What a model is: protocol, training ranges, scores, limits, card."""
        return json_bytes(await asker.ask("about", AboutQuestion(), model))

    return router
