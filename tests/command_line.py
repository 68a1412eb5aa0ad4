"""`glassyli` as a user meets it: a process, its two streams, its exit code."""

import resource
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

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
