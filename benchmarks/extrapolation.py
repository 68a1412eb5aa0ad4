"""How far do forecasts hold beyond the data they were learnt from, and is one warned there?

    python -m benchmarks.extrapolation STORE [--config YAML] [--out FILE.md] [--json]

Small models are trained on parts of the store and judged on the rest: larger, sparser, farther from
300 K, and later than a hold that was cut short. `benchmarks.beyond` judges a package on campaigns.
"""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from benchmarks.beyond import ASKED_AT, judged_beyond
from benchmarks.extrapolation_report import Beyond, report
from benchmarks.page import parser, publish
from benchmarks.small_training import chosen, config_of, config_option, trained
from simulate.errors import GlassyLiError
from simulate.incubation import Incubation
from simulate.record import TrajectoryRecord
from simulate.store import open_store
from train.config import TrainingConfig
from train.panel import panel
from train.records import Records, read_records

STUDY: Final = "EXTRAPOLATION.md"
SHARE_LEARNT: Final = 0.75
SHARE_OF_HOLD: Final = 0.25
ROOM_K: Final = 300.0

DIRECTIONS: Final[dict[str, Callable[[TrajectoryRecord], float]]] = {
    "larger": lambda record: record.design.n_atoms,
    "sparser": lambda record: -record.design.packing_density_g_cm3,
    "farther from 300 K": lambda record: abs(record.design.hold_temperature_K - ROOM_K),
}


def within_the_data(records: Records, config: TrainingConfig) -> Iterator[Beyond]:
    """Small models, trained on the near part of the data and judged on the far one."""
    for name, far in DIRECTIONS.items():
        near, rest = _parted(records, far)
        if not rest.answered:
            continue
        judges = trained(near, config)
        for landmark in ASKED_AT:
            learnt, judged = (panel(each.answered, landmark) for each in (near, rest))
            yield from judged_beyond(name, learnt, judged, judges)
    yield from later(records, config)


def _parted(records: Records, far: Callable[[TrajectoryRecord], float]) -> tuple[Records, Records]:
    """The near part and the far one."""
    edge = float(np.quantile([far(record) for _, record in records.answered], SHARE_LEARNT))
    near = chosen(records, lambda record: far(record) <= edge)
    return near, chosen(records, lambda record: far(record) > edge)


def later(records: Records, config: TrainingConfig) -> Iterator[Beyond]:
    """A small model of a hold cut short, judged on the whole hold of designs it never saw."""
    hold_ps = SHARE_OF_HOLD * records.protocol.hold_ps
    if hold_ps <= 2.0 * records.protocol.labelling.persistence_ps:
        return
    short = Records(
        [(store, cut(record, hold_ps)) for store, record in records.answered],
        records.n_failed,
        records.protocol.model_copy(update={"hold_ps": hold_ps}),
        records.content_sha256,
    )
    judges = trained(short, config)
    for landmark in ASKED_AT:
        learnt, judged = (panel(each.answered, landmark) for each in (short, records))
        yield from judged_beyond(f"later than a hold of {hold_ps:g} ps", learnt, judged, judges)


def cut(record: TrajectoryRecord, hold_ps: float) -> TrajectoryRecord:
    """As if its hold had ended so early: what came later was not seen."""
    seen, last_ps = record.witnessed, hold_ps - record.protocol.labelling.persistence_ps
    if seen is not None and (seen.upper_ps is None or seen.upper_ps > last_ps):
        seen = Incubation(lower_ps=min(seen.lower_ps, last_ps))
    return record.model_copy(
        update={
            "protocol": record.protocol.model_copy(update={"hold_ps": hold_ps}),
            "frames": [frame for frame in record.frames if frame.time_ps <= hold_ps],
            "incubation": seen,
            "crystalline_fraction": record.crystalline_fraction
            if seen == record.witnessed
            else None,
        }
    )


def main() -> None:
    asked = parser(__doc__, "record store", STUDY)
    config_option(asked)
    options = asked.parse_args()
    try:
        config, records = config_of(options), read_records([open_store(options.store)])
        found = list(within_the_data(records, config))
    except GlassyLiError as error:
        raise SystemExit(str(error)) from error
    publish(options, STUDY, report(found, config), [e.model_dump(mode="json") for e in found])


if __name__ == "__main__":
    main()
