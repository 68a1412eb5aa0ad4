"""From record stores to a model package, with Ray Train doing the work.

Workers share out the members of the ensemble: every member is fitted whole, on one worker, so that
the result does not depend on how many workers there were (or they share out the batches of each,
see `TrainingConfig.workers_share`). Data and members travel as files in a folder beside the
package, which all workers must be able to reach; a training that was killed goes on from there.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from torch import Tensor

from simulate.incubation import Incubation
from simulate.potentials.registry import potential_named
from simulate.record import PHYSICS_VERSION
from simulate.settings import Settings
from simulate.store import RecordStore
from surrogate.calibration import Calibration
from surrogate.known_answer import known_answer
from surrogate.manifest import Gates, Manifest, ReferenceCurve
from surrogate.package import Package, check_is_free
from surrogate.predictor import Predictor
from train.card import model_card
from train.config import TrainingConfig
from train.crossfit import CrossFit
from train.dataset import TrainingSet
from train.logs import log_ensemble
from train.member import MemberFit, fit_member, fold_of
from train.metrics import KaplanMeier
from train.progress import Clock, Progress, TrainingProgress
from train.records import Records, planned_follow_up_ps, read_records
from train.run_folder import RunFolder, identity_of
from train.scores import Forecast, Scores, restricted, scores
from train.workers import fit_members

__all__ = [
    "Progress", "TrainingProgress", "TrainingSummary", "assemble", "fit_in_place", "fit_package",
]  # fmt: skip

FEW_DESIGNS: Final = 10
MOST_COMPARED_DESIGNS: Final = 200
"""The two roads are compared on no more training designs than this, evenly chosen."""

FAINT_BELOW: Final = 0.3
"""Core fraction that every clearly crystalline embryo exceeds and no disordered one reaches."""


class TrainingSummary(Settings):
    """What a training made.

    Attributes:
        n_members_found: Those that an interrupted training had fitted.
        logs: Folder for `tensorboard --logdir`.
        scores: By road, on designs the judging members never saw.
        decidable_scores: Full road, without undecidable embryos; None if all or none are.
        road_difference: Mean absolute difference between the roads, over training designs.
    """

    path: str
    name: str
    model: str
    n_records: int
    n_failed: int
    n_designs: int
    n_frames: int
    n_members: int
    n_members_found: int
    logs: str
    duration_s: float
    scores: dict[str, Scores]
    decidable_scores: Scores | None
    road_difference: float
    warnings: list[str]


def fit_package(
    store: RecordStore | Sequence[RecordStore],
    config: TrainingConfig,
    out: Path,
    name: str,
    progress: Progress | None = None,
) -> TrainingSummary:
    """Train a model on records and write its package. Safe to stop and to repeat.

    Args:
        store: One or several stores of one protocol.
        config: How.
        out: Folder of the package; must not exist.
        name: What to call the model.
        progress: Told how far it is.

    Raises:
        MisuseError: Too little data, stores of different protocols, `out` exists, or a training of
            another kind was interrupted there.
        GlassyLiError: Ray has no free cores in time, workers failed too often, or something cannot
            be written. What is fitted is kept, and nothing is at `out`.
    """
    began = time.monotonic()
    clock = Clock(progress or (lambda _: None), began)
    check_is_free(out)
    stores = [store] if isinstance(store, RecordStore) else list(store)
    clock.tell("reading", 0, 1)
    records = read_records(stores)
    folder = RunFolder.beside(out)
    with folder.held(identity_of(records, config)):
        n_found = folder.n_fitted(config.n_members)
        data = TrainingSet.of(records, config.snapshots_per_run)
        data.write(folder.path)
        clock.tell("starting", 0, 1)
        fits = fit_members(folder, config, clock)
        clock.tell("scoring", 0, 1)
        package = assemble(records, data, fits, config, name)
        log_ensemble(folder.logs, package.manifest, package.card_text)
        manifest, decidable = package.manifest, package.manifest.decidable_scores
        summary = TrainingSummary(
            path=str(out),
            name=name,
            model=package.label,
            n_records=manifest.n_records,
            n_failed=manifest.n_failed,
            n_designs=len(manifest.domain.designs),
            n_frames=len(data.atoms),
            n_members=manifest.n_members,
            n_members_found=n_found,
            logs=str(folder.logs),
            duration_s=time.monotonic() - began,
            scores={road: Scores.model_validate(each) for road, each in manifest.scores.items()},
            decidable_scores=decidable and Scores.model_validate(decidable),
            road_difference=manifest.road_difference,
            warnings=manifest.warnings,
        )
        package.write(out)  # last of all: where something fails before, the same command goes on
    return summary


def fit_in_place(
    records: Records,
    config: TrainingConfig,
    name: str,
    change: Callable[[TrainingSet], TrainingSet] | None = None,
) -> Package:
    """Train here and now, in this process, without Ray and without a folder: for small models.

    Args:
        records: What to learn from.
        config: How.
        name: What to call the model.
        change: Done to what the members read.
    """
    data = TrainingSet.of(records, config.snapshots_per_run)
    data = change(data) if change else data
    fits = [fit_member(data, config, number) for number in range(config.n_members)]
    return assemble(records, data, fits, config, name)


def assemble(
    records: Records,
    data: TrainingSet,
    fits: Sequence[MemberFit],
    config: TrainingConfig,
    name: str,
) -> Package:
    """Score fitted members and make them a package, in memory."""
    weights: dict[str, Tensor] = {}
    for number, fit in enumerate(fits):
        weights |= {f"members.{number}.{key}": tensor for key, tensor in fit.state.items()}
    fold = fold_of(data.keys, data.outcome_ranks, config)
    plain = _unscored(records, data, config, fold, name)
    crossed = CrossFit(data, Package(plain, weights, "").members(), fits, fold)
    manifest = _scored(plain, crossed, records, data.keys, config.seed)
    predictor = Predictor(Package(manifest, weights, ""))
    found = {
        "road_difference": _road_difference(predictor),
        "known_answer": known_answer(predictor),
    }
    manifest = manifest.model_copy(update=found)
    return Package(manifest, weights, model_card(manifest))


def _unscored(
    records: Records,
    data: TrainingSet,
    config: TrainingConfig,
    fold: Mapping[str, int],
    name: str,
) -> Manifest:
    """What a package says of itself before anything was asked of it."""
    curve = KaplanMeier.of(_incubations(records))
    potential = data.domain.potentials[0]
    return Manifest(
        physics_version=PHYSICS_VERSION,
        name=name,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        element=potential_named(potential).element,
        potential=potential,
        protocol=records.protocol,
        domain=data.domain,
        architecture=config.architecture(has_labels=data.has_labels),
        n_members=config.n_members,
        n_packings=config.n_packings,
        gates=Gates(),
        training_data_sha256=records.content_sha256,
        n_records=len(records.answered),
        n_failed=records.n_failed,
        parts=[fold[design.key] for design in data.domain.designs],
        road_difference=0.0,
        reference=ReferenceCurve(
            knots_ps=curve.knots_ps.tolist(), survival_at_knots=curve.survival_at_knots.tolist()
        ),
        scores={},
        decidable_scores=None,
        warnings=_warnings(records, data),
        training_config=config.model_dump(mode="json"),
    )


def _scored(
    plain: Manifest, crossed: CrossFit, records: Records, keys: Sequence[str], seed: int
) -> Manifest:
    """The same with gates, calibration, and what designs unseen by their judges showed."""
    gates = crossed.gates()
    calibration, without = crossed.calibrations(gates)
    incubations = _incubations(records)
    reference = crossed.kaplan_meier(incubations)
    planned_ps = planned_follow_up_ps([record for _, record in records.answered])
    full = crossed.forecast(gates.packed, without)
    as_it_is = [Calibration()] * len(without)  # of the fast road nothing was learnt
    found = {
        road: scores(each, reference, incubations, keys, seed, planned_ps=planned_ps)
        for road, each in (("full", full), ("fast", crossed.forecast(0.0, as_it_is)))
    }
    decidable = _decidable_scores(full, reference, records, keys, seed)
    return plain.model_copy(
        update={
            "gates": gates,
            "calibration": calibration,
            "calibration_without": without,
            "warnings": [*_warnings_of_skill(found["full"]), *plain.warnings],
            "scores": {road: each.model_dump(mode="json") for road, each in found.items()},
            "decidable_scores": decidable and decidable.model_dump(mode="json"),
        }
    )


def _incubations(records: Records) -> list[Incubation]:
    """Of every answered record."""
    return [r.witnessed for _, r in records.answered if r.witnessed is not None]


def _decidable_scores(
    model: Forecast, reference: Forecast, records: Records, keys: Sequence[str], seed: int
) -> Scores | None:
    """Scores without the embryos that nothing but their size keeps from counting as ordered."""
    answered = [record for _, record in records.answered]
    is_decidable = np.array([record.is_decidable for record in answered])
    if is_decidable.all() or not is_decidable.any():
        return None
    chosen = [
        (record.witnessed, key)
        for record, key in zip(answered, keys, strict=True)
        if record.is_decidable and record.witnessed is not None
    ]
    return scores(
        restricted(model, is_decidable),
        restricted(reference, is_decidable),
        [incubation for incubation, _ in chosen],
        [key for _, key in chosen],
        seed,
        planned_ps=planned_follow_up_ps(answered),
    )


def _warnings_of_skill(full: Scores) -> list[str]:
    """What must be said before any forecast of a model that is no better than none."""
    brier = full.integrated_brier
    ends = brier.skill_interval if brier else None
    if ends is not None and ends[0] > 0.0:
        return []
    doubt = (
        "Not shown to forecast unseen designs better than the Kaplan-Meier curve, which ignores "
        "the design: take it as an illustration."
    )
    return [doubt]


def _road_difference(predictor: Predictor) -> float:
    manifest = predictor.package.manifest
    every = max(1, math.ceil(len(manifest.domain.designs) / MOST_COMPARED_DESIGNS))
    designs = manifest.domain.designs[::every]
    times_ps = [manifest.protocol.hold_ps]
    roads = [
        predictor.survival_members(designs, times_ps, road).mean(axis=0)
        for road in ("full", "fast")
    ]
    return float(abs(roads[0] - roads[1]).mean())


def _warnings(records: Records, data: TrainingSet) -> list[str]:
    answered = [record for _, record in records.answered]
    n_ordered = int(data.targets.is_ordered.sum())
    n_designs = len(data.domain.designs)
    n_undecidable = sum(not record.is_decidable for record in answered)
    warnings = []
    if n_designs < FEW_DESIGNS:
        warnings.append(f"Only {n_designs} designs: scores and intervals are rough.")
    if n_ordered == 0:
        warnings.append("No record ordered: the model knows only that order takes longer.")
    if n_ordered == len(answered):
        warnings.append("Every record ordered: what stays disordered was never seen.")
    if n_undecidable:
        warnings.append(
            f"{n_undecidable} records are of embryos so small that a perfect sphere of them would "
            "not surely count as ordered; the scores are given with and without them."
        )
    n_faint = sum(
        record.outcome == "crystalline" and (record.core_fraction or 0.0) < FAINT_BELOW
        for record in answered
    )
    if n_faint:
        warnings.append(
            f"{n_faint} records count as crystalline though less than {FAINT_BELOW:.0%} of their "
            "fully coordinated atoms were so when it was read: lasting clusters near the critical "
            "size, or order that went again."
        )
    if records.n_failed:
        warnings.append(
            f"{records.n_failed} trajectories failed; in the hold they are censored there."
        )
    return warnings
