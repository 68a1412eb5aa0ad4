"""Every score of every forecaster at one landmark, and pooled over landmarks."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from simulate.settings import Settings
from train.calibration import (
    COVERAGES,
    Coverage,
    ShareCalibration,
    Shares,
    TimeCalibration,
    coverage,
    share_calibration,
    spans,
    time_calibration,
)
from train.discrimination import auprc, auroc, uno_concordance
from train.metrics import state_at
from train.panel import Panel, Table
from train.resampling import Estimate, Resamples
from train.scores import Score, Scores, scores_of

MODEL: Final = "this model"
SPREAD_SCORES: Final = ("integrated Brier skill", "log skill", "Uno's C", "AUROC")


class Spread(Settings):
    """A score over repeats with other folds: mean and standard deviation."""

    mean: float
    deviation: float
    n_repeats: int


class Over(Settings):
    """The model with a baseline in the place of Kaplan-Meier: above 0 the model is better."""

    integrated_brier: Score | None
    log: Score


class Standing(Settings):
    """One forecaster at one landmark.

    Attributes:
        scores: Proper scores beside Kaplan-Meier, mean excess, Harrell's C.
        uno_c, auroc, auprc: Of the outcome and its order, up to the horizon.
        coverages: Of central predictive intervals of the time.
        times: Whether times are spread as forecast.
        model_over: Of a baseline: the model compared with it, pair by pair.
        over_repeats: By name of the score; None without repeats.
    """

    scores: Scores
    uno_c: Estimate
    auroc: Estimate
    auprc: Estimate
    coverages: list[Coverage]
    times: TimeCalibration
    model_over: Over | None
    over_repeats: dict[str, Spread] | None = None


class AtLandmark(Settings):
    """All forecasters at one landmark.

    Attributes:
        n_waiting: Asked: those that had not ordered and were watched beyond.
        n_ordered: Of them, seen to order later.
        horizon_ps: Of the forecast, counted from the landmark: so long whole runs
            are watched.
        is_past_quench: Whether order in the quench is past.
        share_ordered: By the horizon: what AUPRC is by chance.
    """

    landmark: str
    n_waiting: int
    n_ordered: int
    n_designs: int
    horizon_ps: float
    is_past_quench: bool
    share_ordered: float
    standings: dict[str, Standing]


def at_landmark(
    panel: Panel, tables: Mapping[str, Table], reference: Table, repeats: Sequence["Repeat"] = ()
) -> AtLandmark:
    """Score every forecaster on one panel.

    Args:
        panel: Who is asked.
        tables: Answers by forecaster; the model's are `MODEL`.
        reference: Kaplan-Meier's.
        repeats: Answers of single repeats, for the spread.
    """
    draws = Resamples.of(panel.keys, seed=0)
    is_ordered, weights = state_at(panel.scored, panel.horizon_ps)
    return AtLandmark(
        landmark=panel.landmark,
        n_waiting=len(panel.asked),
        n_ordered=sum(each.is_observed for each in panel.scored),
        n_designs=len(set(panel.keys)),
        horizon_ps=panel.horizon_ps,
        is_past_quench=panel.is_past_quench,
        share_ordered=float((is_ordered * weights).sum() / max(weights.sum(), 1.0e-12)),
        standings={
            name: _standing(panel, tables, name, reference, draws, repeats) for name in tables
        },
    )


Repeat = tuple[Mapping[str, Table], Table]
"""Answers of one repeat by forecaster, and Kaplan-Meier's."""


def pooled(
    panels: Sequence[Panel], tables: Sequence[Mapping[str, Table]]
) -> dict[str, ShareCalibration]:
    """Calibration at the horizon, all landmarks together, by forecaster.

    Args:
        panels: Who is asked.
        tables: Answers on each of them.
    """
    states = [state_at(panel.scored, panel.horizon_ps) for panel in panels]
    keys = [key for panel in panels for key in panel.keys]
    names = [each.record.trajectory_id for panel in panels for each in panel.asked]
    return {
        name: share_calibration(
            Shares(
                p_ordered=np.concatenate([each[name].answers.p_ordered for each in tables]),
                is_ordered=np.concatenate([is_ordered for is_ordered, _ in states]),
                weights=np.concatenate([weights for _, weights in states]),
                keys=keys,
                trajectories=names,
            )
        )
        for name in tables[0]
    }


def _standing(
    panel: Panel,
    tables: Mapping[str, Table],
    name: str,
    reference: Table,
    draws: Resamples,
    repeats: Sequence[Repeat],
) -> Standing:
    table, seen, horizon_ps = tables[name], panel.scored, panel.horizon_ps
    answers, p_ordered = table.answers, table.answers.p_ordered
    found = spans(answers.at_lower, answers.at_upper, seen)
    return Standing(
        scores=scores_of(answers, reference.answers, seen, panel.keys, draws),
        uno_c=uno_concordance(p_ordered, seen, horizon_ps, draws),
        auroc=auroc(p_ordered, seen, horizon_ps, draws),
        auprc=auprc(p_ordered, seen, horizon_ps, draws),
        coverages=[coverage(found, nominal, draws) for nominal in COVERAGES],
        times=time_calibration(found, table.edges(panel)),
        model_over=None if name == MODEL else _over(panel, tables[MODEL], table, draws),
        over_repeats=_spreads(panel, name, repeats) if len(repeats) > 1 else None,
    )


def _over(panel: Panel, model: Table, baseline: Table, draws: Resamples) -> Over:
    found = scores_of(model.answers, baseline.answers, panel.scored, panel.keys, draws)
    return Over(integrated_brier=found.integrated_brier, log=found.log)


def _spreads(panel: Panel, name: str, repeats: Sequence[Repeat]) -> dict[str, Spread]:
    rows = np.array([_bare(panel, tables[name], reference) for tables, reference in repeats])
    return {
        score: Spread(
            mean=float(values.mean()), deviation=float(values.std(ddof=1)), n_repeats=len(values)
        )
        for score, values in zip(SPREAD_SCORES, rows.T, strict=True)
        if np.isfinite(values).all()
    }


def _bare(panel: Panel, table: Table, reference: Table) -> list[float]:
    """`SPREAD_SCORES` without intervals; nan where there is none."""
    seen, none = panel.scored, Resamples.of(panel.keys[:1] * len(panel.keys), seed=0)
    found = scores_of(table.answers, reference.answers, seen, panel.keys, none)
    p_ordered = table.answers.p_ordered
    values = [
        found.integrated_brier.skill if found.integrated_brier else None,
        found.log.skill,
        uno_concordance(p_ordered, seen, panel.horizon_ps, none).value,
        auroc(p_ordered, seen, panel.horizon_ps, none).value,
    ]
    return [np.nan if value is None else value for value in values]
