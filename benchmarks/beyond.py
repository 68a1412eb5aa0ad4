"""How far does a model hold on campaigns beyond its data, and is one warned there?

    python -m benchmarks.beyond STORE [--also STORE] BEYOND... [--model PACKAGE] [--out FILE.md]
        [--json]

STORE and those of `--also` must be what the package was trained on; baselines are fitted to it. The
records of the stores BEYOND judge, each under what it goes beyond first. Nothing is trained:
minutes. `benchmarks.extrapolation` asks the same of small models and parts of STORE.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.extrapolation_report import Beyond, report_of_campaigns
from benchmarks.page import parser, publish
from benchmarks.small_training import Forecasts, every_member
from serve.models import model_path
from simulate.errors import GlassyLiError, MisuseError
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore, open_store
from surrogate.applicability import TrainingDomain
from surrogate.package import Package, read_package
from surrogate.threads import one_thread
from train.judges import Judges
from train.panel import Panel, panel
from train.records import Pairs, Records, independent, read_records

STUDY: Final = "BEYOND.md"
ASKED_AT: Final = ("packing", "end of quench")
LEAST_JUDGED: Final = 3


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
            yield from judged_beyond(name, learnt, panel(group, landmark), judges)


def direction(record: TrajectoryRecord, domain: TrainingDomain) -> str:
    """What a record goes beyond first, in words."""
    if record.design.potential not in domain.potentials:
        return f"another potential: {record.design.physics.substance}"
    if record.protocol.hold_ps > domain.hold_ps:
        few = "" if record.protocol.hold_ps > domain.longest_hold_ps else " of most designs"
        return f"later than the hold of {domain.hold_ps:g} ps{few}"
    for field, below, above in (
        ("hold_temperature_K", "colder than {:g} K", "hotter than {:g} K"),
        ("packing_density_g_cm3", "sparser than {:g} g/cm3", "denser than {:g} g/cm3"),
        ("n_atoms", "smaller than {:g} atoms", "larger than {:g} atoms"),
    ):
        low, high = domain.ranges_of(record.design.potential)[field]
        value = getattr(record.design, field)
        if value < low:
            return below.format(low)
        if value > high:
            return above.format(high)
    return "within the training data"


@one_thread()
def judged_beyond(name: str, learnt: Panel, judged: Panel, judges: Judges) -> Iterator[Beyond]:
    """One comparison, or none where too few are asked.

    Args:
        name: What is gone beyond.
        learnt: Rows to learn from.
        judged: Rows that are asked.
        judges: The model.
    """
    if len(judged.asked) < LEAST_JUDGED:
        return
    domain, horizon_ps = judges.package.manifest.domain, judged.horizon_ps
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
            f"the first store and those of --also must hold the designs that {package.label} was "
            f"trained on, and no others: {path} does not. Name its own stores, or train on these."
        )


def main() -> None:
    asked = parser(__doc__, "the record store that the package learnt from", STUDY)
    asked.add_argument("beyond", type=Path, nargs="+", help="stores beyond it, never trained on")
    asked.add_argument(
        "--also", type=Path, action="append", default=[], help="another one; may be repeated"
    )
    asked.add_argument("--model", type=Path, help="model package; default: the one that ships")
    options = asked.parse_args()
    try:
        package = read_package(model_path(options.model))
        records = read_records([open_store(path) for path in (options.store, *options.also)])
        check_is_trained_on(package, records.answered, options.store)
        stores = [open_store(path) for path in options.beyond]
        found = list(beyond_the_data(records, stores, package))
    except GlassyLiError as error:
        raise SystemExit(str(error)) from error
    page = report_of_campaigns(found, package.label)
    publish(options, STUDY, page, [each.model_dump(mode="json") for each in found])


if __name__ == "__main__":
    main()
