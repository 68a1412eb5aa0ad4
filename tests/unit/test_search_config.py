"""Questions that can be asked of a search, and those that are refused before anything is tried."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from simulate.errors import MisuseError
from surrogate.search.config import SearchConfig, read_search_config
from surrogate.search.space import Bounds, bounds_from_flags


def refused(**values: object) -> str:
    with pytest.raises(ValidationError) as caught:
        SearchConfig.model_validate(values)
    return str(caught.value)


def test_the_usual_question_asks_for_most_of_a_useful_deposit() -> None:
    usual = SearchConfig()
    assert usual.objective == "fastest_plating"
    assert (usual.least_share, usual.confidence, usual.min_capacity_mAh_cm2) == (0.5, 0.9, 1.0)
    assert SearchConfig(objective="glassy_share").least_share is None
    assert SearchConfig(objective="glassy_share", min_glassy_share=0.3).least_share == 0.3


def test_every_map_is_asked_and_the_one_named_leads() -> None:
    assert SearchConfig().maps == ("paper", "overpotential")
    assert SearchConfig(deposition_map="overpotential").maps == ("overpotential", "paper")
    assert SearchConfig(also_maps=()).maps == ("paper",)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"current_density_mA_cm2": {"min": 5.0, "max": 0.1}}, "min <= max"),
        ({"current_density_mA_cm2": {"min": 0.001, "max": 0.1}}, "greater than or equal to 0.02"),
        ({"temperature_K": 30.0}, "greater than or equal to 100"),
        ({"capacity_mAh_cm2": 1.0, "deposition_time_min": 5.0}, "at most one"),
        ({"electrolyte": "advanced", "openness": 0.2}, "at most one"),
        ({"horizon_ps": 500.0, "bridge": {"kind": "growth"}}, "at most one"),
        ({"sampler": "annealing"}, "tpe"),
        ({"objective": "cheapest"}, "fastest_plating"),
        ({"sampler": "nsga2"}, "needs several objectives"),
        ({"confidence": 1.0}, "less than 1"),
        ({"min_glassy_share": 1.5}, "less than 1"),
        ({"n_trials": 0}, "n_trials"),
        (
            {"current_density_mA_cm2": 0.1, "deposition_time_min": {"min": 1, "max": 60}},
            "at most 0.1 mAh/cm2 and 1 are asked for",
        ),
        ({"capacity_mAh_cm2": 0.5}, "at most 0.5 mAh/cm2"),
        (
            {"capacity_mAh_cm2": {"min": 0.001, "max": 1.0}, "current_density_mA_cm2": 10.0},
            "must be plated within 0.1 to 6000 min",
        ),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(values: dict[str, object], said: str) -> None:
    assert said in refused(**values)


def test_nsga2_fits_a_front() -> None:
    assert SearchConfig(sampler="nsga2", objective="pareto").sampler == "nsga2"


def test_a_capacity_at_the_least_one_is_reachable() -> None:
    config = SearchConfig.model_validate({"capacity_mAh_cm2": 1.0})
    conditions = config.conditions({"current_density_mA_cm2": 0.7})
    assert conditions.capacity_mAh_cm2 == pytest.approx(1.0)
    assert conditions.deposition_time_min == pytest.approx(60.0 / 0.7)


def test_flags_replace_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "search.yaml"
    path.write_text(json.dumps({"temperature_K": 310.0, "deposition_time_min": 30.0, "seed": 4}))
    flags = bounds_from_flags(
        ["temperature_K=290", "capacity_mAh_cm2=1"], ["current_density_mA_cm2=0.1:5"]
    )
    config = read_search_config(path, n_trials=7, seed=None, **flags)
    assert config.temperature_K == Bounds(min=290.0, max=290.0)
    assert config.current_density_mA_cm2 == Bounds(min=0.1, max=5.0)
    assert config.deposition_time_min is None
    assert (config.n_trials, config.seed) == (7, 4)


@pytest.mark.parametrize(
    ("fixed", "bounded", "said"),
    [
        (["warmth=300"], [], "must be one of current_density_mA_cm2"),
        (["temperature_K=warm"], [], "--fix temperature_K=300"),
        (["temperature_K"], [], "--fix temperature_K=300"),
        ([], ["temperature_K=300"], "--bound"),
        ([], ["area_factor=1:2:3"], "--bound"),
        ([], ["area_factor=9:2"], "min <= max"),
        (["area_factor=nan"], [], "finite"),
        (["area_factor=2"], ["area_factor=1:3"], "named twice"),
    ],
)
def test_a_flag_that_says_nothing_is_refused(
    fixed: list[str], bounded: list[str], said: str
) -> None:
    with pytest.raises(MisuseError, match=said):
        bounds_from_flags(fixed, bounded)


def test_places_and_values_are_each_others_inverse() -> None:
    space = SearchConfig.model_validate(
        {"area_factor": {"min": 1.0, "max": 9.0}, "temperature_K": {"min": 280.0, "max": 320.0}}
    ).space
    places = {
        "current_density_mA_cm2": 0.25,
        "deposition_time_min": 0.5,
        "area_factor": 0.5,
        "temperature_K": 1.0,
    }
    values = space.at(places)
    assert values["area_factor"] == pytest.approx(3.0)
    assert values["temperature_K"] == 320.0
    assert values["area_factor_spread"] == 0.0
    assert space.place(values) == pytest.approx(places)
