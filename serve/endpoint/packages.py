"""Where the packages of the settings lie. Light: a bad one is found before torch is loaded."""

from pathlib import Path
from typing import Final

from serve.endpoint.settings import ServerSettings
from serve.models import model_path, place_of

SHIPPED: Final = "shipped"
"""In place of a folder: the package that ships with the installation of each node."""


Files = dict[str, bytes]
"""A package by its files."""


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


def files_of(folder: str) -> Files:
    """A package as it is now, for replicas that start when it has been damaged.

    Raises:
        PackageError: Missing, damaged or foreign.
    """
    from surrogate.manifest import MANIFEST, read_checked

    manifest, content = read_checked(folder_at_present(folder))
    return content | {MANIFEST: manifest.model_dump_json().encode()}


def label_of(files: Files) -> str:
    """Of a package by its files."""
    from surrogate.manifest import MANIFEST, Manifest

    return Manifest.model_validate_json(files[MANIFEST]).label


def named(settings: ServerSettings) -> ServerSettings:
    """The same with every model named and its package checked.

    Raises:
        PackageError: One is missing, damaged or foreign.
    """
    from surrogate.manifest import read_manifest

    folders = settings.models or {read_manifest(folder_of(SHIPPED)).name: SHIPPED}
    for folder in folders.values():
        folder_of(folder)
    return settings.model_copy(update={"models": folders})
