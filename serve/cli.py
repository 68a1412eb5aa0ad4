"""`glassyli`: runs one verb; whatever goes wrong is one message and an exit code.

Almost nothing is imported here, so that an interrupt is met from the first moment on.
"""

import errno
import os
import signal
import sys

from simulate.errors import GlassyLiError

EXIT_FAILED, EXIT_INTERRUPTED = 1, 130

RESUMES = {
    "simulate", "train", "tune", "search", "verify", "learn", "quickstart", "records merge",
    "records thin", "records relabel", "records push", "records pull",
}  # fmt: skip
"""Verbs that, repeated, go on where they were stopped."""

PLACE_ERRORS = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO,
}  # fmt: skip
"""What a full, read-only or failing disk says."""


def main() -> None:
    """Run one verb; errors become one message and an exit code."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        from serve.commands.app import app

        app()
    except KeyboardInterrupt:
        _complain_of_interrupt()
        sys.exit(EXIT_INTERRUPTED)
    except SystemExit as ending:
        if ending.code == EXIT_INTERRUPTED:
            _complain_of_interrupt()
        raise
    except Exception as error:
        from serve.session import SESSION

        if SESSION.is_debug:
            raise
        _complain(f"error: {_in_words(error)}")
        sys.exit(error.exit_code if isinstance(error, GlassyLiError) else EXIT_FAILED)


def _in_words(error: Exception) -> str:
    """What happened and what to do."""
    if isinstance(error, GlassyLiError):
        return str(error)
    if isinstance(error, OSError) and error.errno in PLACE_ERRORS:
        place = f" ({error.filename})" if error.filename else ""
        return (
            f"what is asked for must be readable and writable, but{place}: {error.strerror}. "
            "Free some space, or choose another place. What was finished is saved."
        )
    if isinstance(error, ImportError):
        return (
            f"everything glassyli needs must be importable, but: {error}. Install it anew with "
            "`pip install --force-reinstall glassyli`; `glassyli doctor` says what is missing."
        )
    return (
        f"{type(error).__name__}: {error}\n"
        "This was not foreseen. Repeat with `glassyli --debug ...` to see where."
    )


def _as_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _complain_of_interrupt() -> None:
    resumes = " What was finished is saved; run the same command to go on."
    _complain(f"interrupted.{resumes if _running_verb() in RESUMES else ''}")


def _running_verb() -> str:
    """The verb of the command line, and of `records` its own one."""
    from serve.session import SESSION

    if SESSION.verb != "records" or "records" not in sys.argv:
        return SESSION.verb
    return " ".join(sys.argv[sys.argv.index("records") :][:2])


def _complain(text: str) -> None:
    sys.stderr.write(f"glassyli: {text}\n")


if __name__ == "__main__":
    main()
