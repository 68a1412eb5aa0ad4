"""One Optuna study with one writer: opened anew, or as it was left.

OUT/journal.log        every trial, unless a database was named
OUT/search.lock        held while a search runs; the lock goes with the process

A search for deposition conditions and a tuning of a training differ in `StudyKind` alone.
"""

import fcntl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from simulate.errors import GlassyLiError, MisuseError
from simulate.settings import differences
from surrogate.study_storage import journal_in, journal_storage, lock_beside, url_storage

Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True, slots=True)
class StudyKind:
    """What is studied.

    Attributes:
        noun: Begins the names of its studies.
        verb: Names the lock, and the file with the answer.
        directions: Of each objective.
        metrics: Name and unit of each objective, for people; empty: not named.
        variant: Ends the name, where a storage holds several studies of a kind.
    """

    noun: str
    verb: str
    directions: tuple[Direction, ...]
    metrics: tuple[str, ...] = ()
    variant: str = ""

    @property
    def name(self) -> str:
        """Of the study in its storage."""
        return f"{self.noun} {self.variant}".strip()

    @property
    def answer(self) -> str:
        """Name of the file with what came of it."""
        return f"{self.verb}.json"


@contextmanager
def sole_writer(out: Path, kind: StudyKind, url: str | None = None) -> Iterator[None]:
    """Hold the study for this process; the lock goes with the process, whatever ends it.

    Args:
        out: Folder of the study, made if it is not there.
        kind: What is studied.
        url: A database instead of the journal in the folder.

    Raises:
        MisuseError: Another process holds it, or results lie there without their journal.
        GlassyLiError: The folder cannot be written.
    """
    if url is None and (out / kind.answer).exists() and not journal_in(out).exists():
        raise MisuseError(
            f"{out} holds the answer of a {kind.verb} whose journal is gone. Choose another --out, "
            "or name its --storage."
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = lock_beside(url, out, kind.verb).open("ab")
    except OSError as error:
        raise GlassyLiError(
            f"{out} must be a writable folder, but: {error.strerror}. Choose another --out."
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MisuseError(
                f"one {kind.verb} at a time may write {out if url is None else 'its --storage'}, "
                "but another is running. Wait for it, or choose another one."
            ) from error
        # A killed search leaves Optuna's own lock behind; no live one can hold it now.
        for stale in out.glob("journal.log.lock*"):
            stale.unlink(missing_ok=True)
        yield


def check_is_same(
    out: Path, identity: dict[str, Any], kind: StudyKind, url: str | None = None
) -> None:
    """Refuse a folder or database of another study, before a model is loaded.

    Raises:
        MisuseError, GlassyLiError: As `sole_writer` and `open_study`.
    """
    is_begun = out.is_file() or any((out / n).exists() for n in ("journal.log", kind.answer))
    if is_begun or url is not None:
        with sole_writer(out, kind, url):
            storage = storage_of(out, kind, url)
            if kind.name in optuna.get_all_study_names(storage):
                open_study(storage, identity, kind)


def storage_of(out: Path, kind: StudyKind, url: str | None = None) -> BaseStorage:
    """The storage held by `sole_writer`: a database, or the journal in the folder.

    Raises:
        MisuseError: The journal is of something else.
        GlassyLiError: It cannot be read.
    """
    if url is not None:
        return url_storage(url)
    journal = journal_in(out)
    storage = journal_storage(journal, kind.verb)
    names = optuna.get_all_study_names(storage)
    foreign = [name for name in names if name.partition(" ")[0] != kind.noun]
    if foreign:
        raise MisuseError(
            f"{journal} must be the journal of a {kind.verb} called {kind.noun}, but holds the "
            f"studies {', '.join(foreign)}. Choose another --out; nothing was changed."
        )
    return storage


def open_study(storage: BaseStorage, identity: dict[str, Any], kind: StudyKind) -> optuna.Study:
    """The study in a storage, new or as it was left; trials that were never told are failed.

    Args:
        storage: Held by `sole_writer`.
        identity: Everything that decides what a trial is worth, as JSON.
        kind: What is studied.

    Raises:
        MisuseError: It is another study.
    """
    if kind.name in optuna.get_all_study_names(storage):
        study = optuna.load_study(storage=storage, study_name=kind.name)
    else:
        study = optuna.create_study(
            storage=storage, study_name=kind.name, directions=list(kind.directions)
        )
        if kind.metrics:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                study.set_metric_names(list(kind.metrics))
    _require_identity(study, identity, kind)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def finished_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Trials with a value, in the order they were made."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _require_identity(study: optuna.Study, identity: dict[str, Any], kind: StudyKind) -> None:
    theirs = study.user_attrs.get("identity")
    if theirs is None and not study.get_trials(deepcopy=False):
        study.set_user_attr("identity", identity)
    elif theirs != identity:
        elsewhere = "--out or --study" if kind.variant else "--out"
        begun = f"with {differences(theirs, identity)}" if theirs else "by another program"
        raise MisuseError(
            f"a {kind.verb} goes on only as it was begun, but the study `{kind.name}` there was "
            f"begun {begun}. Choose another {elsewhere}, or the study's own settings; nothing was "
            "changed."
        )
