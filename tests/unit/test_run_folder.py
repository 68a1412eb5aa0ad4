"""What an interrupted training leaves is taken up by the same training only, and then cleared."""

import errno
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import pytest
from synthetic import QUICK_TRAINING, synthetic_designs, synthetic_store

from simulate.errors import GlassyLiError, MisuseError
from surrogate.package import read_package
from train.config import TrainingConfig
from train.dataset import TrainingSet
from train.fit import fit_package
from train.member import fit_member
from train.progress import Clock
from train.records import Records, read_records
from train.run_folder import RunFolder, identity_of
from train.workers import fit_members, write_member


class Stopped(Exception):  # noqa: N818 - what a signal does to a real one
    """The run is stopped."""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    path = tmp_path_factory.mktemp("s") / "store"
    return read_records([synthetic_store(path, synthetic_designs(4), 1, has_frames=False)])


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.beside(tmp_path / "model")


def leave(folder: RunFolder, identity: dict[str, object], *names: str) -> None:
    """What a stopped run with these files leaves."""
    with suppress(Stopped), folder.held(identity):
        for name in names:
            (folder.path / name).write_text("something")
        raise Stopped


def files(folder: RunFolder) -> set[str]:
    return {each.name for each in folder.path.iterdir()} if folder.path.exists() else set()


def test_a_stopped_run_is_taken_up_and_a_finished_one_leaves_its_logs(
    folder: RunFolder, records: Records
) -> None:
    identity = identity_of(records, QUICK_TRAINING)
    assert not folder.is_under_way(identity)
    leave(folder, identity, "member-0.safetensors", "checkpoint-1.pt", "data.json")
    assert folder.is_under_way(identity)
    assert folder.n_fitted(QUICK_TRAINING.n_members) == 1
    with folder.held(identity):
        assert folder.n_fitted(QUICK_TRAINING.n_members) == 1
        folder.logs.mkdir()
        (folder.logs / "curve").touch()
    assert files(folder) == {"logs"}
    with folder.held(identity):  # a training anew: curves of another one would mislead
        assert not folder.logs.exists()
    assert not folder.path.exists()


def test_a_run_that_fitted_nothing_leaves_nothing(folder: RunFolder, records: Records) -> None:
    leave(folder, identity_of(records, QUICK_TRAINING), "data.json", ".data.json.x7")
    assert not folder.path.exists()


def test_a_run_killed_before_it_fitted_anything_binds_nobody(
    folder: RunFolder, records: Records
) -> None:
    folder.path.mkdir()
    (folder.path / "training.json").write_text('{"epochs": 7}')
    (folder.path / "data.json").touch()
    identity = identity_of(records, QUICK_TRAINING)
    assert not folder.is_under_way(identity)
    with folder.held(identity):
        assert files(folder) == {"run.txt", "training.json", "training.lock"}


def test_what_is_not_ours_is_not_removed(folder: RunFolder, records: Records) -> None:
    folder.path.mkdir()
    (folder.path / "thesis.tex").touch()
    with folder.held(identity_of(records, QUICK_TRAINING)):
        pass
    assert files(folder) == {"thesis.tex"}


def test_another_training_is_refused_in_words(folder: RunFolder, records: Records) -> None:
    leave(folder, identity_of(records, QUICK_TRAINING), "member-0.safetensors")
    longer = QUICK_TRAINING.model_copy(update={"epochs": 7})
    with (
        pytest.raises(MisuseError, match=r"begun with epochs = 2 \(asked for: 7\)\. Give those"),
        folder.held(identity_of(records, longer)),
    ):
        raise AssertionError
    assert folder.is_under_way(identity_of(records, QUICK_TRAINING))
    other = Records(records.answered, 0, records.protocol, ["0" * 64])
    with pytest.raises(MisuseError, match="data = "):
        folder.is_under_way(identity_of(other, QUICK_TRAINING))


@pytest.mark.parametrize("content", ["", '{"epochs": 2', "[]", "\0\1", None])
def test_a_damaged_identity_costs_no_work(
    folder: RunFolder, records: Records, content: str | None
) -> None:
    identity = identity_of(records, QUICK_TRAINING)
    leave(folder, identity, "member-0.safetensors")
    path = folder.path / "training.json"
    path.unlink() if content is None else path.write_text(content)
    with (
        pytest.raises(GlassyLiError, match=r"training\.json must say .* remove .*\.training to"),
        folder.held(identity),
    ):
        raise AssertionError
    assert folder.n_fitted(QUICK_TRAINING.n_members) == 1


@pytest.mark.parametrize("keep", [None, "logs"])
def test_a_clearing_that_is_killed_leaves_nothing_unnamed(
    folder: RunFolder, records: Records, keep: str | None
) -> None:
    leave(folder, identity_of(records, QUICK_TRAINING), "member-0.safetensors", "data.json")
    cleared: list[str] = []
    with patch.object(Path, "unlink", lambda path, **_: cleared.append(path.name)):
        folder._clear(keep)
    assert cleared[0] == "member-0.safetensors"
    assert cleared[-1] == "training.json"


def test_a_training_that_ended_well_does_not_fail_over_what_it_leaves(
    folder: RunFolder, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "the disk is gone")

    identity = identity_of(records, QUICK_TRAINING)
    with folder.held(identity):
        monkeypatch.setattr(RunFolder, "_clear", fail)
    assert "training.json" in files(folder)
    monkeypatch.undo()
    with folder.held(identity):
        pass
    assert not folder.path.exists()


def test_a_damaged_member_is_named(folder: RunFolder) -> None:
    folder.path.mkdir()
    for number in range(QUICK_TRAINING.n_members):
        folder.member(number).write_text("something")
    clock = Clock(lambda _: None, 0.0)
    with pytest.raises(GlassyLiError, match=r"member-0\.safetensors must be .* Remove it"):
        fit_members(folder, QUICK_TRAINING, clock)


def test_who_does_the_work_may_change(records: Records) -> None:
    means = TrainingConfig(
        n_workers=5, workers_share="batches", max_worker_losses=9, checkpoint_every_s=1.0
    )
    assert identity_of(records, means) == identity_of(records, TrainingConfig())
    decides = {"seed": 3, "n_members": 4, "validation_share": 0.5, "patience": 2}
    for name, value in decides.items():
        changed = TrainingConfig().model_copy(update={name: value})
        assert identity_of(records, changed) != identity_of(records, TrainingConfig())


def test_two_trainings_at_once_are_kept_apart(folder: RunFolder, records: Records) -> None:
    identity = identity_of(records, QUICK_TRAINING)
    with folder.held(identity):
        run = folder.run_id()
        with pytest.raises(MisuseError, match="another is running"), folder.held(identity):
            raise AssertionError
        assert folder.run_id() == run
    with folder.held(identity):
        assert folder.run_id() != run


def test_a_package_appears_last_of_all(tmp_path: Path) -> None:
    out, folder = tmp_path / "model", RunFolder.beside(tmp_path / "model")
    store = synthetic_store(tmp_path / "store", synthetic_designs(4), 1, has_frames=False)
    records = read_records([store])
    data = TrainingSet.of(records, QUICK_TRAINING.snapshots_per_run)
    with suppress(Stopped), folder.held(identity_of(records, QUICK_TRAINING)):
        for number in range(QUICK_TRAINING.n_members):
            write_member(folder, number, fit_member(data, QUICK_TRAINING, number))
        folder.logs.write_text("no folder")
        raise Stopped
    with pytest.raises(GlassyLiError, match="logs must be a writable folder"):
        fit_package(store, QUICK_TRAINING, out, "trial")
    assert not out.exists()
    folder.logs.unlink()
    summary = fit_package(store, QUICK_TRAINING, out, "trial")
    assert summary.n_members_found == QUICK_TRAINING.n_members
    assert read_package(out).label == summary.model
    assert files(folder) == {"logs"}


def test_a_refused_training_leaves_what_is_there(tmp_path: Path, records: Records) -> None:
    folder = RunFolder.beside(tmp_path / "model")
    store = synthetic_store(tmp_path / "store", synthetic_designs(4), 1, has_frames=False)
    leave(folder, identity_of(records, QUICK_TRAINING), "member-0.safetensors")
    other = QUICK_TRAINING.model_copy(update={"seed": 5})
    with pytest.raises(MisuseError, match="choose another --out"):
        fit_package(store, other, tmp_path / "model", "other")
    assert "member-0.safetensors" in files(folder)
