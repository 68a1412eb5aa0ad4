"""Timing: every task has its turn in every round, and a goal is judged on its own side."""

import itertools
import time

import pytest

from benchmarks.timing import Line, Task, medians, timed


def test_tasks_take_turns_and_the_first_round_does_not_count() -> None:
    turns: list[str] = []
    took = {"a": itertools.chain([100.0], [1.0, 2.0, 9.0]), "b": itertools.repeat(5.0)}

    def work(name: str) -> float:
        turns.append(name)
        return next(took[name])

    found = medians([Task(name, lambda name=name: work(name)) for name in took], n_rounds=3)
    assert turns == ["a", "b"] * 4
    assert found == {"a": 2.0, "b": 5.0}


def test_time_that_passes_is_told_by_the_clock() -> None:
    ticks = iter([3.0, 10.0])
    assert timed(lambda: None, lambda: next(ticks))() == 7.0


def test_waiting_is_not_working() -> None:
    assert timed(lambda: time.sleep(0.5))() < 0.25


@pytest.mark.parametrize(
    ("value", "better", "is_met"),
    [(1.0, "less", True), (3.0, "less", False), (3.0, "more", True), (1.0, "more", False)],
)
def test_a_goal_is_met_on_its_own_side(value: float, better: str, is_met: bool) -> None:  # noqa: FBT001
    line = Line("what", value, "s", goal=2.0, better=better)
    assert line.is_met is is_met
    assert ("NOT met" in str(line)) is not is_met


def test_a_figure_without_a_goal_promises_nothing() -> None:
    line = Line("what", 1234567.0, "times")
    assert line.is_met is None
    assert str(line).split() == ["what", "1230000", "times"]
