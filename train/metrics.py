"""How good is a forecast of incubation, when times are known only as intervals or not at all?

Proper scores (Brier at a horizon, log score of the interval), skill over the Kaplan-Meier curve,
concordance, and intervals that resample designs. Every score has a per-record form whose plain mean
is the score, so that one bootstrap serves them all. Times are ps, on the hold clock or from the
moment that is asked at.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate.errors import MisuseError
from simulate.incubation import Incubation

Floats = NDArray[np.float64]

LEAST_PROBABILITY: Final = 1.0e-4
"""Floor of an interval's probability in the log score, the same for model and reference.

A Kaplan-Meier curve is flat after its last event, so order seen later would cost it infinity. With
the floor a surprise costs 9.2 at most; it applies to the forecast, never to the choice of records.
"""


def bounds_ps(incubations: Sequence[Incubation]) -> tuple[Floats, Floats]:
    """Lower and upper bounds of the incubation times, ps; infinite above where censored."""
    lower = np.array([item.lower_ps for item in incubations], dtype=np.float64)
    upper = np.array(
        [np.inf if item.upper_ps is None else item.upper_ps for item in incubations],
        dtype=np.float64,
    )
    return lower, upper


def longest_follow_up_ps(incubations: Sequence[Incubation]) -> float:
    """Longest time at which it was seen of anybody whether it had ordered, ps."""
    lower, upper = bounds_ps(_some(incubations))
    return float(np.where(np.isfinite(upper), upper, lower).max())


def scored_until_ps(incubations: Sequence[Incubation], planned_ps: float | None) -> float:
    """Horizon of a forecast of these records: as long as all were meant to be watched.

    What is asked must not depend on the answer. A horizon at the last time that anybody was seen
    waiting would end, where all order, just before the last of them does, and count it as waiting.
    So the protocol says it: the hold less the persistence time (a run without onset is censored
    there), less the moment that is asked at; the least of the records, so that a run that is whole
    is known at the horizon. What ended earlier without order, because it failed, is made up for by
    weights (see `state_at`). Only where nothing was seen of anybody after the last of those ended
    can no weight do so, and the horizon is there.

    Args:
        incubations: What was seen, counted from the moment that is asked at.
        planned_ps: Least of `TrajectoryRecord.planned_follow_up_ps`, counted from there too. None
            where no protocol is known: the longest time that anything was seen of.
    """
    lower, upper = bounds_ps(_some(incubations))
    if planned_ps is None:
        return longest_follow_up_ps(incubations)
    last_censored_ps = float(lower[np.isinf(upper)].max(initial=-np.inf))
    is_seen_later = (np.isfinite(upper) & (upper > last_censored_ps)).any()
    return planned_ps if is_seen_later else min(planned_ps, last_censored_ps)


def within(incubations: Sequence[Incubation], horizon_ps: float) -> list[Incubation]:
    """The same, watched until the horizon and no longer: some may have had a longer hold.

    >>> seen = [Incubation(lower_ps=90.0, upper_ps=100.0), Incubation(lower_ps=5000.0)]
    >>> [(each.lower_ps, each.upper_ps) for each in within(seen, 95.0)]
    [(90.0, None), (95.0, None)]
    """
    return [
        each
        if each.ordered_in_quench or (each.upper_ps or each.lower_ps) <= horizon_ps
        else Incubation(lower_ps=min(each.lower_ps, horizon_ps))
        for each in incubations
    ]


@dataclass(frozen=True, slots=True)
class KaplanMeier:
    """Share of embryos still disordered, from all records together: the forecast without a design.

    Order in the quench is a step at 0. An interval counts at its upper bound; between two knots the
    curve falls linearly, since steps would give zero probability to every interval without an event
    of their own. After the last knot it stays where it is.

    Attributes:
        knots_ps: 0 and the times of order, rising, shape ``(n_knots,)``.
        survival_at_knots: Survival there, shape ``(n_knots,)``.

    Reference:
        Kaplan & Meier, J. Am. Stat. Assoc. 53, 457 (1958), doi 10.1080/01621459.1958.10501452.

    >>> curve = KaplanMeier.of([Incubation(lower_ps=0.0, upper_ps=10.0), Incubation(lower_ps=50.0)])
    >>> curve.survival([0.0, 5.0, 10.0, 90.0]).tolist()
    [1.0, 0.75, 0.5, 0.5]
    """

    knots_ps: Floats
    survival_at_knots: Floats

    @classmethod
    def of(cls, incubations: Sequence[Incubation]) -> Self:
        """The curve of these records.

        Raises:
            MisuseError: There are no records.
        """
        lower, upper = bounds_ps(_some(incubations))
        is_ordered = np.isfinite(upper)
        ended_ps = np.where(is_ordered, upper, lower)
        knots_ps = np.unique(np.append(upper[is_ordered], 0.0))
        at_risk = (ended_ps[:, None] >= knots_ps).sum(axis=0)
        n_ordered = (is_ordered[:, None] & (ended_ps[:, None] == knots_ps)).sum(axis=0)
        return cls(knots_ps, np.cumprod(1.0 - n_ordered / at_risk))

    def survival(self, times_ps: ArrayLike) -> Floats:
        """Share still disordered at each time, same shape as `times_ps`."""
        times = np.asarray(times_ps, dtype=np.float64)
        if (times < 0.0).any():
            raise MisuseError(
                f"times_ps >= 0 must hold on the hold clock, but got {times.min():g} ps."
            )
        return np.asarray(np.interp(times, self.knots_ps, self.survival_at_knots), np.float64)


def state_at(
    incubations: Sequence[Incubation], horizon_ps: float
) -> tuple[NDArray[np.bool_], Floats]:
    """Who had ordered by the horizon, and how much each record counts.

    Known are the records ordered by the horizon and those still disordered at it. A record censored
    earlier, or whose interval straddles the horizon, counts 0. The known ones stand in for the
    censored ones by inverse probability of being followed so long (Graf et al. 1999), taken from
    the scored records themselves and independent of the design; where nothing is censored before
    the horizon all weights are 1.

    Returns:
        `is_ordered` and `weights`, each of shape ``(n_records,)``.

    Raises:
        MisuseError: Nobody was followed to the horizon, so that the score would only see order.

    Reference:
        Graf et al., Stat. Med. 18, 2529 (1999),
        doi 10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5.
    """
    lower, upper = bounds_ps(_some(incubations))
    is_ordered, is_at_risk = upper <= horizon_ps, lower >= horizon_ps
    # Bounds of order in the quench are both 0: at a horizon of 0 it is ordered, not at risk.
    is_at_risk &= ~is_ordered
    followed = follow_up_probability(lower, upper, np.minimum(upper, horizon_ps))
    is_known = is_ordered | is_at_risk
    if not followed[np.isinf(upper)].all():
        raise MisuseError(
            "horizon_ps must lie within what was seen, but got "
            f"horizon_ps={horizon_ps:g} while the longest disordered follow-up is "
            f"{lower.max():g} ps. Lower the horizon, or simulate longer holds."
        )
    weights = np.zeros_like(lower)
    weights[is_known] = 1.0 / followed[is_known]
    return is_ordered, weights


def brier_values(
    p_ordered: ArrayLike, incubations: Sequence[Incubation], horizon_ps: float
) -> Floats:
    """Each record's part of the Brier score at a horizon; the plain mean is the score.

    Args:
        p_ordered: Forecast probability of order by the horizon, shape ``(n_records,)``.
        incubations: What was seen.
        horizon_ps: Horizon on the hold clock, ps.

    Returns:
        Weighted squared errors, weights scaled to mean 1 (see `state_at`), shape ``(n_records,)``;
        0 where the horizon lies within the intervals of all.

    Reference:
        Brier, Mon. Weather Rev. 78, 1 (1950).
    """
    forecast = _probabilities(p_ordered, len(incubations), "p_ordered")
    is_ordered, weights = state_at(incubations, horizon_ps)
    mean = float(weights.mean()) or 1.0
    return np.asarray((forecast - is_ordered) ** 2 * weights / mean, np.float64)


def log_values(
    survival_at_lower: ArrayLike, survival_at_upper: ArrayLike, incubations: Sequence[Incubation]
) -> Floats:
    r"""Each record's negative log-likelihood; the plain mean is the log score.

    An interval costs :math:`-\log(S(a) - S(b))`, a right-censored record :math:`-\log S(a)`, order
    in the quench :math:`-\log(1 - S(0))`. Probabilities below `LEAST_PROBABILITY` count as that.

    Args:
        survival_at_lower: Forecast survival at each record's lower bound, shape ``(n_records,)``.
        survival_at_upper: At its upper bound, same shape; not read where that bound is infinite.
        incubations: What was seen.
    """
    n_records = len(_some(incubations))
    at_lower = _probabilities(survival_at_lower, n_records, "survival_at_lower")
    is_censored = np.array([not item.is_observed for item in incubations])
    in_quench = np.array([item.ordered_in_quench for item in incubations])
    upper = np.where(is_censored, 0.0, np.asarray(survival_at_upper, dtype=np.float64))
    at_upper = _probabilities(upper, n_records, "survival_at_upper")
    probability = np.where(in_quench, 1.0 - at_lower, at_lower - at_upper)
    return np.asarray(-np.log(np.maximum(probability, LEAST_PROBABILITY)), np.float64)


def log_score(
    survival_at_lower: ArrayLike, survival_at_upper: ArrayLike, incubations: Sequence[Incubation]
) -> float:
    """Mean negative log-likelihood of what was seen; arguments as for `log_values`. Less is better.

    It depends on the frame spacing: compare only forecasts of the same records.
    """
    return float(log_values(survival_at_lower, survival_at_upper, incubations).mean())


def skill(score: float, reference: float) -> float | None:
    """Share of the reference's score that the forecast removes: 1 perfect, 0 no better, < 0 worse.

    None where the reference is already perfect.

    >>> skill(0.1, 0.25)
    0.6
    """
    return 1.0 - score / reference if reference > 0.0 else None


def concordance(risk: ArrayLike, incubations: Sequence[Incubation]) -> float | None:
    """Share of comparable pairs in which the riskier embryo ordered first (Harrell's C).

    A pair is comparable when one had surely ordered while the other surely had not: overlapping
    intervals, and two orders in the quench, are left out. Equal risks count one half. None where no
    pair is comparable.

    Args:
        risk: Larger means sooner order, shape ``(n_records,)``.
        incubations: What was seen.

    Reference:
        Harrell et al., JAMA 247, 2543 (1982), doi 10.1001/jama.1982.03320430047030.
    """
    values = np.asarray(risk, dtype=np.float64)
    lower, upper = bounds_ps(_some(incubations))
    if values.shape != lower.shape or not np.isfinite(values).all():
        raise MisuseError(
            f"risk must be {lower.size} finite numbers, one a record, but got shape {values.shape}."
        )
    stayed = ~np.array([item.ordered_in_quench for item in incubations])
    is_before = (upper[:, None] <= lower[None, :]) & stayed[None, :]
    n_pairs = int(is_before.sum())
    if n_pairs == 0:
        return None
    order = np.sign(values[:, None] - values[None, :])[is_before]
    return float(0.5 + 0.5 * order.mean())


def by_design(values: ArrayLike, design_keys: Sequence[str]) -> dict[str, Floats]:
    """Rows of `values`, shape ``(n_records, ...)``, gathered by the design they belong to."""
    rows, keys = np.asarray(values, dtype=np.float64), np.asarray(design_keys)
    if len(rows) != len(keys):
        raise MisuseError(
            f"values and design_keys must be as long as each other, but got {len(rows)} and "
            f"{len(keys)}."
        )
    return {str(key): rows[keys == key] for key in dict.fromkeys(design_keys)}


def bootstrap_interval(
    values_by_design: Mapping[str, ArrayLike],
    seed: int,
    level: float = 0.9,
    *,
    n_resamples: int = 1000,
    statistic: Callable[[Floats], Any] = np.mean,
) -> tuple[float, float] | None:
    """Percentile interval of a statistic of per-record values, resampling whole designs.

    Replicas of one design share its forecast error, so they are drawn together.

    Args:
        values_by_design: Per design, values of shape ``(n_replicas,)`` or ``(n_replicas, k)``.
        seed: Of the resampling.
        level: Coverage aimed at, between 0 and 1.
        n_resamples: Number of resamples.
        statistic: Pooled values to a number; the mean by default. For the skill give columns
            (score, reference) and ``lambda v: 1 - v[:, 0].mean() / v[:, 1].mean()``.

    Returns:
        Lower and upper end, or None with fewer than two designs: nothing can be resampled.

    Reference:
        Efron & Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13.
    """
    if not 0.0 < level < 1.0:
        raise MisuseError(f"0 < level < 1 must hold, but got {level=}.")
    designs = [np.asarray(values, dtype=np.float64) for values in values_by_design.values()]
    if len(designs) < 2:
        return None
    draws = np.random.default_rng(seed).integers(len(designs), size=(n_resamples, len(designs)))
    results = [float(statistic(np.concatenate([designs[i] for i in draw]))) for draw in draws]
    low, high = np.quantile(results, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def follow_up_probability(lower: Floats, upper: Floats, times_ps: Floats) -> Floats:
    """Kaplan-Meier probability of not being censored before each time; order precedes censoring."""
    is_censored = np.isinf(upper)
    ended_ps = np.where(is_censored, lower, upper)
    knots_ps = np.unique(lower[is_censored])
    leaves = is_censored[:, None] & (ended_ps[:, None] == knots_ps)
    at_risk = ((ended_ps[:, None] > knots_ps) | leaves).sum(axis=0)
    stays = np.append(1.0, np.cumprod(1.0 - leaves.sum(axis=0) / np.maximum(at_risk, 1)))
    return np.asarray(stays[np.searchsorted(knots_ps, times_ps, side="left")], np.float64)


def _some(incubations: Sequence[Incubation]) -> Sequence[Incubation]:
    if not incubations:
        raise MisuseError("a score must have at least one answered record, but got none.")
    return incubations


def _probabilities(values: ArrayLike, n_records: int, name: str) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (n_records,):
        raise MisuseError(
            f"{name} must have one value a record, shape ({n_records},), but got {array.shape}."
        )
    if not ((array >= 0.0) & (array <= 1.0)).all():
        raise MisuseError(
            f"{name} must lie between 0 and 1, but got {array.min():g} to {array.max():g}."
        )
    return array
