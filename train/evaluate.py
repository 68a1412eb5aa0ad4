"""How good is a finished package? Its forecasts beside records, design by design.

Says which of the designs the package was trained on: on those the scores flatter it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from simulate.errors import MisuseError
from simulate.record import PHYSICS_VERSION, TrajectoryRecord
from simulate.settings import Settings
from simulate.store import RecordStore
from surrogate.manifest import ReferenceCurve
from surrogate.package import Package
from surrogate.prediction import Road
from surrogate.predictor import Predictor
from train.metrics import within
from train.records import Pairs, check_physics, every_record, named, planned_follow_up_ps
from train.scores import Floats, Scores, scores


class EvaluationRow(Settings):
    """One design: forecast by the full road, and what was seen.

    Attributes:
        horizon_ps: So long all of its records were meant to be watched.
        p_crystalline: Until then; likewise its interval.
        n_ordered: Records with lasting order until then, in the quench or later.
        crystalline_fraction: Forecast mean.
        observed_crystalline_fraction: Mean over the records.
    """

    design: dict[str, Any]
    is_in_training: bool
    n_records: int
    horizon_ps: float
    n_ordered: int
    p_crystalline: float
    p_crystalline_interval: tuple[float, float]
    crystalline_fraction: float
    observed_crystalline_fraction: float | None


class Evaluation(Settings):
    """A package judged by a record store.

    Attributes:
        scores: By road, over all records.
        new_designs: Full road, over designs the package was not trained on; None without any.
    """

    model: str
    n_records: int
    n_failed: int
    n_designs: int
    n_designs_in_training: int
    scores: dict[Road, Scores]
    new_designs: Scores | None
    rows: list[EvaluationRow]


def evaluate_package(predictor: Predictor, stores: Sequence[RecordStore]) -> Evaluation:
    """Judge a package by records.

    Raises:
        MisuseError: The stores hold no answered record, or one of another protocol or of other
            physics than the package.
    """
    manifest = predictor.package.manifest
    pairs = every_record(stores)
    check_same_kind(predictor.package, stores, pairs)
    everything = [record for _, record in pairs if record.parent is None]
    records = [record for record in everything if record.witnessed is not None]
    if not records:
        raise MisuseError(
            f"an evaluation needs answered records, but {named(stores)} has none "
            f"({len(everything)} failed). Simulate first."
        )
    keys = {record.design.key for record in records}
    new = [record for record in records if record.design.key not in manifest.domain.keys]
    reference = manifest.reference
    return Evaluation(
        model=predictor.package.label,
        n_records=len(records),
        n_failed=sum(record.is_failed for record in everything),
        n_designs=len(keys),
        n_designs_in_training=len(keys & manifest.domain.keys),
        scores={
            "full": _package_scores(predictor, records, reference, "full"),
            "fast": _package_scores(predictor, records, reference, "fast"),
        },
        new_designs=_package_scores(predictor, new, reference, "full") if new else None,
        rows=_rows(predictor, records),
    )


def check_same_kind(package: Package, stores: Sequence[RecordStore], records: Pairs) -> None:
    """Refuse to judge a package by records of another question; their holds may be longer.

    Args:
        package: What is judged.
        stores: By which.
        records: All that are in them.

    Raises:
        MisuseError: Package or records are of other physics than today's, or the records of
            another protocol than the package.
    """
    manifest = package.manifest
    if manifest.physics_version != PHYSICS_VERSION:
        raise MisuseError(
            f"a package must be of physics version {PHYSICS_VERSION} to be judged, but "
            f"{package.label} is of version {manifest.physics_version}. Train it anew."
        )
    for store in stores:
        if not store.protocol.is_like(manifest.protocol):
            raise MisuseError(
                f"a package must be judged by records of its own protocol, {manifest.protocol.name}"
                f", but {store.path} was run under {store.protocol.name}. "
                "Choose another store, or with --model a model of that protocol."
            )
    check_physics(records)


def _package_scores(
    predictor: Predictor, records: Sequence[TrajectoryRecord], reference: ReferenceCurve, road: Road
) -> Scores:
    unique = {record.design.key: record.design for record in records}
    place = {key: number for number, key in enumerate(unique)}
    keys = [record.design.key for record in records]
    index = np.array([place[key] for key in keys])
    designs = list(unique.values())

    def model(times_ps: Floats) -> Floats:
        every, inverse = np.unique(times_ps, return_inverse=True)
        means = predictor.survival_members(designs, every, road).mean(axis=0)
        return np.asarray(means[index, inverse])

    def kaplan_meier(times_ps: Floats) -> Floats:
        return np.interp(times_ps, reference.knots_ps, reference.survival_at_knots)

    incubations = [record.witnessed for record in records if record.witnessed is not None]
    planned_ps = planned_follow_up_ps(records)
    return scores(model, kaplan_meier, incubations, keys, planned_ps=planned_ps)


def _rows(predictor: Predictor, records: Sequence[TrajectoryRecord]) -> list[EvaluationRow]:
    groups: dict[str, list[TrajectoryRecord]] = {}
    for record in records:
        groups.setdefault(record.design.key, []).append(record)
    rows = []
    for key, group in groups.items():
        horizon_ps = planned_follow_up_ps(group)
        (prediction,) = predictor.predict_designs([group[0].design], horizon_ps)
        seen = within([each.witnessed for each in group if each.witnessed], horizon_ps)
        fractions = [each.crystalline_fraction for each in group if not each.is_failed]
        read = [fraction for fraction in fractions if fraction is not None]
        rows.append(
            EvaluationRow(
                design=prediction.design.model_dump(mode="json"),
                is_in_training=key in predictor.package.manifest.domain.keys,
                n_records=len(group),
                horizon_ps=horizon_ps,
                n_ordered=sum(each.is_observed for each in seen),
                p_crystalline=prediction.p_crystalline,
                p_crystalline_interval=prediction.p_crystalline_interval,
                crystalline_fraction=prediction.crystalline_fraction,
                observed_crystalline_fraction=float(np.mean(read)) if read else None,
            )
        )
    return rows
