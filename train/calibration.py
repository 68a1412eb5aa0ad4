r"""Does what is forecast with 70 % happen seven times in ten, and are times spread as forecast?

Two views. At a horizon: forecast and observed share, in bins of equal numbers. Over all times: the
probability :math:`S(T)` that a forecast gave to waiting longer than was waited is uniform if the
forecast is right. Of a time known only to lie in an interval, of order in the quench and of what
never ordered, :math:`S(T)` lies in a *span*, and is uniform over it under the forecast itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, chi2

from simulate.incubation import Incubation
from simulate.settings import Settings
from train.resampling import LEVEL, Estimate, Floats, Resamples, estimate, ratio

N_TIME_BINS: Final = 10
N_SHARE_BINS: Final = 5
"""So few that a bin of a few hundred rows tells a tenth from chance."""

N_CHANCE_DRAWS: Final = 1000
COVERAGES: Final = (0.5, 0.9)


class Coverage(Settings):
    """How often a central predictive interval of the incubation time held what was seen.

    Attributes:
        nominal: What it claims.
        found: Each row by the part of its span inside.
        least, most: Wherever within their spans the times truly were.
    """

    nominal: float
    found: Estimate
    least: float
    most: float


class TimeCalibration(Settings):
    """D-calibration: are the values of :math:`S(T)` uniform?

    Attributes:
        shares: Of the rows, in bins of equal width from 0 (late, or never) to 1 (early).
        p_value: How often a forecast that is right would be as uneven, by simulation of the same
            frames and censoring.
        p_value_chi2: By the chi-square law of the original test, which takes spread rows as if
            they were seen: too large where much is censored.

    Reference:
        Haider et al., J. Mach. Learn. Res. 21(85), 1 (2020).
    """

    shares: list[float]
    p_value: float
    p_value_chi2: float


class ReliabilityBin(Settings):
    """Rows of like forecasts.

    Attributes:
        forecast, observed: Mean forecast and share ordered by the horizon; the censored are made
            up for by weights (within rows of one horizon that is Kaplan-Meier's estimate).
        interval: 90 % of the observed share, of so many designs (Jeffreys).
    """

    n_rows: int
    n_designs: int
    forecast: float
    observed: float
    interval: tuple[float, float]


class ShareCalibration(Settings):
    """Forecast and observed share ordered by the horizon.

    Attributes:
        n_events: Orders among the rows; one trajectory counts at every moment it is asked at.
        n_distinct_events: Trajectories that ordered.
        mean_excess: Mean forecast less observed share.
        expected_error: Mean over the bins of the absolute deviation, by their rows.
        expected_error_by_chance: What a forecast that is right would show, mean and 95 % of draws.
        largest: Largest absolute deviation of a bin.
        largest_at_most: Its upper bound: 95 % of draws of designs lie below. Drawing anew adds
            noise to every bin, so that the bound is cautious.
        largest_by_chance: As above.
    """

    n_rows: int
    n_events: int
    n_distinct_events: int
    n_designs: int
    bins: list[ReliabilityBin]
    mean_excess: Estimate
    expected_error: Estimate
    expected_error_by_chance: tuple[float, float]
    largest: float
    largest_at_most: float | None
    largest_by_chance: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Shares:
    """Forecast and outcome at the horizon, row by row; each of shape ``(n_rows,)``.

    Attributes:
        p_ordered: Forecast.
        is_ordered: What came.
        weights: 0 where that is not known (see `train.metrics.state_at`).
        keys: Design.
        trajectories: Whose row it is.
    """

    p_ordered: Floats
    is_ordered: NDArray[np.bool_]
    weights: Floats
    keys: Sequence[str]
    trajectories: Sequence[str]


def spans(at_lower: Floats, at_upper: Floats, incubations: Sequence[Incubation]) -> Floats:
    """Where :math:`S(T)` lies, from low to high, shape ``(n_rows, 2)``.

    Args:
        at_lower: Forecast survival at each lower bound, shape ``(n_rows,)``.
        at_upper: At each upper bound; not read where that is infinite.
        incubations: What was seen.
    """
    in_quench = np.array([item.ordered_in_quench for item in incubations])
    is_open = np.array([not item.is_observed for item in incubations])
    low = np.where(in_quench, at_lower, np.where(is_open, 0.0, at_upper))
    high = np.where(in_quench, 1.0, at_lower)
    return np.column_stack([np.minimum(low, high), high])


def within(found: Floats, low: float, high: float) -> Floats:
    """Part of each span between two probabilities, shape ``(n_rows,)``; a point counts whole."""
    width = found[..., 1] - found[..., 0]
    overlap = np.minimum(found[..., 1], high) - np.maximum(found[..., 0], low)
    is_point = width <= 1.0e-12
    is_in = (found[..., 0] >= low) & ((found[..., 0] < high) | (high >= 1.0))
    part = np.clip(overlap, 0.0, None) / np.where(is_point, 1.0, width)
    return np.where(is_point, is_in, part).astype(np.float64)


def coverage(found: Floats, nominal: float, draws: Resamples) -> Coverage:
    """Of the central interval that claims `nominal`; `found` are the spans of the rows."""
    low, high = 0.5 - 0.5 * nominal, 0.5 + 0.5 * nominal
    inside = within(found, low, high)
    counts = draws.with_all
    return Coverage(
        nominal=nominal,
        found=estimate(ratio(counts @ inside, counts.sum(axis=1))),
        least=float((inside > 1.0 - 1.0e-9).mean()),
        most=float((inside > 1.0e-9).mean()),
    )


def time_calibration(found: Floats, edges: Sequence[Floats], seed: int = 0) -> TimeCalibration:
    """Whether times are spread as the forecast says.

    Args:
        found: Spans of the rows.
        edges: Of each row the survival at every time that might have bounded it, falling: before
            the quench (1), at its end, at every frame, and 0 after the last.
        seed: Of the simulation.
    """
    seen = _in_bins(found).sum(axis=0)
    rng = np.random.default_rng([seed, 3])
    chance = np.zeros((N_CHANCE_DRAWS, N_TIME_BINS))
    for each in edges:
        cells = np.column_stack([each[1:], each[:-1]])
        drawn = np.searchsorted(-each[1:-1], -rng.random(N_CHANCE_DRAWS))
        chance += _in_bins(cells)[drawn]
    statistic = _unevenness(seen)
    n_as_uneven = int((_unevenness(chance) >= statistic - 1.0e-9).sum())
    return TimeCalibration(
        shares=(seen / len(found)).tolist(),
        p_value=(1 + n_as_uneven) / (1 + N_CHANCE_DRAWS),
        p_value_chi2=float(chi2.sf(statistic, N_TIME_BINS - 1)),
    )


def share_calibration(rows: Shares, seed: int = 0) -> ShareCalibration:
    """Forecast beside observed shares in bins of equal numbers, with what chance alone would show.

    Chance: outcomes drawn from the forecasts, one random number a trajectory for all its rows, so
    that rows of one trajectory go together as they did.
    """
    place = _bins(rows.p_ordered)
    member = (place == np.arange(place.max() + 1)[:, None]).astype(np.float64)
    draws = Resamples.of(rows.keys, seed)
    gap = rows.p_ordered - rows.is_ordered
    counted = draws.with_all * rows.weights
    size = counted @ member.T
    deviation = np.abs(_over(counted @ (member * gap).T, size))
    expected = (deviation * size).sum(axis=1) / size.sum(axis=1)
    chance_deviation, chance_error = _by_chance(rows, member, seed)
    drawn_largest = deviation[1:].max(axis=1)
    is_known = rows.weights > 0.0
    ordered = [t for t, o in zip(rows.trajectories, rows.is_ordered & is_known, strict=True) if o]
    return ShareCalibration(
        n_rows=int(is_known.sum()),
        n_events=len(ordered),
        n_distinct_events=len(set(ordered)),
        n_designs=len(set(rows.keys)),
        bins=[_bin(rows, place == number) for number in range(len(member))],
        mean_excess=estimate(ratio(counted @ gap, counted.sum(axis=1))),
        expected_error=estimate(expected),
        expected_error_by_chance=_mean_and_high(chance_error),
        largest=float(deviation[0].max()),
        largest_at_most=(
            float(np.quantile(drawn_largest, 0.5 + LEVEL / 2)) if len(drawn_largest) else None
        ),
        largest_by_chance=_mean_and_high(chance_deviation.max(axis=1)),
    )


def _in_bins(found: Floats) -> Floats:
    """Part of each span in each bin, shape ``(n_rows, n_bins)``."""
    ends = np.linspace(0.0, 1.0, N_TIME_BINS + 1)
    return np.stack([within(found, ends[k], ends[k + 1]) for k in range(N_TIME_BINS)], axis=-1)


def _unevenness(counts: Floats) -> Floats:
    """Pearson's statistic against equal numbers, over the last axis."""
    expected = counts.sum(axis=-1, keepdims=True) / counts.shape[-1]
    return np.asarray(((counts - expected) ** 2 / expected).sum(axis=-1))


def _bins(p_ordered: Floats) -> NDArray[np.int64]:
    """Bin of each row: equal numbers; equal forecasts stay together."""
    ends = np.quantile(p_ordered, np.linspace(0.0, 1.0, N_SHARE_BINS + 1)[1:-1])
    found = np.searchsorted(np.unique(ends), p_ordered, side="right")
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def _by_chance(rows: Shares, member: Floats, seed: int) -> tuple[Floats, Floats]:
    """Deviations of bins, and their mean by rows, of outcomes drawn from the forecasts."""
    names, whose = np.unique(np.asarray(rows.trajectories), return_inverse=True)
    luck = np.random.default_rng([seed, 4]).random((N_CHANCE_DRAWS, len(names)))[:, whose]
    gap = (rows.p_ordered - (luck < rows.p_ordered)) * rows.weights
    size = member @ rows.weights
    deviation = np.abs(_over(gap @ member.T, size))
    return deviation, (deviation * size).sum(axis=1) / size.sum()


def _bin(rows: Shares, is_in: NDArray[np.bool_]) -> ReliabilityBin:
    weights = rows.weights * is_in
    is_known = weights > 0.0
    n_designs = len({key for key, known in zip(rows.keys, is_known, strict=True) if known})
    total = max(float(weights.sum()), 1.0e-12)
    observed = float((weights * rows.is_ordered).sum()) / total
    low, high = (
        float(beta.ppf(level, observed * n_designs + 0.5, (1.0 - observed) * n_designs + 0.5))
        for level in (0.5 - LEVEL / 2, 0.5 + LEVEL / 2)
    )
    return ReliabilityBin(
        n_rows=int(is_known.sum()),
        n_designs=n_designs,
        forecast=float((weights * rows.p_ordered).sum()) / total,
        observed=observed,
        interval=(min(low, observed), max(high, observed)),
    )


def _over(above: Floats, below: Floats) -> Floats:
    """Quotient, 0 where nothing was drawn."""
    return np.where(below > 0.0, above / np.where(below > 0.0, below, 1.0), 0.0)


def _mean_and_high(values: Floats) -> tuple[float, float]:
    return float(values.mean()), float(np.quantile(values, 0.5 + LEVEL / 2))
