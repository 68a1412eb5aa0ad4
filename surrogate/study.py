"""One Optuna study in one folder, with one writer: opened anew, or as it was left.

OUT/journal.log        every trial
OUT/search.lock        held while a search runs; the lock goes with the process

A search for deposition conditions and a tuning of a training differ in `StudyKind` alone.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import optuna
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import FrozenTrial, TrialState

from simulate.errors import GlassyLiError, MisuseError
from simulate.settings import differences
from surrogate.deposition.registry import DEPOSITION_MAPS
from surrogate.search_config import SearchConfig


@dataclass(frozen=True, slots=True)
class StudyKind:
    """What is studied.

    Attributes:
        name: Of the study in its journal.
        verb: Names the lock, and the file with the answer.
        direction: Of the objective.
    """

    name: str
    verb: str
    direction: Literal["minimize", "maximize"]

    @property
    def answer(self) -> str:
        """Name of the file with what came of it."""
        return f"{self.verb}.json"


SEARCH: Final = StudyKind("deposition", "search", "maximize")


@contextmanager
def sole_writer(out: Path, kind: StudyKind = SEARCH) -> Iterator[None]:
    """Hold the folder for this process; the lock goes with the process, whatever ends it.

    Raises:
        MisuseError: Another search holds it, or results lie there without their journal.
        GlassyLiError: The folder cannot be written.
    """
    if (out / kind.answer).exists() and not (out / "journal.log").exists():
        raise MisuseError(
            f"{out} holds the answer of a {kind.verb} whose journal is gone. Choose another --out."
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = (out / f"{kind.verb}.lock").open("ab")
    except OSError as error:
        raise GlassyLiError(
            f"{out} must be a writable folder, but: {error.strerror}. Choose another --out."
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MisuseError(
                f"one {kind.verb} at a time may write {out}, but another is running. "
                "Wait for it, or choose another --out."
            ) from error
        # A killed search leaves Optuna's own lock behind; no live one can hold it now.
        for stale in out.glob("journal.log.lock*"):
            stale.unlink(missing_ok=True)
        yield


def identity_of(model: str, hold_ps: float, config: SearchConfig) -> dict[str, Any]:
    """Everything that decides what a trial is worth and which trial comes next, as JSON.

    Args:
        model: Label of the model package.
        hold_ps: Hold that the model was trained on: the horizon where none is named.
        config: What is searched.
    """
    return {
        "model": model,
        "assumption": DEPOSITION_MAPS[config.deposition_map].assumption,
        "horizon_ps": config.horizon_ps or hold_ps,
        **config.model_dump(mode="json", exclude={"n_trials", "n_ranked", "horizon_ps"}),
    }


def check_is_same(out: Path, identity: dict[str, Any], kind: StudyKind = SEARCH) -> None:
    """Refuse a folder of another study, before a model is loaded.

    Raises:
        MisuseError, GlassyLiError: As `sole_writer` and `open_study`.
    """
    if out.is_file() or any((out / name).exists() for name in ("journal.log", kind.answer)):
        with sole_writer(out, kind):
            open_study(out, identity, kind)


def open_study(out: Path, identity: dict[str, Any], kind: StudyKind = SEARCH) -> optuna.Study:
    """The study in `out`, new or as it was left; trials that were never told are failed.

    Args:
        out: Folder held by `sole_writer`.
        identity: Everything that decides what a trial is worth, as JSON.
        kind: What is studied.

    Raises:
        MisuseError: It is another study.
        GlassyLiError: It cannot be read.
    """
    journal = out / "journal.log"
    _drop_half_written_line(journal)
    try:
        storage = JournalStorage(JournalFileBackend(str(journal)))
        names = optuna.get_all_study_names(storage)
    except (ValueError, KeyError, TypeError) as error:
        raise GlassyLiError(
            f"{journal} must be the journal of a {kind.verb}, but cannot be read: {error}. "
            "Choose another --out; nothing was changed."
        ) from error
    if names not in ([], [kind.name]):
        raise MisuseError(
            f"{journal} must be the journal of a {kind.verb}, but holds the studies "
            f"{', '.join(names)}. Choose another --out; nothing was changed."
        )
    if names:
        study = optuna.load_study(storage=storage, study_name=kind.name)
    else:
        study = optuna.create_study(storage=storage, study_name=kind.name, direction=kind.direction)
    _require_identity(study, identity, out, kind)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def finished_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Trials with a value, in the order they were made."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _require_identity(
    study: optuna.Study, identity: dict[str, Any], out: Path, kind: StudyKind
) -> None:
    theirs = study.user_attrs.get("identity")
    if theirs is None:
        study.set_user_attr("identity", identity)
    elif theirs != identity:
        raise MisuseError(
            f"the folder of a {kind.verb} holds one study, but {out} was begun with "
            f"{differences(theirs, identity)}. "
            "Choose another --out, or the study's own settings; nothing was changed."
        )


def _drop_half_written_line(journal: Path) -> None:
    """Cut what a killed writer left behind its last whole line; the next line would join it."""
    if not journal.is_file():
        return
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content) and content.startswith(b'{"op_code":'):
        with journal.open("r+b") as handle:
            handle.truncate(whole)
