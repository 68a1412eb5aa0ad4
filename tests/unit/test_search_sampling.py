"""The loop of a search on functions whose best is known, by every sampler."""

import math
from collections.abc import Sequence
from typing import Any

import optuna
import pytest
from optuna.distributions import FloatDistribution

from surrogate.search.config import SamplerName
from surrogate.search.sampling import Answer, run_trials, sobol_points
from surrogate.study import finished_trials

SPACE = {"x": FloatDistribution(0.1, 10.0, log=True), "y": FloatDistribution(0.0, 1.0)}
SAMPLERS: tuple[SamplerName, ...] = ("tpe", "gp", "random", "sobol")


def hill(params: dict[str, Any]) -> float:
    return math.exp(-((math.log(params["x"]) - 0.5) ** 2) - 8.0 * (params["y"] - 0.3) ** 2)


def answers(proposed: Sequence[dict[str, Any]]) -> list[Answer]:
    """The top of the hill, (1.65, 0.3), is forbidden: x y <= 0.4."""
    return [
        Answer((hill(p),), {"product": p["x"] * p["y"] - 0.4}, {"x, mm": p["x"]}) for p in proposed
    ]


def searched(sampler: SamplerName, n_trials: int, seed: int = 1) -> optuna.Study:
    study = optuna.create_study(direction="maximize")
    run_trials(study, SPACE, answers, sampler=sampler, seed=seed, n_trials=n_trials)
    return study


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_trials_carry_constraints_and_facts(sampler: SamplerName) -> None:
    trials = finished_trials(searched(sampler, 12))
    assert len(trials) == 12
    for trial in trials:
        assert trial.values == [hill(trial.params)]
        assert trial.constraints == {"product": trial.params["x"] * trial.params["y"] - 0.4}
        assert trial.user_attrs == {"x, mm": trial.params["x"]}
    assert len({tuple(trial.params.values()) for trial in trials}) == 12


@pytest.mark.parametrize(
    ("sampler", "n_trials", "seeds"), [("tpe", 40, (1, 2, 3)), ("gp", 14, (1,))]
)
def test_what_learns_comes_nearer_than_chance_within_what_is_allowed(
    sampler: SamplerName, n_trials: int, seeds: tuple[int, ...]
) -> None:
    def best(name: SamplerName) -> float:
        return sum(searched(name, n_trials, seed).best_value for seed in seeds)

    assert best(sampler) > best("random")


@pytest.mark.parametrize("stopped_at", [10, 13])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_stopped_search_makes_the_trials_of_an_uninterrupted_one(
    sampler: SamplerName, stopped_at: int
) -> None:
    whole, parts = searched(sampler, 24), searched(sampler, stopped_at)
    run_trials(parts, SPACE, answers, sampler=sampler, seed=1, n_trials=24)
    expected = [trial.params for trial in finished_trials(whole)]
    assert [trial.params for trial in finished_trials(parts)] == expected


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_another_seed_makes_other_trials(sampler: SamplerName) -> None:
    ours, theirs = searched(sampler, 4), searched(sampler, 4, seed=2)
    assert finished_trials(ours)[0].params != finished_trials(theirs)[0].params


def test_nsga2_finds_a_front_of_two_wishes() -> None:
    """x up and y up with x + y <= 1: the front is the line between."""
    space = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(0.0, 1.0)}

    def both(proposed: Sequence[dict[str, Any]]) -> list[Answer]:
        return [Answer((p["x"], p["y"]), {"sum": p["x"] + p["y"] - 1.0}) for p in proposed]

    def front_of(*parts: int) -> list[optuna.trial.FrozenTrial]:
        study = optuna.create_study(directions=["maximize", "maximize"])
        for n_trials in parts:
            run_trials(study, space, both, sampler="nsga2", seed=1, n_trials=n_trials)
        return study.best_trials

    front = front_of(200)
    assert [t.params for t in front_of(73, 200)] == [t.params for t in front]
    assert len(front) > 5
    assert all(sum(trial.values) <= 1.0 for trial in front)
    assert sum(sum(trial.values) for trial in front) / len(front) > 0.9


def test_an_answer_that_never_comes_leaves_no_half_made_trial() -> None:
    study = optuna.create_study(direction="maximize")
    run_trials(study, SPACE, answers, sampler="sobol", seed=1, n_trials=10)

    def dies(_: Sequence[dict[str, Any]]) -> list[Answer]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_trials(study, SPACE, dies, sampler="sobol", seed=1, n_trials=20)
    assert len(study.trials) == 10
    run_trials(study, SPACE, answers, sampler="sobol", seed=1, n_trials=20)
    assert [trial.params for trial in study.trials] == sobol_points(SPACE, 1, 0, 20)


def test_a_sobol_sequence_fills_its_bounds_evenly() -> None:
    points = sobol_points(SPACE, seed=3, n_before=0, n_more=16)
    quarters = {(int(4 * p["y"]), int(2 * math.log(p["x"] / 0.1) / math.log(100))) for p in points}
    assert len(quarters) == 8
    assert all(0.1 <= p["x"] <= 10.0 for p in points)
    assert points[4:] == sobol_points(SPACE, seed=3, n_before=4, n_more=12)
    assert points != sobol_points(SPACE, seed=4, n_before=0, n_more=16)


def test_progress_tells_the_time_left() -> None:
    told: list[tuple[int, float]] = []
    study = optuna.create_study(direction="maximize")
    run_trials(
        study, SPACE, answers, sampler="random", seed=1, n_trials=25,
        progress=lambda *each: told.append(each),
    )  # fmt: skip
    assert [done for done, _ in told] == [10, 20, 25]
    assert told[0][1] > 0.0
    assert told[-1][1] == 0.0
