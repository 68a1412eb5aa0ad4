"""Looks for deposition conditions that keep the deposit glassy, as far as the model can say.

Optuna proposes, the model's fast path answers, both in this process: one writer. Each map has a
study of its own in the same storage, so that the optimum is known under each.

    OUT/journal.log        every trial, unless a database is named; a stopped search goes on
    OUT/search.json        the resolved config and the answer
    OUT/proposals.jsonl    the embryos of the ranked conditions, ready to be simulated
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import optuna

from simulate.files import canonical_json, sha256_of
from surrogate.deposition.bridge import FastPredictor, HorizonBridge, TimeBridge
from surrogate.deposition.forecast import Question
from surrogate.deposition.registry import ChosenMap, bridge_or_default, choose_map
from surrogate.manifest import Manifest
from surrogate.search.answer import Searched, answer
from surrogate.deposition.conditions import DepositionConditions
from surrogate.search.config import SCHEMA_VERSION, SearchConfig, corner_conditions
from surrogate.search.judging import Judge, drawn_maps, metrics_of
from surrogate.search.result import SearchResult, write_result
from surrogate.search.sampling import SamplerName, run_trials
from surrogate.study import (
    StudyKind,
    check_is_same,
    finished_trials,
    open_study,
    sole_writer,
    storage_of,
)

USUAL_NAME: Final = "deposition"
"""Of a study, before the name of its map."""

Listener = Callable[[int, float | None], None]
"""Called with trials done under all maps, and a guess of the seconds left."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a study is kept.

    Attributes:
        out: Folder of the answer, made if it is not there; of the journal, too, without a URL.
        url: A database that Optuna can write, such as ``sqlite:///studies.db``.
        name: Of the study, where a database holds several.
    """

    out: Path
    url: str | None = None
    name: str = USUAL_NAME


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
        studies = [
            open_study(storage, identity_of(config, maps, number, package.label, hold_ps), kind)
            for number, kind in enumerate(kinds)
        ]
        _bring_to_end(studies, judges, config, progress)
        searched = [
            Searched(chosen, judge, judge.judged(_conditions(study, config)))
            for chosen, judge, study in zip(maps, judges, studies, strict=True)
        ]
        result = answer(searched[0], searched[1:])
        is_too_small = package.manifest.domain.is_too_small
        write_result(where.out, result, lambda design: not is_too_small(design))
    return result


def require_same(manifest: Manifest, config: SearchConfig, place: Place) -> None:
    """Refuse a place of another study, before a model is loaded.

    Raises:
        MisuseError, GlassyLiError: As `run_search`.
    """
    maps = maps_of(config, manifest.label, manifest.domain.potentials)
    for number, chosen in enumerate(maps):
        identity = identity_of(config, maps, number, manifest.label, manifest.protocol.hold_ps)
        check_is_same(place.out, identity, kind_of(config, chosen, place.name), place.url)


def maps_of(config: SearchConfig, model: str, potentials: Sequence[str]) -> list[ChosenMap]:
    """The maps of a search, that which leads first.

    Raises:
        MisuseError: No such map, or one calibrated with another model.
    """
    return [choose_map(name, model, potentials) for name in config.maps]


def bridge_of(config: SearchConfig, leading: ChosenMap) -> TimeBridge:
    """The bridge of all maps of a search: the one named, else that of the map which leads."""
    return config.bridge or bridge_or_default(leading, config.horizon_ps)


def kind_of(config: SearchConfig, chosen: ChosenMap, name: str = USUAL_NAME) -> StudyKind:
    """The study of one map."""
    metrics = metrics_of(config)
    return StudyKind(
        noun=name,
        verb="search",
        directions=tuple(metric.direction for metric in metrics),
        metrics=tuple(metric.name for metric in metrics),
        variant=chosen.deposition_map.name,
    )


def identity_of(
    config: SearchConfig, maps: Sequence[ChosenMap], number: int, model: str, hold_ps: float
) -> dict[str, Any]:
    """Everything that decides what a trial is worth and which trial comes next, as JSON.

    Args:
        config: What is searched.
        maps: Those of the search.
        number: Of the map whose study it is.
        model: Label of the model package.
        hold_ps: Hold that the model was trained on: the horizon where none is named.
    """
    chosen, bridge = maps[number], bridge_of(config, maps[0])
    draws = drawn_maps(chosen, config)
    if isinstance(bridge, HorizonBridge):
        bridge = HorizonBridge(horizon_ps=bridge.horizon_ps or hold_ps)
    elsewhere = {"n_trials", "n_ranked", "horizon_ps", "bridge", "deposition_map", "also_maps"}
    return {
        "schema": SCHEMA_VERSION,
        "model": model,
        "map": chosen.deposition_map.model_dump(mode="json"),
        "map_draws": sha256_of(canonical_json([each.values for each in draws]))[:12],
        "bridge": bridge.model_dump(mode="json"),
        **config.model_dump(mode="json", exclude=elsewhere),
        "sampler": _sampler_of(config, number),
    }


def _judges(
    predictor: FastPredictor, config: SearchConfig, maps: Sequence[ChosenMap]
) -> list[Judge]:
    bridge = bridge_of(config, maps[0])
    judges = [
        Judge(
            Question.of(predictor, chosen.deposition_map, bridge),
            drawn_maps(chosen, config),
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
    began = time.monotonic()
    n_each = config.n_trials_of_a_map
    n_before = [min(len(finished_trials(study)), n_each) for study in studies]
    for number, (study, judge) in enumerate(zip(studies, judges, strict=True)):

        def told(n_done: int, _: float | None, number: int = number) -> None:
            if progress is None:
                return
            done = number * n_each + n_done + sum(n_before[number + 1 :])
            new, left = done - sum(n_before), config.n_trials_in_all - done
            progress(done, (time.monotonic() - began) / new * left)

        run_trials(
            study,
            config.space.distributions,
            judge.answers,
            sampler=_sampler_of(config, number),
            seed=config.seed,
            n_trials=n_each,
            progress=told,
        )


def _sampler_of(config: SearchConfig, number: int) -> SamplerName:
    """Only the map that leads is worth the price of Gaussian processes."""
    return "tpe" if number and config.sampler == "gp" else config.sampler


def _conditions(study: optuna.Study, config: SearchConfig) -> list[DepositionConditions]:
    return [config.conditions(trial.params) for trial in finished_trials(study)]
