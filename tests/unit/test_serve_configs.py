"""The deploy files of the gallery are what Ray Serve and our own settings expect."""

from importlib import import_module
from pathlib import Path

import pytest
import yaml

from serve.endpoint.application import build
from serve.endpoint.packages import named
from serve.endpoint.settings import Batching, ServerSettings
from serve.messages.service import KEY_VARIABLE
from serve.server import RAY_SETTINGS
from simulate.errors import MisuseError

CONFIGS = sorted((Path(__file__).parents[2] / "configs" / "serve").glob("*.yaml"))


def test_there_is_one_for_a_laptop_and_one_for_a_cluster() -> None:
    assert {path.name for path in CONFIGS} == {"laptop.yaml", "cluster.yaml"}


def test_what_others_can_reach_needs_a_key(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A server is built and not run: Ray is imported, and not started."""
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    for path in CONFIGS:
        deployed = yaml.safe_load(path.read_text())
        args = deployed["applications"][0]["args"]
        is_open = deployed["http_options"]["host"] == "0.0.0.0"  # noqa: S104 - looked at
        assert args.get("needs_key", False) == is_open
        assert args.get("is_local", False) != is_open
    with pytest.raises(MisuseError, match=rf"{KEY_VARIABLE} must .* `ray start`"):
        build(ServerSettings(needs_key=True))
    build(ServerSettings(is_local=True))
    assert KEY_VARIABLE not in caplog.text
    build(ServerSettings())
    assert f"{KEY_VARIABLE} is not set" in caplog.text
    monkeypatch.setenv(KEY_VARIABLE, "secret")
    build(ServerSettings(needs_key=True))


def test_a_line_that_ray_would_refuse_is_refused_with_the_limit() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        Batching(queued=0)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_deploy_file_can_be_deployed(path: Path) -> None:
    from ray.serve.schema import ServeDeploySchema

    schema = ServeDeploySchema.model_validate(yaml.safe_load(path.read_text()))
    (application,) = schema.applications
    module, _, builder = application.import_path.partition(":")
    assert callable(getattr(import_module(module), builder))
    settings = named(ServerSettings.model_validate(application.args))
    assert settings.models == {"reference": "shipped"}


def test_whoever_deploys_is_told_what_ray_serve_should_find_in_its_environment() -> None:
    for path in CONFIGS:
        said = {word for line in path.read_text().splitlines() for word in line.split()}
        wanted = {f"{name}={value}" for name, value in RAY_SETTINGS.items() if "LOG" not in name}
        assert wanted <= said, path.name
