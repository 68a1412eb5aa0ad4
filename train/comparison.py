"""A model beside baselines at every moment it may be asked, on designs that its judges never saw.

Three ways: a package on the store that it learnt from, by the members that left a design out;
several trainings on other folds, their answers averaged; and a package on designs that are new to
it, beside the Kaplan-Meier curve alone, for no baseline learnt from its data there.
"""

import importlib.util
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import numpy as np

from simulate.errors import MisuseError
from simulate.record import TrajectoryRecord
from simulate.settings import Settings
from simulate.store import RecordStore
from surrogate.applicability import TrainingDomain
from surrogate.package import Package
from surrogate.threads import one_thread
from train.calibration import ShareCalibration
from train.ceiling import Ceiling, Families, ceiling, families, replica_forecast
from train.evaluate import check_same_kind
from train.judges import Judges
from train.landmark import at_risk, too_few_wait
from train.metrics import Floats
from train.panel import BASELINES, NEEDS_SKSURV, Panel, Table, panels
from train.records import Pairs, every_record, named
from train.scores import Forecast
from train.standing import MODEL, AtLandmark, Repeat, at_landmark, pooled
from train.unseen import Unseen

Kind = Literal["judges", "repeats", "new"]
Tell = Callable[[str, int, int], None]
"""Called with what is at work, steps done, and steps in all."""

WITHOUT_SKSURV: Final = (
    "Boosting and Cox were left out: scikit-survival is not installed "
    "(pip install 'glassyli[evaluate]')."
)
MOST_CURVES: Final = 6
N_CURVE_TIMES: Final = 41


class CurveOfDesign(Settings):
    """A forecast beside what was seen.

    Attributes:
        n_atoms: Of the embryo; `design` says the rest.
        times_ps: From the moment that was asked.
        forecast: Probability of waiting on, by judges that never saw the design.
        seen: Bounds of every run, ps; None above: censored.
    """

    design: str
    n_atoms: int
    times_ps: list[float]
    forecast: list[float]
    seen: list[tuple[float, float | None]]


class Comparison(Settings):
    """What `glassyli evaluate` found at landmarks.

    Attributes:
        kind: `judges`: a package on its own store. `repeats`: several trainings on other folds.
            `new`: a package on designs of which at least one is new to it.
        n_judges: Fewest members that judge a row.
        landmarks: Those at which at least 20 embryos wait.
        pooled: Calibration over all of them, by forecaster.
        curves: Of a few designs; replicas of one structure where there are any.
        curves_from: The moment they are asked at.
        notes: What a reader should know.
    """

    model: str
    store: str
    kind: Kind
    n_records: int
    n_failed: int
    n_designs: int
    n_designs_in_training: int
    n_judges: int
    n_repeats: int
    landmarks: list[AtLandmark]
    pooled: dict[str, ShareCalibration]
    ceiling: Ceiling | None
    curves: list[CurveOfDesign]
    curves_from: str
    notes: list[str]

    @property
    def has_baselines(self) -> bool:
        """Whether the stores hold what baselines must learn from: the model's own data."""
        return self.kind != "new"


def compare_package(
    stores: Sequence[RecordStore], package: Package, tell: Tell | None = None
) -> Comparison:
    """Judge a package by records.

    Args:
        stores: What it learnt from, or others of its protocol.
        package: What is judged.
        tell: Told how far it is.

    Raises:
        MisuseError: Records of another protocol or physics, or too few that wait at any landmark.
    """
    judges = Judges.of(package)
    everything = every_record(stores)
    check_same_kind(package, stores, everything)
    kind: Kind = "judges" if _keys(_answered(everything)) <= set(judges.fold) else "new"
    return _compare(everything, [judges], kind, package.label, tell or _nobody)


def compare_repeats(
    stores: Sequence[RecordStore], packages: Sequence[Package], tell: Tell | None = None
) -> Comparison:
    """Judge several trainings of one configuration on other folds of the same records, together.

    Raises:
        MisuseError: A package learnt from other designs, or too few wait at any landmark.
    """
    everything, judges = every_record(stores), [Judges.of(package) for package in packages]
    for each in judges:
        check_same_kind(each.package, stores, everything)
        if set(each.fold) != _keys(_answered(everything)):
            raise MisuseError(
                f"every repeat must have learnt from the designs in {named(stores)}, but "
                f"{each.package.label} did not. Choose another --work."
            )
    label = f"{len(packages)} trainings, {packages[0].manifest.n_members} members each"
    return _compare(everything, judges, "repeats", label, tell or _nobody)


def why_not(stores: Sequence[RecordStore], package: Package) -> str:
    """Why a package cannot be compared on these records, and what to do; empty where it can."""
    answered = _answered(every_record(stores))
    known = _keys(answered) & package.manifest.domain.keys
    if known and package.manifest.parts is None:
        return (
            f"{package.label} learnt from {len(known)} of these designs and does not say which "
            "members left them out, so that nobody can judge it. Train it anew."
        )
    return too_few_wait([record for _, record in answered])


@one_thread()
def _compare(
    everything: Pairs,
    judges: Sequence[Judges],
    kind: Kind,
    label: str,
    tell: Tell,
) -> Comparison:
    answered, replicas = _answered(everything), families([record for _, record in everything])
    records = [record for _, record in answered]
    tell("reading frames", 0, 1)
    asked = panels(answered)
    if not asked:
        raise MisuseError(too_few_wait(records))
    landmarks, tables = _score(asked, judges, kind, tell)
    of_replicas = (
        [replica_forecast(replicas, everything, each) for each in judges]
        if replicas.parents
        else []
    )
    curves_from, curves = _curves(replicas, of_replicas, judges, asked[0])
    keys, seen = _keys(answered), [each.witnessed for each in records if each.witnessed is not None]
    return Comparison(
        model=label,
        store=named(list(dict.fromkeys(store for store, _ in everything))),
        kind=kind,
        n_records=len(records),
        n_failed=sum(record.is_failed for _, record in everything if record.parent is None),
        n_designs=len(keys),
        n_designs_in_training=len(keys & set(judges[0].fold)),
        n_judges=min(int(j.is_judge(p.keys).sum(axis=0).min()) for j in judges for p in asked),
        n_repeats=len(judges) if kind == "repeats" else 0,
        landmarks=landmarks,
        pooled=pooled(asked, tables),
        ceiling=ceiling(replicas, of_replicas, seen) if kind != "new" else None,
        curves=curves,
        curves_from=curves_from,
        notes=_notes(records, asked, kind, [each.package.manifest.domain for each in judges]),
    )


def _score(
    asked: Sequence[Panel], judges: Sequence[Judges], kind: Kind, tell: Tell
) -> tuple[list[AtLandmark], list[dict[str, Table]]]:
    """Every panel scored, and the answers on it by forecaster."""
    names = _baselines() if kind != "new" else []
    found, tables = [], []
    for number, panel in enumerate(asked):
        several: list[Repeat] = []
        for repeat, each in enumerate(judges):
            tell(panel.landmark, number * len(judges) + repeat, len(asked) * len(judges))
            several.append(_answers(panel, each, names, kind))
        mean = {name: Table.mean([one[name] for one, _ in several]) for name in several[0][0]}
        found.append(at_landmark(panel, mean, Table.mean([one for _, one in several]), several))
        tables.append(mean)
    return found, tables


def _answers(panel: Panel, judges: Judges, names: Sequence[str], kind: Kind) -> Repeat:
    """Of the model, of baselines fitted to the same parts of the data, and of Kaplan-Meier."""
    model = {MODEL: Table.of(judges.forecast(panel), panel)}
    if kind == "new":
        return model, Table.of(_package_curve(panel, judges.package), panel)
    unseen = Unseen.within(panel, judges)
    baselines = {name: Table.of(unseen.forecast(BASELINES[name]), panel) for name in names}
    return model | baselines, Table.of(unseen.kaplan_meier(), panel)


def _package_curve(panel: Panel, package: Package) -> Forecast:
    """The Kaplan-Meier curve of what a package learnt from, of those that wait at the landmark."""
    curve = package.manifest.reference
    since_ps = np.array([each.since_ps or 0.0 for each in panel.asked])

    def at(times_ps: Floats) -> Floats:
        return np.interp(times_ps, curve.knots_ps, curve.survival_at_knots)

    start = at(since_ps) if panel.is_past_quench else np.ones(len(since_ps))

    def forecast(times_ps: Floats) -> Floats:
        return np.clip(at(since_ps + times_ps) / np.maximum(start, 1.0e-12), 0.0, 1.0)

    return forecast


def _answered(everything: Pairs) -> Pairs:
    """Runs with a packing of their own that say something of the incubation."""
    return [(s, r) for s, r in everything if r.parent is None and r.witnessed is not None]


def _keys(pairs: Pairs) -> set[str]:
    return {record.design.key for _, record in pairs}


def _baselines() -> list[str]:
    has_sksurv = importlib.util.find_spec("sksurv") is not None
    return [name for name in BASELINES if has_sksurv or name not in NEEDS_SKSURV]


def _curves(
    found: Families, of_replicas: Sequence[Forecast], judges: Sequence[Judges], first: Panel
) -> tuple[str, list[CurveOfDesign]]:
    """Forecasts of a few structures with replicas, else of a few designs from the likeliest on."""
    if found.parents:
        forecasts = of_replicas
        owners = np.array(found.owners)
        rows = [int(np.flatnonzero(owners == name)[0]) for name in found.parents]
        groups = [np.flatnonzero(owners == owners[row]).tolist() for row in rows]
        records, seen, horizon_ps = found.replicas, found.incubations, found.horizon_ps
        moment = "the end of the quench"
    else:
        forecasts = [each.forecast(first) for each in judges]
        records, seen = [each.record for each in first.asked], first.incubations
        horizon_ps = first.horizon_ps
        order = np.argsort(np.mean([f(np.full(len(seen), horizon_ps)) for f in forecasts], 0))
        rows = order[np.linspace(0, len(order) - 1, MOST_CURVES).round().astype(int)].tolist()
        groups = [[row] for row in rows]
        moment = first.landmark
    times_ps = np.linspace(0.0, horizon_ps, N_CURVE_TIMES)
    table = np.array([np.mean([f(np.full(len(seen), t)) for f in forecasts], 0) for t in times_ps])
    chosen = sorted(zip(rows, groups, strict=True), key=lambda each: float(table[-1, each[0]]))
    kept = np.unique(np.linspace(0, len(chosen) - 1, MOST_CURVES).round().astype(int))
    return moment, [
        CurveOfDesign(
            design=records[row].design.sentence,
            n_atoms=records[row].design.n_atoms,
            times_ps=times_ps.tolist(),
            forecast=table[:, row].tolist(),
            seen=[(seen[each].lower_ps, seen[each].upper_ps) for each in group],
        )
        for row, group in (chosen[place] for place in kept)
    ]


def _notes(
    records: Sequence[TrajectoryRecord],
    asked: Sequence[Panel],
    kind: Kind,
    domains: Sequence[TrainingDomain],
) -> list[str]:
    notes = []
    known = set[str]().union(*(each.keys for each in domains))
    n_missing = len(known) - len({record.design.key for record in records})
    if kind != "new" and n_missing:
        notes.append(
            f"The model learnt from {n_missing} designs more than are here, the baselines did not: "
            "name all stores that it learnt from."
        )
    learnt = set[str]().union(*(each.potentials for each in domains))
    foreign = Counter(
        record.design.physics.substance
        for record in records
        if record.design.potential not in learnt
    )
    notes += [
        f"{n} are of {substance}, which the model never saw." for substance, n in foreign.items()
    ]
    if kind != "new" and len(_baselines()) < len(BASELINES):
        notes.append(WITHOUT_SKSURV)
    for panel in asked:
        n_missing = len(at_risk(records, panel.landmark)) - len(panel.asked)
        if n_missing:
            notes.append(
                f"{n_missing} that waited at {panel.landmark} have no frame of it: not asked."
            )
    return notes


def _nobody(*_: Any) -> None:  # noqa: ANN401 - takes whatever is told
    """Told, and silent."""
