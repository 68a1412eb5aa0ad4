"""Who makes a record, with what: versions, the state of the source tree, the machine."""

import platform
import socket
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from simulate.labels import ovito_version
from simulate.lammps_library import lammps_version
from simulate.plan import Plan
from simulate.record import Provenance


def now() -> str:
    """Date and time, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def provenance(plan: Plan, started_at: str, resumed_at_ps: list[float]) -> Provenance:
    """Of one trajectory run by this process.

    Args:
        plan: What is run.
        started_at: When, from `now`.
        resumed_at_ps: Hold clock of each frame it was resumed from.
    """
    commit, is_dirty = _git_state()
    return Provenance(
        **_versions(),
        potential_sha256=plan.design.physics.coefficients_sha256,
        git_commit=commit,
        git_dirty=is_dirty,
        host=socket.gethostname(),
        started_at=started_at,
        resumed_at_ps=resumed_at_ps,
    )


@cache
def _versions() -> dict[str, str]:
    """Read once: to look them up takes longer than to write a record."""
    return {
        "glassyli": version("glassyli"),
        "lammps": lammps_version(),
        "ovito": ovito_version(),
        "python": platform.python_version(),
    }


@cache
def _git_state() -> tuple[str | None, bool | None]:
    """Commit of the source tree and whether it was changed; nothing for an installed wheel."""
    here = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here), *arguments]
        return subprocess.run(  # noqa: S603 - fixed words
            command, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")) != here.parent:
            return None, None  # installed inside somebody else's repository
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", str(here)))
    except (OSError, subprocess.SubprocessError):
        return None, None
