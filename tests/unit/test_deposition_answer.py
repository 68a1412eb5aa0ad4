"""How glassy is a deposit? One answer, whoever asks; and the answer of a search."""

import json
from pathlib import Path

import pytest
from nucleation import NucleationModel, calibrated_map

from serve.models import model_path
from simulate.errors import MisuseError
from surrogate.deposition.answer import (
    assumed,
    deposition_answer,
    maps_answer,
    surface_answer,
)
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.observations import OBSERVATIONS
from surrogate.deposition.question import DepositionQuestion, SurfaceQuestion
from surrogate.deposition.registry import DEPOSITION_MAPS
from surrogate.predictor import Predictor
from surrogate.search.config import SearchConfig
from surrogate.search.run import run_search

CONDITIONS = [
    {"current_density_mA_cm2": 0.5, "capacity_mAh_cm2": 1.0},
    {"current_density_mA_cm2": 2.5, "deposition_time_min": 5.0, "electrolyte": "advanced"},
    {
        "current_density_mA_cm2": 4.0,
        "deposition_time_min": 30.0,
        "area_factor": 8.0,
        "area_factor_spread": 0.5,
        "temperature_K": 310.0,
        "openness": 0.3,
    },
]
SWEPT = {
    "current_density_mA_cm2": {"min": 0.07, "max": 3.5, "n": 5},
    "deposition_time_min": {"min": 0.7, "max": 900.0, "n": 4},
}


def question(**changes: object) -> DepositionQuestion:
    return DepositionQuestion.model_validate({"conditions": CONDITIONS} | changes)


@pytest.fixture(scope="module")
def shipped() -> Predictor:
    return Predictor.load(model_path(None))


def test_an_answer_carries_what_it_rests_on(shipped: Predictor) -> None:
    said = deposition_answer(shipped, question())
    assert said.deposition_map.assumption.startswith("Assumed, after the trends in")
    assert said.deposition_map.numbers == "calibrated"
    assert shipped.package.label in said.deposition_map.said
    assert said.bridge.horizon_ps == 250.0
    assert "250 ps" in said.statement
    assert "calibrated for itself" in said.interval_statement
    for limit in ("No SEI, no Li2O", "nichol-ackland-2016", "speaks of temperature"):
        assert any(limit in each for each in said.limits)
    for each, asked in zip(said.forecasts, CONDITIONS, strict=True):
        assert each.conditions == DepositionConditions.model_validate(asked)
        low, high = each.glassy_share_interval
        assert 0.0 < low < each.glassy_share < high < 1.0
        assert sum(embryo.weight for embryo in each.embryos) == pytest.approx(1.0)
    assert [each.local_current_density_mA_cm2 for each in said.forecasts] == [0.5, 2.5, 0.5]
    assert [each.capacity_mAh_cm2 for each in said.forecasts] == pytest.approx([1.0, 2.5 / 12, 2.0])


def test_a_first_guess_says_that_its_interval_does_not_hold_the_guess(shipped: Predictor) -> None:
    said = deposition_answer(shipped, question(deposition_map="overpotential", horizon_ps=500.0))
    assert said.deposition_map.numbers == "first guess"
    assert said.bridge.horizon_ps == 500.0
    assert "first guess" in said.interval_statement


def test_minutes_are_asked_by_growth_and_always_extrapolated(shipped: Predictor) -> None:
    said = deposition_answer(shipped, question(bridge={"kind": "growth"}))
    assert said.bridge.kind == "growth"
    assert all((each.damkohler or 0.0) > 1.0 for each in said.forecasts)
    assert not any(each.applicability.is_inside for each in said.forecasts)


def test_what_is_asked_together_is_answered_as_alone(shipped: Predictor) -> None:
    """To the last bit, whatever else is in the batch."""
    together = deposition_answer(shipped, question())
    for number, conditions in enumerate(CONDITIONS):
        alone = deposition_answer(shipped, question(conditions=[conditions]))
        assert alone.forecasts[0] == together.forecasts[number]
    many = question(conditions=[*CONDITIONS, *CONDITIONS] * 4)
    assert deposition_answer(shipped, many).forecasts[-3:] == together.forecasts


@pytest.mark.usefixtures("coarse_pictures")
@pytest.mark.parametrize("deposition_map", list(DEPOSITION_MAPS))
def test_a_search_says_the_same_of_its_ranked_conditions(
    shipped: Predictor, tmp_path: Path, deposition_map: str
) -> None:
    config = SearchConfig.model_validate(
        {
            "n_trials": 10, "deposition_map": deposition_map, "also_maps": [], "sampler": "sobol",
            "objective": "glassy_share", "min_capacity_mAh_cm2": None, "max_clipped_share": 1.0,
        }
    )  # fmt: skip
    found = run_search(shipped, config, tmp_path)
    asked = question(
        deposition_map=deposition_map,
        conditions=[each.conditions.model_dump(exclude_none=True) for each in found.ranked],
    )
    said = deposition_answer(shipped, asked)
    assert said.statement == found.horizon_statement
    assert said.limits == found.limits[:-1]
    assert found.ranked
    for ours, theirs in zip(said.forecasts, found.ranked, strict=True):
        assert ours.model_dump() == {
            name: value
            for name, value in theirs.model_dump().items()
            if name in type(ours).model_fields
        }


def test_a_surface_holds_what_its_points_say_one_by_one(shipped: Predictor) -> None:
    others = {"temperature_K": 310.0, "area_factor": 2.0, "electrolyte": "advanced"}
    asked = SurfaceQuestion.model_validate({**SWEPT, "conditions": others})
    said = surface_answer(shipped, asked)
    assert (said.current_density_mA_cm2[0], said.current_density_mA_cm2[-1]) == (0.07, 3.5)
    assert (said.deposition_time_min[0], said.deposition_time_min[-1]) == (0.7, 900.0)
    _, alone = assumed(shipped, asked)
    assert said.limits == deposition_answer(shipped, question()).limits
    rows = zip(said.deposition_time_min, said.glassy_share, said.clipped_share, strict=True)
    for time, row, clipped_row in rows:
        points = zip(said.current_density_mA_cm2, row, clipped_row, strict=True)
        for current, share, clipped_share in points:
            point = {"current_density_mA_cm2": current, "deposition_time_min": time}
            (one,) = alone.forecasts([DepositionConditions.model_validate(others | point)])
            assert one.glassy_share == share
            assert one.expected.clipped_share == clipped_share
    assert said.glassy_share[0][0] > said.glassy_share[-1][-1]
    assert said.clipped_share[0][0] > 0.9
    assert min(share for row in said.clipped_share for share in row) < 0.1


def test_the_maps_are_told_with_what_was_seen(shipped: Predictor) -> None:
    said = maps_answer(shipped)
    assert [each.name for each in said.maps] == list(DEPOSITION_MAPS)
    assert [each.numbers for each in said.maps] == ["calibrated", "first guess"]
    assert [each.name for each in said.observations] == [each.name for each in OBSERVATIONS]
    named = {each.seen: each.crystalline_share for each in said.observations}
    assert named["about 30 % crystalline"] == 0.3
    # Statements and counts of ribbons are no shares of the area.
    assert sum(share is not None for share in named.values()) == 2
    assert said.longest_horizon_ps == pytest.approx(500_000.0)  # ps, 100 holds of 5 ns
    deposition_answer(shipped, question(horizon_ps=said.longest_horizon_ps))
    low_K, high_K = said.temperature_K
    at = {"current_density_mA_cm2": 0.5, "deposition_time_min": 5.0}
    deposition_answer(shipped, question(conditions=[at | {"temperature_K": low_K}]))
    with pytest.raises(MisuseError, match="temperature_K must be within"):
        deposition_answer(shipped, question(conditions=[at | {"temperature_K": high_K + 0.5}]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"horizon_ps": 100.0, "bridge": {"kind": "growth"}}, "Leave one out"),
        ({"conditions": []}, "at least 1 item"),
        ({"conditions": CONDITIONS * 100}, "at most 256 items"),
        ({"horizon_ps": 0.0}, "greater than 0"),
    ],
)
def test_what_cannot_be_asked(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        question(**changes)


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        ({"min": 3.0, "max": 1.0, "n": 3}, "min < max"),
        ({"min": 1.0, "max": 1.0, "n": 3}, "min = max and n = 1"),
        ({"min": 1.0, "max": 2.0, "n": 1}, "min = max and n = 1"),
        ({"min": 1.0, "max": 20.0, "n": 3}, "less than or equal to 10"),
        ({"min": 1.0, "max": 2.0, "n": 257}, "less than or equal to 256"),
        ({"min": 1.0, "max": 2.0, "n": 256}, "at most 1024, but is 256 x 5"),
    ],
)
def test_a_surface_has_sides_and_a_size(axis: dict[str, float], said: str) -> None:
    times = {"min": 1.0, "max": 10.0, "n": 5}
    with pytest.raises(ValueError, match=said):
        SurfaceQuestion.model_validate(
            {"current_density_mA_cm2": axis, "deposition_time_min": times}
        )


def test_a_single_point_is_a_surface(shipped: Predictor) -> None:
    asked = SurfaceQuestion.model_validate(
        {
            "current_density_mA_cm2": {"min": 0.5, "max": 0.5, "n": 1},
            "deposition_time_min": {"min": 5.0, "max": 5.0, "n": 1},
        }
    )
    assert len(surface_answer(shipped, asked).glassy_share) == 1


def test_a_map_may_be_the_file_of_a_calibrated_one_if_it_is_of_this_model(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(json.dumps(calibrated_map(n_members=4)))
    at = [{"current_density_mA_cm2": 0.5, "deposition_time_min": 5.0}]
    said = deposition_answer(NucleationModel(), question(conditions=at, deposition_map=str(path)))
    assert said.deposition_map.numbers == "calibrated"
    path.write_text(json.dumps(calibrated_map(n_members=4, model="another")))
    with pytest.raises(MisuseError, match="with the model it was calibrated with"):
        deposition_answer(NucleationModel(), question(conditions=at, deposition_map=str(path)))


def test_a_model_of_another_element_is_refused() -> None:
    from nucleation import Manifest, Package, training_domain

    sodium = training_domain(potentials=["nichol-ackland-2016-na"], element="Na")
    model = NucleationModel(package=Package(manifest=Manifest(sodium)))
    with pytest.raises(MisuseError, match="the deposition maps are of Li"):
        deposition_answer(model, question())


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"horizon_ps": 5000.0}, "5000 ps"),
        ({"bridge": {"kind": "growth"}}, "the minutes of plating"),
    ],
)
def test_a_map_asked_where_it_was_not_calibrated_says_so(
    shipped: Predictor, changes: dict[str, object], at: str
) -> None:
    said = deposition_answer(shipped, question(**changes))
    assert said.deposition_map.numbers == "calibrated elsewhere"
    assert "at 250 ps, where the readings do not refute it" in said.deposition_map.said
    assert f"); asked here at {at}" in said.deposition_map.said
    assert f"calibrated at 250 ps, not at {at}" in said.interval_statement
    for each in said.forecasts:
        assert f"calibrated at 250 ps, not at {at}" in each.applicability.reasons[0]
        assert not each.applicability.is_inside
    asked = SurfaceQuestion.model_validate(SWEPT | changes)
    assert surface_answer(shipped, asked).deposition_map == said.deposition_map


def test_a_calibrated_horizon_that_is_named_is_the_calibrated_one(shipped: Predictor) -> None:
    assert deposition_answer(shipped, question(horizon_ps=250.0)) == deposition_answer(
        shipped, question()
    )


@pytest.mark.usefixtures("coarse_pictures")
def test_a_search_at_another_horizon_says_that_its_map_was_not_calibrated_there(
    shipped: Predictor, tmp_path: Path
) -> None:
    config = SearchConfig.model_validate(
        {
            "n_trials": 4, "also_maps": [], "sampler": "sobol", "horizon_ps": 1000.0,
            "objective": "glassy_share", "min_capacity_mAh_cm2": None, "max_clipped_share": 1.0,
        }
    )  # fmt: skip
    found = run_search(shipped, config, tmp_path)
    assert found.map_numbers == "calibrated elsewhere"
    assert "asked here at 1000 ps, for which it was not calibrated" in found.map_said
    assert all("not at 1000 ps" in each.applicability.reasons[0] for each in found.ranked)


def test_what_lies_outside_is_told_of_the_draws_that_the_share_is_of(shipped: Predictor) -> None:
    """The best-fitting numbers alone say far less of it."""
    asked = question(conditions=CONDITIONS[:1])
    (said,) = deposition_answer(shipped, asked).forecasts
    chosen, alone = assumed(shipped, asked)
    conditions = asked.conditions[0]
    drawn = [each.deposition_map.embryos(conditions, alone.space) for each in chosen.drawn()]
    best = alone.deposition_map.embryos(conditions, alone.space)
    assert said.embryos == best.embryos
    clipped = [each.clipped_share for each in drawn]
    assert said.clipped_share == pytest.approx(sum(clipped) / len(drawn))
    assert said.clipped_share > 2.0 * best.clipped_share
    assert any(f"{100 * said.clipped_share:.0f} % of the atoms" in each for each in said.clipped)
    assert not said.applicability.is_inside

    densities = sorted(each.embryos[0].design.packing_density_g_cm3 for each in drawn)
    low, high = said.packing_density_g_cm3_range or (0.0, 0.0)
    assert densities[0] <= low < densities[2]
    assert densities[-3] < high <= densities[-1]
    smallest, largest = said.median_atoms_range or (0.0, 0.0)
    sizes = [each.median_atoms for each in drawn]
    assert min(sizes) <= smallest < largest <= max(sizes)


def test_a_map_without_draws_has_no_ranges(shipped: Predictor) -> None:
    asked = question(deposition_map="overpotential")
    for each in deposition_answer(shipped, asked).forecasts:
        assert each.packing_density_g_cm3_range is None
        assert each.median_atoms_range is None


def test_reasons_weigh_what_they_say_and_the_heaviest_comes_first(shipped: Predictor) -> None:
    asked = question(conditions=CONDITIONS[:1])
    (said,) = deposition_answer(shipped, asked).forecasts
    weights = [float(each.split(" %")[0]) for each in said.applicability.reasons]
    assert weights == sorted(weights, reverse=True)
    assert "of the lithium in various embryos" in said.applicability.reasons[0]
    assert "order can hardly be told" in said.applicability.reasons[0]
    chosen, alone = assumed(shipped, asked)
    is_too_small = shipped.package.manifest.domain.is_too_small
    too_small = [
        embryo.weight
        for each in chosen.drawn()
        for embryo in each.deposition_map.embryos(asked.conditions[0], alone.space).embryos
        if is_too_small(embryo.design)
    ]
    assert weights[0] == pytest.approx(100.0 * sum(too_small) / len(chosen.drawn()), abs=1.0)


def test_all_of_the_lithium_is_told_without_a_power_of_ten(shipped: Predictor) -> None:
    slow = {"current_density_mA_cm2": 0.02, "deposition_time_min": 5.0}
    (said,) = deposition_answer(shipped, question(conditions=[slow])).forecasts
    assert any(each.startswith("100 % of the lithium") for each in said.applicability.reasons)
    assert "1e+02" not in " ".join(said.applicability.reasons)


def test_a_horizon_that_no_hold_comes_near_is_refused_and_growth_is_named(
    shipped: Predictor,
) -> None:
    """Asked for a microsecond and a millisecond alike, the model gave what never orders."""
    most = 100.0 * shipped.package.manifest.domain.longest_hold_ps
    deposition_answer(shipped, question(horizon_ps=most))
    with pytest.raises(MisuseError, match=r"at most 500000 ps.* got 500001 ps.*growth bridge"):
        deposition_answer(shipped, question(horizon_ps=most + 1.0))
    with pytest.raises(MisuseError, match="growth bridge"):
        deposition_answer(shipped, question(bridge={"kind": "horizon", "horizon_ps": 1e9}))
    with pytest.raises(MisuseError, match="growth bridge"):
        surface_answer(shipped, SurfaceQuestion.model_validate(SWEPT | {"horizon_ps": 1e9}))
