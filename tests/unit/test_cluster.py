"""Ray that does not start is an error with a remedy, whatever Ray raises."""

import pytest
import ray

from simulate.cluster import ray_session
from simulate.errors import GlassyLiError


def test_a_node_that_starts_too_slowly_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_slow(**_: object) -> None:
        raise Exception("The current node timed out during startup.")  # noqa: TRY002 - as Ray does

    monkeypatch.setattr(ray, "init", too_slow)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with (
        pytest.raises(GlassyLiError, match=r"timed out during startup.*wait for other work"),
        ray_session(),
    ):
        pass
