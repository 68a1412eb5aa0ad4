"""The HTTP endpoints of a model: questions in, forecasts out, as JSON.

A plain ASGI application; `serve.server` puts it into a Ray Serve replica. Whatever goes wrong, an
answer is one JSON sentence: details of ours go to the log.
"""

import asyncio
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, HTTPException, Request, Response

from serve.faults import RETRY_AFTER_S, PlainFaults
from serve.messages.embryos import EmbryosReply, EmbryosRequest
from serve.messages.refusals import Refusal, RequestError, parse, too_large, unanswerable
from serve.messages.schemas import published_schema
from serve.messages.service import ModelName
from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from surrogate.prediction import Prediction
from surrogate.predictor import Predictor

logger = logging.getLogger(__name__)

MAX_WAITING: Final = 32
"""Questions in hand or in line at one replica; above, clients are asked to come back."""

MAX_BODY_BYTES: Final = 1_048_576

ATOMS_PER_TURN: Final = 5_000
"""About a second of the full road on one core: so long a small question may wait."""


class Questions:
    """Answers questions one at a time beside the event loop, which stays free for the others."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.n_waiting = 0
        # One thread: two questions at once would share one core and take twice the memory.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")

    async def answer(self, question: EmbryosRequest) -> EmbryosReply:
        """The reply to a question.

        Raises:
            HTTPException: 503 when too many are waiting.
        """
        if self.n_waiting >= MAX_WAITING:
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"At most {MAX_WAITING} questions may wait, and that many do. Try again later.",
                {"Retry-After": str(RETRY_AFTER_S)},
            )
        self.n_waiting += 1
        try:
            predictions: list[Prediction] = []
            for designs in turns(question):
                predictions += await self._predictions(designs, question)
        finally:
            self.n_waiting -= 1
        package = self.predictor.package
        model = ModelName(name=package.name, label=package.label)
        return EmbryosReply(model=model, predictions=predictions)

    async def _predictions(
        self, designs: list[EmbryoDesign], question: EmbryosRequest
    ) -> list[Prediction]:
        predict = partial(
            self.predictor.predict_designs,
            designs,
            horizon_ps=question.horizon_ps,
            road=question.road,
        )
        return await asyncio.get_running_loop().run_in_executor(self._thread, predict)


def turns(question: EmbryosRequest) -> Iterator[list[EmbryoDesign]]:
    """A question's designs in turns, between which other questions get theirs.

    A turn of the full road has at most `ATOMS_PER_TURN` atoms, or one design.
    """
    if question.road == "fast":
        yield question.designs
        return
    turn: list[EmbryoDesign] = []
    n_atoms = 0
    for design in question.designs:
        if turn and n_atoms + design.n_atoms > ATOMS_PER_TURN:
            yield turn
            turn, n_atoms = [], 0
        turn.append(design)
        n_atoms += design.n_atoms
    yield turn


def build_app(predictor: Predictor) -> FastAPI:
    """The endpoints over a loaded model."""
    app = FastAPI(
        title="Glassy Li",
        description="Will this lithium embryo stay glassy?",
        # The documentation pages would fetch scripts from the network; the schema needs none.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    questions = Questions(predictor)

    @app.post(
        "/v1/predict",
        responses={200: {"model": EmbryosReply}, 413: {"model": Refusal}, 422: {"model": Refusal}},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": published_schema(EmbryosRequest)}},
            }
        },
    )
    async def predict(request: Request) -> Response:
        """Outcome, survival and incubation of 1 to 256 designs."""
        question = parse(EmbryosRequest, await _body(request))
        reply = await questions.answer(question)
        return Response(reply.model_dump_json(), media_type="application/json")

    @app.get("/v1/model")
    async def model() -> dict[str, Any]:
        """Summary of the model card."""
        return predictor.package.summary()

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether questions can be asked."""
        return {"status": "ok"}

    _explain_errors(app)
    return app


async def _body(request: Request) -> bytes:
    """The request body, counted while it arrives: a chunked one does not say its length."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise too_large(len(body), MAX_BODY_BYTES)
    return bytes(body)


def _explain_errors(app: FastAPI) -> None:
    """Turn every exception into JSON here: what leaves the application becomes a traceback."""

    @app.exception_handler(RequestError)
    async def refused(_: Request, error: RequestError) -> Response:
        # ASCII: a client may have sent half of a surrogate pair, which is no UTF-8.
        content = json.dumps(error.refusal.model_dump(mode="python"), allow_nan=False)
        return Response(content, error.status, media_type="application/json")

    @app.exception_handler(MisuseError)
    async def misused(request: Request, error: MisuseError) -> Response:
        return await refused(request, unanswerable(str(error), "designs"))

    app.add_middleware(PlainFaults)
