"""Times that can be compared: every task once in every round, and the median of the rounds.

Time of the processor, so that others on the machine do not count: for work on one thread that is
the wall time on a core of one's own. A shared machine still slows down and speeds up by the minute,
by its caches and clocks; rounds share that out.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Task:
    """Something to time.

    Attributes:
        name: Of the task; figures are read from the median under this name.
        work: Does it once and says what it took, s.
    """

    name: str
    work: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Line:
    """A figure beside its goal.

    Attributes:
        what: What was measured.
        value: In `unit`.
        goal: What it should be; None where nothing was asked.
        better: Which side of the goal is the good one.
    """

    what: str
    value: float
    unit: str
    goal: float | None = None
    better: Literal["more", "less"] = "less"

    @property
    def is_met(self) -> bool | None:
        """Whether the goal was reached; None without one.

        >>> Line("a", 3.0, "s", goal=2.0).is_met, Line("b", 3.0, "1/s", 2.0, "more").is_met
        (False, True)
        """
        if self.goal is None:
            return None
        return self.value >= self.goal if self.better == "more" else self.value <= self.goal

    def __str__(self) -> str:
        goal = ""
        if self.goal is not None:
            sign = ">=" if self.better == "more" else "<="
            goal = f"goal {sign} {self.goal:g}: {'met' if self.is_met else 'NOT met'}"
        return f"{self.what:<62} {_figure(self.value):>9} {self.unit:<13} {goal}".rstrip()


def timed(
    work: Callable[[], object], clock: Callable[[], float] = time.process_time
) -> Callable[[], float]:
    """The work, which says how long it took by a clock, s."""

    def timing() -> float:
        began = clock()
        work()
        return clock() - began

    return timing


def medians(tasks: Sequence[Task], n_rounds: int) -> dict[str, float]:
    """Median time of each task, s, after one round to warm up."""
    spent: dict[str, list[float]] = {task.name: [] for task in tasks}
    for number in range(n_rounds + 1):
        for task in tasks:
            took_s = task.work()
            if number:
                spent[task.name].append(took_s)
    return {name: statistics.median(each) for name, each in spent.items()}


def _figure(value: float) -> str:
    """Three digits that count, large numbers in full.

    >>> _figure(12345.6), _figure(0.012345)
    ('12300', '0.0123')
    """
    return f"{value:.3g}" if abs(value) < 1000.0 else f"{float(f'{value:.3g}'):.0f}"
