"""The quickstart's folders: a model of an older release is not looked for again."""

from pathlib import Path

import pytest
from synthetic import SHORT_PROTOCOL, lithium, synthetic_store

from serve.quickstart import state_of
from serve.quickstart_config import QuickstartConfig
from simulate.plan import Campaign


@pytest.mark.parametrize("name", ["SCHEMA_VERSION", "PHYSICS_VERSION"])
def test_another_release_trains_in_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    store = synthetic_store(tmp_path / "store", [lithium()], 1, has_frames=False)
    config = QuickstartConfig(campaign=Campaign(protocol=SHORT_PROTOCOL, designs=[lithium()]))
    before = state_of(config, store)
    assert state_of(config, store) == before
    monkeypatch.setattr(f"serve.quickstart.{name}", 99)
    assert state_of(config, store) != before
