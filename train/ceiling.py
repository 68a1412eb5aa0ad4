r"""How good could any forecast from the structure be? Replicas of one structure tell.

Runs from the same atoms with new velocities differ by chance alone. Whoever knew the law of every
structure would still have a Brier score of :math:`\overline{p(1 - p)}`, which
:math:`\hat p (1 - \hat p)\, n / (n - 1)` estimates without bias from *n* replicas each. That bounds
the integrated Brier score. For the log score there is no such estimate: there a forecast from the
other replicas of the same structure shows what can be reached at least.

Reference:
    Widmer-Cooper, Harrowell & Fynewever, Phys. Rev. Lett. 93, 135701 (2004),
    doi 10.1103/PhysRevLett.93.135701 (the isoconfigurational ensemble).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulate.incubation import Incubation
from simulate.record import TrajectoryRecord
from simulate.settings import Settings
from simulate.units import CLOCK_ROUNDING_PS
from train.cache import seen_in
from train.judges import Judges
from train.metrics import Floats, KaplanMeier, brier_values, scored_until_ps, state_at
from train.records import Pairs, planned_follow_up_ps
from train.resampling import Estimate, Resamples, estimate, ratio
from train.scores import Answers, Forecast, Score, brier_times_ps, scores_of

LEAST_PARENTS: Final = 4
POOL_COUNTS_AS: Final = 1.0
"""Replicas that the mean of all other structures counts as, beside those of the same one."""


class Ceiling(Settings):
    """What is explainable at the end of the quench, on the replicated structures.

    Intervals draw parents anew. Skills are over the Kaplan-Meier curve that the model is compared
    with elsewhere.

    Attributes:
        n_left_out: Replicas of other moments, failed ones, or of parents without frames.
        n_events: Replicas that ordered.
        window_ps: Scored from the end of the quench to here.
        best_brier_skill: Of a forecast that knew the law of each structure (integrated Brier).
        model_brier_skill: Of the model, by members that never saw the design.
        model_brier_share: The second as a share of the first.
        others_brier_skill, others_log_skill: Of the law of the other replicas of the same
            structure, shrunk towards the other structures.
        model_log_skill: Of the model.
    """

    n_replicas: int
    n_parents: int
    n_left_out: int
    n_events: int
    window_ps: float
    best_brier_skill: Estimate
    model_brier_skill: Estimate
    model_brier_share: Estimate
    others_brier_skill: Estimate
    others_log_skill: Estimate
    model_log_skill: Estimate


@dataclass(frozen=True)
class Families:
    """Replicas of structures at the end of their quench.

    Attributes:
        replicas: Followed, from parents whose frame is kept.
        parents: Records of them, by id.
        n_left_out: Other replicas.
    """

    replicas: list[TrajectoryRecord]
    parents: dict[str, TrajectoryRecord]
    n_left_out: int

    @property
    def owners(self) -> list[str]:
        """Parent of each replica."""
        return [each.parent.trajectory_id for each in self.replicas if each.parent is not None]

    @property
    def incubations(self) -> list[Incubation]:
        """Of each replica."""
        return [each.witnessed for each in self.replicas if each.witnessed is not None]

    @property
    def horizon_ps(self) -> float:
        """Of the forecasts: so long whole replicas are watched."""
        return scored_until_ps(self.incubations, planned_follow_up_ps(self.replicas))


def families(everything: Sequence[TrajectoryRecord]) -> Families:
    """The replicas among the records whose structure was the end of a quench and is at hand."""
    records = {record.trajectory_id: record for record in everything}
    found, parents = [], {}
    for record in records.values():
        start = record.parent
        if start is None or abs(start.time_ps) > CLOCK_ROUNDING_PS or record.witnessed is None:
            continue
        parent = records.get(start.trajectory_id)
        if parent is None or parent.design != record.design:
            continue
        if start.frame_number in parent.frame_numbers:
            found.append(record)
            parents[parent.trajectory_id] = parent
    several = [r for r in found if _n_replicas(found, r) > 1]
    kept = {r.parent.trajectory_id for r in several if r.parent is not None}
    n_replicas = sum(record.parent is not None for record in everything)
    chosen = {name: each for name, each in parents.items() if name in kept}
    return Families(several, chosen, n_replicas - len(several))


def ceiling(
    found: Families, forecasts: Sequence[Forecast], training: Sequence[Incubation]
) -> Ceiling | None:
    """The best that any structure could tell, and how near the model comes; None with few parents.

    Args:
        found: Replicas and their parents.
        forecasts: `replica_forecast` of the model, or of several that answer together.
        training: Their Kaplan-Meier curve from the end of the quench is the reference.
    """
    if len(found.parents) < LEAST_PARENTS:
        return None
    seen, owners = found.incubations, found.owners
    draws = Resamples.of(owners, seed=0)
    curve = KaplanMeier.of([each for each in training if not each.ordered_in_quench])
    horizon_ps = found.horizon_ps
    reference = Answers.of(curve.survival, seen, horizon_ps)
    model = Answers.mean([Answers.of(each, seen, horizon_ps) for each in forecasts])
    others = Answers.of(others_forecast(seen, owners), seen, horizon_ps)
    of_model = scores_of(model, reference, seen, owners, draws)
    of_others = scores_of(others, reference, seen, owners, draws)
    best = best_brier(seen, owners, horizon_ps)
    best_skill, model_skill = (
        _skill(parts, _brier(reference, seen), draws) for parts in (best, _brier(model, seen))
    )
    return Ceiling(
        n_replicas=len(seen),
        n_parents=len(found.parents),
        n_left_out=found.n_left_out,
        n_events=sum(each.is_observed for each in seen),
        window_ps=of_model.horizon_ps,
        best_brier_skill=estimate(best_skill),
        model_brier_skill=estimate(model_skill),
        model_brier_share=estimate(ratio(model_skill, best_skill)),
        others_brier_skill=_told(of_others.integrated_brier),
        others_log_skill=_told(of_others.log),
        model_log_skill=_told(of_model.log),
    )


def replica_forecast(found: Families, pairs: Pairs, judges: Judges) -> Forecast:
    """The model's forecast from each replica's structure, by members that never saw its design.

    Args:
        found: Of these records.
        pairs: With the store that holds the frames of each.
        judges: The model.
    """
    place_of = {record.trajectory_id: store for store, record in pairs}
    start = {
        each.parent.trajectory_id: each.parent.frame_number
        for each in found.replicas
        if each.parent is not None
    }
    names = list(found.parents)
    atoms = [seen_in(place_of[name], found.parents[name], [start[name]])[0] for name in names]
    designs = [found.parents[name].design for name in names]
    forecast = judges.forecast_of(designs, atoms, [0.0] * len(names))
    place = np.array([names.index(owner) for owner in found.owners])

    def of_replicas(times_ps: Floats) -> Floats:
        every, inverse = np.unique(times_ps, return_inverse=True)
        table = np.array([forecast(np.full(len(names), time_ps)) for time_ps in every])
        return np.asarray(table[inverse, place])

    return of_replicas


def others_forecast(seen: Sequence[Incubation], owners: Sequence[str]) -> Forecast:
    """For each replica the law of the others of its structure, shrunk to the other structures'.

    Args:
        seen: Of each replica.
        owners: Structure of each; at least two of each structure, and two structures.
    """
    curves = []
    for row, owner in enumerate(owners):
        pairs = list(zip(seen, owners, strict=True))
        others = [*pairs[:row], *pairs[row + 1 :]]
        same = [each for each, whose in others if whose == owner]
        rest = [each for each, whose in others if whose != owner]
        curves.append((len(same), KaplanMeier.of(same), KaplanMeier.of(rest)))

    def forecast(times_ps: Floats) -> Floats:
        return np.array(
            [
                float(n * same.survival(t) + POOL_COUNTS_AS * rest.survival(t))
                / (n + POOL_COUNTS_AS)
                for (n, same, rest), t in zip(curves, times_ps, strict=True)
            ]
        )

    return forecast


def best_brier(seen: Sequence[Incubation], owners: Sequence[str], horizon_ps: float) -> Floats:
    """Each replica's part of the score of whoever knows its structure's law, ``(n_replicas,)``.

    Args:
        seen: Of each replica.
        owners: Structure of each.
        horizon_ps: The score is a mean over times up to it.
    """
    groups = np.array(owners)
    parts = np.zeros((0, len(seen)))
    for time_ps in brier_times_ps(horizon_ps):
        is_ordered, weights = state_at(seen, float(time_ps))
        row = np.zeros(len(seen))
        for name in dict.fromkeys(owners):
            chosen = (groups == name) & (weights > 0.0)
            n = int(chosen.sum())
            if n > 1:
                p = float((is_ordered * weights)[chosen].sum() / weights[chosen].sum())
                row[groups == name] = p * (1.0 - p) * n / (n - 1)
        parts = np.concatenate([parts, row[None]])
    return np.asarray(parts.mean(axis=0))


def _brier(answers: Answers, seen: Sequence[Incubation]) -> Floats:
    """Each replica's part of the integrated Brier score, shape ``(n_replicas,)``."""
    rows = [
        brier_values(1.0 - at_time, seen, float(time_ps))
        for at_time, time_ps in zip(answers.at_times, answers.times_ps, strict=True)
    ]
    return np.asarray(np.mean(rows, axis=0))


def _skill(parts: Floats, reference: Floats, draws: Resamples) -> Floats:
    counts = draws.with_all
    return 1.0 - (counts @ parts) / np.maximum(counts @ reference, 1.0e-12)


def _told(score: Score | None) -> Estimate:
    if score is None:
        return Estimate(value=None, interval=None)
    return Estimate(value=score.skill, interval=score.skill_interval)


def _n_replicas(records: Sequence[TrajectoryRecord], record: TrajectoryRecord) -> int:
    return sum(each.parent == record.parent for each in records)
