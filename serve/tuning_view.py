"""What a search for training settings came to, told to whoever asked for it."""

from collections import Counter
from typing import TYPE_CHECKING, Final

from serve.console import Console, duration
from serve.words import count

if TYPE_CHECKING:
    from train.tuning_result import TunedTrial, TuningResult

MOST_SHOWN: Final = 8


def tell_tuning(console: Console, result: "TuningResult") -> None:
    """Best trials, what mattered, and how far to believe it."""
    from train.tuning_result import told_gain

    numbers = Counter(trial.state for trial in result.trials)
    spent = duration(sum(trial.duration_s for trial in result.trials))
    failed = f", {numbers['failed']} failed" if numbers["failed"] else ""
    stopped = "" if result.is_done else "; the budget is spent, the same command goes on"
    console.result(
        f"{count(len(result.trials), 'trial')}, {numbers['pruned']} given up early{failed}, "
        f"{spent} of fitting on {count(result.n_designs, 'design')}{stopped}"
    )
    shown = [trial for trial in result.ranked if trial.state == "complete"][:MOST_SHOWN]
    if result.given not in shown:
        shown.append(result.given)
    head = ["trial", "loss", *(name.replace("_", " ") for name in result.given.settings)]
    console.table(head, [_row(trial) for trial in shown])
    console.result(f"best is trial {result.best.number}: {told_gain(result)}")
    console.result(
        f"trial {result.given.number}: the given settings; the best of many is flattered"
    )
    if result.importances:
        named = ", ".join(f"{name} {share:.2f}" for name, share in result.importances.items())
        console.result(f"what mattered: {named}")


def _row(trial: "TunedTrial") -> list[str]:
    values = [f"{v:.3g}" if isinstance(v, float) else str(v) for v in trial.settings.values()]
    loss = "failed" if trial.loss is None else f"{trial.loss:.4f}"
    return [str(trial.number), loss, *values]
