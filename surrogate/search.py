"""Looks for deposition conditions that keep the deposit glassy, as far as the model can say.

Optuna proposes, the model's fast path answers, both in this process: one writer, one journal.

    OUT/journal.log        every trial; a stopped search goes on from here
    OUT/search.json        the resolved config and the answer
    OUT/proposals.jsonl    the embryos of the ranked conditions, ready to be simulated
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution

from surrogate.deposition.bridge import FastPredictor, HorizonBridge
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.forecast import Forecast, Question
from surrogate.deposition.registry import DEPOSITION_MAPS
from surrogate.ranking import (
    horizon_check,
    is_feasible,
    least_violation,
    notes,
    recommended,
    violations,
)
from surrogate.search_config import VARIABLES, SearchConfig
from surrogate.search_result import HorizonCheck, RankedConditions, SearchResult, write_result
from surrogate.study import finished_trials, identity_of, open_study, sole_writer

TRIALS_PER_CALL: Final = 10
"""Trials proposed together and answered by one call of the model. The sampler is seeded anew for
each such batch, so that a stopped and resumed search makes the trials of an uninterrupted one."""

OTHER_HORIZONS: Final = (0.25, 0.5)
"""Shares of the horizon at which the order of conditions is compared; none is an extrapolation."""


def run_search(
    predictor: FastPredictor,
    config: SearchConfig,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
) -> SearchResult:
    """Bring a study to `config.n_trials` trials and write its answer. Safe to stop and to repeat.

    Args:
        predictor: The model.
        config: What is searched.
        out: Folder of the study, made if it is not there.
        progress: Called with (trials done, trials in all).

    Raises:
        MisuseError: `out` holds another study or is being written by another search.
        GlassyLiError: The journal is damaged.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    question = Question.of(
        predictor,
        DEPOSITION_MAPS[config.deposition_map],
        HorizonBridge(horizon_ps=config.horizon_ps),
    )
    package = predictor.package
    with sole_writer(out):
        study = open_study(out, identity_of(package.label, package.protocol.hold_ps, config))
        _run_trials(study, question, config, progress)
        result = _answer(study, question, config)
        is_too_small = package.manifest.domain.is_too_small
        write_result(out, result, lambda design: not is_too_small(design))
    return result


def _run_trials(
    study: optuna.Study,
    question: Question,
    config: SearchConfig,
    progress: Callable[[int, int], None] | None,
) -> None:
    space = _distributions(config)
    n_done = len(finished_trials(study))
    while n_done < config.n_trials:
        n_more = min(TRIALS_PER_CALL - n_done % TRIALS_PER_CALL, config.n_trials - n_done)
        study.sampler = _sampler(config, n_done)
        trials = [study.ask(space) for _ in range(n_more)]
        forecasts = question.forecasts([_conditions(trial.params, config) for trial in trials])
        for trial, forecast in zip(trials, forecasts, strict=True):
            for name, missed in violations(forecast, config).items():
                trial.set_constraint(name, missed)
            study.tell(trial, forecast.objective(config.risk))
        n_done += n_more
        if progress is not None:
            progress(n_done, config.n_trials)


def _answer(study: optuna.Study, question: Question, config: SearchConfig) -> SearchResult:
    trials = finished_trials(study)
    forecasts = question.forecasts([_conditions(trial.params, config) for trial in trials])
    feasible = [forecast for forecast in forecasts if is_feasible(forecast, config)]
    best = max(feasible, key=lambda one: one.objective(config.risk), default=None)
    checks = tuple(_horizon_checks(feasible, question))
    return SearchResult(
        config=config,
        model=question.predictor.package.label,
        horizon_ps=question.horizon_ps,
        horizon_statement=question.statement,
        assumption=question.deposition_map.assumption,
        n_trials=len(trials),
        n_feasible=len(feasible),
        ranked=tuple(
            _ranked(rank, forecast, question)
            for rank, forecast in enumerate(recommended(feasible, config), start=1)
        ),
        least_violation=None if feasible else least_violation(forecasts, config),
        horizon_checks=checks,
        notes=notes(best, checks, config),
    )


def _ranked(rank: int, forecast: Forecast, question: Question) -> RankedConditions:
    conditions, expected = forecast.conditions, forecast.expected
    return RankedConditions(
        rank=rank,
        conditions=conditions,
        local_current_density_mA_cm2=conditions.local_current_density_mA_cm2,
        capacity_mAh_cm2=conditions.capacity_mAh_cm2,
        deposited_atoms_per_nm2=conditions.deposited_atoms_per_nm2,
        glassy_share=forecast.glassy_share,
        glassy_share_interval=forecast.interval,
        applicability=question.applicability(expected),
        clipped_share=expected.clipped_share,
        clipped=expected.clipped,
        embryos=expected.embryos,
    )


def _horizon_checks(feasible: list[Forecast], question: Question) -> Iterator[HorizonCheck]:
    """Whether the order of the feasible trials holds at shorter horizons."""
    if not feasible:
        return
    shares = np.array([forecast.glassy_share for forecast in feasible])
    for part in OTHER_HORIZONS:
        elsewhere = question.at_horizon(part * question.horizon_ps)
        others = elsewhere.forecasts([forecast.conditions for forecast in feasible])
        yield horizon_check(
            shares, np.array([other.glassy_share for other in others]), elsewhere.horizon_ps
        )


def _sampler(config: SearchConfig, n_finished: int) -> optuna.samplers.BaseSampler:
    entropy = np.random.SeedSequence([config.seed, n_finished])
    seed = int(entropy.generate_state(1)[0])
    if config.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed, multivariate=True)


def _distributions(config: SearchConfig) -> dict[str, BaseDistribution]:
    return {
        name: FloatDistribution(bounds.min, bounds.max, log=VARIABLES[name])
        for name, bounds in config.bounds.items()
        if not bounds.is_fixed
    }


def _conditions(params: dict[str, Any], config: SearchConfig) -> DepositionConditions:
    fixed = {name: bounds.min for name, bounds in config.bounds.items() if bounds.is_fixed}
    return DepositionConditions(**fixed, **params)
