"""Repeats are kept: what is there is read, and what was trained otherwise is refused."""

from pathlib import Path

import pytest
from synthetic import QUICK_TRAINING, synthetic_designs, synthetic_package, synthetic_store

from simulate.errors import MisuseError
from train.progress import TrainingProgress
from train.repeats import is_trained, repeat_config, train_repeats

CONFIG = QUICK_TRAINING.model_copy(update={"n_folds": 2, "epochs": 0, "design_steps": 0})


def nobody(_number: int):
    def progress(_progress: TrainingProgress) -> None:
        raise AssertionError("nothing is left to train")

    return progress


def test_a_repeat_has_one_member_a_fold_and_folds_of_its_own() -> None:
    chosen = repeat_config(CONFIG.model_copy(update={"n_members": 10, "n_folds": 5}), 3)
    assert chosen.n_members == chosen.n_folds == 5
    assert chosen.seed == CONFIG.seed + 3


def test_what_was_trained_is_not_trained_again_and_must_fit(tmp_path: Path) -> None:
    store, work = synthetic_store(tmp_path / "store", synthetic_designs(6), 1), tmp_path / "work"
    for number in range(2):
        name = f"repeat-{number}"
        synthetic_package(work / name, store, repeat_config(CONFIG, number), name)
    assert is_trained(2, work)
    assert not is_trained(3, work)
    packages = train_repeats([store], CONFIG, 2, work, nobody)
    assert [each.name for each in packages] == ["repeat-0", "repeat-1"]
    elsewhere = CONFIG.model_copy(update={"n_workers": 2})
    assert len(train_repeats([store], elsewhere, 2, work, nobody)) == 2
    wider = CONFIG.model_copy(update={"design_width": 4})
    with pytest.raises(MisuseError, match="design_width"):
        train_repeats([store], wider, 2, work, nobody)
    synthetic_store(tmp_path / "store", synthetic_designs(7)[6:], 1)
    with pytest.raises(MisuseError, match="as they are now"):
        train_repeats([store], CONFIG, 2, work, nobody)
