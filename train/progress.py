"""How far a training is, told to whoever watches it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Phase = Literal["reading", "starting", "fitting", "scoring"]


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where a training stands.

    Attributes:
        phase: Reading records, waiting for Ray, fitting members, scoring.
        done: Steps done out of `total` in this phase: an epoch of a member is a step.
        loss: Of the last epoch; None where there is none.
        left_s: Guess from the pace of this phase; None before its first step.
    """

    phase: Phase
    done: int
    total: int
    loss: float | None
    elapsed_s: float
    left_s: float | None


Progress = Callable[[TrainingProgress], None]


class Clock:
    """Tells how far a training is, and guesses what is left from the pace of the phase."""

    def __init__(self, progress: Progress, began: float) -> None:
        self._progress = progress
        self._began = began
        self._phase = ""
        self._done = 0
        self._first = (0, began)

    def tell(
        self,
        phase: Phase,
        done: int,
        total: int,
        loss: float | None = None,
    ) -> None:
        """Say that `done` of `total` steps of a phase are done; said again, it is not repeated."""
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._first = phase, (done, now)
        elif done == self._done:
            return
        self._done = done
        steps, spent_s = done - self._first[0], now - self._first[1]
        left_s = spent_s / steps * (total - done) if steps > 0 else None
        self._progress(TrainingProgress(phase, done, total, loss, now - self._began, left_s))
