"""Where model packages lie, the one too that answers when none is named."""

from importlib.resources import files
from pathlib import Path
from typing import Final

SHIPPED: Final = "shipped"
"""In place of a folder in settings: the package that ships with the installation of each node."""


def model_path(named: Path | None) -> Path:
    """The package a user named, else the one that ships; checked without loading a network.

    Raises:
        PackageError: Missing, damaged or foreign; says what to do.
    """
    from surrogate.manifest import read_checked

    path = place_of(named)
    read_checked(path)
    return path


def place_of(named: Path | None) -> Path:
    """Where that package lies at present, whether or not it is sound."""
    path = named or Path(str(files("surrogate").joinpath("pretrained")))
    inside = [each.parent for each in path.glob("*/package.json")]
    if not is_package(path) and len(inside) == 1:
        return inside[0]  # a quickstart keeps a folder for each state of its records
    return path


def is_package(path: Path) -> bool:
    """Whether a folder claims to be a model package; loading it tells whether it is sound."""
    return (path / "package.json").is_file()


def folder_of(folder: str) -> Path:
    """Where a package of the settings lies on this machine, checked against its checksums.

    Raises:
        PackageError: Missing, damaged or foreign; says what to do.
    """
    return model_path(_named(folder))


def folder_at_present(folder: str) -> Path:
    """The same unchecked, for packages that come and go: asked again at each look."""
    return place_of(_named(folder))


def _named(folder: str) -> Path | None:
    return None if folder == SHIPPED else Path(folder)
