"""A search as it is told: in a terminal, as a page, and by the command itself."""

import json
import re
from pathlib import Path

import pytest
from nucleation import NucleationModel

from serve.console import Console, ProgressBar
from serve.search_page import answer, write_search_page
from serve.search_plots import observed_share
from serve.search_view import show_search, tell_search
from surrogate.deposition.observations import OBSERVATIONS
from surrogate.search import sensitivity, surface
from surrogate.search.config import SearchConfig
from surrogate.search.result import SearchResult
from surrogate.search.run import run_search


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SearchResult]:
    """The same model asked for something, for a front, and for too much."""
    base = {
        "n_trials": 40,
        "max_clipped_share": 1.0,
        "min_capacity_mAh_cm2": 0.1,
        "current_density_mA_cm2": {"min": 0.1, "max": 5.0},
        "area_factor": {"min": 1.0, "max": 10.0},
    }
    asked = {
        "fast": base,
        "front": base | {"objective": "pareto", "sampler": "nsga2"},
        "too much": base | {"min_glassy_share": 0.999, "n_trials": 10, "also_maps": ()},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensitivity, "N_SOBOL", 8)
        patch.setattr(sensitivity, "N_OTHERS", 2)
        patch.setattr(surface, "N_CURRENTS", 5)
        patch.setattr(surface, "N_TIMES", 5)
        return {
            name: run_search(
                NucleationModel(rate_per_atom_ps=3e-5),
                SearchConfig.model_validate(each),
                tmp_path_factory.mktemp("search"),
            )
            for name, each in asked.items()
        }


def told(result: SearchResult, capfd: pytest.CaptureFixture[str]) -> str:
    tell_search(Console(), result)
    return capfd.readouterr().out


def test_the_terminal_tells_the_question_the_ranks_and_the_limits(
    found: dict[str, SearchResult], capfd: pytest.CaptureFixture[str]
) -> None:
    result = found["fast"]
    text = told(result, capfd)
    flat = " ".join(text.split())
    assert text.startswith("The fastest plating at a glassy share of at least 0.5")
    best = result.ranked[0]
    row = next(line for line in text.splitlines() if re.match(r" +1 ", line))
    assert f"{best.conditions.current_density_mA_cm2:.3g}" in row
    assert f"{best.glassy_share:.2f}" in row
    assert f"{best.p_enough:.2f}" in row
    for word in (
        "P(>= 0.5)",
        "overpotential",
        "Kendall's tau",
        "by 50 embryos",
        "Sobol'",
        "10 % off",
    ):
        assert word in flat
    assert "first guess" in flat
    map_rows = [line for line in text.splitlines() if " first guess " in line]
    assert len(map_rows) == 1 + len(result.under_maps)
    assert all(re.search(r"\d\.\d\d +- ", line) for line in map_rows if "feasible" not in line)
    assert "The sum does not count: potential, chance in a check by 50 embryos, minutes" in flat
    for sentence in (*result.limits, *result.notes, result.assumption):
        assert flat.count(" ".join(sentence.split())) == 1
    assert max(map(len, text.splitlines())) <= 120


def test_nothing_feasible_is_told_with_what_came_nearest(
    found: dict[str, SearchResult], capfd: pytest.CaptureFixture[str]
) -> None:
    result = found["too much"]
    assert result.least_violation is not None
    flat = " ".join(told(result, capfd).split())
    assert "Nothing is feasible." in flat
    assert result.least_violation.sentence in flat
    assert "(0.999 must be)" in answer(result)


@pytest.mark.parametrize("name", ["fast", "front", "too much"])
def test_the_page_is_whole_and_needs_nothing_else(
    found: dict[str, SearchResult], tmp_path: Path, name: str
) -> None:
    result = found[name]
    page = write_search_page(tmp_path / "search.html", result).read_text()
    assert answer(result) in page.replace("&#39;", "'").replace("&gt;", ">")
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert "<script" not in page
    n_figures = {"fast": 4, "front": 3, "too much": 4}[name]  # a front has no single history
    assert page.count("<svg role") == n_figures
    for limit in result.limits:
        assert limit.split(",")[0].replace("'", "&#39;") in page
    assert "undefined" not in page


def test_the_page_can_be_made_from_what_was_written(
    found: dict[str, SearchResult], tmp_path: Path
) -> None:
    result = found["fast"]
    again = SearchResult.model_validate(json.loads(result.model_dump_json()))
    assert again == result
    first, second = (
        write_search_page(tmp_path / name, each) for name, each in (("a", result), ("b", again))
    )
    assert first.read_text() == second.read_text()


def test_observations_are_drawn_in_the_middle_of_what_they_allow() -> None:
    of_name = {each.name: each for each in OBSERVATIONS}
    assert observed_share(of_name["1 mAh/cm2 at 2.5"]) == pytest.approx(0.2)
    assert observed_share(of_name["1 mAh/cm2 at 0.1"]) == pytest.approx(0.95)
    assert observed_share(of_name["2.5 for 1 min"]) == pytest.approx(0.25)
    assert observed_share(of_name["ribbons, baseline"]) is None


def test_times_of_a_thousand_minutes_are_told_in_full(
    found: dict[str, SearchResult], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = found["fast"]
    best = result.ranked[0]
    slow = best.conditions.model_copy(update={"deposition_time_min": 1197.0})
    ranked = (best.model_copy(update={"conditions": slow}),)
    changed = result.model_copy(update={"ranked": ranked})
    page = write_search_page(tmp_path / "search.html", changed).read_text()
    assert "<td>1200</td>" in page
    assert "1200 min" in answer(changed)
    row = next(line for line in told(changed, capfd).splitlines() if re.match(r" +1 ", line))
    assert " 1200 " in row


@pytest.mark.parametrize(
    ("n_outside_only", "said"),
    [(3, "only what was not simulated"), (0, "nothing glassy enough"), (None, "nothing feasible")],
)
def test_a_horizon_without_an_answer_says_why(
    found: dict[str, SearchResult],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    n_outside_only: int | None,
    said: str,
) -> None:
    update = {"best": None, "n_outside_only": n_outside_only}
    result = found["fast"]
    *others, last = result.horizon_checks
    changed = result.model_copy(
        update={"horizon_checks": (*others, last.model_copy(update=update))}
    )
    assert said in told(changed, capfd)
    assert said in write_search_page(tmp_path / "search.html", changed).read_text()


def test_the_bar_says_that_it_counts_the_trials_of_several_maps(
    capfd: pytest.CaptureFixture[str],
) -> None:
    console = Console()

    def shown(n_each: int) -> str:
        with ProgressBar(console, "search", n_each) as bar:
            show_search(bar, n_each, 400, 400, 0.0)
        return capfd.readouterr().err

    assert "400/400  2 maps of 200 trials each" in shown(200)
    assert "map" not in shown(400)
