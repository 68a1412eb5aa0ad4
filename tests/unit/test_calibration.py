"""A forecast that is right is found calibrated, one that is wrong is not, whatever is censored."""

import itertools

import numpy as np
import pytest
from scipy.stats import kstest

from simulate.incubation import Incubation
from train.calibration import (
    N_SHARE_BINS,
    N_TIME_BINS,
    Shares,
    coverage,
    share_calibration,
    spans,
    time_calibration,
    within,
)
from train.metrics import KaplanMeier, state_at
from train.resampling import Resamples

QUENCHED = Incubation(lower_ps=0.0, upper_ps=0.0, ordered_in_quench=True)
EVERY_PS, END_PS = 10.0, 200.0
GRID_PS = np.arange(0.0, END_PS + 1.0, EVERY_PS)


def survival(times_ps: np.ndarray, scale_ps: np.ndarray | float) -> np.ndarray:
    """A tenth orders in the quench, a tenth never, the rest exponentially."""
    return 0.9 * (1.0 / 9.0 + 8.0 / 9.0 * np.exp(-times_ps / scale_ps))


def drawn(n: int, seed: int) -> tuple[list[Incubation], np.ndarray]:
    """Times of embryos with scales of their own, seen at frames until the end."""
    rng = np.random.default_rng(seed)
    scales_ps = np.exp(rng.normal(4.6, 0.5, n))
    seen = []
    for scale_ps in scales_ps:
        kind, time_ps = rng.random(), rng.exponential(scale_ps)
        if kind < 0.1:
            seen.append(QUENCHED)
        elif kind < 0.2 or time_ps > END_PS:
            seen.append(Incubation(lower_ps=END_PS))
        else:
            lower_ps = EVERY_PS * (time_ps // EVERY_PS)
            seen.append(Incubation(lower_ps=lower_ps, upper_ps=lower_ps + EVERY_PS))
    return seen, scales_ps


def judged(seen: list[Incubation], scales_ps: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Spans, and what might have bounded them."""
    lower = np.array([each.lower_ps for each in seen])
    upper = np.array([each.upper_ps or 0.0 for each in seen])
    found = spans(survival(lower, scales_ps), survival(upper, scales_ps), seen)
    edges = [np.concatenate([[1.0], survival(GRID_PS, s), [0.0]]) for s in scales_ps]
    return found, edges


def test_spans_of_every_kind_of_record() -> None:
    seen = [QUENCHED, Incubation(lower_ps=10.0, upper_ps=20.0), Incubation(lower_ps=90.0)]
    found = spans(np.array([0.8, 0.7, 0.4]), np.array([0.8, 0.6, np.nan]), seen)
    assert found == pytest.approx(np.array([[0.8, 1.0], [0.6, 0.7], [0.0, 0.4]]))


def test_a_span_is_shared_out_whole() -> None:
    found = np.array([[0.8, 1.0], [0.33, 0.71], [0.0, 0.4], [0.3, 0.3], [1.0, 1.0], [0.0, 0.0]])
    ends = np.linspace(0.0, 1.0, N_TIME_BINS + 1)
    parts = sum(within(found, a, b) for a, b in itertools.pairwise(ends))
    assert parts == pytest.approx(np.ones(6))
    assert within(found, 0.25, 0.75) == pytest.approx([0.0, 1.0, 0.15 / 0.4, 1.0, 0.0, 0.0])


def test_times_of_the_truth_are_even_and_the_p_value_is_one() -> None:
    """Over many data sets the p-value is uniform; that of the chi-square law is too large."""
    judgements = [time_calibration(*judged(*drawn(60, seed)), seed=seed) for seed in range(60)]
    assert kstest([each.p_value for each in judgements], "uniform").pvalue > 0.01
    assert kstest([each.p_value_chi2 for each in judgements], "uniform").pvalue < 1.0e-3


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_times_of_another_scale_are_found_uneven(factor: float) -> None:
    seen, scales_ps = drawn(150, seed=1)
    assert time_calibration(*judged(seen, factor * scales_ps)).p_value < 0.01
    assert time_calibration(*judged(seen, scales_ps)).p_value > 0.05


def test_coverage_of_the_truth_is_what_it_claims() -> None:
    seen, scales_ps = drawn(3000, seed=2)
    found, _ = judged(seen, scales_ps)
    draws = Resamples.of([str(n) for n in range(3000)], seed=0, n_resamples=200)
    for nominal in (0.5, 0.9):
        one = coverage(found, nominal, draws)
        assert one.found.value == pytest.approx(nominal, abs=0.02)
        assert one.least < nominal < one.most
    too_sure = 0.5 + 2.0 * (found - 0.5)  # as if the forecast were half as wide about its middle
    assert coverage(np.clip(too_sure, 0.0, 1.0), 0.5, draws).found.value < 0.4


def shares(p: np.ndarray, is_ordered: np.ndarray) -> Shares:
    names = [str(n) for n in range(len(p))]
    return Shares(p, is_ordered, np.ones(len(p)), names, names)


def test_shares_by_hand() -> None:
    """Five bins of two; in the first, forecasts of 0.1 and an order of two: 0.4 too few."""
    p = np.repeat([0.1, 0.3, 0.5, 0.7, 0.9], 2)
    is_ordered = np.array([1, 0, 0, 0, 1, 0, 1, 1, 1, 1], dtype=bool)
    found = share_calibration(shares(p, is_ordered))
    assert [each.observed for each in found.bins] == [0.5, 0.0, 0.5, 1.0, 1.0]
    assert [each.forecast for each in found.bins] == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])
    assert found.largest == pytest.approx(0.4)
    assert found.expected_error.value == pytest.approx((0.4 + 0.3 + 0.0 + 0.3 + 0.1) / 5)
    assert found.mean_excess.value == pytest.approx(-0.1)
    assert found.n_events == found.n_distinct_events == 6


def test_a_right_forecast_deviates_as_chance_does() -> None:
    rng = np.random.default_rng(3)
    judgements = []
    for _ in range(20):
        p = rng.random(400)
        judgements.append(share_calibration(shares(p, rng.random(400) < p)))
    errors = [each.expected_error.value for each in judgements]
    by_chance = [each.expected_error_by_chance[0] for each in judgements]
    assert np.mean(errors) == pytest.approx(np.mean(by_chance), rel=0.2)
    largest = [each.largest for each in judgements]
    assert np.mean(largest) == pytest.approx(
        np.mean([each.largest_by_chance[0] for each in judgements]), rel=0.2
    )
    n_above = sum(each.largest > each.largest_by_chance[1] for each in judgements)
    assert n_above <= 4
    for each in judgements:
        assert each.largest_at_most is not None
        assert each.largest_at_most > each.largest


def test_bins_of_a_right_forecast_hold_it_in_their_intervals() -> None:
    rng = np.random.default_rng(8)
    n_in, n_all = 0, 0
    for _ in range(20):
        p = rng.random(300)
        found = share_calibration(shares(p, rng.random(300) < p))
        assert len(found.bins) == N_SHARE_BINS
        n_all += len(found.bins)
        n_in += sum(each.interval[0] < each.forecast < each.interval[1] for each in found.bins)
    assert n_in / n_all == pytest.approx(0.9, abs=0.08)


def test_a_forecast_that_exaggerates_is_found_out() -> None:
    rng = np.random.default_rng(4)
    p = rng.random(2000)
    found = share_calibration(shares(np.clip(p + 0.15, 0.0, 1.0), rng.random(2000) < p))
    assert found.largest > found.largest_by_chance[1]
    assert found.mean_excess.interval is not None
    assert found.mean_excess.interval[0] > 0.1


def test_rows_of_one_trajectory_are_one_chance() -> None:
    """The same hundred asked five times deviate by chance as a hundred do, not as five hundred."""
    rng = np.random.default_rng(6)
    p, luck = rng.random(100), rng.random(100)
    once = share_calibration(shares(p, luck < p))
    names = [str(n) for n in range(100)] * 5
    many = Shares(np.tile(p, 5), np.tile(luck < p, 5), np.ones(500), names, names)
    assert share_calibration(many).largest_by_chance == pytest.approx(
        once.largest_by_chance, abs=0.03
    )


def test_the_weighted_share_is_kaplan_meiers() -> None:
    """With the weights of the very rows, inverse weighting and Kaplan-Meier are the same number."""
    rng = np.random.default_rng(7)
    order_ps, censor_ps = rng.exponential(100.0, 80), np.minimum(rng.exponential(200.0, 80), 160.0)
    seen = [
        Incubation(lower_ps=t * (1.0 - 1.0e-9), upper_ps=t) if t < c else Incubation(lower_ps=c)
        for t, c in zip(order_ps, censor_ps, strict=True)
    ]
    is_ordered, weights = state_at(seen, 150.0)
    names = [str(n) for n in range(80)]
    found = share_calibration(Shares(np.full(80, 0.5), is_ordered, weights, names, names))
    (only,) = found.bins
    assert weights.sum() == pytest.approx(80.0)
    curve = KaplanMeier.of(seen)
    steps = curve.survival_at_knots[np.searchsorted(curve.knots_ps, 150.0, side="right") - 1]
    assert only.observed == pytest.approx(1.0 - steps)
