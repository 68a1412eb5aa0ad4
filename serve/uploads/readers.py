"""Processes that read uploaded files beside the server: killed when they hang, replaced when lost.

What comes back is JSON and plain numbers, never code.
"""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from multiprocessing.connection import Connection
from typing import Any, Final

import numpy as np

from serve.uploads.limits import UploadError
from serve.uploads.reading import FileQuestion, NumberedSnapshot
from simulate.snapshot import Snapshot

logger = logging.getLogger(__name__)

START_S: Final = 60.0
FILES_EACH: Final = 200
"""Read by one process before another takes over, so that nothing piles up in it."""


class ReaderLostError(UploadError):
    """The process that read a file ended or hung over it, and is no more."""


class Reader:
    """One process that reads one file at a time. Not for several threads at once."""

    def __init__(self) -> None:
        self.n_read = 0
        self._folder = tempfile.mkdtemp(prefix="glassyli-upload-")
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, no text of a client
                [sys.executable, "-m", "serve.uploads.child", str(theirs.fileno()), self._folder],
                pass_fds=[theirs.fileno()],
                cwd=self._folder,
                env=_environment(self._folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._connection = Connection(ours.detach())
        try:
            self._receive(START_S)
        except UploadError:
            self.close()
            raise

    def read(self, data: bytes, asked: FileQuestion) -> list[NumberedSnapshot]:
        """The frames of a file.

        Raises:
            UploadError: It cannot be read, with the reason.
            ReaderLostError: It took too long or ended the process: this reader is to be replaced.
        """
        self.n_read += 1
        try:
            self._connection.send_bytes(asked.model_dump_json().encode())
            self._connection.send_bytes(data)
        except OSError as error:
            raise self._lost() from error
        # Beside its own time the process may wait for a core.
        told = json.loads(self._receive(2.0 * asked.limits.read_s))
        if told["error"]:
            raise UploadError(**told["error"])
        return [
            NumberedSnapshot(about["number"], self._snapshot(about)) for about in told["frames"]
        ]

    def close(self) -> None:
        """End the process and remove its folder."""
        self._connection.close()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _snapshot(self, about: dict[str, Any]) -> Snapshot:
        positions = np.frombuffer(self._receive(START_S), dtype=np.float64)
        return Snapshot(
            positions_A=positions.reshape(about["n_atoms"], 3),
            cell_A=np.array(about["cell_A"], dtype=np.float64),
            is_periodic=about["is_periodic"],
            time_ps=about["time_ps"],
            stage=about["stage"],
        )

    def _receive(self, within_s: float) -> bytes:
        try:
            if self._connection.poll(within_s):
                return self._connection.recv_bytes()
        except (EOFError, OSError) as error:
            raise self._lost() from error
        raise ReaderLostError(
            f"the file must be readable within {within_s:g} s, but was not. "
            "Send fewer atoms or frames."
        )

    def _lost(self) -> ReaderLostError:
        return ReaderLostError(
            "the file takes too much memory or time to read, or is damaged so that reading it "
            "fails. Send fewer atoms or frames, and check the file."
        )


class Readers:
    """Some readers, each started when it is first needed.

    Args:
        n_readers: Files read at the same time; others wait.
    """

    def __init__(self, n_readers: int = 1) -> None:
        self._free: asyncio.LifoQueue[Reader | None] = asyncio.LifoQueue()
        self._readings: set[asyncio.Task[list[NumberedSnapshot]]] = set()
        for _ in range(n_readers):
            self._free.put_nowait(None)

    async def start(self) -> None:
        """Have a process ready before the first file comes, which would wait seconds for it."""
        reader = await self._free.get()
        try:
            reader = reader or await asyncio.to_thread(Reader)
        except UploadError as error:
            logger.warning("no process to read uploads could be started: %s", error)
        finally:
            self._free.put_nowait(reader)

    async def read(self, data: bytes, asked: FileQuestion) -> list[NumberedSnapshot]:
        """The frames of a file.

        Raises:
            UploadError: It cannot be read, with the reason.
        """
        # Whoever asked may go away; the reader must still come back.
        reading = asyncio.create_task(self._read(data, asked))
        self._readings.add(reading)
        reading.add_done_callback(self._readings.discard)
        return await asyncio.shield(reading)

    async def _read(self, data: bytes, asked: FileQuestion) -> list[NumberedSnapshot]:
        reader = await self._free.get()
        try:
            if reader is None:
                reader = await asyncio.to_thread(Reader)
            return await asyncio.to_thread(reader.read, data, asked)
        except ReaderLostError as error:
            logger.warning("a process that read an upload was lost: %s", error)
            if reader is not None:
                await asyncio.to_thread(reader.close)
            reader = None
            raise
        finally:
            if reader is not None and reader.n_read >= FILES_EACH:
                await asyncio.to_thread(reader.close)
                reader = None
            self._free.put_nowait(reader)

    def close(self) -> None:
        """End all processes that wait for files."""
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                reader = self._free.get_nowait()
                if reader is not None:
                    reader.close()


def _environment(folder: str) -> dict[str, str]:
    """Where modules are, and nothing that is secret."""
    path = os.pathsep.join(os.path.abspath(each) for each in sys.path)  # noqa: PTH100 - as Python reads it
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return kept | {"PYTHONPATH": path, "TMPDIR": folder, "HOME": folder, "OMP_NUM_THREADS": "1"}
