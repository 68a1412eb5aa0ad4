import asyncio

import httpx
import pytest
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.faults import OUR_FAULT, PlainFaults
from serve.messages.refusals import Refusal

OURS_ALONE = "/home/someone/model is broken"


async def raises(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    raise ValueError(OURS_ALONE, scope["path"], send)


async def says_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    pass


def answer(app: ASGIApp) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=PlainFaults(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get("/v1/model")

    return asyncio.run(ask())


def sentence(found: httpx.Response) -> str:
    """What is said, in the form of every refusal."""
    (error,) = Refusal.model_validate(found.json()).detail
    return error.message


@pytest.mark.parametrize("app", [raises, PlainTextResponse(OURS_ALONE, 500)])
def test_a_fault_leaves_as_one_json_sentence(app: ASGIApp) -> None:
    found = answer(app)
    assert found.status_code == 500
    assert sentence(found) == OUR_FAULT


def test_what_was_lost_on_the_way_may_be_asked_again() -> None:
    found = answer(says_nothing)
    assert found.status_code == 503
    assert sentence(found) == OUR_FAULT
    assert int(found.headers["retry-after"]) > 0


def test_a_busy_server_says_when_to_come_back() -> None:
    found = answer(PlainTextResponse("queue 7 of worker 9 is full", 503))
    assert sentence(found) == OUR_FAULT
    assert int(found.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "app", [PlainTextResponse("fine"), PlainTextResponse("no", 404), JSONResponse({"a": 1}, 503)]
)
def test_other_answers_pass_unchanged(app: PlainTextResponse | JSONResponse) -> None:
    found = answer(app)
    assert (found.status_code, found.content) == (app.status_code, app.body)
