"""The search against a closed-form glass index: its optimum, its memory, its refusals."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from nucleation import Floats, Manifest, NucleationModel, Package, training_domain
from searching import asked_of, config

from simulate.design import EmbryoDesign, read_designs
from simulate.errors import MisuseError
from simulate.files import read_yaml
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.registry import DEPOSITION_MAPS
from surrogate.search.config import SearchConfig, read_search_config
from surrogate.search.result import LEAST_WEIGHT
from surrogate.search.run import run_search

pytestmark = pytest.mark.usefixtures("coarse_pictures")


def test_without_requirements_the_optimum_is_the_slow_short_corner_and_says_so(
    tmp_path: Path,
) -> None:
    result = run_search(NucleationModel(), config(max_clipped_share=1.0), tmp_path)
    best = result.ranked[0].conditions
    assert best.current_density_mA_cm2 < 0.4
    assert any("sit at a bound" in note for note in result.notes)
    assert result.n_feasible == result.n_trials == 30


def test_a_capacity_requirement_is_met_by_every_ranked_condition(tmp_path: Path) -> None:
    asked = config(min_capacity_mAh_cm2=0.5, n_trials=60)
    result = run_search(NucleationModel(), asked, tmp_path)
    assert 0 < result.n_feasible < result.n_trials
    assert result.least_violation is None
    for ranked in result.ranked:
        assert ranked.capacity_mAh_cm2 >= 0.5
        assert ranked.clipped_share <= asked.max_clipped_share
        assert ranked.capacity_mAh_cm2 == pytest.approx(
            ranked.conditions.current_density_mA_cm2 * ranked.conditions.deposition_time_min / 60
        )


def test_tpe_finds_nearly_the_best_of_a_fine_grid(tmp_path: Path) -> None:
    """The best glassy share at 0.5 mAh/cm2 or more, from 900 conditions tried one by one."""
    model, asked = NucleationModel(), config(min_capacity_mAh_cm2=0.5, n_trials=100, confidence=0.5)
    question = asked_of(model, asked)
    grid = [
        DepositionConditions(current_density_mA_cm2=j, deposition_time_min=t)
        for j in np.geomspace(0.1, 5.0, 30)
        for t in np.geomspace(1.0, 600.0, 30)
        if j * t / 60 >= 0.5
    ]
    best = max(
        one.glassy_share for one in question.forecasts(grid) if one.expected.clipped_share <= 0.25
    )
    result = run_search(model, asked, tmp_path)
    assert max(ranked.glassy_share for ranked in result.ranked) > best - 0.03


def test_ranked_share_is_the_weighted_mean_over_its_embryos(tmp_path: Path) -> None:
    model = NucleationModel()
    result = run_search(model, config(), tmp_path)
    for ranked in result.ranked:
        designs = [embryo.design for embryo in ranked.embryos]
        weights = np.array([embryo.weight for embryo in ranked.embryos])
        members = model.glass_index_members(designs, 150.0) @ weights
        assert ranked.glassy_share == pytest.approx(members.mean())
        log_odds = np.log(members / (1 - members))
        reach = 2.3533634 * log_odds.std(ddof=1) * math.sqrt(1.25)  # Student's t, 3 degrees, 95 %
        low, high = 1 / (1 + np.exp(-(log_odds.mean() + reach * np.array([-1, 1]))))
        assert ranked.glassy_share_interval == pytest.approx((low, high))
        assert low < ranked.glassy_share < high
        assert weights.sum() == pytest.approx(1.0)
        judged = model.package.manifest.domain.judge(designs, 150.0)
        assert ranked.applicability.distance == max(one.distance for one in judged)


def test_horizon_defaults_to_the_hold_and_changes_the_answer(tmp_path: Path) -> None:
    own = run_search(NucleationModel(), config(n_trials=20), tmp_path / "a")
    short = run_search(NucleationModel(), config(n_trials=20, horizon_ps=30.0), tmp_path / "b")
    assert own.horizon_ps == 150.0
    assert "150 ps" in own.horizon_statement
    assert short.horizon_ps == 30.0
    assert short.ranked[0].glassy_share > own.ranked[0].glassy_share


def test_the_order_of_a_one_rate_model_does_not_depend_on_the_horizon(tmp_path: Path) -> None:
    result = run_search(NucleationModel(), config(), tmp_path)
    assert [check.horizon_ps for check in result.horizon_checks] == [250.0, 500.0, 1000.0, 5000.0]
    assert all((check.kendall_tau or 0.0) > 0.9 for check in result.horizon_checks)
    assert all(check.is_extrapolation for check in result.horizon_checks)  # the hold is 150 ps
    shares = [check.ours.glassy_share for check in result.horizon_checks if check.ours]
    assert len(shares) == 4
    assert shares == sorted(shares, reverse=True)
    assert not any("made by the horizon" in note for note in result.notes)


class CrossingModel(NucleationModel):
    """Dense embryos decide early and then stay; loose ones order late: the order turns over."""

    def glass_index_members(self, designs: Sequence[EmbryoDesign], horizon_ps: float) -> Floats:
        share = np.array([design.share_of_bulk for design in designs])
        tilt = 0.4 if horizon_ps < 200.0 else -0.4
        return np.tile(0.5 + tilt * (share - 0.5), (4, 1))


def test_an_optimum_made_by_the_horizon_is_called_so(tmp_path: Path) -> None:
    result = run_search(CrossingModel(), config(), tmp_path)
    assert sum("made by the horizon" in note for note in result.notes) == 1


def test_caution_avoids_what_the_members_disagree_on(tmp_path: Path) -> None:
    """Dense cells look as good on average but the members differ: the lower bound stays away."""
    model = NucleationModel(rate_per_atom_ps=2e-8, disagreement=0.0, dense_disagreement=3.0)
    fixed = {"deposition_time_min": 30.0, "n_trials": 30, "max_clipped_share": 1.0}
    careful = run_search(model, config(confidence=0.95, **fixed), tmp_path / "a")
    bold = run_search(model, config(confidence=0.5, **fixed), tmp_path / "b")
    assert careful.ranked[0].conditions.current_density_mA_cm2 < 1.1
    assert bold.ranked[0].conditions.current_density_mA_cm2 > 1.1


def test_equal_conditions_are_ordered_by_higher_current(tmp_path: Path) -> None:
    """A model under which nothing ever orders: all shares are 1, so the fastest plating leads."""
    result = run_search(NucleationModel(rate_per_atom_ps=0.0), config(n_ranked=3), tmp_path)
    currents = [ranked.conditions.current_density_mA_cm2 for ranked in result.ranked]
    assert currents == sorted(currents, reverse=True)
    assert all(ranked.glassy_share == 1.0 for ranked in result.ranked)
    feasible = [
        ranked.conditions.current_density_mA_cm2
        for ranked in run_search(
            NucleationModel(rate_per_atom_ps=0.0), config(n_ranked=30), tmp_path
        ).ranked
    ]
    assert currents[0] == max(feasible)


def test_ranked_conditions_are_distinct(tmp_path: Path) -> None:
    result = run_search(NucleationModel(), config(n_trials=80), tmp_path)
    assert len(result.ranked) == 5
    places = [
        (
            math.log(r.conditions.current_density_mA_cm2 / 0.1) / math.log(50.0),
            math.log(r.conditions.deposition_time_min) / math.log(600.0),
        )
        for r in result.ranked
    ]
    for i, here in enumerate(places):
        for there in places[:i]:
            assert max(abs(a - b) for a, b in zip(here, there, strict=True)) > 0.05


def test_nothing_feasible_is_an_answer_and_names_the_least_violation(tmp_path: Path) -> None:
    asked = config(min_capacity_mAh_cm2=49.9, n_trials=30, max_clipped_share=1.0)
    result = run_search(NucleationModel(), asked, tmp_path)
    assert result.ranked == ()
    assert result.n_feasible == 0
    assert result.least_violation is not None
    assert "49.9" in result.least_violation.sentence
    plated = result.least_violation.conditions.capacity_mAh_cm2
    missed = result.least_violation.violations["min_capacity_mAh_cm2"]
    assert missed == pytest.approx(1 - plated / 49.9)
    assert (tmp_path / "proposals.jsonl").read_text() == ""


def test_conditions_the_model_was_not_trained_for_are_infeasible(tmp_path: Path) -> None:
    loose = Package(manifest=Manifest(training_domain(densest_g_cm3=0.06)))
    result = run_search(
        NucleationModel(package=loose),
        config(current_density_mA_cm2={"min": 3.0, "max": 5.0}, n_trials=10),
        tmp_path,
    )
    assert result.ranked == ()
    assert result.least_violation is not None
    assert "100 % of its atoms lie outside" in result.least_violation.sentence


def test_exchanges_the_model_never_saw_are_left_out_and_said(tmp_path: Path) -> None:
    walled = Package(manifest=Manifest(training_domain([("confined", "open")])))
    model = NucleationModel(package=walled)
    ranked = run_search(model, config(n_trials=20), tmp_path).ranked[0]
    ways = {(e.design.mass_exchange, e.design.energy_exchange) for e in ranked.embryos}
    assert ways == {("confined", "open")}
    assert any("open/open" in sentence for sentence in ranked.clipped)
    assert set(ranked.clipped) <= set(ranked.applicability.reasons)


def test_conditions_are_inside_while_only_the_tails_of_their_sizes_are_not() -> None:
    """1 % of the atoms is outside at 0.4 mA/cm2 for 5 min, 23 % at 0.5 for 600 min."""
    question = asked_of(NucleationModel(), config())
    inside, beyond = (
        question.applicability(question.deposition_map.embryos(conditions, question.space))
        for conditions in (
            DepositionConditions(current_density_mA_cm2=0.4, deposition_time_min=5.0),
            DepositionConditions(current_density_mA_cm2=0.5, deposition_time_min=600.0),
        )
    )
    assert inside.is_inside
    assert any("1 % of the atoms" in reason for reason in inside.reasons)
    assert not beyond.is_inside


def test_a_horizon_longer_than_the_training_hold_is_outside(tmp_path: Path) -> None:
    result = run_search(NucleationModel(), config(n_trials=10, horizon_ps=600.0), tmp_path)
    assert not any(ranked.applicability.is_inside for ranked in result.ranked)
    assert any("600 ps" in reason for reason in result.ranked[0].applicability.reasons)


def test_proposals_are_designs_that_can_be_simulated(tmp_path: Path) -> None:
    result = run_search(NucleationModel(), config(), tmp_path)
    designs = read_designs(tmp_path / "proposals.jsonl")
    too_small = NucleationModel().package.manifest.domain.is_too_small
    assert designs == [
        embryo.design
        for ranked in result.ranked
        for embryo in ranked.embryos
        if embryo.weight >= LEAST_WEIGHT and not too_small(embryo.design)
    ]
    assert 0 < len(designs) < sum(len(ranked.embryos) for ranked in result.ranked)
    first = json.loads((tmp_path / "proposals.jsonl").read_text().splitlines()[0])
    assert set(first) == {"design", "conditions", "rank", "weight", "glassy_share"}
    assert DepositionConditions.model_validate(first["conditions"]) == result.ranked[0].conditions


def test_the_written_answer_is_the_returned_one_with_its_config(tmp_path: Path) -> None:
    result = run_search(NucleationModel(), config(), tmp_path)
    written = json.loads((tmp_path / "search.json").read_text())
    assert type(result).model_validate(written) == result
    assert written["config"]["n_trials"] == 30
    assert written["assumption"] == DEPOSITION_MAPS["paper"].assumption
    assert written["model"] == "closed-form"


def test_the_model_is_called_in_batches(tmp_path: Path) -> None:
    model, calls = NucleationModel(), []
    run_search(model, config(), tmp_path, lambda done, *_: calls.append((done, model.n_calls)))
    first = calls[0][1]
    assert calls == [(10, first), (20, first + 1), (30, first + 2)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"current_density_mA_cm2": {"min": 5.0, "max": 0.1}}, "min <= max"),
        ({"current_density_mA_cm2": {"min": 0.001, "max": 0.1}}, "greater than or equal to 0.02"),
        ({"n_trials": 0}, "n_trials"),
        ({"color": "red"}, "not a known key"),
    ],
)
def test_a_search_that_cannot_be_is_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    path = tmp_path / "search.yaml"
    path.write_text(json.dumps({"n_trials": 10} | changes))
    with pytest.raises(MisuseError, match=said):
        read_search_config(path)


def test_the_config_of_the_gallery_is_complete_and_runs(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "configs" / "search.yaml"
    asked = read_search_config(path)
    assert set(read_yaml(path)) <= set(SearchConfig.model_fields)
    quick = asked.model_copy(update={"n_trials": 20})
    assert run_search(NucleationModel(), quick, tmp_path).n_trials == 20


def test_everything_fixed_still_gets_an_answer(tmp_path: Path) -> None:
    asked = config(n_trials=10, current_density_mA_cm2=0.5, deposition_time_min=20.0)
    result = run_search(NucleationModel(), asked, tmp_path)
    assert len(result.ranked) == 1
    assert result.ranked[0].conditions.current_density_mA_cm2 == 0.5


def test_a_larger_ranking_begins_with_the_smaller_one(tmp_path: Path) -> None:
    few = run_search(NucleationModel(), config(n_ranked=2), tmp_path)
    many = run_search(NucleationModel(), config(n_ranked=6), tmp_path)
    assert many.ranked[:2] == few.ranked
    assert [ranked.rank for ranked in many.ranked] == [1, 2, 3, 4, 5, 6]
    leads = [ranked.glassy_share for ranked in many.ranked]
    assert all(b <= a + 0.05 for a, b in pairwise(leads))


def test_a_question_at_another_horizon_keeps_its_map_and_space() -> None:
    question = asked_of(NucleationModel(), config())
    asked = [DepositionConditions(current_density_mA_cm2=0.5, deposition_time_min=20.0)]
    now, sooner = question.forecasts(asked), question.at_horizon(1.0).forecasts(asked)
    assert now[0].expected == sooner[0].expected
    assert sooner[0].glassy_share > now[0].glassy_share
