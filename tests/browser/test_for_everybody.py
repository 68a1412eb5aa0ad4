"""The page by keyboard, on a phone, in the dark, in time, and behind a key."""

import socket
import statistics
import threading
from pathlib import Path

import pytest
import uvicorn
from browsing import NARROW, WIDE, Visit, new_context

from serve.endpoint.in_process import InProcess
from serve.endpoint.ingress import build_app
from serve.endpoint.settings import ServerSettings
from serve.models import model_path
from surrogate.predictor import Predictor

VIEWS = ("deposition", "embryo", "structure", "model")

FIRST_PAINT_MS = 1000.0
UPDATE_MS = 300.0
MOST_VISITS = 12

LEAST_CONTRAST = 4.5


def script(name):
    """What is measured inside the page."""
    return Path(__file__).with_name(f"{name}.js").read_text()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("width", [320, 390])
def test_a_narrow_screen_needs_no_scrolling_aside(chromium, server, view, width):
    context = new_context(chromium, (width, 800))
    visit = Visit.of(context, server)
    visit.open(f"#{view}", view)
    visit.rest()
    wide = visit.page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert wide <= width
    assert visit.complaints == []


def test_on_a_phone_the_number_stays_in_sight(narrow):
    narrow.open()
    slider = narrow.page.locator("#deposition-view quantity-field[name=temperature_K]")
    slider.scroll_into_view_if_needed()
    narrow.page.mouse.wheel(0, 200)
    box = narrow.page.locator("#deposition-view .number").bounding_box()
    assert 0 <= box["y"] < NARROW[1] / 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_every_text_can_be_read(chromium, server, view, scheme):
    context = new_context(chromium, WIDE, scheme)
    visit = Visit.of(context, server)
    visit.open(f"#{view}", view)
    visit.rest()
    ratios = visit.page.evaluate(script("contrast"))
    ground = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
    context.close()
    assert len(ratios) > 20
    assert [each for each in ratios if each[0] < LEAST_CONTRAST] == []
    assert (ground == "rgb(18, 22, 29)") == (scheme == "dark")


def test_the_keyboard_alone_will_do(visit):
    visit.open()
    press = visit.page.keyboard.press

    def focused():
        return visit.page.evaluate(
            """() => {
                const { activeElement } = document;
                const name = activeElement.closest("quantity-field")?.getAttribute("name");
                return `${name}|${activeElement.type ?? activeElement.tagName}`;
            }"""
        )

    for _ in range(30):
        press("Tab")
        if focused() == "current_density_mA_cm2|range":
            break
    assert focused() == "current_density_mA_cm2|range"
    outline = visit.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    before = visit.number("deposition")
    for _ in range(60):
        press("ArrowRight")
    visit.settle("deposition")
    assert visit.number("deposition") != before
    # From the top: skip link, name, then the views.
    visit.page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    visit.page.focus("nav a[href='#embryo']")
    press("Enter")
    visit.settle("embryo")
    assert visit.page.get_attribute("nav a[href='#embryo']", "aria-current") == "page"


def test_what_changed_is_said_to_those_who_hear_the_page(visit):
    visit.open()
    visit.slide("deposition", "current_density_mA_cm2", 1.5)
    visit.settle("deposition")
    number = visit.number("deposition")
    visit.page.wait_for_function(
        "number => document.getElementById('spoken').textContent.includes(number)", arg=number
    )
    assert visit.page.get_attribute("#spoken", "aria-live") == "polite"


def test_every_field_has_a_name(visit):
    for view in VIEWS:
        visit.open(f"#{view}", view)
        nameless = visit.page.evaluate(
            """() => [...document.querySelectorAll("main article:not([hidden]) input, select")]
                .filter((each) => each.checkVisibility() && !each.labels?.length && !each.ariaLabel)
                .map((each) => each.outerHTML)"""
        )
        assert nameless == []


def test_it_is_there_at_once_and_follows_the_hand(chromium, server, record_property):
    paints, answers, updates = [], [], []
    # The best of several: other programs make a machine slow, never fast.
    while not paints or (
        len(paints) < MOST_VISITS
        and (max(min(paints), min(answers)) >= FIRST_PAINT_MS or min(updates) >= UPDATE_MS)
    ):
        context = new_context(chromium, WIDE)
        visit = Visit.of(context, server)
        visit.page.goto(server)
        answers.append(visit.page.evaluate(script("first_answer")))
        first = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        paints.append(visit.page.evaluate(first))
        visit.rest()
        updates += [visit.page.evaluate(script("update"), each) for each in (1.1, 0.3, 2.0, 0.8)]
        context.close()
    for name, found in (("paint", paints), ("answer", answers), ("update", updates)):
        record_property(f"{name}_ms", round(statistics.median(found)))
        print(f"{name}: median {statistics.median(found):.0f} ms, best {min(found):.0f} ms")
    assert min(paints) < FIRST_PAINT_MS
    assert min(answers) < FIRST_PAINT_MS
    assert min(updates) < UPDATE_MS


def test_a_server_with_a_key_asks_for_it(chromium, serve):
    url = serve(GLASSYLI_API_KEY="a key of this test")
    context = new_context(chromium, WIDE)
    visit = Visit.of(context, url)
    visit.page.goto(url)
    dialog = visit.page.locator("#key-dialog")
    dialog.wait_for(state="visible")
    visit.page.fill("#key", "another")
    visit.page.keyboard.press("Enter")
    visit.page.locator("#key-complaint").wait_for(state="visible")
    visit.page.fill("#key", "a key of this test")
    visit.page.keyboard.press("Enter")
    visit.settle("deposition")
    assert not dialog.is_visible()
    assert "$GLASSYLI_API_KEY" in visit.page.inner_text("#deposition-view .take code")
    assert "a key of this test" not in visit.page.content()
    context.close()
    assert visit.complaints == []


@pytest.fixture(scope="module")
def two_models():
    """A server of two names, in a thread."""
    predictor = Predictor.load(model_path(None))
    asker = InProcess({"first": predictor, "second": predictor})
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(build_app(asker, ServerSettings()), log_level="error")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        running.should_exit = True
        thread.join(timeout=30.0)


def test_a_late_answer_of_the_model_before_is_not_shown(chromium, two_models):
    context = new_context(chromium, WIDE)
    visit = Visit.of(context, two_models)
    visit.open()
    late = []

    def hold(route):
        late.append(route)

    visit.page.route(lambda url: url.endswith("/v1/model?model=second"), hold)
    visit.page.select_option("#model-choice", "second")
    with visit.page.expect_response(lambda reply: reply.url.endswith("/v1/model?model=first")):
        visit.page.select_option("#model-choice", "first")
    (route,) = late
    body = route.fetch().json()
    body["model"]["label"] = "too late"
    route.fulfill(json=body)
    visit.rest()
    label = visit.page.inner_text("#model-label")
    context.close()
    assert label not in {"", "too late"}
    assert visit.complaints == []


def test_another_model_can_be_chosen(chromium, two_models):
    context = new_context(chromium, WIDE)
    visit = Visit.of(context, two_models)
    visit.open()
    assert visit.last("/v1/deposition/predict")
    visit.page.select_option("#model-choice", "second")
    visit.rest()
    visit.slide("deposition", "current_density_mA_cm2", 1.5)
    with visit.page.expect_request(lambda request: "model=second" in request.url):
        visit.slide("deposition", "current_density_mA_cm2", 1.6)
    visit.settle("deposition")
    assert "?model=second" in visit.page.inner_text("#deposition-view .take code")
    context.close()
    assert visit.complaints == []
