"""`glassyli` as a user meets it: a process, its two streams, its exit code."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

GLASSYLI = str(Path(sys.executable).with_name("glassyli"))


def glassyli(
    *words: object,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 560.0,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [GLASSYLI, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        cwd=cwd,
        env=env,
        check=False,
    )


@dataclass
class CpuClock:
    """Processor time of the processes started in a `with` block and ended there, s."""

    spent_s: float = 0.0

    def __enter__(self) -> Self:
        self.spent_s = -_children_s()
        return self

    def __exit__(self, *_: object) -> None:
        self.spent_s += _children_s()


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def is_one_clear_message(ended: subprocess.CompletedProcess[str]) -> bool:
    """Whether an error was said once, for people."""
    return "Traceback" not in ended.stderr and ended.stderr.count("glassyli: error: ") == 1


def workers_running(driver: psutil.Process) -> list[psutil.Process]:
    """Ray actors of a driver that are running a trajectory."""
    found = []
    for child in driver.children(recursive=True):
        try:
            if "TrajectoryWorker.run" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def first_worker(running: subprocess.Popen[str]) -> psutil.Process:
    """The first Ray actor that is running a trajectory."""
    driver = psutil.Process(running.pid)
    wait_for(lambda: bool(workers_running(driver)), running)
    return workers_running(driver)[0]


def streams_of(running: subprocess.Popen[str], timeout_s: float) -> tuple[str, str]:
    """What a process wrote to its two streams, once it has ended; killed where it does not."""
    try:
        return running.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        kill_with_children(running)
        raise


def kill_with_children(running: subprocess.Popen[str]) -> None:
    """End a process and all that it started."""
    try:
        family = psutil.Process(running.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    running.kill()
    for each in family:
        with suppress(psutil.NoSuchProcess):
            each.kill()


def wait_for(
    condition: Callable[[], bool], running: subprocess.Popen[str], timeout_s: float = 180.0
) -> None:
    """Until it holds, while the process runs; killed where it takes too long."""
    began = time.monotonic()
    while not condition():
        assert running.poll() is None, running.communicate()
        if time.monotonic() - began > timeout_s:
            kill_with_children(running)
            raise TimeoutError(f"{timeout_s} s, load {os.getloadavg()}: {running.communicate()}")
        time.sleep(0.05)
