"""What a search for training settings came to, told to whoever asked for it."""

from typing import TYPE_CHECKING, Final

from serve.console import Console, duration
from serve.words import count

if TYPE_CHECKING:
    from train.tuning_result import TunedTrial, TuningResult

MOST_SHOWN: Final = 8


def tell_tuning(console: Console, result: "TuningResult") -> None:
    """Best trials, what mattered, and how far to believe it."""
    n_pruned = sum(trial.is_pruned for trial in result.trials)
    spent = duration(sum(trial.duration_s for trial in result.trials))
    stopped = "" if result.is_done else "; the budget is spent, the same command goes on"
    console.result(
        f"{count(len(result.trials), 'trial')}, {n_pruned} given up early, {spent} of fitting on "
        f"{count(result.n_designs, 'design')}{stopped}"
    )
    complete = sorted(
        (trial for trial in result.trials if not trial.is_pruned), key=lambda trial: trial.loss
    )
    shown = complete[:MOST_SHOWN]
    if result.given not in shown:
        shown.append(result.given)
    head = ["trial", "loss", *(name.replace("_", " ") for name in result.given.settings)]
    console.table(head, [_row(trial) for trial in shown])
    if result.best.number == result.given.number:
        console.result("nothing was better than the settings given (trial 0)")
    else:
        console.result(
            f"best: {result.gain:.4f} +- {result.gain_error:.4f} nats below the settings given "
            "(trial 0; one standard error over designs; the best of many is flattered)"
        )
    if result.importances:
        named = ", ".join(f"{name} {share:.2f}" for name, share in result.importances.items())
        console.result(f"what mattered: {named}")


def _row(trial: "TunedTrial") -> list[str]:
    values = [f"{v:.3g}" if isinstance(v, float) else str(v) for v in trial.settings.values()]
    return [str(trial.number), f"{trial.loss:.4f}", *values]
