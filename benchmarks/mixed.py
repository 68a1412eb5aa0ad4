"""What do a few records of another potential bring to a model of many of one?

    python -m benchmarks.mixed STORE OTHER [--parts N] [--config YAML] [--out FILE.md] [--json]

Designs of OTHER are left out in parts, each by itself unless told otherwise. Models of STORE and
the rest of OTHER are asked of them, beside a model of STORE alone and the law of the rest of OTHER.
One small model is trained for each part: 190 designs and 16 others in four parts take some ten
minutes on one core.
"""

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.extrapolation_report import skill
from benchmarks.page import parser, publish
from benchmarks.small_training import (
    Forecasts,
    chosen,
    config_of,
    config_option,
    every_member,
    trained,
)
from simulate.errors import GlassyLiError, MisuseError
from simulate.settings import Settings
from simulate.store import RecordStore, open_store
from surrogate.threads import one_thread
from train.config import TrainingConfig
from train.counting import table
from train.judges import Judges
from train.metrics import Floats
from train.panel import Panel, panel
from train.records import LEAST_DESIGNS, Records, read_records
from train.scores import Forecast, Scores, scores

STUDY: Final = "MIXED.md"
ASKED_AT: Final = ("packing", "end of quench")
LEAST_PARTS: Final = 2
"""Asked at a landmark: somebody must be left to learn from when one is left out."""
BOTH: Final = "model of both"
ALONE: Final = "model of the store alone"
LAW_OF_BOTH: Final = "design law of both"
LAW_OF_OTHER: Final = "design law of the other alone"


class Mixed(Settings):
    """What came of one landmark.

    Attributes:
        n_learnt, n_other: Rows of the store, and of the other potential, which are asked.
        n_ordered: Of those asked.
        over_kaplan_meier: Scores beside the Kaplan-Meier curve of the other potential's designs
            that were not left out, by forecast.
        over_alone: Scores of the model of both with the model of the store in the curve's place.
    """

    landmark: str
    n_learnt: int
    n_other: int
    n_ordered: int
    over_kaplan_meier: dict[str, Scores]
    over_alone: Scores


def mixed(records: Records, others: set[str], config: TrainingConfig, n_parts: int) -> list[Mixed]:
    """Train with and without, and score on left-out designs of the other potential.

    Args:
        records: Of both.
        others: Designs of the other potential, by key.
        config: How models are trained.
        n_parts: Into so many the other potential's designs are dealt; one model for each.

    Raises:
        MisuseError: Too few designs, or too few parts, to leave any out.
    """
    if not (len(others) >= LEAST_DESIGNS and LEAST_PARTS <= n_parts <= len(others)):
        raise MisuseError(
            f"at least {LEAST_DESIGNS} designs of another potential must be left out in 2 parts or "
            f"more, but got {len(others)} designs in {n_parts}. Simulate more, or change --parts."
        )
    part = {key: number % n_parts for number, key in enumerate(sorted(others))}

    def without(left: Container[int]) -> Judges:
        learnt = chosen(records, lambda record: part.get(record.design.key) not in left)
        return every_member(trained(learnt, config).package)

    alone, both = without(range(n_parts)), [without([left]) for left in range(n_parts)]
    whole = [panel(records.answered, landmark) for landmark in ASKED_AT]
    return [
        _scored(each, part, alone, both)
        for each in whole
        if len({part[key] for key in each.keys if key in part}) >= LEAST_PARTS
    ]


@one_thread()
def _scored(whole: Panel, part: dict[str, int], alone: Judges, both: Sequence[Judges]) -> Mixed:
    """At one landmark; baselines and the curve learn from what was not left out."""
    part_of = np.array([part.get(key, -1) for key in whole.keys])
    is_other = part_of >= 0
    asked = whole.only(is_other)
    by: dict[str, list[tuple[NDArray[np.bool_], Forecast]]] = {}
    for left in np.unique(part_of[is_other]).tolist():
        judged, rows = whole.only(part_of == left), part_of[is_other] == left
        of_both = Forecasts.of(whole.only(part_of != left), judged, both[left])
        of_other = Forecasts.of(whole.only(is_other & (part_of != left)), judged, alone)
        for name, forecast in (
            (BOTH, of_both.model),
            (ALONE, of_other.model),
            (LAW_OF_BOTH, of_both.law),
            (LAW_OF_OTHER, of_other.law),
            ("", of_other.kaplan_meier),
        ):
            by.setdefault(name, []).append((rows, forecast))
    curve = together(by.pop(""))
    forecasts = {name: together(each) for name, each in by.items()}

    def scored(forecast: Forecast, beside: Forecast) -> Scores:
        return scores(forecast, beside, asked.incubations, asked.keys, planned_ps=asked.horizon_ps)

    return Mixed(
        landmark=whole.landmark,
        n_learnt=int((~is_other).sum()),
        n_other=len(asked.asked),
        n_ordered=sum(each.is_observed for each in asked.incubations),
        over_kaplan_meier={name: scored(each, curve) for name, each in forecasts.items()},
        over_alone=scored(forecasts[BOTH], forecasts[ALONE]),
    )


def together(parts: Sequence[tuple[NDArray[np.bool_], Forecast]]) -> Forecast:
    """One forecast of all rows by forecasts of some of them each.

    Args:
        parts: Which rows, and the forecast of those.
    """

    def forecast(times_ps: Floats) -> Floats:
        found = np.empty(len(times_ps))
        for rows, each in parts:
            found[rows] = each(times_ps[rows])
        return found

    return forecast


def report(found: Sequence[Mixed], config: TrainingConfig, n_parts: int) -> str:
    """The page, Markdown."""
    opening = f"""\
# What records of another potential bring

Small models ({config.n_members} members, {config.epochs} passes over the graphs), asked at equal
share of bulk density and of the melting point about designs of another potential, which were left
out in {n_parts} parts: of the store alone, and of the store with the designs not left out. Skill:
share of the score removed of the Kaplan-Meier curve of those designs; *over the store alone*: the
model of both with that of the store in the curve's place, above 0 where the records bring
something. 90 % intervals resample the judged designs; they leave out that of few designs others
could have been drawn."""
    return "\n\n".join([opening, *map(_section, found)]) + "\n"


def _section(found: Mixed) -> str:
    header = (
        "forecast", "integrated Brier skill", "log skill", "expected / seen",
        "over the store alone: Brier", "log",
    )  # fmt: skip
    rows = []
    for name, each in found.over_kaplan_meier.items():
        share = "-" if each.expected is None else f"{each.expected:.2f} / {each.observed:.2f}"
        over = found.over_alone
        gain = (skill(over.integrated_brier), skill(over.log)) if name == BOTH else ("", "")
        rows.append((name, skill(each.integrated_brier), skill(each.log), share, *gain))
    return f"""## {found.landmark[0].upper()}{found.landmark[1:]}

{found.n_other} of the other potential are asked, {found.n_ordered} ordered; {found.n_learnt} of the
store are learnt from.

{table(header, rows)}"""


def potentials_of(other: RecordStore, beside: RecordStore) -> set[str]:
    """Of the records of a store.

    Raises:
        MisuseError: The store beside it has one of them.
    """
    theirs, ours = ({record.design.potential for record in each} for each in (other, beside))
    if shared := sorted(theirs & ours):
        raise MisuseError(
            f"the second store must be of another potential, but both have {shared[0]}. "
            "Name a store of another metal."
        )
    return theirs


def main(arguments: Sequence[str] | None = None) -> None:
    asked = parser(__doc__, "the record store of many records", STUDY)
    asked.add_argument("other", type=Path, help="a store of another potential, fewer records")
    asked.add_argument("--parts", type=int, help="in which its designs are left out; default: each")
    config_option(asked)
    options = asked.parse_args(arguments)
    try:
        config = config_of(options)
        store, other = open_store(options.store), open_store(options.other)
        records = read_records([store, other])
        theirs = potentials_of(other, beside=store)
        others = {r.design.key for _, r in records.answered if r.design.potential in theirs}
        n_parts = options.parts or len(others)
        found = mixed(records, others, config, n_parts)
    except GlassyLiError as error:
        raise SystemExit(str(error)) from error
    publish(
        options,
        STUDY,
        report(found, config, n_parts),
        [each.model_dump(mode="json") for each in found],
    )


if __name__ == "__main__":
    main()
