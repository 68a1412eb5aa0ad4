import socket
import subprocess
import sys
from pathlib import Path

import pytest

from serve.endpoint.settings import ServerSettings
from serve.server import _start, free_port
from simulate.errors import GlassyLiError, MisuseError

LIGHT = """
import sys
import serve.server
from serve.endpoint.settings import ServerSettings
from simulate.errors import GlassyLiError
settings = ServerSettings(models={"asked": sys.argv[2]})
try:
    serve.server.serve_models(settings, "127.0.0.1", int(sys.argv[1]))
except GlassyLiError as error:
    heavy = [name for name in ("ray", "torch", "fastapi") if name in sys.modules]
    sys.exit(f"{error} heavy: {heavy}")
"""


def listening() -> socket.socket:
    taken = socket.create_server(("127.0.0.1", 0))
    taken.listen()
    return taken


def test_a_taken_port_is_refused_with_the_remedy() -> None:
    with listening() as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MisuseError, match=rf"port {port} .* --port"):
            free_port("127.0.0.1", port)
        with pytest.raises(MisuseError, match=str(port)):
            free_port("0.0.0.0", port)  # noqa: S104 - refused before anything listens
    assert free_port("127.0.0.1", port) == port


def test_a_taken_port_is_found_before_anything_heavy() -> None:
    with listening() as taken:
        command = [sys.executable, "-c", LIGHT, str(taken.getsockname()[1]), "nowhere"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "must be free" in ended.stderr
    assert "heavy: []" in ended.stderr


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 70_000), ("127.0.0.1", -1), ("203.0.113.1", 8000)]
)
def test_a_place_that_cannot_be_listened_at_is_refused(host: str, port: int) -> None:
    with pytest.raises(MisuseError, match=host):
        free_port(host, port)


def test_what_ray_refuses_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise ValueError("max_ongoing_requests must be less than that.")

    monkeypatch.setattr("ray.serve.start", refuse)
    with pytest.raises(GlassyLiError, match=r"must start at 127.0.0.1:1, but: max_ongoing"):
        _start(ServerSettings(models={"asked": "shipped"}), "127.0.0.1", 1)


def test_port_0_is_a_free_one() -> None:
    port = free_port("127.0.0.1", 0)
    with socket.create_server(("127.0.0.1", port)):
        assert port > 0


def test_a_missing_package_is_found_before_ray_starts(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIGHT, "0", str(tmp_path / "nowhere")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "a model package must be" in ended.stderr
    assert "'ray'" not in ended.stderr
