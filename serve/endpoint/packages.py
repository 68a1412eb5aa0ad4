"""The packages of the settings. Light: a bad one is found before torch is loaded."""

from serve.endpoint.settings import ServerSettings
from serve.models import SHIPPED, folder_at_present, folder_of

Files = dict[str, bytes]
"""A package by its files."""


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
