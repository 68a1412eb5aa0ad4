"""Optuna proposes, a function answers: the loop of a search, whatever is searched.

One writer, by ask and tell. The sampler is seeded anew for each batch from (seed, trials before the
batch), so that a resumed search makes the trials of an uninterrupted one, wherever it was stopped,
and no start-up draw comes twice.
"""

import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import (
    BaseSampler,
    GPSampler,
    NSGAIISampler,
    RandomSampler,
    TPESampler,
)
from optuna.trial import FrozenTrial
from scipy.stats import qmc

from surrogate.search.config import SamplerName
from surrogate.study import finished_trials

TRIALS_PER_CALL: Final = 10
"""Trials proposed together and answered by one call of the model."""

GP_TRIALS_PER_CALL: Final = 2
"""A Gaussian process learns from every trial, and costs far more than the model's answer."""

POPULATION: Final = 20
"""Of NSGA-II: ten generations in 200 trials, where Optuna's own 50 would leave four."""

Listener = Callable[[int, float], None]
"""Called with trials done and a guess of the seconds left."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a trial is worth.

    Attributes:
        values: Of each objective.
        constraints: How far each requirement is missed, by its name; at most 0 where it holds.
        facts: Shown beside the trial, by name with unit.
    """

    values: tuple[float, ...]
    constraints: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)


Evaluate = Callable[[Sequence[dict[str, Any]]], list[Answer]]
"""Answers a batch of proposed parameters."""


def run_trials(
    study: optuna.Study,
    space: dict[str, BaseDistribution],
    evaluate: Evaluate,
    *,
    sampler: SamplerName,
    seed: int,
    n_trials: int,
    progress: Listener | None = None,
) -> None:
    """Bring a study to `n_trials` finished trials; one that has them is left as it is.

    Trials are made on a copy in memory and added to the study once they are answered: each is
    written at once instead of value by value, and none is ever left half-made.

    Args:
        study: With this process as its only writer.
        space: What is searched.
        evaluate: What a trial is worth.
        sampler: Who proposes.
        seed: Of the search.
        n_trials: In all, not trials more.
        progress: Told after every batch.
    """
    began, n_before = time.monotonic(), len(finished_trials(study))
    n_done, per_call = n_before, trials_per_call(sampler)
    copy = _copy_of(study, n_done - n_done % per_call)
    while n_done < n_trials:
        n_known = n_done % per_call  # of a batch that was cut short: proposed again, not answered
        n_start = n_done - n_known
        n_more = min(per_call, n_trials - n_start)
        trials = _proposed(copy, space, sampler, seed, n_start, n_more)[n_known:]
        answers = evaluate([trial.params for trial in trials])
        for trial, answer in zip(trials, answers, strict=True):
            study.add_trial(_told(copy, trial, answer))
        n_done = n_start + n_more
        if n_known:
            copy = _copy_of(study, n_done)
        if progress is not None:
            spent_s = time.monotonic() - began
            progress(n_done, spent_s / (n_done - n_before) * (n_trials - n_done))


def _copy_of(study: optuna.Study, n_trials: int) -> optuna.Study:
    """A study in memory with the first finished trials of another."""
    copy = optuna.create_study(directions=study.directions)
    copy.add_trials(finished_trials(study)[:n_trials])
    return copy


def _proposed(
    study: optuna.Study,
    space: dict[str, BaseDistribution],
    sampler: SamplerName,
    seed: int,
    n_finished: int,
    n_more: int,
) -> list[optuna.Trial]:
    study.sampler = sampler_named(sampler, seed, n_finished)
    if sampler == "sobol":
        for params in sobol_points(space, seed, n_finished, n_more):
            study.enqueue_trial(params)
    return [study.ask(space) for _ in range(n_more)]


def sobol_points(
    space: dict[str, BaseDistribution], seed: int, n_before: int, n_more: int
) -> list[dict[str, Any]]:
    """The next points of the scrambled Sobol' sequence of a seed.

    Optuna's own sampler draws its first point at random and loses its place with trials that are
    proposed and never answered.

    Args:
        space: Of float variables.
        seed: Of the scrambling.
        n_before: Points already taken.
        n_more: Points wanted.

    Reference:
        Sobol', USSR Comput. Math. Math. Phys. 7, 86 (1967), doi 10.1016/0041-5553(67)90144-9; Owen,
        J. Complexity 14, 466 (1998), doi 10.1006/jcom.1998.0487.
    """
    if not space:
        return [{}] * n_more
    sequence = qmc.Sobol(len(space), rng=np.random.default_rng(seed))
    if n_before:
        sequence.fast_forward(n_before)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The balance properties")  # 2^k only at the end
        places = sequence.random(n_more)
    return [
        {name: _at(where, place) for (name, where), place in zip(space.items(), row, strict=True)}
        for row in places.tolist()
    ]


def _at(where: BaseDistribution, place: float) -> float:
    """The value at a place between 0 and 1 of a variable."""
    if not isinstance(where, FloatDistribution):
        raise TypeError(f"a Sobol' sequence needs float variables, but got {where}.")
    if where.log:
        value = math.exp(math.log(where.low) + place * math.log(where.high / where.low))
    else:
        value = where.low + place * (where.high - where.low)
    return min(max(value, where.low), where.high)


def trials_per_call(sampler: SamplerName) -> int:
    """How many trials are proposed before the next answer is known."""
    return GP_TRIALS_PER_CALL if sampler == "gp" else TRIALS_PER_CALL


def sampler_named(name: SamplerName, seed: int, n_finished: int) -> BaseSampler:
    """A sampler whose draws depend on (seed, finished trials) alone.

    Reference:
        TPE: Watanabe, arXiv:2304.11127 (2023). GP: expected improvement in log space with
        constraints, Ament et al., NeurIPS 2023. NSGA-II: Deb et al., IEEE Trans. Evol. Comput. 6,
        182 (2002), doi 10.1109/4235.996017.
    """
    drawn = int(np.random.SeedSequence([seed, n_finished]).generate_state(1)[0])
    if name == "nsga2":
        return NSGAIISampler(seed=drawn, population_size=POPULATION)
    if name == "gp":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return GPSampler(
                seed=drawn, deterministic_objective=True, warn_independent_sampling=False
            )
    if name == "tpe":
        return TPESampler(seed=drawn, multivariate=True)
    return RandomSampler(seed=drawn)


def _told(study: optuna.Study, trial: optuna.Trial, answer: Answer) -> FrozenTrial:
    for name, missed in answer.constraints.items():
        trial.set_constraint(name, missed)
    for name, value in answer.facts.items():
        trial.set_user_attr(name, value)
    return study.tell(trial, list(answer.values))
