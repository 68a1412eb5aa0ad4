"""The deploy files of the gallery are what Ray Serve and our own settings expect."""

from importlib import import_module
from pathlib import Path

import pytest
import yaml

from serve.endpoint.packages import named
from serve.endpoint.settings import ServerSettings

CONFIGS = sorted((Path(__file__).parents[2] / "configs" / "serve").glob("*.yaml"))


def test_there_is_one_for_a_laptop_and_one_for_a_cluster() -> None:
    assert {path.name for path in CONFIGS} == {"laptop.yaml", "cluster.yaml"}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_deploy_file_can_be_deployed(path: Path) -> None:
    from ray.serve.schema import ServeDeploySchema

    schema = ServeDeploySchema.model_validate(yaml.safe_load(path.read_text()))
    (application,) = schema.applications
    module, _, builder = application.import_path.partition(":")
    assert callable(getattr(import_module(module), builder))
    settings = named(ServerSettings.model_validate(application.args))
    assert settings.models == {"reference": "shipped"}
