"""Scores of a forecast beside the Kaplan-Meier curve, with intervals that resample designs."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulate.incubation import Incubation
from simulate.settings import Settings
from train.metrics import (
    bootstrap_interval,
    bounds_ps,
    brier_values,
    by_design,
    concordance,
    log_values,
    longest_follow_up_ps,
    skill,
    state_at,
)

Floats = NDArray[np.float64]
Forecast = Callable[[Floats], Floats]
"""Times of each record, ps, to its forecast survival there; both of shape ``(n_records,)``."""

N_BRIER_TIMES: Final = 10


class Score(Settings):
    """A proper score (less is better) beside that of the Kaplan-Meier curve.

    Attributes:
        skill: Share of the reference's score that the model removes; below 0 it is worse.
        skill_interval: 90 % interval, resampling designs; None with fewer than two.
    """

    model: float
    kaplan_meier: float
    skill: float | None
    skill_interval: tuple[float, float] | None


class Scores(Settings):
    """What records said about forecasts.

    Attributes:
        horizon_ps: Longest time at which anything was still watched: Brier scores go no further.
        brier: At the horizon; None where nobody can be scored there.
        integrated_brier: Mean over times up to the horizon.
        log: Negative log-likelihood of what was seen.
        expected, observed: Share ordered by the horizon, forecast and seen.
        excess_interval: 90 % interval of expected minus observed, resampling designs.
        concordance: Harrell's C; one half is chance.
    """

    n_records: int
    n_designs: int
    horizon_ps: float
    brier: Score | None
    integrated_brier: Score | None
    log: Score
    expected: float | None
    observed: float | None
    excess_interval: tuple[float, float] | None
    concordance: float | None


def scores(
    model: Forecast,
    reference: Forecast,
    incubations: Sequence[Incubation],
    design_keys: Sequence[str],
    seed: int = 0,
) -> Scores:
    """Scores of a forecast beside a reference on the same records."""
    lower, upper = bounds_ps(incubations)
    upper = np.where(np.isfinite(upper), upper, lower)
    horizon_ps = longest_follow_up_ps(incubations)
    log_parts = [log_values(each(lower), each(upper), incubations) for each in (model, reference)]
    brier, integrated, expected = None, None, None
    if horizon_ps > 0.0:
        times_ps = np.linspace(0.0, horizon_ps, N_BRIER_TIMES + 1)[1:]
        curves = [_brier_curve(each, incubations, times_ps) for each in (model, reference)]
        brier = _score([curve[-1] for curve in curves], design_keys, seed)
        integrated = _score([curve.mean(axis=0) for curve in curves], design_keys, seed)
        expected = _expected(model, incubations, horizon_ps)
    at_horizon = 1.0 - model(np.full(len(lower), horizon_ps))
    excess = None
    if expected is not None:
        excess = bootstrap_interval(
            by_design(expected, design_keys), seed, statistic=_weighted_excess
        )
    return Scores(
        n_records=len(incubations),
        n_designs=len(set(design_keys)),
        horizon_ps=horizon_ps,
        brier=brier,
        integrated_brier=integrated,
        log=_score(log_parts, design_keys, seed),
        expected=None if expected is None else _weighted_mean(expected[:, 0], expected[:, 2]),
        observed=None if expected is None else _weighted_mean(expected[:, 1], expected[:, 2]),
        excess_interval=excess,
        concordance=concordance(at_horizon, incubations),
    )


def restricted(forecast: Forecast, is_chosen: NDArray[np.bool_]) -> Forecast:
    """The forecast for some of its records.

    Args:
        forecast: For all of them.
        is_chosen: Which remain, shape ``(n_records,)``.
    """

    def chosen(times_ps: Floats) -> Floats:
        every = np.zeros(len(is_chosen))
        every[is_chosen] = times_ps
        return forecast(every)[is_chosen]

    return chosen


def _brier_curve(model: Forecast, incubations: Sequence[Incubation], times_ps: Floats) -> Floats:
    """Brier values, shape ``(n_times, n_records)``."""
    rows = [
        brier_values(1.0 - model(np.full(len(incubations), time_ps)), incubations, time_ps)
        for time_ps in times_ps
    ]
    return np.stack(rows)


def _expected(model: Forecast, incubations: Sequence[Incubation], horizon_ps: float) -> Floats:
    """Forecast, outcome and weight of each record at the horizon, shape ``(n_records, 3)``."""
    is_ordered, weights = state_at(incubations, horizon_ps)
    p_ordered = 1.0 - model(np.full(len(incubations), horizon_ps))
    return np.column_stack([p_ordered, is_ordered, weights])


def _weighted_mean(values: Floats, weights: Floats) -> float:
    return float((values * weights).sum() / max(float(weights.sum()), 1.0e-12))


def _weighted_excess(rows: Floats) -> float:
    return _weighted_mean(rows[:, 0] - rows[:, 1], rows[:, 2])


def _score(parts: Sequence[Floats], design_keys: Sequence[str], seed: int) -> Score:
    """From per-record scores of model and reference."""
    model, reference = (float(each.mean()) for each in parts)
    rows = by_design(np.column_stack(parts), design_keys)
    interval = None
    if reference > 0.0:
        interval = bootstrap_interval(
            rows, seed, statistic=lambda v: 1.0 - v[:, 0].sum() / max(v[:, 1].sum(), 1.0e-12)
        )
    return Score(
        model=model,
        kaplan_meier=reference,
        skill=skill(model, reference),
        skill_interval=interval,
    )
