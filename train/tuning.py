"""Looks for training settings under which designs that were left out are likeliest.

Optuna proposes, members fitted to parts of the designs answer: one writer, one journal, and a
stopped search goes on. The first trial is the settings given. A trial is cross-validation with
seeds of its own, not those that judge a package, but the designs are the same ones. One without a
finite loss has failed: it counts as made, and is never the best.

    OUT/journal.log     every trial
    OUT/best.yaml       the best settings, opening with how they were found
    OUT/trials.csv      all of them, best first
    OUT/tuning.json     the whole answer
    OUT/data/           the data, while several processes fit
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import optuna
import torch
from optuna.distributions import distribution_to_json
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState
from torch.linalg import LinAlgError  # type: ignore[attr-defined]  # documented, not typed

from simulate.errors import GlassyLiError, MisuseError
from simulate.store import RecordStore
from surrogate.study import StudyKind, finished_trials, open_study, sole_writer, storage_of
from train.config import TrainingConfig
from train.dataset import TrainingSet
from train.held_out import HeldOut
from train.records import Records, read_records
from train.run_folder import identity_of
from train.tuning_fits import FitAll, fitting
from train.tuning_result import State, TunedTrial, TuningResult, error_of_gain, write_result
from train.tuning_space import space_of, tried

TUNING: Final = StudyKind("training", "tuning", ("minimize",))

FIRST_SEED: Final = 1_000_000
"""Seeds of trials begin so far above the seed given: packages are not judged by these splits."""

TRIALS_BEFORE_PRUNING: Final = 4
FOLDS_BEFORE_PRUNING: Final = 2
LEAST_FOR_IMPORTANCE: Final = 16

Listener = Callable[[int, str, float], None]
"""Called with trials done, a few words, and a guess of the seconds left."""


def run_tuning(
    stores: Sequence[RecordStore],
    config: TrainingConfig,
    out: Path,
    n_trials: int,
    budget_s: float = float("inf"),
    n_repeats: int = 1,
    progress: Listener | None = None,
) -> TuningResult:
    """Bring a study to `n_trials` trials and write its answer. Safe to stop and to repeat.

    Args:
        stores: What is learnt from, as for training.
        config: The settings to begin with; members are fitted by `config.n_workers` processes,
            their graphs on the GPU that all of them share where `config.use_gpu` says so.
            `train.tuning_space` says which settings are searched.
        out: Folder of the study, made if it is not there.
        n_trials: In all, not trials more; those given up or failed count.
        budget_s: No trial begins later than this, s; the first one always does.
        n_repeats: Times that the designs are split into `config.n_folds` parts.
        progress: Told after every trial.

    Raises:
        MisuseError: Too little data, a GPU that is not there, or `out` holds another study or is
            being written by another.
        GlassyLiError: The journal is damaged, a process was lost, or no trial has a finite loss.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    until = time.monotonic() + budget_s
    if config.use_gpu:
        _require_gpu()
    records = read_records(stores)
    _require_frames(records)
    identity = tuning_identity(records, config, n_repeats)
    with sole_writer(out, TUNING):
        study = open_study(storage_of(out, TUNING), identity, TUNING)
        if len(ended(study)) < n_trials:
            data = TrainingSet.of(records, config.snapshots_per_run)
            with fitting(data, out / "data", config.n_workers) as fit_all:
                for said in _trials(study, config, n_trials, n_repeats, data, fit_all):
                    if progress is not None:
                        progress(len(ended(study)), said, _left_s(study, n_trials, until))
                    if time.monotonic() > until:
                        break
        result = _result(study, records, config, n_repeats, n_trials)
        write_result(out, result)
    return result


def _require_frames(records: Records) -> None:
    """Refuse what no trial could be asked of.

    Raises:
        MisuseError: No record has frames.
    """
    if all(record.frames_file is None for _, record in records.answered):
        raise MisuseError(
            "a tuning must find frames of designs that members left out, but none of "
            f"{len(records.answered)} records has any. Give stores with frames."
        )


def _require_gpu() -> None:
    """Refuse to begin without the GPU that was asked for.

    Raises:
        MisuseError: PyTorch sees none.
    """
    if not torch.cuda.is_available():
        raise MisuseError(
            f"use_gpu needs a GPU that PyTorch can use, but PyTorch {torch.__version__} sees none. "
            "Set use_gpu: false, or install a build of PyTorch for your GPU."
        )


def tuning_identity(records: Records, config: TrainingConfig, n_repeats: int) -> dict[str, Any]:
    """Everything that decides what a trial is worth and which trial comes next, as JSON."""
    space, _ = space_of(config)
    searched = {name: json.loads(distribution_to_json(where)) for name, where in space.items()}
    return {**identity_of(records, config), "n_repeats": n_repeats, "space": searched}


def ended(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that were made to their end, or given up: as worse than others, or as failed."""
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return study.get_trials(deepcopy=False, states=states)


def _sampler(seed: int, n_done: int) -> BaseSampler:
    """Seeded by what is done, so that a stopped study makes the trials of an uninterrupted one."""
    drawn = np.random.SeedSequence([seed, n_done]).generate_state(1)
    return TPESampler(seed=int(drawn[0]), multivariate=True, n_startup_trials=8)


def _trials(
    study: optuna.Study,
    config: TrainingConfig,
    n_trials: int,
    n_repeats: int,
    data: TrainingSet,
    fit_all: FitAll,
) -> Iterator[str]:
    """Trial after trial until there are enough; says what came of each."""
    space, given = space_of(config)
    while (n_done := len(ended(study))) < n_trials:
        study.sampler = _sampler(config.seed, n_done)
        if not n_done and not study.get_trials(states=(TrialState.WAITING,)):
            study.enqueue_trial(given)
        trial = study.ask(space)
        yield _run(study, trial, tried(config, trial.params), n_repeats, HeldOut(data), fit_all)


def _run(
    study: optuna.Study,
    trial: Trial,
    chosen: TrainingConfig,
    n_repeats: int,
    held_out: HeldOut,
    fit_all: FitAll,
) -> str:
    """One trial, given up once most others did better on the same folds."""
    began = time.monotonic()
    fits = [
        (chosen.model_copy(update={"seed": seed, "n_members": chosen.n_folds}), number)
        for seed in _seeds(chosen, n_repeats)
        for number in range(chosen.n_folds)
    ]
    try:
        for step, losses in enumerate(fit_all(fits)):
            held_out.add(losses)
            loss = held_out.loss
            if loss is None:
                continue
            if not math.isfinite(loss):
                return _told(study, trial, began, held_out, "failed")
            trial.report(loss, step)
            if step + 1 < len(fits) and _is_hopeless(study, step, loss):
                return _told(study, trial, began, held_out, "pruned")
    except torch.OutOfMemoryError as error:
        raise GlassyLiError(
            "the processes of a tuning must find room on the GPU that they share, but it was full. "
            "Lower n_workers or max_atoms_per_batch; the same command goes on."
        ) from error
    except LinAlgError:  # what curvature that is not finite ends a fit with
        return _told(study, trial, began, held_out, "failed")
    return _told(study, trial, began, held_out, "complete")


def _is_hopeless(study: optuna.Study, step: int, loss: float) -> bool:
    """Whether most complete trials did better on the same folds.

    Optuna's own pruner would compare the best loss of any step: an easy first fold saved them all.
    """
    complete = finished_trials(study)
    if len(complete) < TRIALS_BEFORE_PRUNING or step < FOLDS_BEFORE_PRUNING:
        return False
    return loss > float(np.median([trial.intermediate_values[step] for trial in complete]))


def _told(study: optuna.Study, trial: Trial, began: float, held_out: HeldOut, state: State) -> str:
    """Tell the study what came of a trial, and say it.

    A failed trial is told as given up: the sampler then stays away from its settings.
    """
    trial.set_user_attr("state", state)
    trial.set_user_attr("duration_s", time.monotonic() - began)
    if state == "failed":
        study.tell(trial, state=TrialState.PRUNED)
        return f"trial {trial.number} failed: its loss is not finite"
    trial.set_user_attr("loss", held_out.loss)
    trial.set_user_attr("packed", held_out.packed)
    trial.set_user_attr("waiting", held_out.waiting)
    if state == "pruned":
        study.tell(trial, state=TrialState.PRUNED)
        return f"trial {trial.number} given up"
    trial.set_user_attr("by_design", held_out.by_design)
    study.tell(trial, held_out.loss)
    return f"loss {held_out.loss:.3f}, best {study.best_value:.3f}"


def _left_s(study: optuna.Study, n_trials: int, until: float) -> float:
    """From the mean cost of trials, within the budget, s."""
    spent = [trial.user_attrs["duration_s"] for trial in ended(study)]
    left_s = (n_trials - len(spent)) * float(np.mean(spent))
    return max(0.0, min(left_s, until - time.monotonic()))


def _seeds(config: TrainingConfig, n_repeats: int) -> list[int]:
    return [config.seed + FIRST_SEED + repeat for repeat in range(n_repeats)]


def _result(
    study: optuna.Study, records: Records, config: TrainingConfig, n_repeats: int, n_trials: int
) -> TuningResult:
    """The answer.

    Raises:
        GlassyLiError: No trial is complete.
    """
    made, complete = ended(study), finished_trials(study)
    if not complete:
        raise GlassyLiError(
            f"some trial of a tuning must end with a finite loss, but none of {len(made)} did. "
            "Begin with tamer settings and another --out, or give it more trials."
        )
    given, best = made[0], min(complete, key=lambda trial: trial.values[0])
    gain = gain_error = None
    if given.state == TrialState.COMPLETE:
        gain = given.values[0] - best.values[0]
        gain_error = error_of_gain(*(each.user_attrs["by_design"] for each in (given, best)))
    return TuningResult(
        data=[each[:12] for each in records.content_sha256],
        n_designs=len({record.design.key for _, record in records.answered}),
        n_folds=config.n_folds,
        seeds=_seeds(config, n_repeats),
        trials=[_as_tuned(trial) for trial in made],
        given=_as_tuned(given),
        best=_as_tuned(best),
        gain=gain,
        gain_error=gain_error,
        importances=_importances(study) if len(complete) >= LEAST_FOR_IMPORTANCE else {},
        is_done=len(made) >= n_trials,
        config=tried(config, best.params),
    )


def _as_tuned(trial: FrozenTrial) -> TunedTrial:
    said = {name: value for name, value in trial.user_attrs.items() if name != "by_design"}
    return TunedTrial(number=trial.number, settings=trial.params, **said)


def _importances(study: optuna.Study) -> dict[str, float]:
    """How much of what makes a trial good each setting explains.

    Reference:
        Watanabe et al., IJCAI 2023, doi 10.24963/ijcai.2023/488 (PED-ANOVA).
    """
    return get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
