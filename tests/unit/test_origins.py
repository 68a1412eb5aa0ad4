"""Pages of other sites, and names that they give to this machine, get no answer."""

import asyncio

import httpx
import pytest

from serve.endpoint.in_process import InProcess
from serve.endpoint.ingress import build_app
from serve.endpoint.keys import digest
from serve.endpoint.settings import ServerSettings
from serve.messages.refusals import Refusal

HERE = "127.0.0.1:8000"


def ask(headers: dict[str, str], key: bytes | None = None, *, is_local: bool) -> httpx.Response:
    """A search as a page can send it: no header of its own, a body that is called plain text."""
    digested = None if key is None else digest(key)
    app = build_app(InProcess({}), ServerSettings(is_local=is_local), key_digest=digested)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://unnamed") as client:
            plain = {"Content-Type": "text/plain"} | headers
            return await client.post("/v1/embryos/predict", content=b"{}", headers=plain)

    return asyncio.run(send())


def refused_field(reply: httpx.Response) -> str:
    assert reply.status_code == 403
    (error,) = Refusal.model_validate(reply.json()).detail
    return error.field


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "http://127.0.0.1:9000",
        "http://localhost:8000",
        "http://[",
    ],
)
@pytest.mark.parametrize("is_local", [True, False])
def test_pages_of_other_sites_are_refused(origin: str, is_local: bool) -> None:  # noqa: FBT001
    reply = ask({"Host": HERE, "Origin": origin}, is_local=is_local)
    assert refused_field(reply) == "Origin"


@pytest.mark.parametrize("host", [HERE, "localhost:8000", "[::1]:8000", "LOCALHOST", "127.0.0.2"])
def test_programs_and_the_servers_own_page_are_answered(host: str) -> None:
    for headers in ({}, {"Origin": f"http://{host}"}):
        assert ask({"Host": host} | headers, is_local=True).status_code == 422


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "["]
)
def test_a_foreign_name_for_this_machine_is_refused(host: str) -> None:
    rebound = {"Host": host, "Origin": f"http://{host}"}
    assert refused_field(ask(rebound, is_local=True)) == "Host"


def test_other_machines_ask_by_name_and_a_key_is_proof_enough() -> None:
    named = {"Host": "lab.example", "Origin": "https://lab.example"}
    assert ask(named, is_local=False).status_code == 422
    shown = named | {"X-API-Key": "secret"}
    assert ask(shown, key=b"secret", is_local=True).status_code == 422
