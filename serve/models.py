"""Which model package answers when none is named."""

from importlib.resources import files
from pathlib import Path

from simulate.errors import PackageError


def model_path(named: Path | None) -> Path:
    """The package a user named, else the one that ships.

    Raises:
        PackageError: Nothing is there; says what to do.
    """
    path = named or Path(str(files("surrogate").joinpath("pretrained")))
    if not is_package(path):
        raise PackageError(
            f"a model package must be a folder with a package.json, but {path} is not one. "
            "Train one with `glassyli train STORE --out PACKAGE` and pass --model PACKAGE."
        )
    return path


def is_package(path: Path) -> bool:
    """Whether a folder claims to be a model package; loading it tells whether it is sound."""
    return (path / "package.json").is_file()
