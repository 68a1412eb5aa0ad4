"""What a search for training settings came to, and the files that say so."""

import csv
import io
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import yaml
from pydantic import Field

from simulate.files import write_atomically
from simulate.settings import Settings
from train.config import TrainingConfig

BEST: Final = "best.yaml"
TRIALS: Final = "trials.csv"


State = Literal["complete", "pruned", "failed"]
STATES: Final = get_args(State)


class TunedTrial(Settings):
    """One choice of settings.

    Attributes:
        settings: Those that are searched.
        state: Made to its end; or given up after some folds, since most others did better on the
            same ones; or failed, since a fit or its loss was not finite.
        loss: Negative log-likelihood of what was seen, on designs that the members left out, nats:
            mean of `packed` and `waiting`; None if it failed.
        packed, waiting: Its parts, means over frames: asked before the end of the quench, and at
            the landmarks of the wait.
        duration_s: What it cost.
    """

    number: int
    settings: dict[str, Any]
    state: State
    loss: float | None = None
    packed: float | None = None
    waiting: float | None = None
    duration_s: float


class TuningResult(Settings):
    """What was found.

    Attributes:
        given: The settings to begin with, the first trial.
        best: The complete trial of least loss.
        gain: Loss of `given` less that of `best`, nats; None if `given` failed.
        gain_error: Its standard error over designs, None with fewer than two; the gain of a chosen
            best is flattered.
        importances: Share of the spread of losses that each setting explains, most first; empty
            with too few complete trials.
        is_done: Whether all trials asked for were made; else the budget was spent.
    """

    data: list[str]
    n_designs: int
    n_folds: int
    seeds: list[int]
    trials: list[TunedTrial]
    given: TunedTrial
    best: TunedTrial
    gain: float | None
    gain_error: float | None
    importances: dict[str, float]
    is_done: bool
    config: TrainingConfig = Field(description="The whole settings of the best trial.")

    @property
    def ranked(self) -> list[TunedTrial]:
        """Trials: complete ones first, the best before all; failed ones last."""

        def rank(trial: TunedTrial) -> tuple[int, float]:
            return STATES.index(trial.state), math.inf if trial.loss is None else trial.loss

        return sorted(self.trials, key=rank)


def error_of_gain(given: Sequence[float], best: Sequence[float]) -> float | None:
    """Standard error of the mean difference of two losses of the same designs; None of one.

    >>> error_of_gain([1.0, 2.0, 3.0], [0.5, 1.5, 2.5])
    0.0
    """
    moved = np.asarray(given) - np.asarray(best)
    return float(moved.std(ddof=1) / math.sqrt(len(moved))) if len(moved) > 1 else None


def write_result(out: Path, result: TuningResult) -> None:
    """Best settings, table of trials, and the whole answer."""
    write_atomically(out / TRIALS, _table(result))
    write_atomically(out / BEST, f"{_opening(result)}{_as_yaml(result.config)}")
    write_atomically(out / "tuning.json", result.model_dump_json(indent=1) + "\n")


def told_gain(result: TuningResult) -> str:
    """How much better the best settings are than those given."""
    if result.best.number == result.given.number:
        return "the given settings themselves: nothing better was found"
    if result.gain is None:
        return "the given settings themselves came to no finite loss"
    error = "" if result.gain_error is None else f" +- {result.gain_error:.4f}"
    return (
        f"{result.gain:.4f}{error} nats below the given settings (one standard error over designs)"
    )


def _opening(result: TuningResult) -> str:
    seeds = ", ".join(map(str, result.seeds))
    return f"""\
# Found by `glassyli tune` on {datetime.now(UTC):%Y-%m-%d}: trial {result.best.number}, the best \
of {len(result.trials)}, loss {result.best.loss:.4f} nats,
# {told_gain(result)}.
# Loss: negative log-likelihood of what was seen on designs left out in turn, {result.n_folds} \
folds, seeds {seeds}: other
# splits than those that judge a trained package, but of the same {result.n_designs} designs, so \
its scores are
# flattered by as much as the choice of settings can buy. Data {", ".join(result.data)}.
"""


def _as_yaml(config: TrainingConfig) -> str:
    return str(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))


def _table(result: TuningResult) -> str:
    names = list(result.given.settings)
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["trial", "state", "loss", "packed", "waiting", "duration_s", *names])
    for each in result.ranked:
        numbers = [each.loss, each.packed, each.waiting, round(each.duration_s, 1)]
        settings = [each.settings[name] for name in names]
        lines.writerow([each.number, each.state, *numbers, *settings])
    return text.getvalue()
