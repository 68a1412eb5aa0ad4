"""`glassyli map`: what it shows, what it keeps, and what it refuses before anything is loaded."""

import json
from pathlib import Path

import pytest
from command_line import glassyli
from nucleation import WaitingModel

from serve.map_plots import write_fit_figure
from surrogate.deposition.bridge import HorizonBridge
from surrogate.deposition.fitting import calibrated, write_calibrated_map
from surrogate.deposition.paper_map import PaperMap
from surrogate.deposition.registry import DEPOSITION_MAPS, CalibratedMap


@pytest.fixture(scope="module")
def kept() -> CalibratedMap:
    return calibrated(WaitingModel(n_members=2), PaperMap(), HorizonBridge(horizon_ps=250.0))


def test_every_map_is_shown_with_its_assumption_and_its_priors() -> None:
    shown = glassyli("map", "show").stdout
    for found in DEPOSITION_MAPS.values():
        assert found.source in shown
        for each in found.parameters():
            assert each.meaning in shown
    assert "were calibrated to the paper's observations" in shown
    assert "uncalibrated first guess" in shown
    assert shown.splitlines()[-1].startswith("next: glassyli map fit")


def test_machines_get_a_map_a_line() -> None:
    lines = [json.loads(line) for line in glassyli("map", "show", "--json").stdout.splitlines()]
    assert [each["name"] for each in lines] == list(DEPOSITION_MAPS)
    assert {p["name"] for p in lines[0]["parameters"]} == set(PaperMap().values)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("fit", "magic"), "must be one of paper, overpotential"),
        (("show", "nowhere.json"), "or the file of a calibrated map"),
        (("fit", "paper", "--horizon-ps", "-1"), "greater than 0"),
        (("fit", "paper", "--bridge", "growth", "--horizon-ps", "5"), "--bridge horizon"),
        (("fit", "paper", "--slowdown", "5"), "--bridge growth"),
        (("fit", "paper", "--bridge", "growth", "--slowdown", "0"), "greater than or equal to 0.0"),
        (("fit", "paper", "--horizon-ps", "1e6"), "100 times the longest hold"),
        (("compare", "--horizons-ps", "100,1e6"), "100 times the longest hold"),
        (("compare", "--horizons-ps", "soon"), "numbers with commas"),
        (("fit", "paper", "--model", "nowhere"), "model package"),
    ],
)
def test_what_cannot_be_asked_is_said_with_the_remedy(asked: tuple[str, ...], said: str) -> None:
    ended = glassyli("map", *asked)
    assert ended.returncode in (1, 2)
    assert said in ended.stderr
    assert ended.stdout == ""


def test_a_map_of_another_model_is_not_shown_as_if_it_were_of_this_one(
    kept: CalibratedMap, tmp_path: Path
) -> None:
    path = tmp_path / "map.json"
    write_calibrated_map(path, kept)
    ended = glassyli("map", "show", str(path))
    assert ended.returncode == 2
    assert "calibrated with, closed-form, but reference" in ended.stderr


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_figure_of_a_fit_is_drawn(kept: CalibratedMap, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"fit.{suffix}"
    priors = {each.name: each.prior for each in kept.deposition_map.parameters()}
    write_fit_figure(path, kept.fit, priors)
    assert path.stat().st_size > 10_000
    if suffix == "svg":
        text = path.read_text()
        for observation in kept.fit.observations:
            assert observation.name in text
        assert "crystalline share" in text
        assert "place within the prior" in text


@pytest.mark.slow
def test_a_fit_is_kept_shown_and_the_same_again(tmp_path: Path) -> None:
    ended = glassyli("map", "fit", "paper", "--horizon-ps", "250", "--out", str(tmp_path), "--json")
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    kept = CalibratedMap.model_validate(answer)
    assert json.loads((tmp_path / "map.json").read_text()) == answer
    assert (tmp_path / "fit.png").stat().st_size > 10_000
    shown = glassyli("map", "show", str(tmp_path / "map.json")).stdout
    assert kept.fit.verdict in shown
    assert "next" not in ended.stdout
    shipped = CalibratedMap.model_validate_json(
        (Path("surrogate/deposition/calibrated/paper.json")).read_bytes()
    )
    assert kept.fit.log_evidence == pytest.approx(shipped.fit.log_evidence, abs=0.05)
    assert kept.deposition_map.values == pytest.approx(shipped.deposition_map.values, rel=0.05)


def test_help_says_how_long_a_fit_takes_and_that_its_horizon_is_not_that_which_ships() -> None:
    said = " ".join(glassyli("map", "fit", "--help").stdout.split())
    assert "A quarter of a minute." in said
    assert "Default: the model's hold; the map that ships is of 250." in said
