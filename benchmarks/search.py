"""How long does a search take, and how many trials does it need?

    python -m benchmarks.search [--model PACKAGE] [--seeds N] [--gp] [--json]

Trials: the first by which 95 % of the way is gone from the middle of what chance finds to the best
that is known, on problems whose optimum lies in no corner, against random search with as many
seeds. The best is that of differential evolution, far longer than any search here. Three problems
are analytic; two ask the shipped model, its map taken as given: for the fastest plating under the
paper's map, whose best lies where both requirements bind, and for the largest glassy share under
the overpotential map, whose best lies at a middling current. Of these a share of the best itself is
told, too, which has a meaning where values have a zero.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, FloatDistribution
from scipy.optimize import NonlinearConstraint, differential_evolution

from benchmarks.timing import Line
from serve.models import model_path
from surrogate.deposition.forecast import Question
from surrogate.deposition.registry import choose_map
from surrogate.predictor import Predictor
from surrogate.search.config import SamplerName, SearchConfig, read_search_config
from surrogate.search.judging import Judge
from surrogate.search.run import run_search
from surrogate.search.sampling import Answer, Evaluate, run_trials, sobol_points
from surrogate.search.space import Bounds
from surrogate.search.studies import bridge_of
from surrogate.study import finished_trials

Floats = NDArray[np.float64]

N_SEEDS: Final = 10
OF_THE_WAY: Final = 0.95
N_TRIALS: Final = 200
N_GP_TRIALS: Final = 60
N_RANDOM: Final = 2000
"""Chance is given so many trials; where half of the seeds need more, the ratio is a lower bound."""

INSIDE: Final = 0.02
"""Of the range of a variable: so far from its bounds an optimum lies in no corner."""

FORGIVEN: Final = 1.0e-6
"""What a method that converges from outside may leave of a requirement."""

GOAL_S: Final = 60.0
GALLERY: Final = Path(__file__).parents[1] / "configs" / "search.yaml"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to maximise within what is allowed.

    Attributes:
        name: With dimensions.
        space: What is searched.
        evaluate: What proposed values are worth, with constraints.
        best: Best known value.
        has_zero: Whether values are of a quantity with a zero of its own, of which a share can be
            taken: a current, a glassy share.
    """

    name: str
    space: dict[str, BaseDistribution]
    evaluate: Evaluate
    best: float
    has_zero: bool = False


def best_place(
    name: str,
    value: Callable[[Floats], float],
    missed: Callable[[Floats], Floats | float],
    bounds: Sequence[tuple[float, float]],
    *,
    polish: bool,
) -> Floats:
    """Where a global method finds the best that is allowed; in no corner.

    Args:
        name: Of the problem.
        value: To be maximised.
        missed: At most 0 where it is allowed.
        bounds: Of each variable.
        polish: By gradients, of smooth problems.
    """
    found = differential_evolution(
        lambda x: -value(x),
        bounds,
        constraints=NonlinearConstraint(missed, -np.inf, 0.0),
        seed=1,
        tol=1e-10 if polish else 1e-5,
        polish=polish,
    )
    if not found.success or np.max(missed(found.x)) > FORGIVEN:
        raise ValueError(f"no best of {name} was found: {found.message}")
    edges = [
        min(abs(x - low), abs(high - x)) / (high - low)
        for x, (low, high) in zip(found.x, bounds, strict=True)
    ]
    if min(edges) < INSIDE:
        raise ValueError(f"the optimum of {name} lies at a bound: {found.x}.")
    return np.asarray(found.x)


def analytic(
    name: str,
    value: Callable[[Floats], float],
    missed: Callable[[Floats], float],
    bounds: Sequence[tuple[float, float]],
) -> Problem:
    """A problem in closed form."""
    names = [f"x{number}" for number in range(len(bounds))]
    best = best_place(name, value, missed, bounds, polish=True)

    def evaluate(proposed: Sequence[dict[str, Any]]) -> list[Answer]:
        points = [np.array([each[key] for key in names]) for each in proposed]
        return [Answer((value(x),), {"allowed": missed(x)}) for x in points]

    space: dict[str, BaseDistribution] = {
        key: FloatDistribution(*ends) for key, ends in zip(names, bounds, strict=True)
    }
    return Problem(name, space, evaluate, value(best))


def gardner() -> Problem:
    """Gardner et al., ICML 2014, simulation 1: two dimensions, wavy, the best on the boundary."""
    return analytic(
        "Gardner, 2-D",
        lambda x: -float(np.cos(2.0 * x[0]) * np.cos(x[1]) + np.sin(x[0])),
        lambda x: float(np.cos(x[0] + x[1]) + 0.5),
        [(0.0, 6.0), (0.0, 6.0)],
    )


HARTMANN_WEIGHTS: Final = np.array([1.0, 1.2, 3.0, 3.2])


def hartmann(scales: Floats, centres: Floats, x: Floats) -> float:
    """Dixon & Szegö, *Towards Global Optimisation 2* (1978): four hills of unlike height."""
    return float(HARTMANN_WEIGHTS @ np.exp(-(scales * (x - centres) ** 2).sum(axis=1)))


def hartmann_3() -> Problem:
    """The top of the highest hill is forbidden."""
    scales = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]], np.float64)
    centres = 1e-4 * np.array(
        [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]
    )
    return analytic(
        "Hartmann, 3-D",
        lambda x: hartmann(scales, centres, x),
        lambda x: 0.2 - float(np.linalg.norm(x - np.array([0.15, 0.55, 0.85]))),
        [(0.0, 1.0)] * 3,
    )


def hartmann_4() -> Problem:
    """Four of the six dimensions, and a budget for their sum."""
    scales = np.array(
        [[10, 3, 17, 3.5], [0.05, 10, 17, 0.1], [3, 3.5, 1.7, 10], [17, 8, 0.05, 10]], np.float64
    )
    centres = 1e-4 * np.array(
        [
            [1312, 1696, 5569, 124],
            [2329, 4135, 8307, 3736],
            [2348, 1451, 3522, 2883],
            [4047, 8828, 8732, 5743],
        ]
    )
    return analytic(
        "Hartmann, 4-D",
        lambda x: hartmann(scales, centres, x),
        lambda x: float(x.sum() - 1.0),
        [(0.0, 1.0)] * 4,
    )


def shipped(name: str, predictor: Predictor, config: SearchConfig) -> Problem:
    """A question asked of the model that ships, its map taken as given."""
    package = predictor.package
    domain = package.manifest.domain
    chosen = choose_map(config.deposition_map, package.label, domain.potentials)
    question = Question.of(predictor, chosen.deposition_map, bridge_of(config, chosen))
    judge = Judge(question, (), config)
    names = list(config.space.searched)

    def answer(places: Floats) -> Answer:
        inside = dict(zip(names, np.clip(places, 0.0, 1.0).tolist(), strict=True))
        return judge.answers([config.space.at(inside)])[0]

    best = best_place(
        name,
        lambda places: answer(places).values[0],
        lambda places: np.array(list(answer(places).constraints.values())),
        [(0.0, 1.0)] * len(names),
        polish=False,
    )
    value = answer(best).values[0]
    return Problem(name, config.space.distributions, judge.answers, value, has_zero=True)


def of_the_model(predictor: Predictor, gallery: SearchConfig) -> Iterator[Problem]:
    """Questions whose best lies in no corner of current and capacity, or of current and time."""
    wide = {"capacity_mAh_cm2": Bounds(min=0.5, max=4.0), "also_maps": ()}
    yield shipped("fastest plating, paper's map", predictor, gallery.model_copy(update=wide))
    share = {
        "capacity_mAh_cm2": None,
        "deposition_time_min": Bounds(min=1.0, max=1200.0),
        "objective": "glassy_share",
        "min_glassy_share": None,
        "deposition_map": "overpotential",
        "also_maps": (),
    }
    yield shipped("glassy share, overpotential", predictor, gallery.model_copy(update=share))


def values_of(problem: Problem, sampler: SamplerName, n_trials: int, seed: int) -> Floats:
    """Value of every trial in order, -inf where it is not allowed."""
    study = optuna.create_study(direction="maximize")
    run_trials(
        study, problem.space, problem.evaluate, sampler=sampler, seed=seed, n_trials=n_trials
    )
    return np.array(
        [
            trial.values[0] if all(c <= 0.0 for c in trial.constraints.values()) else -np.inf
            for trial in finished_trials(study)
        ]
    )


def middle_of_chance(problem: Problem) -> float:
    """Median value of what is allowed among points spread evenly."""
    answers = problem.evaluate(sobol_points(problem.space, 0, 0, 512))
    allowed = [a.values[0] for a in answers if all(c <= 0.0 for c in a.constraints.values())]
    return statistics.median(allowed)


def first_good(values: Floats, good: float) -> float:
    """Number of the first trial that is good; infinite where none is."""
    reached = np.flatnonzero(values >= good)
    return float(reached[0] + 1) if len(reached) else np.inf


def runs_of(
    problem: Problem, samplers: Sequence[SamplerName], seeds: Sequence[int]
) -> dict[str, list[Floats]]:
    """Values of every trial by chance and by each sampler, a run a seed."""
    n_of = {"gp": N_GP_TRIALS, "random": N_RANDOM}
    return {
        sampler: [values_of(problem, sampler, n_of.get(sampler, N_TRIALS), seed) for seed in seeds]
        for sampler in ("random", *samplers)
    }


def trials_needed(problem: Problem, made: dict[str, list[Floats]]) -> list[Line]:
    """Median trials of each sampler, and how many times fewer than by chance."""
    middle = middle_of_chance(problem)
    lines = needed_for(problem.name, "95 %", middle + OF_THE_WAY * (problem.best - middle), made)
    if problem.has_zero:
        lines += needed_for(problem.name, "0.95 x the best", OF_THE_WAY * problem.best, made)
    return lines


def needed_for(problem: str, words: str, good: float, made: dict[str, list[Floats]]) -> list[Line]:
    """The same for a value that is good enough."""
    needed = {
        name: np.array([first_good(values, good) for values in runs]) for name, runs in made.items()
    }
    lines = [
        Line(
            f"{problem}: trials to {words}, {name}, median of {len(each)} seeds",
            min(float(np.median(each)), len(made[name][0])),
            "(not reached)" if np.isinf(np.median(each)) else "",
        )
        for name, each in needed.items()
    ]
    for name in (each for each in made if each != "random"):
        if all(np.isinf(np.median(needed[each])) for each in (name, "random")):
            continue  # neither came there: nothing can be compared
        lines.append(fewer_line(f"{problem}, {words}", name, needed["random"], needed[name]))
    return lines


def fewer_line(problem: str, name: str, chance: Floats, ours: Floats) -> Line:
    """How many times fewer, its low end beside the goal, and how many seeds never came there."""
    ratio, low, high = times_fewer(chance, ours)
    short = [f"{np.isinf(each).sum()} of {len(each)}" for each in (ours, chance)]
    return Line(
        f"{problem}: times fewer by {name} than by chance {ratio:.2g} (to {high:.2g}; never there: "
        f"{short[0]} seeds, by chance {short[1]}); low end of 90 %",
        low,
        "",
        goal=float(np.nextafter(1.0, 2.0)),  # above 1, not 1
        better="more",
    )


def times_fewer(chance: Floats, ours: Floats) -> tuple[float, float, float]:
    """Ratio of medians with a bootstrap interval over seeds, a lower bound.

    By chance what never came counts as the last trial, of ours as never: neither flatters us.
    """
    chance = np.minimum(chance, N_RANDOM)
    rng = np.random.default_rng(1)
    drawn = rng.integers(len(ours), size=(2000, 2, len(ours)))
    ratios = np.median(chance[drawn[:, 0]], axis=1) / np.median(ours[drawn[:, 1]], axis=1)
    low, high = np.quantile(ratios, [0.05, 0.95])
    return float(np.median(chance) / np.median(ours)), float(low), float(high)


def speed(predictor: Predictor, config: SearchConfig) -> list[Line]:
    """Whole searches, all maps and the analysis of the answer, in time of one core."""
    lines = []
    sized: tuple[tuple[SamplerName, int], ...] = (("tpe", N_TRIALS), ("gp", N_GP_TRIALS))
    for sampler, n_trials in sized:
        asked = config.model_copy(update={"sampler": sampler, "n_trials": n_trials})
        with tempfile.TemporaryDirectory() as folder:
            began, began_wall = time.process_time(), time.monotonic()
            run_search(predictor, asked, Path(folder))
            took_s, wall_s = time.process_time() - began, time.monotonic() - began_wall
        what = (
            f"search, {n_trials} {sampler} trials a map, analysis included, of one core "
            f"({wall_s:.1f} s of wall)"
        )
        lines.append(Line(what, took_s, "s", GOAL_S))
    return lines


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--model", type=Path, help="model package; default: the one that ships")
    asked.add_argument("--seeds", type=int, default=N_SEEDS, help="runs of every sampler")
    asked.add_argument("--gp", action="store_true", help="gp, too: half a second a trial")
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    predictor = Predictor.load(model_path(options.model))
    config = read_search_config(GALLERY)
    samplers: list[SamplerName] = ["tpe", "gp"] if options.gp else ["tpe"]
    lines = speed(predictor, config)
    for problem in (gardner(), hartmann_3(), hartmann_4(), *of_the_model(predictor, config)):
        seeds = range(1, options.seeds + 1)
        lines += trials_needed(problem, runs_of(problem, samplers, seeds))
    if options.json:
        figures = [asdict(line) | {"is_met": line.is_met} for line in lines]
        print(json.dumps({"model": predictor.package.label, "figures": figures}, indent=1))
        return
    print(f"model {predictor.package.label}; times are of one core")
    print("\n".join(map(str, lines)))


if __name__ == "__main__":
    main()
