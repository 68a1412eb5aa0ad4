"""What each step of the quickstart did, and how long it took in the run that did it.

A repeated quickstart finds most steps done. Their times are kept in `steps.json`, together with
what each step was made from: a step whose ground has changed is not the one that was timed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from simulate.design import parse_json
from simulate.files import read_text, write_atomically
from simulate.settings import Settings, validated

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Work(Generic[Result]):
    """What a step came to.

    Attributes:
        what: For people.
        made_from: Names what the step's result was made from.
        is_new: Whether anything was done that was not there already.
        result: For the steps that follow.
    """

    what: str
    made_from: str
    is_new: bool
    result: Result


class Step(Settings):
    """One step of the path; `what` and `wall_s` of the run that did it."""

    name: str
    wall_s: float
    what: str
    made_from: str
    is_new: bool = True

    def as_row(self) -> dict[str, Any]:
        """For the terminal and the report's table."""
        earlier = "" if self.is_new else " (done in an earlier run)"
        return {"name": self.name, "wall_s": self.wall_s, "what": f"{self.what}{earlier}"}


class _StepsFile(Settings):
    """What `steps.json` holds."""

    steps: list[Step]


class StepLog:
    """The steps of one run, written as they end."""

    def __init__(self, path: Path) -> None:
        """Read what earlier runs wrote.

        Raises:
            MisuseError: `path` holds something else.
        """
        self._steps: list[Step] = []
        self._path = path
        self._earlier: dict[str, Step] = {}
        if path.is_file():
            held = parse_json(read_text(path, "the quickstart's steps"), str(path))
            self._earlier = {
                step.name: step for step in validated(_StepsFile, held, str(path)).steps
            }

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The steps of this run so far, in order."""
        return [step.as_row() for step in self._steps]

    def timed(self, name: str, work: Callable[[], Work[Result]]) -> Result:
        """Do one step, note how long it took and what it was; hand on its result."""
        began = time.perf_counter()
        done = work()
        step = Step(
            name=name,
            wall_s=time.perf_counter() - began,
            what=done.what,
            made_from=done.made_from,
            is_new=done.is_new,
        )
        earlier = self._earlier.get(name)
        if not done.is_new and earlier is not None and earlier.made_from == done.made_from:
            step = earlier.model_copy(update={"is_new": False})
        self._steps.append(step)
        kept = self._earlier | {each.name: each for each in self._steps}
        file = _StepsFile(steps=list(kept.values()))
        write_atomically(self._path, file.model_dump_json(indent=1) + "\n")
        return done.result
