"""Scores of a forecast beside the Kaplan-Meier curve, with intervals that resample designs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from simulate.incubation import Incubation
from simulate.settings import Settings
from train.metrics import (
    bounds_ps,
    brier_values,
    concordance,
    log_values,
    scored_until_ps,
    skill,
    state_at,
    within,
)
from train.resampling import Estimate, Floats, Resamples, estimate, ratio

__all__ = ["Answers", "Floats", "Forecast", "Score", "Scores", "restricted", "scores"]

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
        horizon_ps: So long whole runs are watched (see `train.metrics.scored_until_ps`): Brier
            scores go no further.
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


@dataclass(frozen=True, eq=False)
class Answers:
    """What a forecast says of each record at the times that its scores read.

    Attributes:
        at_lower, at_upper: Survival at the bounds of what was seen, shape ``(n_records,)``; at the
            lower one twice where it is censored.
        times_ps: At which Brier scores are taken, the horizon last; none where that is 0.
        at_times: Survival at them, shape ``(n_times, n_records)``.
    """

    at_lower: Floats
    at_upper: Floats
    times_ps: Floats
    at_times: Floats

    @classmethod
    def of(cls, forecast: Forecast, incubations: Sequence[Incubation], horizon_ps: float) -> Self:
        """Ask a forecast.

        Args:
            forecast: Who is asked.
            incubations: What was seen.
            horizon_ps: Of the Brier scores (see `train.metrics.scored_until_ps`).
        """
        lower, upper = bounds_ps(incubations)
        times_ps = brier_times_ps(horizon_ps)
        rows = [forecast(np.full(len(lower), t)) for t in times_ps]
        return cls(
            forecast(lower),
            forecast(np.where(np.isfinite(upper), upper, lower)),
            times_ps,
            np.array(rows).reshape(len(rows), len(lower)),
        )

    @classmethod
    def mean(cls, several: Sequence["Answers"]) -> Self:
        """Of several forecasts, each as likely as the others, asked at the same times."""
        return cls(
            np.mean([each.at_lower for each in several], axis=0),
            np.mean([each.at_upper for each in several], axis=0),
            several[0].times_ps,
            np.mean([each.at_times for each in several], axis=0),
        )

    @property
    def p_ordered(self) -> Floats:
        """By the horizon, the last of the times, shape ``(n_records,)``."""
        return np.asarray(1.0 - (self.at_times[-1] if len(self.at_times) else self.at_lower))


def brier_times_ps(horizon_ps: float) -> Floats:
    """Times at which Brier scores are taken, the horizon last; none up to a horizon of 0."""
    return np.linspace(0.0, horizon_ps, N_BRIER_TIMES + 1)[1:] if horizon_ps > 0.0 else np.zeros(0)


def scores(
    model: Forecast,
    reference: Forecast,
    incubations: Sequence[Incubation],
    design_keys: Sequence[str],
    seed: int = 0,
    *,
    planned_ps: float | None = None,
) -> Scores:
    """Scores of a forecast beside a reference on the same records.

    Args:
        model: What is judged.
        reference: What it is compared with.
        incubations: What was seen.
        design_keys: Design of each record.
        seed: Of the draws of designs.
        planned_ps: So long all were meant to be watched (see `train.metrics.scored_until_ps`).
    """
    horizon_ps = scored_until_ps(incubations, planned_ps)
    incubations = within(incubations, horizon_ps)
    both = [Answers.of(each, incubations, horizon_ps) for each in (model, reference)]
    draws = Resamples.of(design_keys, seed)
    return scores_of(both[0], both[1], incubations, design_keys, draws)


def scores_of(
    model: Answers,
    reference: Answers,
    incubations: Sequence[Incubation],
    design_keys: Sequence[str],
    draws: Resamples,
) -> Scores:
    """Scores of answers beside those of a reference, asked at the same times.

    Args:
        model: What is judged.
        reference: What it is compared with.
        incubations: What was seen.
        design_keys: Design of each record.
        draws: Of the same records.
    """
    times_ps = model.times_ps
    log_parts = [log_values(e.at_lower, e.at_upper, incubations) for e in (model, reference)]
    brier, integrated, shares = None, None, _Shares(None, None, None)
    if len(times_ps):
        curves = [_brier_curve(each, incubations, times_ps) for each in (model, reference)]
        brier = _score([curve[-1] for curve in curves], draws)
        integrated = _score([curve.mean(axis=0) for curve in curves], draws)
        shares = _shares(model, incubations, float(times_ps[-1]), draws)
    return Scores(
        n_records=len(incubations),
        n_designs=len(set(design_keys)),
        horizon_ps=float(times_ps[-1]) if len(times_ps) else 0.0,
        brier=brier,
        integrated_brier=integrated,
        log=_score(log_parts, draws),
        expected=shares.expected,
        observed=shares.observed,
        excess_interval=shares.excess_interval,
        concordance=concordance(model.p_ordered, incubations),
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


@dataclass(frozen=True, slots=True)
class _Shares:
    """Shares ordered by the horizon, forecast and seen."""

    expected: float | None
    observed: float | None
    excess_interval: tuple[float, float] | None


def _shares(
    model: Answers, incubations: Sequence[Incubation], horizon_ps: float, draws: Resamples
) -> _Shares:
    is_ordered, weights = state_at(incubations, horizon_ps)
    total = max(float(weights.sum()), 1.0e-12)
    counted = draws.with_all * weights
    excess = ratio(counted @ (model.p_ordered - is_ordered), counted.sum(axis=1))
    return _Shares(
        float((model.p_ordered * weights).sum()) / total,
        float((is_ordered * weights).sum()) / total,
        estimate(excess).interval,
    )


def _brier_curve(answers: Answers, incubations: Sequence[Incubation], times_ps: Floats) -> Floats:
    """Brier values, shape ``(n_times, n_records)``."""
    rows = [
        brier_values(1.0 - at_time, incubations, time_ps)
        for at_time, time_ps in zip(answers.at_times, times_ps, strict=True)
    ]
    return np.stack(rows)


def _score(parts: Sequence[Floats], draws: Resamples) -> Score:
    """From per-record scores of model and reference."""
    model, reference = (float(each.mean()) for each in parts)
    found = Estimate(value=None, interval=None)
    if reference > 0.0:
        above, below = (draws.with_all @ each for each in parts)
        found = estimate(1.0 - above / np.maximum(below, 1.0e-12))
    return Score(
        model=model,
        kaplan_meier=reference,
        skill=skill(model, reference),
        skill_interval=found.interval,
    )
