"""A server of the model that ships, in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

START_S = 120.0


@contextmanager
def running_server(folder: Path, **environment: str) -> Iterator[str]:
    """Its address, for the length of a `with` block; its log and searches go to `folder`."""
    log = folder / "log"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [
                *(sys.executable, "-m", "serve.endpoint.in_process", "--port", str(port)),
                *("--searches", str(folder / "searches")),
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        ) as process,
    ):
        try:
            yield _answering(f"http://127.0.0.1:{port}", process, log)
        finally:
            process.terminate()


def _answering(url: str, process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/healthz", timeout=5.0).status_code == httpx.codes.OK:
                return url
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"no answer within {START_S:g} s: {log.read_text()}")
