"""A search for settings begins with those given, goes on where it stopped, says what it found."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import optuna
import pytest
import torch
import yaml
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from synthetic import QUICK_TRAINING, synthetic_designs, synthetic_store

from serve.console import Console
from serve.tuning_view import tell_tuning
from simulate.errors import GlassyLiError, MisuseError
from simulate.store import RecordStore
from surrogate.survival import Seen
from train.config import TrainingConfig
from train.crossfit import GATES
from train.dataset import TrainingSet
from train.held_out import MOST_LOSS, HeldOut, Losses
from train.member import fit_member, fold_of
from train.records import read_records
from train.tuning import TRIALS_BEFORE_PRUNING, _is_hopeless, _run, ended, run_tuning
from train.tuning_fits import Fit
from train.tuning_space import SPACE, Axis, space_of, tried

BASE = QUICK_TRAINING.model_copy(
    update={"epochs": 1, "n_folds": 2, "design_steps": 0, "snapshots_per_run": 1}
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    return synthetic_store(tmp_path_factory.mktemp("s") / "store", synthetic_designs(6), 1)


def without_cost(trials) -> list[dict]:
    return [trial.model_dump(exclude={"duration_s"}) for trial in trials]


def test_a_stopped_search_makes_the_trials_of_an_uninterrupted_one(
    store: RecordStore, tmp_path: Path
) -> None:
    whole = run_tuning([store], BASE, tmp_path / "whole", 3)
    first = run_tuning([store], BASE, tmp_path / "parts", 3, budget_s=0.0)
    assert (len(first.trials), first.is_done) == (1, False)
    told: list[int] = []
    parts = run_tuning(
        [store], BASE, tmp_path / "parts", 3, progress=lambda done, _said, _left: told.append(done)
    )
    assert told == [2, 3]
    assert without_cost(parts.trials) == without_cost(whole.trials)
    assert parts.is_done
    assert run_tuning([store], BASE, tmp_path / "parts", 3).trials == parts.trials

    assert tried(BASE, parts.given.settings) == BASE
    best = min((t for t in parts.trials if t.state == "complete"), key=lambda t: t.loss)
    assert parts.best == best
    assert parts.gain == pytest.approx(parts.given.loss - best.loss)
    text = (tmp_path / "parts/best.yaml").read_text()
    assert text.startswith("# Found by `glassyli tune` on")
    assert f"trial {best.number}, the best of 3," in text
    found = TrainingConfig.model_validate(yaml.safe_load(text))
    assert found == parts.config == tried(BASE, best.settings)
    with (tmp_path / "parts/trials.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert float(rows[0]["loss"]) == best.loss
    assert {int(row["trial"]) for row in rows} == {0, 1, 2}

    with pytest.raises(MisuseError, match=r"only as it was begun.*another --out, or"):
        run_tuning([store], BASE.model_copy(update={"n_folds": 3}), tmp_path / "parts", 4)


HOPELESS = BASE.model_copy(update={"epochs": 0, "design_steps": 150, "correction_spread": 1.0e-160})
"""The square of what a correction costs is no number any more."""


def test_a_trial_without_a_finite_loss_counts_and_is_never_the_best(
    store: RecordStore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    result = run_tuning(
        [store], HOPELESS, tmp_path, 4, progress=lambda _done, said, _left: told.append(said)
    )
    assert told[0] == "trial 0 failed: its loss is not finite"
    assert len(told) == len(result.trials) == 4
    assert result.is_done
    assert (result.given.state, result.given.loss, result.gain) == ("failed", None, None)
    assert result.best.state == "complete"
    assert result.best.loss is not None
    assert run_tuning([store], HOPELESS, tmp_path, 4).trials == result.trials
    assert "the given settings themselves came to no finite" in (tmp_path / "best.yaml").read_text()
    with (tmp_path / "trials.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert (rows[0]["state"], rows[-1]["state"], rows[-1]["loss"]) == ("complete", "failed", "")
    tell_tuning(Console(), result)
    said = capfd.readouterr().out
    assert " 1 failed, " in said
    assert "came to no finite loss" in said


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_missed_before_anything_is_written(
    store: RecordStore, tmp_path: Path
) -> None:
    asked = BASE.model_copy(update={"use_gpu": True})
    with pytest.raises(MisuseError, match="Set use_gpu: false"):
        run_tuning([store], asked, tmp_path / "study", 1)
    assert not (tmp_path / "study").exists()


def test_a_search_in_which_all_failed_says_so(store: RecordStore, tmp_path: Path) -> None:
    for n_trials in (1, 1):  # a repetition makes no trial more
        with pytest.raises(GlassyLiError, match="none of 1 did"):
            run_tuning([store], HOPELESS, tmp_path, n_trials)


def test_a_fit_that_ends_in_curvature_without_numbers_has_failed(data: TrainingSet) -> None:
    def fit_all(fits: Sequence[Fit]) -> Iterator[Losses]:
        for _ in fits:
            torch.linalg.eigh(torch.full((3, 3), torch.nan))
            yield from ()

    study = optuna.create_study(direction="minimize")
    said = _run(study, study.ask(), BASE, 1, HeldOut(data), fit_all)
    assert said == "trial 0 failed: its loss is not finite"
    assert [trial.user_attrs["state"] for trial in ended(study)] == ["failed"]


def test_folds_without_frames_are_waited_out(tmp_path: Path) -> None:
    designs, path = synthetic_designs(4), tmp_path / "store"
    synthetic_store(path, designs[:3], 1, has_frames=False)
    some = synthetic_store(path, designs[3:], 1)
    config = BASE.model_copy(update={"epochs": 0, "n_folds": 4})
    for seed in range(3):  # the fold with frames is not always the first
        seeded = config.model_copy(update={"seed": seed})
        result = run_tuning([some], seeded, tmp_path / str(seed), 1)
        assert result.best.state == "complete"
        assert result.gain_error is None  # of one design


def test_stores_without_frames_are_refused(tmp_path: Path) -> None:
    bare = synthetic_store(tmp_path / "store", synthetic_designs(4), 1, has_frames=False)
    with pytest.raises(MisuseError, match="none of 4 records has any"):
        run_tuning([bare], BASE, tmp_path / "out", 1)
    assert not (tmp_path / "out").exists()


def test_an_easy_first_fold_saves_no_trial() -> None:
    study = optuna.create_study(direction="minimize")
    for _ in range(TRIALS_BEFORE_PRUNING):
        trial = study.ask()
        for step, loss in enumerate((1.0, 2.0, 2.0, 2.0)):
            trial.report(loss, step)
        study.tell(trial, 2.0)
    assert _is_hopeless(study, 2, 2.5)
    assert not _is_hopeless(study, 2, 1.5)
    assert not _is_hopeless(study, 1, 2.5)


def test_processes_answer_as_one_does(store: RecordStore, tmp_path: Path) -> None:
    one = run_tuning([store], BASE, tmp_path / "one", 1)
    two = BASE.model_copy(update={"n_workers": 2})
    assert without_cost(run_tuning([store], two, tmp_path / "two", 1).trials) == without_cost(
        one.trials
    )
    assert not (tmp_path / "two/data").exists()


def holds(where: BaseDistribution, value: object) -> bool:
    return where._contains(where.to_internal_repr(value))


def test_what_is_given_can_be_proposed() -> None:
    odd = TrainingConfig(
        slope_spreads=[7.0], graph_width=12, design_steps=70, epochs=100, n_rounds=6
    )
    space, given = space_of(odd)
    assert set(space) == set(given) == set(SPACE)
    for name, value in given.items():
        assert holds(space[name], value), name
    assert tried(odd, given) == odd


def test_a_field_joins_the_search_by_its_line_in_the_space(monkeypatch) -> None:
    monkeypatch.setitem(SPACE, "validation_share", Axis(FloatDistribution(0.1, 0.4, step=0.1)))
    monkeypatch.setitem(SPACE, "workers_share", Axis(CategoricalDistribution(["batches"])))
    odd = TrainingConfig(validation_share=0.0)
    space, given = space_of(odd)
    for name, value in given.items():
        assert holds(space[name], value), name
    assert tried(odd, given) == odd
    assert tried(odd, given | {"validation_share": 0.3}).validation_share == 0.3
    assert space_of(TrainingConfig(validation_share=0.2))[0]["validation_share"].step == 0.1


@pytest.mark.parametrize("name", SPACE)
def test_every_place_of_the_space_is_a_setting(name: str) -> None:
    where = SPACE[name].where
    is_named = isinstance(where, CategoricalDistribution)
    for place in where.choices if is_named else (where.low, where.high):
        found = getattr(tried(TrainingConfig(), {name: place}), name)
        assert found in (place, [place])


def test_a_decay_of_0_is_kept() -> None:
    config = TrainingConfig(weight_decay=0.0)
    space, given = space_of(config)
    assert set(space) == set(given) == set(SPACE) - {"weight_decay"}
    assert tried(config, given) == config


def test_without_epochs_the_line_in_descriptors_is_searched_still() -> None:
    config = TrainingConfig(epochs=0)
    space, given = space_of(config)
    assert set(space) == set(SPACE) - {"epochs", "learning_rate", "graph_width", "n_rounds"}
    assert tried(config, given) == config


def test_without_structure_only_the_design_is_searched() -> None:
    config = TrainingConfig(epochs=0, structure_spread=0.0)
    space, given = space_of(config)
    assert set(space) == {"slope_spreads", "correction_spread", "design_steps", "weight_decay"}
    assert tried(config, given) == config


def test_what_epochs_switch_is_searched_where_they_are(monkeypatch) -> None:
    monkeypatch.setitem(SPACE, "epochs", Axis(IntDistribution(0, 48)))
    space, _ = space_of(TrainingConfig(epochs=0))
    assert set(space) == set(SPACE)


def test_of_several_spreads_each_training_takes_the_best_itself() -> None:
    config = TrainingConfig(slope_spreads=[0.3, 0.5, 1.0])
    space, given = space_of(config)
    assert set(space) == set(SPACE) - {"slope_spreads"}
    assert tried(config, given) == config


def test_a_design_without_its_structure_is_tuned(store: RecordStore, tmp_path: Path) -> None:
    without: dict[str, object] = {"epochs": 0, "structure_spread": 0.0, "weight_decay": 0.0}
    off = BASE.model_copy(update={**without, "slope_spreads": [0.3, 0.6]})
    result = run_tuning([store], off, tmp_path / "off", 2)
    assert set(result.trials[1].settings) == {"correction_spread", "design_steps"}
    assert tried(off, result.given.settings) == off
    assert (result.config.epochs, result.config.weight_decay) == (0, 0.0)
    assert result.config.slope_spreads == [0.3, 0.6]


@pytest.fixture(scope="module")
def data(store: RecordStore) -> TrainingSet:
    return TrainingSet.of(read_records([store]), 2)


def test_losses_are_of_designs_that_were_left_out(data: TrainingSet) -> None:
    fit = fit_member(data, BASE, 0)
    losses = Losses.of(data, BASE, fit)
    fold = fold_of(data.keys, data.outcome_ranks, BASE)
    asked = {data.keys[int(data.owner[frame])] for frame in losses.frames}
    assert asked == {key for key, part in fold.items() if part == fit.held_out}
    assert losses.by_gate.shape == (len(GATES), len(losses.frames))


def test_a_run_counts_once_and_each_part_by_its_best_gate(data: TrainingSet) -> None:
    frames = torch.arange(len(data.owner))
    is_waiting = torch.isfinite(data.since_ps)
    assert is_waiting.any()
    by_gate = torch.full((len(GATES), len(frames)), 5.0, dtype=torch.float64)
    by_gate[1, ~is_waiting] = 2.0  # the packing likes the second gate, the wait the third
    by_gate[2, is_waiting] = 3.0
    heard = HeldOut(data, [Losses(frames, by_gate)])
    assert (heard.packed, heard.waiting, heard.loss) == (2.0, 3.0, 2.5)
    owner = data.owner[is_waiting]
    often = torch.bincount(owner).argmax()
    by_gate[2, is_waiting & (data.owner == often)] = 4.0
    assert heard.waiting == pytest.approx(3.0 + 1.0 / len(owner.unique()))
    assert np.mean(heard.by_design) > 2.0
    assert len(heard.by_design) == len(set(data.keys))


def test_what_was_held_impossible_counts_as_all_but_that(data: TrainingSet) -> None:
    fit = fit_member(data, BASE, 0)
    surprised = data.targets.seen
    unlikely = Seen(
        torch.full_like(surprised.lower_ps, 1.0e-9), torch.full_like(surprised.lower_ps, 2.0e-9),
        torch.zeros_like(surprised.in_quench), surprised.since_ps, surprised.is_past_quench,
    )  # fmt: skip
    spoilt = TrainingSet(
        data.designs, type(data.targets)(unlikely, data.targets.fraction, data.targets.is_ordered),
        data.atoms, data.owner, data.since_ps, data.domain,
    )  # fmt: skip
    assert Losses.of(spoilt, BASE, fit).by_gate.max() == pytest.approx(MOST_LOSS)
