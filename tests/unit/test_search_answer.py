"""What stands beside the best conditions: maps, horizons, tolerances, doubt, and what matters."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from nucleation import Manifest, NucleationModel, Package, calibrated_map, training_domain

from simulate.errors import MisuseError
from surrogate.deposition.bridge import HorizonBridge
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.confidence import share_at
from surrogate.deposition.forecast import Question
from surrogate.deposition.registry import DEPOSITION_MAPS, MapDraw, choose_map
from surrogate.search.answer import asked as question_of
from surrogate.search.config import SearchConfig
from surrogate.search.horizons import horizon_checks, horizon_notes
from surrogate.search.judging import Judge, Judged
from surrogate.search.ranking import front, recommended
from surrogate.search.result import SearchResult
from surrogate.search.robustness import robustness
from surrogate.search.run import run_search
from surrogate.search.sensitivity import sensitivity
from surrogate.search.variance import variance_parts

SPACE = {
    "current_density_mA_cm2": {"min": 0.1, "max": 5.0},
    "deposition_time_min": {"min": 1.0, "max": 600.0},
}


def config(**changes: object) -> SearchConfig:
    values = {"n_trials": 30, "max_clipped_share": 1.0, "min_capacity_mAh_cm2": 0.1}
    return SearchConfig.model_validate(values | SPACE | changes)


def judge_by(model: NucleationModel, asked: SearchConfig, n_draws: int = 0) -> Judge:
    paper = DEPOSITION_MAPS["paper"]
    draws = tuple(map(MapDraw, paper.prior_draws(n_draws))) if n_draws else ()
    return Judge(Question.of(model, paper, HorizonBridge()), draws, asked)


def judged(judge: Judge, *conditions: Mapping[str, float]) -> list[Judged]:
    return judge.judged([judge.config.conditions(values) for values in conditions])


GENTLE = {"current_density_mA_cm2": 0.2, "deposition_time_min": 40.0}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """The usual question, of a model in closed form."""
    out = tmp_path_factory.mktemp("search")
    return run_search(NucleationModel(rate_per_atom_ps=3e-5), config(n_trials=60), out)


def test_ranked_conditions_meet_everything_and_the_fastest_leads(
    result: SearchResult,
) -> None:
    assert 0 < result.n_feasible < result.n_trials == 60
    best = result.ranked[0]
    for ranked in result.ranked:
        assert ranked.capacity_mAh_cm2 >= 0.1 - 1e-9
        assert ranked.assured_share >= 0.5
        assert ranked.p_enough is not None
        assert ranked.p_enough >= 0.9 - 1e-9
        current = ranked.conditions.current_density_mA_cm2
        assert current <= 1.02 * best.conditions.current_density_mA_cm2
    assert 0.15 < best.conditions.current_density_mA_cm2 < 4.5  # in no corner


def test_no_feasible_trial_is_faster_than_the_first_rank(result: SearchResult) -> None:
    speeds = [t.conditions.current_density_mA_cm2 for t in result.trials if t.is_feasible]
    assert result.ranked[0].conditions.current_density_mA_cm2 >= 0.98 * max(speeds)


def test_the_front_is_beaten_by_no_trial(result: SearchResult) -> None:
    feasible = [t for t in result.trials if t.is_feasible]
    for one in result.front:
        assert not any(
            other.assured_share > one.assured_share
            and other.conditions.current_density_mA_cm2 > one.conditions.current_density_mA_cm2
            for other in feasible
        )
    speeds = [one.conditions.current_density_mA_cm2 for one in result.front]
    assert speeds == sorted(speeds)


def test_the_optimum_is_told_under_each_map(result: SearchResult) -> None:
    assert result.map_name == "paper"
    (other,) = result.under_maps
    assert other.name == "overpotential"
    assert other.assumption == DEPOSITION_MAPS["overpotential"].assumption
    assert (other.best is None) == (other.n_feasible == 0)
    assert other.ours is not None
    assert other.ours.conditions == result.ranked[0].conditions
    assert other.ours.glassy_share != result.ranked[0].glassy_share


def test_a_longer_horizon_leaves_less_glass_and_moves_the_optimum(
    result: SearchResult,
) -> None:
    shares = [check.ours.glassy_share for check in result.horizon_checks if check.ours]
    assert shares == sorted(shares, reverse=True)
    assert any("optimum itself moves" in note for note in result.notes)


def test_limits_stand_with_every_answer(result: SearchResult) -> None:
    said = " ".join(result.limits)
    for word in ("SEI", "Li2O", "charge", "nichol-ackland-2016", "150 ps", "area factor"):
        assert word in said


@pytest.mark.usefixtures("coarse_pictures")
def test_more_may_be_asked_of_the_share_at_the_price_of_speed(tmp_path: Path) -> None:
    def fastest(share: float) -> float:
        asked = config(n_trials=60, min_glassy_share=share, also_maps=())
        found = run_search(NucleationModel(rate_per_atom_ps=3e-5), asked, tmp_path / f"{share}")
        return found.ranked[0].conditions.current_density_mA_cm2

    assert fastest(0.4) > fastest(0.7)


@pytest.mark.usefixtures("coarse_pictures")
def test_area_that_costs_more_than_it_brings_is_not_taken(tmp_path: Path) -> None:
    def area(cost: float) -> float:
        asked = config(
            n_trials=80, area_cost_mA_cm2=cost, area_factor={"min": 1.0, "max": 10.0}, also_maps=()
        )
        found = run_search(NucleationModel(rate_per_atom_ps=3e-5), asked, tmp_path / f"{cost}")
        best = found.ranked[0]
        assert best.cost_mA_cm2 == pytest.approx(cost * (best.conditions.area_factor - 1.0))
        return best.conditions.area_factor

    assert area(0.0) > 4.0
    assert area(5.0) < 2.0


@pytest.mark.usefixtures("coarse_pictures")
@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_front_is_ranked_from_its_compromise_outwards(tmp_path: Path, sampler: str) -> None:
    asked = config(
        objective="pareto", sampler=sampler, n_trials=60, also_maps=(),
        area_factor={"min": 1.0, "max": 10.0},
    )  # fmt: skip
    result = run_search(NucleationModel(rate_per_atom_ps=3e-5), asked, tmp_path)
    assert len(result.ranked) == 5
    speeds = [r.conditions.current_density_mA_cm2 for r in result.ranked]
    assert min(speeds) < speeds[0] < max(speeds) or result.ranked[0].conditions.area_factor < 10.0
    on_front = {trial.conditions for trial in result.front}
    assert all(ranked.conditions in on_front for ranked in result.ranked)


def test_a_front_of_three_wishes_by_hand() -> None:
    judge = judge_by(
        NucleationModel(), config(objective="pareto", area_factor={"min": 1.0, "max": 10.0})
    )
    slow, fast, wasteful, wide = judged(
        judge,
        {"current_density_mA_cm2": 0.2, "deposition_time_min": 60.0, "area_factor": 1.0},
        {"current_density_mA_cm2": 2.0, "deposition_time_min": 60.0, "area_factor": 1.0},
        {"current_density_mA_cm2": 0.2, "deposition_time_min": 500.0, "area_factor": 1.0},
        {"current_density_mA_cm2": 2.0, "deposition_time_min": 60.0, "area_factor": 8.0},
    )
    assert front([slow, fast, wasteful, wide]) == [slow, fast, wide]  # wasteful loses to slow
    assert {one.conditions for one in recommended([slow, fast, wasteful, wide], judge.config)} == {
        one.conditions for one in (slow, fast, wide)
    }


def test_the_front_is_what_comparing_all_with_all_leaves() -> None:
    judge = judge_by(
        NucleationModel(), config(objective="pareto", area_factor={"min": 1.0, "max": 10.0})
    )
    rng = np.random.default_rng(1)
    (some,) = judged(judge, GENTLE | {"area_factor": 1.0})
    tried = [
        replace(
            some,
            forecast=replace(
                some.forecast,
                conditions=some.conditions.model_copy(update={"current_density_mA_cm2": current}),
            ),
            assured_share=share,
            cost_mA_cm2=cost,
        )
        for share, current, cost in rng.integers(1, 8, (300, 3)).astype(float).tolist()
    ]
    gains = np.array(
        [[t.assured_share, t.conditions.current_density_mA_cm2, -t.cost_mA_cm2] for t in tried]
    )
    beaten = [
        bool((np.all(gains >= one, axis=1) & np.any(gains > one, axis=1)).any()) for one in gains
    ]
    found = front(tried)
    assert {id(one) for one in found} == {
        id(one) for one, is_beaten in zip(tried, beaten, strict=True) if not is_beaten
    }
    assert 1 < len(found) < len(tried)


def test_every_condition_is_moved_by_a_tenth_and_the_worst_of_all_is_found() -> None:
    judge = judge_by(NucleationModel(), config())
    (best,) = judged(judge, GENTLE)
    found = robustness(judge, best)
    moved = {(change.variable, round(change.value, 6)) for change in found.changes}
    assert moved == {
        ("current_density_mA_cm2", 0.18), ("current_density_mA_cm2", 0.22),
        ("deposition_time_min", 36.0), ("deposition_time_min", 44.0),
        ("area_factor", 1.1),  # below 1 there is no collector; 300 K alone was sampled
    }  # fmt: skip
    by = {(c.variable, c.value > 1.0): c for c in found.changes if c.variable == "area_factor"}
    assert by["area_factor", True].glassy_share > best.glassy_share
    faster = max(found.changes, key=lambda change: change.value * ("current" in change.variable))
    assert faster.glassy_share < best.glassy_share
    assert found.worst.assured_share <= min(change.assured_share for change in found.changes)
    assert found.worst.conditions.current_density_mA_cm2 == pytest.approx(0.22)
    assert found.worst.conditions.deposition_time_min == pytest.approx(44.0)


def test_temperatures_are_moved_no_further_than_was_sampled() -> None:
    domain = training_domain(temperatures_K=(290.0, 305.0))
    model = NucleationModel(package=Package(manifest=Manifest(domain)))
    judge = judge_by(model, config())
    (best,) = judged(judge, GENTLE)
    moved = {c.value for c in robustness(judge, best).changes if c.variable == "temperature_K"}
    assert moved == {290.0, 305.0}


@pytest.mark.usefixtures("coarse_pictures")
def test_a_capacity_at_the_slowest_corner_has_its_answer_written(tmp_path: Path) -> None:
    """A tenth more capacity would take 6117 min, and 6000 can be set."""
    asked = SearchConfig.model_validate(
        {
            "objective": "glassy_share", "n_trials": 1, "also_maps": (), "max_clipped_share": 1.0,
            "min_capacity_mAh_cm2": None, "capacity_mAh_cm2": 1.9, "current_density_mA_cm2": 0.0205,
        }
    )  # fmt: skip
    result = run_search(NucleationModel(), asked, tmp_path)
    assert (tmp_path / "search.json").exists()
    assert result.robustness is not None
    capacities = [c.value for c in result.robustness.changes if c.variable == "capacity_mAh_cm2"]
    assert capacities == pytest.approx([1.71, 2.05])  # as far as the time goes


def test_doubt_is_shared_out_among_what_is_known() -> None:
    model = NucleationModel()
    judge = judge_by(model, config())
    (best,) = judged(judge, GENTLE)
    chosen = choose_map("paper", "closed-form", ["nichol-ackland-2016"])
    other = choose_map("overpotential", "closed-form", ["nichol-ackland-2016"])
    others = [replace(other, numbers="cannot fit")]
    checks = list(horizon_checks(judge, [best], best))
    parts = {part.source: part for part in variance_parts(judge, best, chosen, others, checks)}
    assert parts["potential"].variance is None
    assert "one potential of Li" in parts["potential"].said
    assert sum(part.part or 0.0 for part in parts.values()) == pytest.approx(1.0)
    members = best.forecast.members
    assert parts["surrogate"].variance == pytest.approx(members.var(ddof=1) * 1.25)
    share = best.glassy_share
    chance = parts["chance in a check by 50 embryos"]
    assert chance.variance == pytest.approx(share * (1 - share) / 50)
    assert chance.part is None
    at_horizons = [check.ours.glassy_share for check in checks if check.ours]
    assert parts["horizon"].variance == pytest.approx(np.var(at_horizons, ddof=1))
    assert "0.25, 0.5, 1, 5 ns" in parts["horizon"].said
    assert "overpotential cannot reproduce what was seen" in parts["choice of the map"].said
    (theirs,) = judge.question.under(other.deposition_map).forecasts([best.conditions])
    apart = share - theirs.glassy_share
    assert parts["choice of the map"].variance == pytest.approx(apart**2 / 2)
    assert "no observation" in parts["numbers of the map"].said


def test_two_potentials_of_the_element_tell_their_part() -> None:
    domain = training_domain(potentials=("nichol-ackland-2016", "cui-2012"))
    judge = judge_by(NucleationModel(package=Package(manifest=Manifest(domain))), config())
    (best,) = judged(judge, GENTLE)
    chosen = choose_map("paper", "closed-form", [judge.question.space.potential])
    parts = {part.source: part for part in variance_parts(judge, best, chosen, [], [])}
    assert parts["potential"].variance is not None
    assert "cui-2012" in parts["potential"].said
    assert parts["choice of the map"].variance is None
    assert parts["horizon"].variance is None


def test_what_matters_in_closed_form() -> None:
    """A share that depends on current alone, since size does not matter to it."""

    class OfDensity(NucleationModel):
        def glass_index_members(self, designs, horizon_ps):  # noqa: ARG002
            share = np.array([design.share_of_bulk for design in designs])
            return np.tile(1.0 - share, (4, 1))

    judge = judge_by(OfDensity(), config())
    found = sensitivity(judge, None)
    first, second = found.importances
    assert first.variable == "current_density_mA_cm2"
    assert first.in_all == pytest.approx(1.0, abs=0.1)
    assert second.in_all == pytest.approx(0.0, abs=0.02)
    along = {each.variable: each for each in found.slices}
    falling = along["current_density_mA_cm2"].partial_dependence
    assert falling[0] > 0.8
    assert falling[-1] < 0.3
    assert np.ptp(along["deposition_time_min"].partial_dependence) == pytest.approx(0.0, abs=1e-9)
    assert along["deposition_time_min"].share is None  # nothing was feasible


def test_slices_pass_through_the_best_conditions() -> None:
    judge = judge_by(NucleationModel(), config())
    (best,) = judged(judge, GENTLE)
    for found in sensitivity(judge, best).slices:
        assert found.best == GENTLE[found.variable]
        assert found.share is not None
        at = np.interp(np.log(found.best), np.log(found.values), found.share)
        assert at == pytest.approx(best.glassy_share, abs=0.03)


def test_draws_of_a_map_make_a_promise_more_careful() -> None:
    given = judged(judge_by(NucleationModel(), config()), GENTLE)[0]
    drawn = judged(judge_by(NucleationModel(), config(), n_draws=8), GENTLE)[0]
    assert drawn.shares.shape == (8, 4)
    assert drawn.interval[1] - drawn.interval[0] > given.interval[1] - given.interval[0]
    assert drawn.assured_share < given.assured_share


def own_draws(n_rounds: int, n_members: int = 4) -> tuple[MapDraw, ...]:
    """As of a calibration: one of each member, then the next of each."""
    maps = DEPOSITION_MAPS["paper"].prior_draws(n_rounds * n_members)
    return tuple(MapDraw(each, number % n_members) for number, each in enumerate(maps))


def test_a_draw_that_knows_its_member_is_asked_of_that_member() -> None:
    judge = replace(judge_by(NucleationModel(), config()), draws=own_draws(2))
    (found,) = judged(judge, GENTLE)
    expected = [
        judge.question.under(draw.deposition_map).forecasts([found.conditions])[0].members[member]
        for draw in judge.draws
        if (member := draw.member) is not None
    ]
    assert found.own_draws
    assert found.shares == pytest.approx(np.reshape(expected, (2, 4)))
    assert found.assured_share == share_at(found.shares, 0.9, own_draws=True)


@pytest.mark.parametrize(
    "draws", [tuple(map(MapDraw, DEPOSITION_MAPS["paper"].prior_draws(2))), own_draws(2)]
)
def test_horizons_are_those_of_a_question_at_each(draws: tuple[MapDraw, ...]) -> None:
    judge = replace(judge_by(NucleationModel(), config()), draws=draws)
    conditions = [judge.config.conditions(GENTLE | {"current_density_mA_cm2": j}) for j in (0.2, 2)]
    now = judge.judged(conditions)
    for horizon_ps, there in zip((30.0, 600.0), judge.judged_at(now, (30.0, 600.0)), strict=True):
        question = judge.question.at_horizon(horizon_ps)
        asked = Judge(question, judge.draws, judge.config).judged(conditions)
        for ours, theirs in zip(there, asked, strict=True):
            assert ours.shares == pytest.approx(theirs.shares)
            assert ours.assured_share == pytest.approx(theirs.assured_share)
            assert ours.violations == pytest.approx(theirs.violations)


@pytest.mark.usefixtures("coarse_pictures")
def test_a_calibrated_map_leads_with_its_draws(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    values = calibrated_map(n_members=4)
    path.write_text(json.dumps(values))
    asked = config(n_trials=10, deposition_map=str(path), objective="glassy_share")
    chosen = choose_map(path, "closed-form", ["nichol-ackland-2016"])
    assert [each.member for each in chosen.drawn()] == [0, 1, 2, 3]
    assert [each.member for each in chosen.drawn(5)] == [0, 1, 2, 3] * 2
    result = run_search(NucleationModel(), asked, tmp_path / "out")
    assert result.map_name == "paper"
    assert "calibrated to the paper's observations with closed-form" in result.map_said
    assert [each.name for each in result.under_maps] == ["overpotential"]
    fastest = config(n_trials=10, deposition_map=str(path), min_glassy_share=0.5)
    found = run_search(NucleationModel(), fastest, tmp_path / "fastest")
    (best, *_), model = found.ranked, NucleationModel()
    judge = Judge(Question.of(model, chosen.deposition_map, chosen.bridge), chosen.draws, fastest)
    (again,) = judge.judged([best.conditions])
    assert again.shares.size == 40
    (said,) = [note for note in found.notes if note.startswith("Under all 40 draws")]
    assert f"P(>= 0.5) is {again.p_enough:.2f}, not {best.p_enough:.2f}" in said
    sure = config(n_trials=10, deposition_map=str(path), min_glassy_share=1e-6)
    notes = run_search(NucleationModel(), sure, tmp_path / "sure").notes
    (said,) = [note for note in notes if note.startswith("Under all 40 draws")]
    assert said.endswith("P(>= 1e-06) is 1.00.")
    values |= {"schema_version": 1, "draw_members": []}
    path.write_text(json.dumps(values))
    forgot = choose_map(path, "closed-form", ["nichol-ackland-2016"])
    assert [each.member for each in forgot.drawn()] == [None] * 16
    other = NucleationModel(package=Package(label="another"))
    with pytest.raises(MisuseError, match="calibrated with"):
        run_search(other, asked, tmp_path / "other")


def test_unknown_maps_and_unsampled_temperatures_are_refused_before_the_first_trial(
    tmp_path: Path,
) -> None:
    with pytest.raises(MisuseError, match="paper, overpotential"):
        run_search(NucleationModel(), config(deposition_map="magic"), tmp_path / "a")
    with pytest.raises(MisuseError, match="temperature"):
        run_search(NucleationModel(), config(temperature_K=350.0), tmp_path / "b")
    sodium = Manifest(training_domain(potentials=("nichol-ackland-2016-na",), element="Na"))
    with pytest.raises(MisuseError, match="trained on Na"):
        run_search(NucleationModel(package=Package(manifest=sodium)), config(), tmp_path / "c")
    assert list(tmp_path.iterdir()) == []


def test_a_capacity_searched_instead_of_a_time_is_kept(tmp_path: Path) -> None:
    asked = SearchConfig.model_validate(
        {"n_trials": 10, "capacity_mAh_cm2": 1.0, "objective": "glassy_share", "also_maps": ()}
    )
    result = run_search(NucleationModel(), asked, tmp_path)
    assert result.n_trials == 10
    for trial in result.trials:
        assert trial.conditions.capacity_mAh_cm2 == pytest.approx(1.0)
    assert isinstance(result.trials[0].conditions, DepositionConditions)


def test_every_requirement_that_binds_is_in_the_heading() -> None:
    outside = "no more than 25 % of the atoms in embryos outside what was simulated"
    assert question_of(SearchConfig()) == (
        "The fastest plating at a glassy share of at least 0.5 with probability 0.9, at least 1 "
        f"mAh/cm2 and {outside}."
    )
    alone = SearchConfig(objective="glassy_share", min_capacity_mAh_cm2=None)
    assert question_of(alone) == (
        f"The largest glassy share that is reached with probability 0.9 at {outside}."
    )
    free = SearchConfig(max_clipped_share=1.0)
    assert "outside" not in question_of(free)


SMALL = {"current_density_mA_cm2": 0.1, "deposition_time_min": 1.0}
"""All of its embryos are smaller than any that was simulated."""


@pytest.mark.usefixtures("coarse_pictures")
@pytest.mark.parametrize(
    ("changes", "is_any"),
    [
        ({}, True),
        # All are smaller than any that was simulated.
        ({"current_density_mA_cm2": 0.1, "deposition_time_min": {"min": 1.0, "max": 3.0}}, False),
    ],
)
def test_trials_refused_for_what_was_simulated_alone_are_counted(
    tmp_path: Path, changes: dict[str, object], *, is_any: bool
) -> None:
    asked = config(
        sampler="sobol", also_maps=(), min_glassy_share=0.3, min_capacity_mAh_cm2=None,
        max_clipped_share=0.2, **changes,
    )  # fmt: skip
    model = NucleationModel(rate_per_atom_ps=1e-5)
    result = run_search(model, asked, tmp_path)
    again = judge_by(model, asked.model_copy(update={"max_clipped_share": 1.0})).judged(
        [trial.conditions for trial in result.trials]
    )
    n_only = sum(
        one.is_feasible and not trial.is_feasible
        for one, trial in zip(again, result.trials, strict=True)
    )
    assert 0 < n_only <= result.n_trials - result.n_feasible
    said = f"Of {30 - result.n_feasible} trials that are not feasible, {n_only} would be but for"
    assert any(note.startswith(said) for note in result.notes)
    assert bool(result.ranked) == is_any


def test_a_horizon_where_only_unsimulated_embryos_are_glassy_enough_is_told_apart() -> None:
    """Small embryos stay glassy, large ones were simulated and order."""
    strict = config(max_clipped_share=0.25, min_capacity_mAh_cm2=None)
    large = {"current_density_mA_cm2": 1.0, "deposition_time_min": 60.0}

    def told(rate_per_atom_ps: float) -> tuple[list[int | None], str]:
        judge = judge_by(NucleationModel(rate_per_atom_ps=rate_per_atom_ps), strict)
        tried = judged(judge, SMALL, large)
        checks = list(horizon_checks(judge, tried, None))
        assert all(check.best is None for check in checks[-1:])
        notes = " ".join(horizon_notes(checks, None, strict))
        return [check.n_outside_only for check in checks], notes

    counts, notes = told(3e-6)
    assert counts[-1] == 1
    assert "1 trial at 5 ns, but with more than 25 % of the atoms in embryos outside" in notes
    assert "for this alone nothing is feasible there" in notes
    counts, notes = told(1e-2)
    assert counts[-1] == 0
    assert "No trial is surely glassy enough at 0.25 ns, 0.5 ns, 1 ns and 5 ns" in notes
    assert "for this alone" not in notes


@pytest.mark.usefixtures("coarse_pictures")
def test_a_short_search_says_that_it_has_not_converged(tmp_path: Path) -> None:
    def notes(n_trials: int, **changes: object) -> str:
        asked = config(n_trials=n_trials, sampler="sobol", also_maps=(), **changes)
        model = NucleationModel(rate_per_atom_ps=3e-5)
        return " ".join(run_search(model, asked, tmp_path / f"{n_trials}{changes}").notes)

    few = notes(12)
    assert "Only 1 of 12 trials met every requirement, too few" in few
    assert "The search has not converged: with current density 0.196 and all else" in few
    assert "8 trials are few: more may find some that meet every requirement." in notes(8)
    assert "too few" not in notes(150, min_glassy_share=0.1)
    fixed = {"current_density_mA_cm2": 0.2, "deposition_time_min": 40.0}
    assert "converged" not in notes(4, **fixed)
    assert "too few" not in notes(4, **fixed)


def test_a_tenth_more_current_is_better_only_if_it_will_do_and_was_searched() -> None:
    model = NucleationModel(rate_per_atom_ps=3e-5)

    def better(asked: SearchConfig) -> set[float]:
        judge = judge_by(model, asked)
        (best,) = judged(judge, GENTLE)
        assert best.is_feasible
        changes = robustness(judge, best).changes
        assert not any(each.is_better for each in changes if each.variable == "area_factor")
        currents = [each for each in changes if each.variable == "current_density_mA_cm2"]
        return {round(each.value, 6) for each in currents if each.is_better}

    assert better(config()) == {0.22}
    (best,) = judged(judge_by(model, config()), GENTLE)
    assert better(config(min_glassy_share=best.assured_share - 1e-6)) == set()
    assert better(config(current_density_mA_cm2={"min": 0.1, "max": 0.21})) == set()
    assert better(config(objective="glassy_share")) == {0.18}
