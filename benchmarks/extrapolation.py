"""How far do forecasts hold beyond the data they were learnt from, and is one warned there?

    python -m benchmarks.extrapolation STORE [BEYOND ...] [--model PACKAGE] [--config YAML] [--json]

STORE must be what the package was trained on. First small models are trained on parts of it and
judged on the rest: larger, sparser, farther from 300 K, and later than a hold that was cut short.
Then the package itself is judged on the stores BEYOND, each record by what it goes beyond.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.extrapolation_report import Beyond, report
from benchmarks.landmarks import Panel
from benchmarks.page import parser, publish
from benchmarks.small_training import (
    Forecasts,
    Pairs,
    Small,
    chosen,
    config_of,
    config_option,
    every_member,
    panel,
    trained,
)
from serve.models import model_path
from simulate.errors import GlassyLiError, MisuseError
from simulate.incubation import Incubation
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore, open_store
from surrogate.applicability import TrainingDomain
from surrogate.package import Package, read_package
from surrogate.threads import one_thread
from train.config import TrainingConfig
from train.metrics import longest_follow_up_ps
from train.records import Records, independent, read_records

STUDY: Final = "EXTRAPOLATION.md"
ASKED_AT: Final = ("packing", "end of quench")
SHARE_LEARNT: Final = 0.75
SHARE_OF_HOLD: Final = 0.25
LEAST_JUDGED: Final = 5
ROOM_K: Final = 300.0

DIRECTIONS: Final[dict[str, Callable[[TrajectoryRecord], float]]] = {
    "larger": lambda record: record.design.n_atoms,
    "sparser": lambda record: -record.design.packing_density_g_cm3,
    "farther from 300 K": lambda record: abs(record.design.hold_temperature_K - ROOM_K),
}


def within_the_data(records: Records, config: TrainingConfig) -> Iterator[Beyond]:
    """Small models, trained on the near part of the data and judged on the far one."""
    for name, far in DIRECTIONS.items():
        edge = float(np.quantile([far(record) for _, record in records.answered], SHARE_LEARNT))
        near = chosen(records, lambda record, far=far, edge=edge: far(record) <= edge)
        rest = chosen(records, lambda record, far=far, edge=edge: far(record) > edge)
        if not rest.answered:
            continue
        judges = trained(near, config)
        for landmark in ASKED_AT:
            learnt, judged = (panel(each.answered, landmark) for each in (near, rest))
            yield from _beyond(name, learnt, judged, judges)
    yield from later(records, config)


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
        yield from _beyond(f"later than a hold of {hold_ps:g} ps", learnt, judged, judges)


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


def beyond_the_data(
    records: Records, stores: Sequence[RecordStore], package: Package
) -> Iterator[Beyond]:
    """The package itself, on records beyond what it was trained on."""
    domain = package.manifest.domain
    pairs = [
        (store, record)
        for store in stores
        for record in independent(store)
        if record.witnessed is not None
    ]
    groups: dict[str, list[tuple[RecordStore, TrajectoryRecord]]] = {}
    for pair in pairs:
        groups.setdefault(direction(pair[1], domain), []).append(pair)
    judges = every_member(package)
    for landmark in ASKED_AT:
        learnt = panel(records.answered, landmark)
        for name, group in groups.items():
            yield from _beyond(name, learnt, panel(group, landmark), judges)


def direction(record: TrajectoryRecord, domain: TrainingDomain) -> str:
    """What a record goes beyond first, in words."""
    if record.protocol.hold_ps > domain.hold_ps:
        return f"later than the hold of {domain.hold_ps:g} ps"
    for field, below, above in (
        ("hold_temperature_K", "colder than {:g} K", "hotter than {:g} K"),
        ("packing_density_g_cm3", "sparser than {:g} g/cm3", "denser than {:g} g/cm3"),
        ("n_atoms", "smaller than {:g} atoms", "larger than {:g} atoms"),
    ):
        low, high = domain.ranges[field]
        value = getattr(record.design, field)
        if value < low:
            return below.format(low)
        if value > high:
            return above.format(high)
    return "within the training data"


@one_thread()
def _beyond(name: str, learnt: Panel, judged: Panel, judges: Small) -> Iterator[Beyond]:
    """One comparison, or none where too few are asked."""
    if len(judged.asked) < LEAST_JUDGED:
        return
    domain, horizon_ps = judges.package.manifest.domain, longest_follow_up_ps(judged.incubations)
    since_ps = max(each.since_ps or 0.0 for each in judged.asked)
    designs = {each.record.design.key: each.record.design for each in judged.asked}
    warned = domain.judge(list(designs.values()), horizon_ps + since_ps)
    by = Forecasts.of(learnt, judged, judges)
    yield Beyond(
        name=name,
        landmark=judged.landmark,
        n_learnt=len(learnt.asked),
        n_ordered=sum(each.is_observed for each in judged.incubations),
        n_outside=sum(not each.is_inside for each in warned),
        median_distance=float(np.median([each.distance for each in warned])),
        over_kaplan_meier=by.over_kaplan_meier(),
        model_over_law=by.scores(by.model, by.law),
        late=_late(by, domain.hold_ps, horizon_ps),
    )


def _late(by: Forecasts, hold_ps: float, horizon_ps: float) -> dict[str, float] | None:
    """Of those that still waited when the hold of the training data ended: how many ordered?"""
    if horizon_ps <= hold_ps:
        return None
    waits = [i for i, each in enumerate(by.panel.incubations) if each.lower_ps >= hold_ps]
    ends_ps = [by.panel.incubations[i].upper_ps for i in waits]
    until_ps = np.full(len(by.panel.asked), horizon_ps)

    def expected(forecast: Callable[..., object]) -> float:
        late, early = (np.asarray(forecast(each)) for each in (until_ps, 0.0 * until_ps + hold_ps))
        return float(sum(1.0 - late[i] / max(early[i], 1.0e-12) for i in waits))

    return {
        "n_waiting": len(waits),
        "n_ordered": sum(end is not None for end in ends_ps),
        "expected": expected(by.model),
        "expected_by_law": expected(by.law),
        "expected_by_kaplan_meier": expected(by.kaplan_meier),
    }


def check_is_trained_on(package: Package, pairs: Pairs, path: Path) -> None:
    """Refuse a store that the package was not trained on.

    Raises:
        MisuseError: Their designs differ.
    """
    if {record.design.key for _, record in pairs} != package.manifest.domain.keys:
        raise MisuseError(
            f"the first store must hold the designs that {package.label} was trained on, and no "
            f"others: {path} does not. Name its own store, or train on this one."
        )


def main() -> None:
    asked = parser(__doc__, "the record store that the package learnt from", STUDY)
    asked.add_argument("beyond", type=Path, nargs="*", help="stores beyond it, never trained on")
    asked.add_argument("--model", type=Path, help="model package; default: the one that ships")
    config_option(asked)
    options = asked.parse_args()
    try:
        config, package = config_of(options), read_package(model_path(options.model))
        records = read_records([open_store(options.store)])
        check_is_trained_on(package, records.answered, options.store)
        outside = [open_store(path) for path in options.beyond]
        parts = list(within_the_data(records, config))
        campaigns = list(beyond_the_data(records, outside, package))
    except GlassyLiError as error:
        raise SystemExit(str(error)) from error
    page = report(parts, campaigns, package.label, config)
    numbers = {
        name: [each.model_dump(mode="json") for each in found]
        for name, found in (("parts", parts), ("campaigns", campaigns))
    }
    publish(options, STUDY, page, numbers)


if __name__ == "__main__":
    main()
