"""The deposition view: numbers are the model's own, and the last move wins."""

import json
import shutil
import subprocess

import httpx
import pytest

from serve.models import model_path
from surrogate.deposition.answer import deposition_answer
from surrogate.deposition.question import DepositionQuestion
from surrogate.predictor import Predictor

VIEW = "deposition"
PREDICT = "/v1/deposition/predict"


@pytest.fixture(scope="module")
def predictor():
    return Predictor.load(model_path(None))


def answered(visit):
    """What the server says to the question that the page asked last."""
    reply = httpx.post(f"{visit.url}{PREDICT}", content=visit.last(PREDICT), timeout=60.0)
    assert reply.status_code == 200
    return reply.json()


def shown(visit):
    return visit.number(VIEW), visit.page.inner_text(f"#{VIEW}-view .headline .interval")


def plating(visit):
    return visit.text(VIEW, "deposition_time_min"), visit.text(VIEW, "capacity_mAh_cm2")


def as_shown(forecast):
    low, high = forecast["glassy_share_interval"]
    return f"{forecast['glassy_share']:.2f}", f"90 %: {low:.2f} to {high:.2f}"


def test_it_opens_with_a_real_answer(visit):
    visit.open()
    reply = answered(visit)
    assert shown(visit) == as_shown(reply["forecasts"][0])
    (conditions,) = json.loads(visit.last(PREDICT))["conditions"]
    assert conditions["current_density_mA_cm2"] == 0.5
    assert conditions["capacity_mAh_cm2"] == 1
    grounds = visit.page.inner_text(f"#{VIEW}-view")
    label = visit.page.inner_text(f"#{VIEW}-view .headline .what")
    horizon_ps = reply["bridge"]["horizon_ps"]
    assert f"still disordered {horizon_ps:g} ps after the quench" in label
    assert "mostly an undercooled liquid" in label
    for sentence in (reply["deposition_map"]["said"], *reply["limits"]):
        assert sentence in grounds
    assert visit.page.locator(f"#{VIEW}-view .seen").count() >= 7


@pytest.mark.parametrize(
    ("name", "value"),
    [("current_density_mA_cm2", 1.2), ("temperature_K", 280.0), ("area_factor", 3.0)],
)
def test_a_moved_slider_changes_the_number_to_the_models_own(visit, predictor, name, value):
    visit.open()
    before = shown(visit)
    visit.slide(VIEW, name, value)
    visit.settle(VIEW)
    assert float(visit.text(VIEW, name)) == pytest.approx(value, rel=0.02)
    assert shown(visit) != before
    assert shown(visit) == as_shown(answered(visit)["forecasts"][0])
    question = DepositionQuestion.model_validate(json.loads(visit.last(PREDICT)))
    (forecast,) = deposition_answer(predictor, question).forecasts
    assert shown(visit) == as_shown(forecast.model_dump())


def test_time_and_capacity_follow_each_other(visit):
    visit.open()
    assert plating(visit) == ("120", "1")
    visit.slide(VIEW, "current_density_mA_cm2", 1.0)
    assert plating(visit) == ("60", "1")
    visit.page.fill("#deposition-view [name=deposition_time_min] input[type=text]", "30")
    assert plating(visit) == ("30", "0.5")
    visit.slide(VIEW, "current_density_mA_cm2", 2.0)
    assert plating(visit) == ("30", "1")
    visit.settle(VIEW)
    (conditions,) = json.loads(visit.last(PREDICT))["conditions"]
    assert conditions["deposition_time_min"] == 30
    assert "capacity_mAh_cm2" not in conditions


def test_of_many_moves_the_last_one_wins(visit):
    visit.open()
    n_before = len(visit.asked)
    for step in range(40):
        visit.slide(VIEW, "current_density_mA_cm2", 0.1 * 1.1**step)
    visit.slide(VIEW, "current_density_mA_cm2", 0.8)
    visit.settle(VIEW)
    assert json.loads(visit.last(PREDICT))["conditions"][0][
        "current_density_mA_cm2"
    ] == pytest.approx(0.8, rel=0.01)
    assert shown(visit) == as_shown(answered(visit)["forecasts"][0])
    # Questions that nobody waits for any more are not asked.
    assert len(visit.asked) - n_before < 40


def test_what_the_server_refuses_stands_beside_its_field(visit):
    visit.open()
    field = visit.page.locator("#deposition-view quantity-field[name=current_density_mA_cm2]")
    field.locator("input[type=text]").fill("500")
    complaint = field.locator(".complaint")
    complaint.wait_for(state="visible")
    refusal = httpx.post(f"{visit.url}{PREDICT}", content=visit.last(PREDICT), timeout=60.0)
    assert refusal.status_code == 422
    said = refusal.json()["detail"][0]["message"]
    assert complaint.inner_text() == said.replace("conditions[0].", "")
    assert field.locator("input[type=text]").get_attribute("aria-invalid") == "true"
    # What stands there answers another question.
    take = visit.page.locator(f"#{VIEW}-view .take")
    assert not take.is_visible()
    assert (
        float(
            visit.page.eval_on_selector(
                f"#{VIEW}-view .headline", "each => getComputedStyle(each).opacity"
            )
        )
        < 0.5
    )
    field.locator("input[type=text]").fill("0.7")
    complaint.wait_for(state="hidden")
    assert take.is_visible()
    visit.settle(VIEW)
    assert shown(visit) == as_shown(answered(visit)["forecasts"][0])


@pytest.mark.parametrize("nonsense", ["", "fast", "-1", "1e999"])
def test_nonsense_is_a_sentence_and_no_fault(visit, nonsense):
    visit.open()
    field = visit.page.locator("#deposition-view quantity-field[name=temperature_K]")
    field.locator("input[type=text]").fill(nonsense)
    field.locator(".complaint").wait_for(state="visible")
    said = field.locator(".complaint").inner_text()
    assert "temperature_K" in said
    assert "null °C" not in said


def test_degrees_celsius_are_told_in_kelvin(visit):
    visit.open()
    field = visit.page.locator("#deposition-view quantity-field[name=temperature_K]")
    field.locator("input[type=text]").fill("25")
    field.locator(".complaint").wait_for(state="visible")
    assert "25 °C are 298 K" in field.locator(".complaint").inner_text()


def test_the_assumption_can_be_switched_and_is_named(visit):
    visit.open()
    before = shown(visit)
    visit.page.check("#deposition-view input[name=deposition_map][value=overpotential]")
    visit.settle(VIEW)
    reply = answered(visit)
    assert reply["deposition_map"]["name"] == "overpotential"
    assert shown(visit) == as_shown(reply["forecasts"][0]) != before
    visit.page.click("#deposition-view summary:has-text('assumes')")
    assert reply["deposition_map"]["assumption"] in visit.page.inner_text("#deposition-view")
    assert "first guess" in visit.page.inner_text("#deposition-view .doubt")
    visit.page.select_option("#clock", "growth")
    visit.settle(VIEW)
    assert answered(visit)["bridge"]["kind"] == "growth"


def test_the_map_answers_the_question_of_the_number(visit):
    visit.open()
    points = f"#{VIEW}-view [data-out=map] canvas"
    before = visit.page.get_attribute(points, "width")
    visit.page.select_option("#clock", "growth")
    visit.settle(VIEW)
    body = json.loads(visit.last("/v1/deposition/surface"))
    assert body["bridge"] == {"kind": "growth"}
    assert visit.page.get_attribute(points, "width") != before
    assert not visit.page.locator("[data-out=map-trouble]").is_visible()


def test_what_is_extrapolated_is_hatched(visit):
    visit.open()
    (surface,) = (body for path, body in visit.asked if path == "/v1/deposition/surface")
    surface = json.loads(surface)
    ends = [surface[axis]["max"] for axis in ("current_density_mA_cm2", "deposition_time_min")]
    assert ends[0] * ends[1] / 60.0 <= 100.0
    reply = httpx.post(f"{visit.url}/v1/deposition/surface", json=surface, timeout=60.0).json()
    legend = visit.page.inner_text(f"#{VIEW}-view [data-out=legend]")
    hatch = visit.page.locator(f"#{VIEW}-view .hatch")
    assert max(max(row) for row in reply["clipped_share"]) > 0.05
    assert "Hatched: more than 5 %" in legend
    assert "z" in hatch.get_attribute("d")
    points = visit.page.locator(f"#{VIEW}-view [data-out=map] canvas")
    points.scroll_into_view_if_needed()
    box = points.bounding_box()
    for place, row, column in (((2, 2), -1, 0), ((box["width"] - 2, box["height"] - 2), 0, -1)):
        visit.page.mouse.move(box["x"] + place[0], box["y"] + place[1])
        is_said = "outside what was simulated" in visit.page.inner_text(
            f"#{VIEW}-view [data-out=readout]"
        )
        assert is_said == (reply["clipped_share"][row][column] > 0.05)


def test_a_map_that_fails_leaves_nothing_standing(visit):
    visit.open()
    fails = True
    visit.page.route(
        "**/v1/deposition/surface*",
        lambda route: (
            route.fulfill(status=500, json={"detail": "The map broke."})
            if fails
            else route.continue_()
        ),
    )
    visit.slide(VIEW, "temperature_K", 285.0)
    trouble = visit.page.locator("[data-out=map-trouble]")
    trouble.wait_for(state="visible")
    visit.settle(VIEW)
    assert trouble.inner_text() == "No map: The map broke."
    assert visit.page.locator(f"#{VIEW}-view [data-out=map] > *").count() == 0
    # The number beside it is none the worse.
    assert shown(visit) == as_shown(answered(visit)["forecasts"][0])
    assert not visit.page.locator("#trouble").is_visible()
    fails = False
    visit.slide(VIEW, "temperature_K", 290.0)
    trouble.wait_for(state="hidden")
    assert visit.page.locator(f"#{VIEW}-view [data-out=map] canvas").count() == 1


def test_a_click_on_what_the_paper_saw_goes_there(visit):
    visit.open()
    visit.page.locator("#deposition-view .seen").last.click()
    visit.settle(VIEW)
    assert visit.text(VIEW, "current_density_mA_cm2") == "2.5"
    assert visit.text(VIEW, "deposition_time_min") == "24"


def test_only_shares_the_paper_names_colour_a_disc(visit):
    visit.open()
    reply = httpx.get(f"{visit.url}/v1/deposition/maps", timeout=60.0).json()
    named = {
        each["seen"]: each["crystalline_share"]
        for each in reply["observations"]
        if each["crystalline_share"] is not None
    }
    discs = visit.page.eval_on_selector_all(
        f"#{VIEW}-view .seen",
        """marks => marks.map(mark => [
            mark.ariaLabel,
            mark.querySelector(".disc").getAttribute("fill"),
            mark.querySelectorAll(".half").length,
        ])""",
    )
    filled = [label for label, fill, _ in discs if fill != "#ffffff"]
    assert len(filled) == len(named) == 2
    assert all(any(seen in label for seen in named) for label in filled)
    (of_5_nm,) = (each for each in discs if "domains of 5 nm" in each[0])
    assert of_5_nm[1:] == ["#ffffff", 2]
    (of_50_nm,) = (each for each in discs if "for 20 min" in each[0])
    assert of_50_nm[1:] == ["#ffffff", 0]
    legend = visit.page.inner_text(f"#{VIEW}-view [data-out=legend]")
    assert "room temperature, flat collector, baseline electrolyte" in legend


def test_what_a_share_of_the_paper_is_a_share_of_is_said(visit):
    visit.open()
    sights = visit.page.inner_text(f"#{VIEW}-view [data-out=sights]")
    (both,) = (each for each in sights.splitlines() if "ribbons" in each)
    assert "about 30 % crystalline (share of the area)" in both
    assert "48.4 % glassy (ribbons without a lattice)" in both
    assert "mostly amorphous (" not in sights
    mark = visit.page.locator(f"#{VIEW}-view .seen[aria-label*=ribbons]")
    assert "48.4 % glassy (ribbons without a lattice, Fig. 5)" in mark.get_attribute("aria-label")
    legend = visit.page.inner_text(f"#{VIEW}-view [data-out=legend]")
    assert "A share of ribbons is none of the area" in legend


def test_the_line_of_a_chosen_share_moves(visit):
    visit.open()
    line = visit.page.locator("#deposition-view .share-line")
    before = line.get_attribute("d")
    visit.page.fill("#line", "0.8")
    assert line.get_attribute("d") != before


def test_a_link_brings_back_what_was_asked(visit):
    visit.open()
    visit.slide(VIEW, "current_density_mA_cm2", 1.7)
    visit.page.check("#deposition-view input[name=electrolyte][value=advanced]")
    visit.settle(VIEW)
    visit.page.wait_for_function("() => location.hash.includes('advanced')")
    address = visit.page.evaluate("location.hash")
    expected = shown(visit), visit.last(PREDICT)
    visit.page.goto("about:blank")
    visit.open(address)
    assert (shown(visit), visit.last(PREDICT)) == expected


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_line_asks_the_same(visit):
    visit.open()
    line = visit.page.inner_text("#deposition-view .take code")
    said = subprocess.run(
        ["bash", "-c", line], capture_output=True, check=True, timeout=60.0
    ).stdout
    assert json.loads(said) == answered(visit)


def test_what_is_copied_is_the_answer(visit):
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=visit.url)
    visit.open()
    visit.page.click("#deposition-view .take button:has-text('answer')")
    visit.page.wait_for_selector("#deposition-view .take button:has-text('Copied')")
    assert json.loads(visit.page.evaluate("navigator.clipboard.readText()")) == answered(visit)


def test_a_search_answers_and_its_best_conditions_can_be_shown(visit):
    visit.open()
    visit.page.fill("#search [name=n_trials]", "30")
    visit.page.click("#search button[type=submit]")
    visit.page.wait_for_selector("#search table", timeout=240_000)
    row = visit.page.locator("#search tbody tr").first
    current = row.locator("td").nth(1).inner_text()
    row.locator("button").click()
    visit.settle(VIEW)
    assert visit.text(VIEW, "current_density_mA_cm2") == current
    assert "30 trials are few" in visit.page.inner_text("#search")
    # A page that is loaded anew shows the search of its tab again.
    table = visit.page.inner_text("#search table")
    visit.page.reload()
    visit.page.wait_for_selector("#search table")
    assert visit.page.inner_text("#search table") == table


def test_a_search_is_followed_through_errors_and_can_be_cancelled(visit):
    visit.open()
    n_failed = 0

    def fail_once(route):
        nonlocal n_failed
        if route.request.method == "GET" and n_failed == 0:
            n_failed += 1
            route.fulfill(status=500, json={"detail": "The poll broke."})
        else:
            route.continue_()

    visit.page.route("**/v1/deposition/search/*", fail_once)
    visit.page.fill("#search [name=n_trials]", "1000")
    visit.page.click("#search button[type=submit]")
    visit.page.wait_for_selector("#search .complaint:has-text('The poll broke.')")
    cancel = visit.page.locator("#search [data-do=cancel]")
    visit.page.wait_for_selector("#search progress")
    assert cancel.is_visible()
    cancel.click()
    visit.page.wait_for_selector("#search [data-out=progress]:has-text('Cancelled.')")
    assert n_failed == 1


def test_a_refused_search_is_a_sentence(visit):
    visit.open()
    visit.page.fill("#search [name=confidence]", "0.1")
    visit.page.click("#search button[type=submit]")
    complaint = visit.page.locator("#search .complaint")
    complaint.wait_for(state="visible")
    assert "confidence" in complaint.inner_text()
