"""A real server in the process of the tests: the routes over a tiny trained model, without Ray."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from synthetic import synthetic_designs, synthetic_package, synthetic_store

from serve.endpoint.in_process import InProcess
from serve.endpoint.ingress import build_app
from serve.endpoint.settings import ServerSettings
from surrogate.predictor import Predictor


def package_in(folder: Path) -> Path:
    """A tiny trained package, written there."""
    store = synthetic_store(folder / "store", synthetic_designs(6))
    synthetic_package(folder / "package", store)
    return folder / "package"
