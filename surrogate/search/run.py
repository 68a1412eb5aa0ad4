"""Looks for deposition conditions that keep the deposit glassy, as far as the model can say.

Optuna proposes, the model's fast path answers, both in this process: one writer. Each map has a
study of its own in the same storage, so that the optimum is known under each.

    OUT/journal.log        every trial, unless a database is named; a stopped search goes on
    OUT/search.json        the resolved config and the answer
    OUT/proposals.jsonl    the embryos of the ranked conditions, ready to be simulated
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import optuna

from surrogate.deposition.bridge import FastPredictor
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.forecast import Question
from surrogate.deposition.registry import ChosenMap
from surrogate.search.answer import Searched, answer
from surrogate.search.config import SearchConfig, corner_conditions
from surrogate.search.judging import Judge
from surrogate.search.result import SearchResult, write_result
from surrogate.search.sampling import run_trials
from surrogate.search.studies import (
    Place,
    bridge_of,
    identity_of,
    kind_of,
    maps_of,
    sampler_of,
)
from surrogate.study import finished_trials, open_study, sole_writer, storage_of

Listener = Callable[[int, int, float], None]
"""Called with trials done and trials in all, under all maps, and a guess of the seconds left."""


def run_search(
    predictor: FastPredictor,
    config: SearchConfig,
    place: Path | Place,
    progress: Listener | None = None,
) -> SearchResult:
    """Bring a study to `config.n_trials` trials and write its answer. Safe to stop and to repeat.

    Args:
        predictor: The model.
        config: What is searched.
        place: Where the study is kept; a folder alone: in a journal there.
        progress: Told after every batch of trials.

    Raises:
        MisuseError: The place holds another study or is being written by another search, a map is
            not there or of another model, or the bounds lie where nothing was sampled.
        GlassyLiError: The journal is damaged, or the database cannot be reached.
    """
    # Optuna warns of what is decided here (experimental samplers, a missing accelerator).
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    where = place if isinstance(place, Place) else Place(place)
    package = predictor.package
    maps = maps_of(config, package.label, package.manifest.domain.potentials)
    judges, hold_ps = _judges(predictor, config, maps), package.protocol.hold_ps
    kinds = [kind_of(config, chosen, where.name) for chosen in maps]
    with sole_writer(where.out, kinds[0], where.url):
        storage = storage_of(where.out, kinds[0], where.url)
        known = optuna.get_all_study_names(storage)
        studies: dict[int, optuna.Study] = {}
        # Those that are there come first: if one is refused, no other must have been made.
        for number in sorted(range(len(kinds)), key=lambda each: kinds[each].name not in known):
            identity = identity_of(config, maps, number, package.label, hold_ps)
            studies[number] = open_study(storage, identity, kinds[number])
        in_order = [studies[number] for number in range(len(kinds))]
        _bring_to_end(in_order, judges, config, progress)
        searched = [
            Searched(
                chosen.asked_by(judge.question.bridge),
                judge,
                judge.judged(_conditions(study, config)),
            )
            for chosen, judge, study in zip(maps, judges, in_order, strict=True)
        ]
        result = answer(searched[0], searched[1:])
        is_too_small = package.manifest.domain.is_too_small
        write_result(where.out, result, lambda design: not is_too_small(design))
    return result


def _judges(
    predictor: FastPredictor, config: SearchConfig, maps: Sequence[ChosenMap]
) -> list[Judge]:
    bridge = bridge_of(config, maps[0])
    judges = [
        Judge(
            Question.of(predictor, chosen.deposition_map, bridge, chosen.bridge),
            chosen.drawn(config.n_map_draws),
            config,
        )
        for chosen in maps
    ]
    for judge in judges:  # what lies where nothing was sampled is refused before the first trial
        judge.question.forecasts(list(corner_conditions(config)))
    return judges


def _bring_to_end(
    studies: Sequence[optuna.Study],
    judges: Sequence[Judge],
    config: SearchConfig,
    progress: Listener | None,
) -> None:
    """All studies, one after the other."""
    began, n_each = time.monotonic(), config.n_trials_of_a_map
    n_before = [min(len(finished_trials(study)), n_each) for study in studies]
    n_all = n_each * len(studies)
    for number, (study, judge) in enumerate(zip(studies, judges, strict=True)):

        def told(n_done: int, _: float, number: int = number) -> None:
            if progress is not None:
                done = number * n_each + n_done + sum(n_before[number + 1 :])
                spent_s = time.monotonic() - began
                progress(done, n_all, spent_s / (done - sum(n_before)) * (n_all - done))

        run_trials(
            study,
            config.space.distributions,
            judge.answers,
            sampler=sampler_of(config, number),
            seed=config.seed,
            n_trials=n_each,
            progress=told,
        )


def _conditions(study: optuna.Study, config: SearchConfig) -> list[DepositionConditions]:
    return [config.conditions(trial.params) for trial in finished_trials(study)]
