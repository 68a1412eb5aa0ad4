"""One browser and one server for all tests of the explorer."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

START_S = 120.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.needs_browser)


@pytest.fixture(scope="session")
def chromium():
    """The real one; skipped with the reason where there is none, unless it is needed."""
    from browsing import ARGUMENTS, NEEDED, browser_path
    from playwright.sync_api import sync_playwright

    found = browser_path()
    if found is None:
        reason = "no Chromium is installed (Debian: apt-get install chromium)"
        if NEEDED:
            pytest.fail(f"{reason}, but GLASSYLI_NEEDS_BROWSER=1.")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory) -> Iterator[Callable[..., str]]:
    """Starts servers of the model that ships, in processes of their own; gives their address."""
    processes = []

    def start(**environment: str) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = tmp_path_factory.mktemp("server") / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "serve.endpoint.in_process", "--port", str(port)],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
            )
        processes.append(process)
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert process.poll() is None, log.read_text()
            try:
                if httpx.get(f"{url}/healthz", timeout=5.0).status_code == 200:
                    return url
            except httpx.TransportError:
                time.sleep(0.2)
        raise AssertionError(f"no answer within {START_S:g} s: {log.read_text()}")

    yield start
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(timeout=30.0)


@pytest.fixture(scope="session")
def server(serve) -> str:
    return serve()


@pytest.fixture
def visit(chromium, server):
    """A tab of its own; afterwards nothing may have gone wrong in it, or elsewhere."""
    from browsing import WIDE, Visit, new_context

    context = new_context(chromium, WIDE)
    visit = Visit.of(context, server)
    yield visit
    context.close()
    assert visit.complaints == []
    assert visit.strangers == []


@pytest.fixture
def narrow(chromium, server):
    from browsing import NARROW, Visit, new_context

    context = new_context(chromium, NARROW)
    visit = Visit.of(context, server)
    yield visit
    context.close()
    assert visit.complaints == []
    assert visit.strangers == []
