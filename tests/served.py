"""Real servers of the tests, without Ray: in a thread behind a socket, or asked in this process."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from serve.endpoint.in_process import InProcess
from serve.endpoint.ingress import build_app
from serve.endpoint.settings import ServerSettings
from serve.searches.asking import InProcessSearches
from serve.searches.jobs import SearchJobs
from serve.searches.settings import SearchSettings
from surrogate.predictor import Predictor

START_S = 30.0

Ask = Callable[..., httpx.Response]
"""Method, path, and what else `httpx` takes."""


@dataclass(frozen=True)
class Served:
    """A server, and the model that it asks.

    Attributes:
        package: Folder of the model package.
    """

    url: str
    app: FastAPI
    package: Path
    predictor: Predictor


@contextmanager
def served_package(package: Path, settings: ServerSettings | None = None) -> Iterator[Served]:
    """Serve a package until the block ends."""
    predictor = Predictor.load(package)
    name = predictor.package.name
    with TemporaryDirectory() as folder:
        searches = SearchJobs({name: str(package)}, SearchSettings(folder=folder, waiting=2))
        app = build_app(
            InProcess({name: predictor}),
            settings or ServerSettings(is_local=True),
            InProcessSearches(searches),
        )
        with listening(app) as url:
            yield Served(url, app, package, predictor)
        searches.close()


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The address of an application that listens on a free port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + START_S
        while not server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(START_S)


def asked_here(app: FastAPI) -> Ask:
    """Requests to an application in this process, no socket between."""

    def ask(method: str, path: str, **request: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                return await client.request(method, path, **request)

        return asyncio.run(send())

    return ask
