"""A real browser before a real server: what every test of the explorer starts from."""

import os
import shutil
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

NEEDED: Final = os.environ.get("GLASSYLI_NEEDS_BROWSER") == "1"
"""Set where a browser must be there, as in `.ci/run`: without one the tests fail."""

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
"""Quiet, and with WebGL on machines without a graphics card."""

WITHOUT_WEBGL: Final = "--disable-3d-apis"

WIDE: Final = (1400, 900)
NARROW: Final = (390, 844)

ANSWER_MS: Final = 30_000
"""Longest wait for an answer: a busy machine is slow, a broken page is not an answer at all."""

ABOUT_STATUS: Final = "Failed to load resource: the server responded with a status of"
"""What Chromium says of every refusal, however well the page deals with it."""


def browser_path() -> str | None:
    """The browser of this machine, if there is one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Visit:
    """A tab, and all that went wrong or elsewhere in it.

    Attributes:
        url: Of the server.
        complaints: Errors of the console and of scripts.
        strangers: Requests to any other host.
        asked: Bodies of questions, by their path, in order.
    """

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    @classmethod
    def of(cls, context: BrowserContext, url: str) -> "Visit":
        visit = cls(context.new_page(), url)
        page = visit.page
        page.on("console", lambda message: visit._heard(message.type, message.text))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("request", visit._requested)
        return visit

    def open(self, address: str = "", view: str = "deposition") -> None:
        """Go there and wait for the answer of the view, where it has one."""
        self.page.goto(f"{self.url}/{address}")
        self.page.wait_for_selector(f"#{view}-view:not([hidden])")
        if view in {"deposition", "embryo"}:
            self.settle(view)

    def number(self, view: str) -> str:
        """The number in the headline of a view."""
        return self.page.inner_text(f"#{view}-view .number")

    def settle(self, view: str) -> None:
        """Wait until no question is under way and an answer is shown: a number, or that none is."""
        self.page.wait_for_function(
            """view => !document.querySelector("main").ariaBusy
                && /[0-9]|already ordered/.test(
                    document.querySelector(`#${view}-view .headline`).textContent)""",
            arg=view,
            timeout=ANSWER_MS,
        )

    def rest(self) -> None:
        """Wait until no question is under way."""
        self.page.wait_for_function("() => !document.querySelector('main').ariaBusy")

    def slide(self, view: str, name: str, value: float) -> None:
        """Move a slider as a hand does: the browser rounds to its steps and tells the page."""
        self.page.eval_on_selector(
            f"#{view}-view quantity-field[name={name}]",
            """(field, value) => {
                const slider = field.querySelector("input[type=range]");
                slider.value = field.getAttribute("scale") === "log" ? Math.log10(value) : value;
                slider.dispatchEvent(new Event("input", { bubbles: true }));
            }""",
            value,
        )

    def text(self, view: str, name: str) -> str:
        """What a field says."""
        return self.page.input_value(f"#{view}-view input[type=text][name={name}]")

    def last(self, path: str) -> Any:
        """The body of the last question to a path."""
        return [body for asked, body in self.asked if asked == path][-1]

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error" and not text.startswith(ABOUT_STATUS):
            self.complaints.append(text)

    def _requested(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and not request.url.startswith(f"{self.url}/"):
            self.strangers.append(request.url)
        if request.method == "POST":
            is_json = "json" in request.headers.get("content-type", "")
            self.asked.append((parts.path, request.post_data if is_json else None))


def new_context(browser: Browser, size: tuple[int, int], scheme: str = "light") -> BrowserContext:
    """A profile of its own: nothing is kept from other tests."""
    is_phone = size[0] < 600
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        is_mobile=is_phone,
        has_touch=is_phone,
    )
    context.set_default_timeout(ANSWER_MS)
    return context
