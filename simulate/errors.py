"""The few exceptions of this project; each says what must hold, what was found and what to do."""


class GlassyLiError(Exception):
    """Something a user can mend. Shown as one message, without a traceback; exit code 1."""

    exit_code = 1


class MisuseError(GlassyLiError):
    """The question itself cannot be asked: bad design, unknown key, wrong store. Exit code 2."""

    exit_code = 2


class StoreError(GlassyLiError):
    """A record store is damaged or cannot be written."""


class StoreMismatchError(MisuseError):
    """A record store was written under another protocol than the one asked for."""


class PackageError(GlassyLiError):
    """A model package is missing, damaged or foreign."""


class EngineError(GlassyLiError):
    """The molecular dynamics engine cannot be used at all (a fault of ours, not of the physics)."""


class TrajectoryFailure(GlassyLiError):  # noqa: N818 - a failure is a finding, not a bug
    """A trajectory ended without an answer; becomes a failed record.

    Attributes:
        cause: Machine-readable cause, one of `record.FailureCause`.
    """

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause
