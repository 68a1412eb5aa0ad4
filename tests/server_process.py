"""A real server in a process of its own."""

import json
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
from command_line import GLASSYLI


@dataclass(frozen=True)
class Served:
    """A running `glassyli serve`.

    Attributes:
        said: What it said when it answered.
    """

    process: subprocess.Popen[bytes]
    said: dict[str, object]

    @property
    def url(self) -> str:
        return str(self.said["url"])

    def family(self) -> list[psutil.Process]:
        """Every process that it started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def replicas(self, deployment: str) -> list[psutil.Process]:
        """The processes of `models` or of `ingress`."""
        return [
            each
            for each in self.family()
            if f"ServeReplica:glassyli:{deployment}" in command_line(each)
        ]


def command_line(process: psutil.Process) -> str:
    """As started or as the process calls itself; empty when it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@contextmanager
def served(*words: object, env: Mapping[str, str] | None = None) -> Iterator[Served]:
    """`glassyli serve` at a free port, in a folder of its own, for the length of a `with` block."""
    command = [GLASSYLI, "serve", "--port", "0", "--json", *map(str, words)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, env=env, cwd=folder) as process,
    ):
        assert process.stdout is not None
        # One line when it answers, none if it ends without; it gives up by itself.
        said = json.loads(process.stdout.readline() or b"null")
        assert said, "the server ended before it answered"
        try:
            yield Served(process, said)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
