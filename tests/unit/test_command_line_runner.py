"""A process that a test started does not outlive the test's patience, nor do its children."""

import subprocess

import psutil
import pytest
from command_line import streams_of, wait_for

PARENT = "sleep 300 & echo $!; wait"


def parent() -> tuple[subprocess.Popen[str], psutil.Process]:
    """A process that waits for a child, and the child."""
    running = subprocess.Popen(
        ["sh", "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    return running, psutil.Process(int(running.stdout.readline()))


def test_what_does_not_end_in_time_is_killed_with_its_children() -> None:
    running, child = parent()
    with pytest.raises(subprocess.TimeoutExpired):
        streams_of(running, 0.2)
    assert psutil.wait_procs([child], timeout=10)[1] == []
    assert running.wait(10) < 0


def test_what_never_comes_true_is_not_waited_for_for_ever() -> None:
    running, child = parent()
    with pytest.raises(TimeoutError, match="load"):
        wait_for(lambda: False, running, timeout_s=0.2)
    assert psutil.wait_procs([child], timeout=10)[1] == []
    assert running.wait(10) < 0
