"""A fit of the graph goes on where it was stopped, and stops where unseen designs say."""

from contextlib import suppress
from pathlib import Path

import pytest
import torch
from synthetic import QUICK_TRAINING, synthetic_designs, synthetic_store

from train.checkpoint import Checkpoint, State
from train.config import TrainingConfig
from train.course import Course, Epoch
from train.dataset import TrainingSet
from train.member import MemberFit, fit_member
from train.records import read_records

CONFIG = QUICK_TRAINING.model_copy(
    update={"epochs": 3, "max_atoms_per_batch": 2000, "snapshots_per_run": 1, "patience": 3}
)


class Killed(Exception):  # noqa: N818 - what a signal does to a real one
    """The process is gone."""


class Fragile(Checkpoint):
    """The process dies after so many checkpoints."""

    def __init__(self, path: Path, n_saved: int) -> None:
        super().__init__(path, every_s=0.0)
        self._n_left = n_saved

    def save(self, state) -> None:
        super().save(state)
        self._n_left -= 1
        if self._n_left == 0:
            raise Killed


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    path = tmp_path_factory.mktemp("fit") / "store"
    store = synthetic_store(path, synthetic_designs(24), 1)
    return TrainingSet.of(read_records([store]), 1)


def assert_same(one: MemberFit, other: MemberFit) -> None:
    assert torch.equal(one.corrections, other.corrections)
    assert all(torch.equal(one.state[name], each) for name, each in other.state.items())


@pytest.mark.parametrize("validation_share", [0.0, 0.2])
def test_a_fit_killed_anywhere_ends_with_the_same_weights(
    data: TrainingSet, tmp_path: Path, validation_share: float
) -> None:
    config = CONFIG.model_copy(update={"validation_share": validation_share})
    plain: list[Epoch] = []
    uninterrupted = fit_member(data, config, 0, Course(plain.append))
    path, told, n_lives = tmp_path / "checkpoint", [], 0
    found = None
    while found is None:
        n_lives += 1
        with suppress(Killed):
            course = Course(told.append, checkpoint=Fragile(path, n_saved=5))
            found = fit_member(data, config, 0, course)
    assert n_lives > 2  # within a pass and between two
    assert_same(found, uninterrupted)
    assert set(plain) == set(told)


def test_a_damaged_checkpoint_is_not_read(data: TrainingSet, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    with pytest.raises(Killed):
        fit_member(data, CONFIG, 0, Course(checkpoint=Fragile(path, n_saved=2)))
    assert Checkpoint(path, 0.0).latest() is not None
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    assert Checkpoint(path, 0.0).latest() is None
    path.write_bytes(content[:50])
    assert Checkpoint(path, 0.0).latest() is None


def test_a_checkpoint_is_replaced_no_sooner_than_asked(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint", every_s=3600.0)
    checkpoint.save(lambda: State(epoch=1))
    assert checkpoint.latest() is None
    checkpoint = Checkpoint(tmp_path / "checkpoint", every_s=0.0)
    for epoch in (1, 2):
        checkpoint.save(lambda epoch=epoch: State(epoch=epoch))
    assert checkpoint.latest() == {"epoch": 2}
    checkpoint.clear()
    assert checkpoint.latest() is None


def told(data: TrainingSet, config: TrainingConfig) -> list[Epoch]:
    found: list[Epoch] = []
    fit_member(data, config, 0, Course(found.append))
    return found


def test_it_stops_where_designs_left_aside_no_longer_gain(data: TrainingSet) -> None:
    eager = CONFIG.model_copy(update={"epochs": 40, "learning_rate": 0.1, "patience": 2})
    epochs = told(data, eager)[1:]
    losses = [each.validation_loss for each in epochs]
    assert len(epochs) < 40
    assert min(losses[-2:]) >= min(losses[:-2], default=losses[-1])
    longer = told(data, eager.model_copy(update={"patience": 4}))[1:]
    assert longer[: len(epochs)] == epochs
    assert len(longer) > len(epochs)


def test_the_weights_of_the_best_epoch_are_kept(data: TrainingSet) -> None:
    eager = CONFIG.model_copy(update={"epochs": 6, "learning_rate": 0.1, "patience": 6})
    losses = [each.validation_loss for each in told(data, eager)[1:]]
    best = losses.index(min(losses)) + 1
    assert best < 6
    kept, shorter = (fit_member(data, eager.model_copy(update={"epochs": n}), 0) for n in (6, best))
    assert_same(kept, shorter)


def test_without_a_validation_share_every_pass_is_made(data: TrainingSet) -> None:
    config = CONFIG.model_copy(update={"validation_share": 0.0, "patience": 1, "epochs": 4})
    epochs = told(data, config)
    assert [each.number for each in epochs] == [0, 1, 2, 3, 4]
    assert all(each.validation_loss is None for each in epochs)
