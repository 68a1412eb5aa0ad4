"""A real server in the process of the tests: the routes over a tiny trained model, without Ray."""

from pathlib import Path

from synthetic import synthetic_designs, synthetic_package, synthetic_store


def package_in(folder: Path) -> Path:
    """A tiny trained package, written there."""
    store = synthetic_store(folder / "store", synthetic_designs(6))
    synthetic_package(folder / "package", store)
    return folder / "package"
