"""A browser for each file of tests, and one server for all of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from browsing import ARGUMENTS, NARROW, NEEDED, WIDE, Visit, browser_path, new_context
from playwright.sync_api import Browser, sync_playwright
from serving import running_server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.needs_browser)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The real one; skipped with the reason where there is none, unless it is needed.

    It ends with its file: while Playwright runs, so does its event loop, and no test after it could
    run one of its own.
    """
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
    """Starts servers with an environment of their own; gives their address."""
    with ExitStack() as running:
        yield lambda **environment: running.enter_context(
            running_server(tmp_path_factory.mktemp("server"), **environment)
        )


@pytest.fixture(scope="session")
def server(serve) -> str:
    return serve()


@contextmanager
def visiting(browser: Browser, url: str, size: tuple[int, int]) -> Iterator[Visit]:
    """A tab of its own; afterwards nothing may have gone wrong in it, or elsewhere."""
    context = new_context(browser, size)
    visit = Visit.of(context, url)
    yield visit
    context.close()
    assert visit.complaints == []
    assert visit.strangers == []


@pytest.fixture
def visit(chromium, server):
    with visiting(chromium, server, WIDE) as visit:
        yield visit


@pytest.fixture
def narrow(chromium, server):
    with visiting(chromium, server, NARROW) as visit:
        yield visit
