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
import threading
from collections.abc import Iterator
from http import HTTPStatus
from multiprocessing.connection import Connection
from typing import Any, Final

import numpy as np

from serve.uploads.file_question import FileQuestion
from serve.uploads.limits import UploadError
from serve.uploads.reading import NumberedSnapshot
from simulate.errors import GlassyLiError
from simulate.snapshot import Snapshot

logger = logging.getLogger(__name__)

START_S: Final = 60.0

TAKE_S: Final = 20.0
"""For a process that waits to take a file over a socket, milliseconds on an idle machine."""

FILES_EACH: Final = 200
"""Read by one process before another takes over, so that nothing piles up in it."""


class NoReaderError(GlassyLiError):
    """No process takes a file: a fault of this machine, which another try may not meet."""


class ReaderLostError(UploadError):
    """The process that read a file ended or hung over it, and is no more."""


class Reader:
    """One process that reads one file at a time. Not for several threads at once.

    Raises:
        NoReaderError: It does not start.
    """

    def __init__(self) -> None:
        self._n_read = 0
        self._is_in_hand = False
        try:
            self._folder = tempfile.mkdtemp(prefix="glassyli-upload-")
        except OSError as error:
            raise _no_reader(error) from error
        try:
            self._process, self._connection = _started(self._folder)
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise _no_reader(error) from error
        try:
            with self._killed_after(START_S):
                self._connection.recv_bytes()
        except (EOFError, OSError) as error:
            self.close()
            raise _no_reader(error) from error

    @property
    def is_spent(self) -> bool:
        """Whether another is to take over: it has read enough, or was lost."""
        return self._is_in_hand or self._n_read >= FILES_EACH

    def read(self, data: bytes, asked: FileQuestion) -> list[NumberedSnapshot]:
        """The frames of a file.

        Raises:
            UploadError: It cannot be read, with the reason.
            ReaderLostError: It took too long or ended the process: this reader is spent.
            NoReaderError: The process did not take the file: this reader is spent.
        """
        self._n_read += 1
        self._is_in_hand = True
        try:
            with self._killed_after(TAKE_S):
                self._connection.send_bytes(asked.model_dump_json().encode())
                self._connection.send_bytes(data)
                self._connection.recv_bytes()
        except (EOFError, OSError) as error:
            raise _no_reader(error) from error
        # Beside its own time the process may wait for a core.
        within_s = 2.0 * asked.limits.read_s
        try:
            with self._killed_after(within_s) as is_late:
                told = json.loads(self._connection.recv_bytes())
                frames = [self._frame(about) for about in told["frames"]]
        except (EOFError, OSError) as error:
            raise _lost(within_s if is_late.is_set() else None) from error
        why = told["error"]
        if why.get("status") == HTTPStatus.SERVICE_UNAVAILABLE:
            raise NoReaderError(why["message"])
        self._is_in_hand = False
        if why:
            raise UploadError(**why)
        return frames

    def close(self) -> None:
        """End the process and remove its folder."""
        self._connection.close()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _frame(self, about: dict[str, Any]) -> NumberedSnapshot:
        positions = np.frombuffer(self._connection.recv_bytes(), dtype=np.float64)
        snapshot = Snapshot(
            positions_A=positions.reshape(about["n_atoms"], 3),
            cell_A=np.array(about["cell_A"], dtype=np.float64),
            is_periodic=about["is_periodic"],
            time_ps=about["time_ps"],
            stage=about["stage"],
        )
        return NumberedSnapshot(about["number"], snapshot)

    @contextlib.contextmanager
    def _killed_after(self, within_s: float) -> Iterator[threading.Event]:
        """End the process in time: a message half sent or half received ends with it."""
        is_late = threading.Event()

        def kill() -> None:
            is_late.set()
            self._process.kill()

        timer = threading.Timer(within_s, kill)
        timer.daemon = True
        timer.start()
        try:
            yield is_late
        finally:
            timer.cancel()


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
        except NoReaderError as error:
            logger.warning("%s", error)
        finally:
            self._free.put_nowait(reader)

    async def read(self, data: bytes, asked: FileQuestion) -> list[NumberedSnapshot]:
        """The frames of a file.

        Raises:
            UploadError: It cannot be read, with the reason.
            NoReaderError: No process could take it.
        """
        # Who goes away while waiting takes the file along; a reader that has it must come back.
        reader = await self._free.get()
        reading = asyncio.create_task(self._read(reader, data, asked))
        self._readings.add(reading)
        reading.add_done_callback(self._readings.discard)
        return await asyncio.shield(reading)

    async def _read(
        self, reader: Reader | None, data: bytes, asked: FileQuestion
    ) -> list[NumberedSnapshot]:
        try:
            if reader is not None:
                try:
                    return await asyncio.to_thread(reader.read, data, asked)
                except NoReaderError as error:
                    logger.warning("a process that waited for uploads is replaced: %s", error)
                    await asyncio.to_thread(reader.close)
                    reader = None
            reader = await asyncio.to_thread(Reader)
            return await asyncio.to_thread(reader.read, data, asked)
        finally:
            if reader is not None and reader.is_spent:
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


def _started(folder: str) -> tuple[subprocess.Popen[bytes], Connection]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, no text of a client
            [sys.executable, "-m", "serve.uploads.child", str(theirs.fileno()), folder],
            pass_fds=[theirs.fileno()],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return process, Connection(ours.detach())


def _no_reader(error: Exception) -> NoReaderError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else "it ended or hung"
    return NoReaderError(
        f"a process must take the file to read it, but none does ({why}): a fault of the server. "
        "Try again later."
    )


def _lost(within_s: float | None) -> ReaderLostError:
    logger.warning("a process that read an upload was lost")
    if within_s is None:
        return ReaderLostError(
            "the file takes too much memory or time to read, or is damaged so that reading it "
            "fails. Send fewer atoms or frames, and check the file."
        )
    return ReaderLostError(
        f"the file must be readable within {within_s:g} s, but was not. Send fewer atoms or frames."
    )


def _environment(folder: str) -> dict[str, str]:
    """Where modules are, and nothing that is secret."""
    path = os.pathsep.join(os.path.abspath(each) for each in sys.path)  # noqa: PTH100 - as Python reads it
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return kept | {"PYTHONPATH": path, "TMPDIR": folder, "HOME": folder, "OMP_NUM_THREADS": "1"}
