"""What a search for training settings came to, and the files that say so."""

import csv
import io
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from pydantic import Field

from simulate.files import write_atomically
from simulate.settings import Settings
from train.config import TrainingConfig

BEST: Final = "best.yaml"
TRIALS: Final = "trials.csv"


class TunedTrial(Settings):
    """One choice of settings.

    Attributes:
        settings: Those that are searched.
        is_pruned: Given up after some folds, since most others did better on the same ones.
        loss: Mean over records of the negative log-likelihood of what was seen, on designs that
            the members left out, nats: mean of `packed` and `waiting`.
        packed, waiting: Its parts: asked at the packing, and at the landmarks of the wait.
        duration_s: What it cost.
    """

    number: int
    settings: dict[str, Any]
    is_pruned: bool
    loss: float
    packed: float | None = None
    waiting: float | None = None
    duration_s: float


class TuningResult(Settings):
    """What was found.

    Attributes:
        given: The settings to begin with, the first trial.
        best: The complete trial of least loss.
        gain: Loss of `given` less that of `best`, nats.
        gain_error: Its standard error over designs; the gain of a chosen best is flattered.
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
    gain: float
    gain_error: float
    importances: dict[str, float]
    is_done: bool
    config: TrainingConfig = Field(description="The whole settings of the best trial.")


def gain_error(given: Sequence[float], best: Sequence[float]) -> float:
    """Standard error of the mean difference of two losses of the same designs.

    >>> gain_error([1.0, 2.0, 3.0], [0.5, 1.5, 2.5])
    0.0
    """
    moved = np.asarray(given) - np.asarray(best)
    return float(moved.std(ddof=1) / math.sqrt(len(moved))) if len(moved) > 1 else math.inf


def write_result(out: Path, result: TuningResult) -> None:
    """Best settings, table of trials, and the whole answer."""
    write_atomically(out / TRIALS, _table(result))
    write_atomically(out / BEST, f"{_opening(result)}{_as_yaml(result.config)}")
    write_atomically(out / "tuning.json", result.model_dump_json(indent=1) + "\n")


def _opening(result: TuningResult) -> str:
    seeds = ", ".join(map(str, result.seeds))
    how = (
        "the given settings themselves: nothing better was found"
        if result.best.number == result.given.number
        else f"{result.gain:.4f} +- {result.gain_error:.4f} below the given settings "
        "(one standard error over designs)"
    )
    return f"""\
# Found by `glassyli tune` on {datetime.now(UTC):%Y-%m-%d}: trial {result.best.number} of \
{len(result.trials)}, loss {result.best.loss:.4f} nats,
# {how}.
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
    for each in sorted(result.trials, key=lambda trial: (trial.is_pruned, trial.loss)):
        state = "pruned" if each.is_pruned else "complete"
        numbers = [each.loss, each.packed, each.waiting, round(each.duration_s, 1)]
        lines.writerow([each.number, state, *numbers, *(each.settings[name] for name in names)])
    return text.getvalue()
