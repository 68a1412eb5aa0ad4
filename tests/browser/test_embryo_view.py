"""The embryo view, and the model card."""

import json

import pytest

from serve.models import model_path
from simulate.design import EmbryoDesign
from surrogate.predictor import Predictor

VIEW = "embryo"
PREDICT = "/v1/embryos/predict"


def shown(visit):
    return visit.number(VIEW), visit.page.inner_text(f"#{VIEW}-view .headline .interval")


def as_shown(prediction):
    low, high = prediction.p_crystalline_interval
    return f"{prediction.p_crystalline:.2f}", f"90 %: {low:.2f} to {high:.2f}"


@pytest.fixture(scope="module")
def predictor():
    return Predictor.load(model_path(None))


def rest(visit, road):
    """Wait for the last answer: of the full road the second one."""
    visit.settle(VIEW)
    if road == "full":
        visit.page.wait_for_selector("#embryo-view .sentence:has-text('freshly packed')")


def own(visit, predictor):
    """The model's own answer to the question that the page asked last."""
    body = json.loads(visit.last(PREDICT))
    designs = [EmbryoDesign.model_validate(each) for each in body["designs"]]
    (prediction,) = predictor.predict_designs(designs, body["horizon_ps"], body["road"])
    return prediction


@pytest.mark.parametrize("road", ["fast", "full"])
def test_numbers_are_the_models_own(visit, predictor, road):
    visit.open("#embryo", VIEW)
    before = shown(visit)
    visit.page.check(f"#embryo-view input[name=road][value={road}]")
    visit.page.check("#embryo-view input[name=mass_exchange][value=confined]")
    visit.slide(VIEW, "n_atoms", 180)
    rest(visit, road)
    prediction = own(visit, predictor)
    assert prediction.road == road
    assert shown(visit) == as_shown(prediction) != before
    outcomes = visit.page.inner_text("#embryo-view .key")
    assert f"{100 * prediction.survival.probability[-1]:.0f} % still disordered" in outcomes
    assert visit.page.locator("#embryo-view [data-out=survival] path").count() >= 3


def test_the_road_alone_changes_the_answer(visit, predictor):
    visit.open("#embryo", VIEW)
    rest(visit, "full")
    full = shown(visit)
    visit.page.check("#embryo-view input[name=road][value=fast]")
    visit.settle(VIEW)
    assert shown(visit) == as_shown(own(visit, predictor)) != full


def test_a_question_outside_the_data_says_so(visit, predictor):
    visit.open("#embryo", VIEW)
    assert visit.page.locator("#embryo-view .doubt").count() == 0
    visit.page.check("#embryo-view input[name=road][value=fast]")
    visit.page.fill("#embryo-view [name=n_atoms] input[type=text]", "20000")
    visit.page.wait_for_selector("#embryo-view .doubt")
    reasons = visit.page.text_content("#embryo-view .doubt")
    assert all(each in reasons for each in own(visit, predictor).applicability.reasons)


def test_a_share_that_is_not_reached_is_said_to_be_extrapolated(visit, predictor):
    visit.open("#embryo", VIEW)
    visit.page.check("#embryo-view input[name=road][value=fast]")
    visit.settle(VIEW)
    prediction = own(visit, predictor)
    assert prediction.incubation_ps["0.9"] is None
    assert prediction.incubation_ps_interval[1] is None
    rows = dict(
        visit.page.eval_on_selector_all(
            "#embryo-view [data-out=numbers] tr",
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))",
        )
    )
    late = rows["Nine tenths of such embryos ordered by"]
    assert late.startswith("not reached")
    assert "extrapolated beyond the hold" in late
    one = rows["One embryo orders"]
    assert "or not at all" in one
    assert "extrapolated beyond the hold" in one
    assert "never" not in " ".join(rows.values())


def test_a_leak_of_heat_has_its_own_field(visit, predictor):
    visit.open("#embryo", VIEW)
    field = visit.page.locator("#embryo-view quantity-field[name=energy_relaxation_ps]")
    assert not field.is_visible()
    visit.page.check("#embryo-view input[name=energy_exchange][value=partial]")
    rest(visit, "full")
    assert field.is_visible()
    assert shown(visit) == as_shown(own(visit, predictor))


def test_a_density_that_cannot_be_is_a_sentence(visit):
    visit.open("#embryo", VIEW)
    field = visit.page.locator("#embryo-view quantity-field[name=packing_density_g_cm3]")
    field.locator("input[type=text]").fill("3")
    field.locator(".complaint").wait_for(state="visible")
    assert "bulk" in field.locator(".complaint").inner_text()


def test_the_model_card_is_read_whole(visit, predictor):
    visit.open("#model", "model")
    visit.page.wait_for_selector("#model-view [data-out=card] table")
    said = " ".join(visit.page.inner_text("#model-view").split())
    assert predictor.package.label in said
    for line in ("## Limits", "## Scores", "## Data"):
        assert line in predictor.package.card_text
        assert line.removeprefix("## ") in said
    n_rows = sum(line.startswith("| ") for line in predictor.package.card_text.splitlines())
    n_rules = predictor.package.card_text.count("| --- | --- |\n") or 1
    assert visit.page.locator("#model-view [data-out=card] tr").count() >= n_rows - 4 * n_rules
