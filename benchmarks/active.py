"""Does active learning find the boundary with fewer trajectories?

    python -m benchmarks.active STORE [--out FILE.md] [--keep FILE.jsonl] [--json]

Everything below was fixed before any result was seen.

**A known truth** (`benchmarks.active_truth`). Four dimensions: size 100-1000 and packing density
0.0534-0.534 g/cm3 (both evenly in the logarithm), hold temperature 270-330 K, wall or none. The
boundary size N* is a curved function of the other three, between 267 and 936 atoms; waiting times
are exponential with P(order by 1000 ps) = 1 - 2^-(N/N*)^4, seen every 10 ps, censored at 1000 ps.
Learner: the project's committee, 16 members, linear in the project's features, which are not those
of the truth. Error: root mean square of log N* over 64 places. 10 seeds, which change the
candidates (512 of a scrambled Sobol sequence), every outcome and the committee; the outcome of a
candidate does not depend on who asks. Every strategy begins with the same 8 trajectories of the
sequence, then asks 8 at a time: active ones to 64, `random` and `sobol` to 128. The acquisition
that is tested is `boundary`, the default of `glassyli learn`; `straddle` is told beside it.

Grids: all combinations of levels (sizes x densities x temperatures x 2 walls), 36 = 3 x 3 x 2 x 2,
72 = 4 x 3 x 3 x 2, 144 = 6 x 4 x 3 x 2, one trajectory each, learnt from by the same committee; the
last also as read without a model, column by column, at its own columns only.

Trajectories needed: where the curve of a seed (linear in logarithms between its points) first
reaches a target; a seed that never does counts as needing its last number, and is told. Targets:
the mean error of the grid of 144, by the committee and as read by columns, and that of `sobol` with
64. Goals: at least 80 % fewer than the grid; not worse than `sobol`: the ratio of geometric mean
errors over 16 to 64 trajectories, paired by seed, 95 % interval of a bootstrap over seeds, must not
lie above 1.

**The reference records replayed.** A quarter of the designs of STORE (`train/reference`) is left
out; strategies choose among the other records, whose outcomes are as they were simulated. All begin
with the same 16, then 24 at a time to 88. Error: Brier score of order by 952 ps on the designs left
out (records that were not seen so long are left out and counted). 10 seeds change split, beginning
and committee.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.active_curves import (
    ACTIVE,
    ACTIVE_AT,
    COMPARED_AT,
    GOAL,
    N_BOOTSTRAP,
    N_SEEDS,
    PLAIN_AT,
    REPLAY_AT,
    REPLAYED,
    STUDY,
    Curves,
    needed,
    run,
)
from benchmarks.page import parser, publish
from train.counting import table
from train.metrics import Floats


def over_sobol(every: Sequence[Curves], name: str, at: Sequence[int] = COMPARED_AT) -> Floats:
    """Ratio of geometric mean errors to `sobol`'s (in the replay: to `random`'s), 95 % interval."""
    beside = "sobol" if "sobol" in every[0] else "random"
    logs = np.array(
        [np.mean([np.log(each[name][str(n)] / each[beside][str(n)]) for n in at]) for each in every]
    )
    return _bootstrap(logs)


def _bootstrap(logs: Floats) -> Floats:
    drawn_ = np.random.default_rng(0).integers(len(logs), size=(N_BOOTSTRAP, len(logs)))
    low, high = np.quantile(logs[drawn_].mean(axis=1), [0.025, 0.975])
    return np.asarray(np.exp([logs.mean(), low, high]))


def _mean(every: Sequence[Curves], name: str, n: int) -> float:
    return float(np.mean([each[name][str(n)] for each in every]))


def report(every: Sequence[Curves], replays: Sequence[Curves]) -> str:
    """The page, Markdown."""
    parts = ["# Does active learning find the boundary with fewer trajectories?", verdict(every)]
    parts.append(_protocol())
    at = sorted({*ACTIVE_AT, *PLAIN_AT})
    names = [*ACTIVE, "sobol", "random", "sobol + logistic"]
    rows = [
        (name, *(f"{_mean(every, name, n):.3f}" if str(n) in every[0][name] else "" for n in at))
        for name in names
    ]
    parts += ["## Known truth: error of log N*, mean over seeds", table(("", *map(str, at)), rows)]
    sizes = [str(n) for n in every[0]["grid"]]
    grids = [
        (name, *(f"{_mean(every, name, int(n)):.3f}" for n in sizes))
        for name in ("grid", "grid by columns")
    ]
    parts += [table(("", *sizes), grids), *_needed(every, names, sizes[-1])]
    parts += ["## Known truth: error over Sobol's, 16 to 64 trajectories (95 %)", _ratios(every)]
    rows = [(name, *(f"{_mean(replays, name, n):.4f}" for n in REPLAY_AT)) for name in REPLAYED]
    judged = np.mean([each["n_judged"]["0"] for each in replays])
    parts += [
        "## Reference records replayed: Brier score on designs left out",
        f"{judged:.0f} records judged on average.",
        table(("", *map(str, REPLAY_AT)), rows),
        table(
            ("over random, 40 to 88", "ratio", "95 %"),
            [
                _ratio_row(name, over_sobol(replays, name, REPLAY_AT[1:]))
                for name in REPLAYED
                if name != "random"
            ],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def verdict(every: Sequence[Curves]) -> str:
    """The goals, met or not: by the mean curve first, since single seeds cross by luck."""
    last, target = ACTIVE_AT[-1], _mean(every, "grid", 144)
    means = {str(n): _mean(every, "boundary", n) for n in ACTIVE_AT}
    on_average, is_reached = needed(means, target)
    found = [needed(each["boundary"], target) for each in every]
    n_short = sum(not is_there for _, is_there in found)
    saved = _saving(np.array([n for n, _ in found]), 144)
    shown = ", ".join(f"{means[str(n)]:.3f} at {n}" for n in ACTIVE_AT[-2:])
    reached = f"reaches the error of a grid of 144 ({target:.3f})"
    words = f"{reached} at {on_average:.0f}" if is_reached else f"never {reached} by {last}"
    goal = "met" if saved[1] >= GOAL else "not shown" if saved[2] >= GOAL else "not met"
    error = _mean(every, "sobol", 64)
    counts = {
        name: np.array([needed(each[name], error)[0] for each in every])
        for name in ("boundary", "random")
    }
    fewer = _saving(counts["boundary"], 64)
    ratio = over_sobol(every, "boundary")
    beside = "worse" if ratio[1] > 1.0 else "better" if ratio[2] < 1.0 else "not worse"
    return (
        f"On average `boundary` {words} trajectories ({shown}): the goal of 80 % fewer than the "
        f"grid is {goal if is_reached else 'not met'}. {100 * saved[0]:.0f} % fewer (95 % interval "
        f"{100 * saved[1]:.0f} to {100 * saved[2]:.0f} %) is the first passage of the noisy curves "
        f"of single seeds, of which {n_short} of {len(every)} were not there at {last} and count "
        f"as {last}: it flatters. To the error of the Sobol sequence with 64 ({error:.3f}) it "
        f"needs {100 * fewer[0]:.0f} % ({100 * fewer[1]:.0f} to {100 * fewer[2]:.0f} %) fewer than "
        f"that: {counts['boundary'].mean():.0f}, where random choice needs "
        f"{counts['random'].mean():.0f}. Its errors are {ratio[0]:.2f} ({ratio[1]:.2f} to "
        f"{ratio[2]:.2f}) times those of the Sobol sequence: {beside}. `sobol + logistic` is told "
        "the terms of the truth (the square of the logarithm of the density and what walls change "
        "of it), which nobody knows of real embryos: what it gains is what the right form of a "
        "model is worth."
    )


def _protocol() -> str:
    _, opening, rest = (__doc__ or "").partition("Everything below")
    return opening + rest.rstrip()


def _needed(every: Sequence[Curves], names: Sequence[str], n_grid: str) -> Iterator[str]:
    targets = {
        f"the grid of {n_grid}": (_mean(every, "grid", int(n_grid)), int(n_grid)),
        f"the grid of {n_grid} read by columns": (
            _mean(every, "grid by columns", int(n_grid)), int(n_grid),
        ),
        "sobol with 64": (_mean(every, "sobol", 64), 64),
    }  # fmt: skip
    for words, (target, n_beside) in targets.items():
        rows = []
        for name in names:
            found = [needed(each[name], target) for each in every]
            counts = np.array([n for n, _ in found])
            saved = _saving(counts, n_beside)
            n_short = sum(not is_reached for _, is_reached in found)
            rows.append(
                (name, f"{counts.mean():.0f}", f"{100 * saved[0]:.0f} %",
                 f"{100 * saved[1]:.0f} to {100 * saved[2]:.0f} %", n_short)
            )  # fmt: skip
        head = ("", "trajectories", "fewer", "95 %", "seeds that never reach it")
        yield f"### As good as {words} (error {target:.3f})"
        yield table(head, rows)


def _saving(counts: Floats, n_beside: int) -> Floats:
    saved = 1.0 - counts / n_beside
    drawn_ = np.random.default_rng(0).integers(len(saved), size=(N_BOOTSTRAP, len(saved)))
    low, high = np.quantile(saved[drawn_].mean(axis=1), [0.025, 0.975])
    return np.array([saved.mean(), low, high])


def _ratios(every: Sequence[Curves]) -> str:
    names = [*ACTIVE, "random", "sobol + logistic"]
    return table(("", "ratio", "95 %"), [_ratio_row(n, over_sobol(every, n)) for n in names])


def _ratio_row(name: str, found: Floats) -> tuple[str, str, str]:
    return name, f"{found[0]:.2f}", f"{found[1]:.2f} to {found[2]:.2f}"


def main() -> None:
    asked = parser(__doc__ or "", "the reference records", STUDY)
    asked.add_argument("--keep", type=Path, help="JSON lines of finished seeds, to go on from")
    asked.add_argument("--seeds", type=int, default=N_SEEDS, help="how many")
    options = asked.parse_args()
    every, replays = run(options.store, options.seeds, options.keep)
    publish(
        options, STUDY, report(every, replays), {"synthetic": every, "replay": replays},
    )  # fmt: skip


if __name__ == "__main__":
    main()
