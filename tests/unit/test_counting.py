"""What `/metrics` counts when clients leave and replicas end."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from serve.endpoint.in_process import InProcess
from serve.endpoint.ingress import build_app
from serve.endpoint.ray_asker import forget_kept
from serve.endpoint.settings import ServerSettings
from serve.endpoint.tally import Tally
from simulate.settings import Settings

FAST = (
    b'{"designs": [{"n_atoms": 300, "packing_density_g_cm3": 0.0534, "mass_exchange": "open", '
    b'"energy_exchange": "open"}], "road": "fast"}'
)

Message = MutableMapping[str, Any]
Hear = Callable[[], Awaitable[Message]]


class NeverDone(InProcess):
    """As under a load that outlasts the client."""

    async def ask(self, kind: str, question: Settings, model: str | None) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError((kind, question, model))


def part(body: bytes, *, is_last: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": not is_last}


async def send_to(app: FastAPI, hear: Hear) -> list[Message]:
    """What is said to a client of whom only so much is heard."""
    said: list[Message] = []

    async def say(message: Message) -> None:
        said.append(message)

    path = "/v1/embryos/predict"
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip
    await app(scope, hear, say)
    return said


async def counted(app: FastAPI) -> list[str]:
    """Requests by route and status."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        text = (await client.get("/metrics")).text
    return [line for line in text.splitlines() if line.startswith("glassyli_requests_total{")]


EXPECTED = ['glassyli_requests_total{route="/v1/embryos/predict",status="499"} 1.0']


def test_who_leaves_while_it_sends_is_no_fault_of_the_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = build_app(InProcess({}), ServerSettings())
    heard = iter([part(FAST[:20], is_last=False), {"type": "http.disconnect"}])

    async def hear() -> Message:
        return next(heard)

    async def both() -> list[str]:
        assert await send_to(app, hear) == []
        return await counted(app)

    assert asyncio.run(both()) == EXPECTED
    assert "failed" not in caplog.text


def test_who_leaves_before_the_answer_is_no_fault_of_the_server() -> None:
    """Ray Serve cancels the request then."""
    app = build_app(NeverDone({}), ServerSettings())

    async def hear() -> Message:
        return part(FAST, is_last=True)

    async def both() -> list[str]:
        request = asyncio.create_task(send_to(app, hear))
        await asyncio.sleep(0.2)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        return await counted(app)

    assert asyncio.run(both()) == EXPECTED


def test_what_a_dead_replica_kept_is_gone_and_what_it_counted_is_not() -> None:
    tallies = {name: Tally(n_found=2, kept_bytes=100) for name in ("gone", "here")}
    forget_kept(tallies, {"here", "another"})
    assert tallies["gone"] == Tally(n_found=2, kept_bytes=0)
    assert tallies["here"] == Tally(n_found=2, kept_bytes=100)
