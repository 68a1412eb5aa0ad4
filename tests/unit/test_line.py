"""Turns in line: first come, first served, in batches counted in atoms."""

import asyncio
import threading
from collections.abc import Sequence
from typing import cast

import pytest
from pydantic import BaseModel

from serve.endpoint.line import Line
from serve.endpoint.model import Model
from serve.endpoint.turns import Answer, Turn
from simulate.settings import Settings

NO_MODEL = cast("Model", None)


class Asked(Settings):
    number: int


class Said(BaseModel):
    number: int


def turn(number: int, cost: int = 1) -> Turn:
    return Turn(NO_MODEL, "counting", Asked(number=number), cost)


class Counting:
    """Says what it was asked; the first computation waits until it may go on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_go_on = threading.Event()

    def __call__(self, turns: Sequence[Turn]) -> list[Answer]:
        numbers = [cast("Asked", each.question).number for each in turns]
        self.batches.append(numbers)
        self.may_go_on.wait(10.0)
        if -1 in numbers:
            raise ValueError("no such number")
        return [Said(number=number) for number in numbers]


async def all_at_once(line: Line, counting: Counting, turns: Sequence[Turn]) -> list[object]:
    """The first alone, the others while it is computed."""
    first = asyncio.create_task(line.take(turns[0]))
    await asyncio.sleep(0.05)
    others = [asyncio.create_task(line.take(each)) for each in turns[1:]]
    await asyncio.sleep(0.05)
    counting.may_go_on.set()
    return await asyncio.gather(first, *others, return_exceptions=True)


def test_what_comes_during_a_computation_is_the_next() -> None:
    counting = Counting()
    line = Line(counting, 100)
    found = asyncio.run(all_at_once(line, counting, [turn(each) for each in range(6)]))
    assert found == [Said(number=each) for each in range(6)]
    assert counting.batches == [[0], [1, 2, 3, 4, 5]]


def test_batches_hold_so_many_atoms_and_keep_the_order() -> None:
    counting = Counting()
    line = Line(counting, 100)
    costs = [1, 60, 30, 20, 500, 10, 90]
    turns = [turn(number, cost) for number, cost in enumerate(costs)]
    found = asyncio.run(all_at_once(line, counting, turns))
    assert found == [Said(number=each) for each in range(7)]
    assert counting.batches == [[0], [1, 2], [3], [4], [5, 6]]


def test_a_batch_that_is_lost_is_told_and_the_line_goes_on() -> None:
    counting = Counting()
    line = Line(counting, 2)
    turns = [turn(0), turn(-1), turn(1), turn(2)]
    found = asyncio.run(all_at_once(line, counting, turns))
    assert found[0] == Said(number=0)
    assert isinstance(found[1], ValueError)
    assert isinstance(found[2], ValueError)
    assert found[3] == Said(number=2)


def test_who_has_gone_is_not_computed_for() -> None:
    counting = Counting()
    line = Line(counting, 100)

    async def ask() -> object:
        first = asyncio.create_task(line.take(turn(0)))
        await asyncio.sleep(0.05)
        gone, stays = (
            asyncio.create_task(line.take(turn(1))),
            asyncio.create_task(line.take(turn(2))),
        )
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.sleep(0.0)
        counting.may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await asyncio.gather(first, stays)

    assert asyncio.run(ask()) == [Said(number=0), Said(number=2)]
    assert counting.batches == [[0], [2]]
