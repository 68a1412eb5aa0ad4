"""Examples in docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import serve
import simulate
import surrogate
import train


def modules_with_examples() -> list[str]:
    names = []
    for package in (simulate, surrogate, train, serve):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            loader = found.module_finder.find_spec(found.name).loader
            if ">>>" in (loader.get_source(found.name) or ""):
                names.append(found.name)
    return names


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_are_true(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried > 0
    assert failed == 0
