"""The page by keyboard, on a phone, in the dark, in time, and behind a key."""

import statistics

import pytest
from browsing import NARROW, WIDE, Visit, new_context

VIEWS = ("deposition", "embryo", "structure", "model")

FIRST_PAINT_MS = 1000.0
UPDATE_MS = 300.0

CONTRAST = """() => {
  const channels = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((channel) => {
      const part = channel / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = channels(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.5) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const said = walker.currentNode.textContent.trim();
    const box = element.getBoundingClientRect();
    const isOnPicture = element.closest("[class^=on-]");
    if (!said || box.width < 2 || element.closest("noscript, [hidden], script, style, title") || isOnPicture) continue;
    const style = getComputedStyle(element);
    if (style.visibility === "hidden") continue;
    const ink = channels(element instanceof SVGElement ? style.fill : style.color);
    const [light, dark] = [luminance(ink), luminance(ground(element))].sort((a, b) => b - a);
    found.push([(light + 0.05) / (dark + 0.05), said.slice(0, 40)]);
  }
  return found;
}"""
"""Ratio of each text to its ground by WCAG 2.2, but for numbers on the coloured map."""

LEAST_CONTRAST = 4.5


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
    ratios = visit.page.evaluate(CONTRAST)
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
            "() => { const e = document.activeElement;"
            " return e.closest('quantity-field')?.getAttribute('name') + '|' + (e.type ?? e.tagName); }"
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
    for _ in range(3):
        context = new_context(chromium, WIDE)
        page = context.new_page()
        page.goto(server)
        answers.append(
            page.evaluate("""() => new Promise((resolve) => {
                const look = () => document.querySelector("#deposition-view .number").textContent !== "–"
                    ? resolve(performance.now()) : requestAnimationFrame(look);
                look();
            })""")
        )
        paints.append(
            page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        )
        page.wait_for_function("() => !document.querySelector('main').ariaBusy")
        for current in (1.1, 0.3, 2.0, 0.8):
            updates.append(
                page.evaluate(
                    """(current) => new Promise((resolve) => {
                        const out = document.querySelector("#deposition-view .number");
                        const slider = document.querySelector("#deposition-view [name=current_density_mA_cm2] input[type=range]");
                        const start = performance.now();
                        new MutationObserver((_, observer) => {
                            observer.disconnect();
                            requestAnimationFrame(() => resolve(performance.now() - start));
                        }).observe(out, { childList: true, characterData: true, subtree: true });
                        slider.value = Math.log10(current);
                        slider.dispatchEvent(new Event("input", { bubbles: true }));
                    })""",
                    current,
                )
            )
        context.close()
    for name, found in (("paint", paints), ("answer", answers), ("update", updates)):
        record_property(f"{name}_ms", round(statistics.median(found)))
        print(f"{name}: median {statistics.median(found):.0f} ms, best {min(found):.0f} ms")  # noqa: T201
    # The best of several: other programs make a machine slow, never fast.
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
