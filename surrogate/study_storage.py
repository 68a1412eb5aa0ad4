"""Where a study is kept: a journal file of its own, or any database that Optuna can write."""

from pathlib import Path
from typing import Final

import optuna
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalStorage

from simulate.errors import GlassyLiError, MisuseError

SQLITE: Final = "sqlite:///"


def journal_in(out: Path) -> Path:
    """The journal of the study in a folder."""
    return out / "journal.log"


def journal_storage(journal: Path, verb: str) -> BaseStorage:
    """A journal, new or as it was left; a line that a killed writer did not end is cut.

    Raises:
        GlassyLiError: It cannot be read; nothing was changed.
    """
    _drop_half_written_line(journal)
    try:
        storage = JournalStorage(JournalFileBackend(str(journal)))
        optuna.get_all_study_names(storage)
    except (ValueError, KeyError, TypeError) as error:
        raise GlassyLiError(
            f"{journal} must be the journal of a {verb}, but cannot be read: {error}. "
            "Choose another --out; nothing was changed."
        ) from error
    return storage


def url_storage(url: str) -> BaseStorage:
    """A database by its URL, such as ``sqlite:///studies.db``.

    Raises:
        MisuseError: No URL, or one of a database whose driver is not installed.
        GlassyLiError: The database cannot be reached, read or written.
    """
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    named = without_password(url)
    try:
        storage = RDBStorage(url)
        optuna.get_all_study_names(storage)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        raise MisuseError(
            f"--storage must be a URL such as sqlite:///studies.db whose driver is installed, but "
            f"got {named}: {_first_line(error)}. Mend it, install the driver, or leave it out for "
            "a journal file."
        ) from error
    except (SQLAlchemyError, RuntimeError, optuna.exceptions.StorageInternalError) as error:
        raise GlassyLiError(
            f"--storage must be a database that can be read and written, but {named}: "
            f"{_first_line(error)}. Check its path or address and your permissions; nothing was "
            "changed."
        ) from error
    return storage


def lock_beside(url: str | None, out: Path, verb: str) -> Path:
    """The file that one writer at a time locks: beside an SQLite file, else in the folder."""
    if url is None or not url.startswith(SQLITE):
        return out / f"{verb}.lock"
    return Path(f"{url.removeprefix(SQLITE).partition('?')[0]}.lock")


def without_password(url: str) -> str:
    """A URL that can be shown.

    >>> without_password("postgresql://ada:secret@host/studies")
    'postgresql://ada:***@host/studies'
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return repr(url)


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")


def _drop_half_written_line(journal: Path) -> None:
    """Cut what a killed writer left behind its last whole line; the next line would join it."""
    if not journal.is_file():
        return
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content) and content.startswith(b'{"op_code":'):
        with journal.open("r+b") as handle:
            handle.truncate(whole)
