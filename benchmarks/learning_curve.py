"""What would more designs bring to a model that sees the atoms?

    python -m benchmarks.learning_curve STORE [--config YAML] [--out FILE.md] [--json]

Small models trained on a quarter of the designs, on half and on all of them, judged on the same
embryos by members that never saw the design, one member each. `benchmarks.learnability` asks the
same of the design alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from benchmarks.page import parser, publish
from benchmarks.small_training import (
    LAW,
    Forecasts,
    chosen,
    config_of,
    config_option,
    trained,
)
from simulate.errors import GlassyLiError, MisuseError
from simulate.store import open_store
from surrogate.threads import one_thread
from train.config import TrainingConfig
from train.counting import ends, table
from train.judges import Judges
from train.metrics import Floats, bootstrap_interval, bounds_ps, by_design, log_values
from train.panel import panel
from train.records import Records, read_records
from train.scores import Forecast
from train.standing import MODEL

STUDY: Final = "LEARNING_CURVE.md"
ASKED_AT: Final = ("packing", "end of quench")
SHARES: Final = (0.25, 0.5, 1.0)
"""Each twice the one before: the promise below reads the last two."""
N_DRAWS: Final = 2
"""Of the designs of a smaller share; all of them are drawn once."""
LEAST_DESIGNS: Final = 24
CURVE: Final = "Kaplan-Meier"

Results = dict[str, Any]


def learning_curve(records: Records, config: TrainingConfig) -> list[Results]:
    """Log scores at each landmark by share of the designs, and what twice as many would bring.

    Raises:
        MisuseError: Too few designs to leave three quarters out.
    """
    keys = sorted({record.design.key for _, record in records.answered})
    if len(keys) < LEAST_DESIGNS:
        raise MisuseError(
            f"a learning curve needs records of at least {LEAST_DESIGNS} designs, but got "
            f"{len(keys)}. Simulate more designs."
        )
    values: dict[str, list[dict[str, Floats]]] = {landmark: [] for landmark in ASKED_AT}
    for share in SHARES:
        drawn = [_learnt(records, config, keys, share, draw) for draw in range(_n_draws(share))]
        for landmark in ASKED_AT:
            each = [_log_values(judges, part, records, landmark) for part, judges in drawn]
            values[landmark].append({name: _mean([v[name] for v in each]) for name in each[0]})
    n_designs = [round(share * len(keys)) for share in SHARES]
    return [_result(records, name, n_designs, values[name]) for name in ASKED_AT]


def _n_draws(share: float) -> int:
    return 1 if share == 1.0 else N_DRAWS


def _learnt(
    records: Records, config: TrainingConfig, keys: Sequence[str], share: float, draw: int
) -> tuple[Records, Judges]:
    """A share of the records, and a model of them; designs it never saw have one judge each too."""
    order = np.random.default_rng([config.seed, draw]).permutation(len(keys))
    within = {keys[place] for place in order[: round(share * len(keys))]}
    part = chosen(records, lambda record: record.design.key in within)
    judges = trained(part, config)
    n_parts = len(set(judges.fold.values()))
    dealt = {key: number % n_parts for number, key in enumerate(keys) if key not in within}
    return part, replace(judges, fold=dealt | judges.fold)


@one_thread()
def _log_values(
    judges: Judges, part: Records, records: Records, landmark: str
) -> dict[str, Floats]:
    """Of every record at a landmark, by forecast."""
    by = Forecasts.of(panel(part.answered, landmark), panel(records.answered, landmark), judges)
    lower, upper = bounds_ps(by.panel.scored)
    upper = np.where(np.isfinite(upper), upper, lower)

    def of(forecast: Forecast) -> Floats:
        return log_values(forecast(lower), forecast(upper), by.panel.scored)

    return {MODEL: of(by.model), LAW: of(by.law), CURVE: of(by.kaplan_meier)}


def _mean(several: Sequence[Floats]) -> Floats:
    return np.asarray(np.mean(several, axis=0))


def _result(
    records: Records, landmark: str, n_designs: Sequence[int], values: Sequence[dict[str, Floats]]
) -> Results:
    keys = panel(records.answered, landmark).keys
    names = list(values[0])
    return {
        "landmark": landmark,
        "n_records": len(keys),
        "rows": [
            {"n_designs": number} | {name: float(each[name].mean()) for name in names}
            for number, each in zip(n_designs, values, strict=True)
        ],
        "promise": {name: promise(values[-2][name], values[-1][name], keys) for name in names},
    }


def promise(half: Floats, whole: Floats, keys: Sequence[str]) -> Results:
    """What the last doubling brought, and the next would if the score goes as a + b / designs.

    Then every doubling brings half of the one before, and all that follow as much as the last.

    Args:
        half: Log score of each record by half of the designs, nats; less is better.
        whole: By all of them.
        keys: Design of each record.

    >>> promise(np.array([2.0, 2.2]), np.array([1.8, 2.0]), ["a", "b"])["next_doubling"]
    0.1
    """
    gain = half - whole
    interval = bootstrap_interval(by_design(gain, keys), 0)
    last = round(float(gain.mean()), 12)
    return {
        "last_doubling": last,
        "last_doubling_interval": interval,
        "next_doubling": 0.5 * last,
        "next_doubling_interval": interval and tuple(0.5 * end for end in interval),
    }


def report(found: Sequence[Results], config: TrainingConfig) -> str:
    """The page, Markdown."""
    opening = f"""\
# What more designs would bring

Log score (mean negative log-likelihood of what was seen, nats; less is better) on the same embryos,
by share of the designs that were learnt from; smaller shares are drawn {N_DRAWS} times. Small
models ({config.n_members} members, {config.epochs} passes over the graphs), one member for each
embryo, so that the ensemble's own gain is left out; the baselines learn from the same designs. The
last rows: what the last doubling brought, and what the next would if the score goes as
a + b / designs; then all further doublings together bring as much as the last did. 90 % intervals
resample the judged designs; they leave out which designs were drawn."""
    return "\n\n".join([opening, *map(_section, found)]) + "\n"


def _section(found: Results) -> str:
    names = list(found["promise"])
    rows = [
        (f"{row['n_designs']} designs", *(f"{row[name]:.3f}" for name in names))
        for row in found["rows"]
    ]
    for what in ("last_doubling", "next_doubling"):
        cells = [found["promise"][name] for name in names]
        told = [f"{each[what]:+.3f} ({ends(each[f'{what}_interval'])})" for each in cells]
        rows.append((f"gain, {what.replace('_', ' ')}", *told))
    landmark = found["landmark"]
    return f"""## {landmark[0].upper()}{landmark[1:]}

{found["n_records"]} asked.

{table(("learnt from", *names), rows)}"""


def main() -> None:
    asked = parser(__doc__, "the record store to learn from", STUDY)
    config_option(asked)
    options = asked.parse_args()
    try:
        config, records = config_of(options), read_records([open_store(options.store)])
        found = learning_curve(records, config)
    except GlassyLiError as error:
        raise SystemExit(str(error)) from error
    publish(options, STUDY, report(found, config), found)


if __name__ == "__main__":
    main()
