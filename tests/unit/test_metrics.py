"""Scores against closed forms and examples worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from simulate.errors import MisuseError
from simulate.incubation import Incubation
from train.metrics import (
    LEAST_PROBABILITY,
    KaplanMeier,
    bootstrap_interval,
    brier_values,
    by_design,
    concordance,
    log_score,
    log_values,
    longest_follow_up_ps,
    scored_until_ps,
    skill,
    state_at,
)

QUENCHED = Incubation(lower_ps=0.0, upper_ps=0.0, ordered_in_quench=True)


def between(lower_ps: float, upper_ps: float) -> Incubation:
    return Incubation(lower_ps=lower_ps, upper_ps=upper_ps)


def beyond(lower_ps: float) -> Incubation:
    return Incubation(lower_ps=lower_ps)


def brier(p_ordered: ArrayLike, seen: list[Incubation], horizon_ps: float) -> float:
    """The score: 0 is perfect, 0.25 is a coin."""
    return float(brier_values(p_ordered, seen, horizon_ps).mean())


def test_kaplan_meier_by_hand() -> None:
    """n = 6: one in the quench, order at 10 and 30, censored at 20, 50, 50.

    S(0) = 5/6; at 10 five are at risk: 5/6 x 4/5 = 4/6; at 30 three are: 4/6 x 2/3 = 4/9.
    """
    curve = KaplanMeier.of(
        [QUENCHED, between(0, 10), beyond(20), between(20, 30), beyond(50), beyond(50)]
    )
    assert curve.survival([0, 10, 30, 1000]) == pytest.approx([5 / 6, 4 / 6, 4 / 9, 4 / 9])
    assert curve.survival(20.0) == pytest.approx((4 / 6 + 4 / 9) / 2)


def test_kaplan_meier_without_censoring_is_the_empirical_survival() -> None:
    curve = KaplanMeier.of([between(t - 1, t) for t in (10.0, 20.0, 30.0, 40.0)])
    assert curve.survival([10, 20, 30, 40]) == pytest.approx([0.75, 0.5, 0.25, 0.0])


def test_kaplan_meier_of_records_without_order_is_one_everywhere() -> None:
    assert KaplanMeier.of([beyond(950.0)] * 3).survival([0, 500, 5000]) == pytest.approx([1, 1, 1])


def test_kaplan_meier_counts_order_at_the_time_of_a_censoring_first() -> None:
    assert KaplanMeier.of([between(0, 10), beyond(10)]).survival(10.0) == pytest.approx(0.5)


def test_kaplan_meier_has_no_answer_before_the_hold() -> None:
    with pytest.raises(MisuseError, match="times_ps >= 0"):
        KaplanMeier.of([beyond(10)]).survival([-1.0])


def test_brier_by_hand_without_censoring() -> None:
    seen = [QUENCHED, between(10, 20), beyond(100), between(80, 90)]
    assert brier([0.9, 0.6, 0.2, 0.5], seen, 50.0) == pytest.approx(
        (0.1**2 + 0.4**2 + 0.2**2 + 0.5**2) / 4
    )


def test_brier_is_zero_for_the_truth_and_one_for_its_opposite() -> None:
    seen = [QUENCHED, between(10, 20), beyond(100)]
    assert brier([1, 1, 0], seen, 50.0) == pytest.approx(0.0)
    assert brier([0, 0, 1], seen, 50.0) == pytest.approx(1.0)


def test_records_of_unknown_state_do_not_count() -> None:
    seen = [between(40, 60), between(10, 20), beyond(100)]
    is_ordered, weights = state_at(seen, 50.0)
    assert weights.tolist() == [0.0, 1.0, 1.0]
    assert is_ordered.tolist() == [False, True, False]
    assert brier([0.0, 0.5, 0.5], seen, 50.0) == pytest.approx(0.25)
    assert brier([1.0, 0.5, 0.5], seen, 50.0) == pytest.approx(0.25)


def test_those_followed_stand_in_for_the_censored() -> None:
    """Two of four are censored at 30; the one followed to 50 speaks for them too.

    G just before 20 is 1; at 30 three are followed and two leave, so G(50) = 1/3.
    """
    seen = [between(10, 20), beyond(30), beyond(30), beyond(50)]
    _, weights = state_at(seen, 50.0)
    assert weights == pytest.approx([1.0, 0.0, 0.0, 3.0])
    expected = (0.5**2 * 1 + 0.1**2 * 3) / 4
    assert brier([0.5, 0.9, 0.9, 0.1], seen, 50.0) == pytest.approx(expected)


def test_weighting_removes_the_bias_of_censoring() -> None:
    """Exponential order, exponential censoring: the weighted share ordered is the true one."""
    rng = np.random.default_rng(4)
    order_ps, censor_ps = rng.exponential(100.0, 20_000), rng.exponential(150.0, 20_000)
    seen = [
        between(t * (1 - 1e-9), t) if t < c else beyond(c)
        for t, c in zip(order_ps, censor_ps, strict=True)
    ]
    is_ordered, weights = state_at(seen, 80.0)
    truth = 1 - math.exp(-0.8)
    assert np.average(is_ordered, weights=weights) == pytest.approx(truth, abs=0.01)
    known = weights > 0
    assert abs(is_ordered[known].mean() - truth) > 0.05


def test_a_horizon_nobody_was_followed_to_is_refused() -> None:
    seen = [between(10, 20), beyond(950.0)]
    assert longest_follow_up_ps(seen) == 950.0
    assert brier([0.5, 0.5], seen, 950.0) == pytest.approx(0.25)
    with pytest.raises(MisuseError, match="950 ps"):
        brier([0.5, 0.5], seen, 1000.0)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=20))
def test_the_horizon_of_whole_runs_does_not_depend_on_what_came_of_them(frames: list[int]) -> None:
    """Ten frames of 10 ps are watched; order comes after some of them, or later than all."""
    seen = [between(10 * n, 10 * n + 10) if n < 10 else beyond(100) for n in frames]
    assert scored_until_ps(seen, 100.0) == 100.0
    is_ordered, weights = state_at(seen, 100.0)
    assert weights == pytest.approx(np.ones(len(seen)))
    assert is_ordered.tolist() == [n < 10 for n in frames]


def test_where_all_order_all_are_seen_to_have_ordered() -> None:
    seen = [between(10, 20), between(30, 40), between(330, 340)]
    for planned_ps in (950.0, None):
        is_ordered, weights = state_at(seen, scored_until_ps(seen, planned_ps))
        assert np.average(is_ordered, weights=weights) == 1.0


def test_who_failed_early_moves_the_horizon_only_where_nobody_was_seen_later() -> None:
    assert scored_until_ps([between(10, 20), beyond(30), beyond(100)], 100.0) == 100.0
    assert scored_until_ps([between(40, 50), beyond(30)], 100.0) == 100.0
    assert scored_until_ps([between(10, 20), beyond(30)], 100.0) == 30.0
    for seen in ([between(40, 50), beyond(30)], [between(10, 20), beyond(30)]):
        _, weights = state_at(seen, scored_until_ps(seen, 100.0))
        assert weights.sum() == pytest.approx(2.0)


def test_who_was_watched_for_longer_counts_at_the_horizon_of_all() -> None:
    seen = [beyond(100.0), beyond(300.0), between(200, 210), between(10, 20)]
    assert scored_until_ps(seen, 100.0) == 100.0
    is_ordered, weights = state_at(seen, 100.0)
    assert is_ordered.tolist() == [False, False, False, True]
    assert weights == pytest.approx(np.ones(4))


def test_within_the_intervals_of_all_nothing_is_scored() -> None:
    assert brier([0.1, 0.9], [between(10, 20), between(10, 20)], 13.0) == 0.0


def test_brier_rewards_honesty() -> None:
    """A proper score: over many draws the true probability beats any other."""
    rng = np.random.default_rng(1)
    seen = [between(0, 10) if hit else beyond(100) for hit in rng.random(5000) < 0.3]
    scores = {p: brier(np.full(5000, p), seen, 50.0) for p in (0.1, 0.2, 0.3, 0.4, 0.9)}
    assert min(scores, key=scores.__getitem__) == 0.3


def test_log_score_of_an_exponential_by_hand() -> None:
    scale_ps = 100.0
    seen = [between(50, 60), beyond(200)]
    lower, upper = np.exp([-0.5, -2.0]), np.exp([-0.6, -np.inf])
    expected = [-math.log(math.exp(-0.5) - math.exp(-0.6)), 200.0 / scale_ps]
    assert log_values(lower, upper, seen) == pytest.approx(expected)
    assert log_score(lower, upper, seen) == pytest.approx(np.mean(expected))


def test_log_score_of_the_quench_needs_only_survival_at_zero() -> None:
    assert log_score([0.25], [0.25], [QUENCHED]) == pytest.approx(-math.log(0.75))


def test_upper_survival_of_a_censored_record_is_not_read() -> None:
    assert log_score([0.5], [np.nan], [beyond(10)]) == pytest.approx(math.log(2.0))


def test_a_surprise_costs_the_declared_floor_and_not_infinity() -> None:
    assert log_score([1.0], [1.0], [QUENCHED]) == pytest.approx(-math.log(LEAST_PROBABILITY))


def test_a_survival_that_rises_is_not_rewarded() -> None:
    assert log_score([0.2], [0.9], [between(1, 2)]) == pytest.approx(-math.log(LEAST_PROBABILITY))


def test_skill_is_the_share_of_the_reference_removed() -> None:
    assert skill(0.1, 0.25) == pytest.approx(0.6)
    assert skill(0.25, 0.25) == 0.0
    assert skill(0.5, 0.25) == -1.0
    assert skill(0.0, 0.0) is None


def test_concordance_of_right_order_wrong_order_and_ties() -> None:
    seen = [QUENCHED, between(0, 10), between(10, 20), beyond(50)]
    assert concordance([4, 3, 2, 1], seen) == 1.0
    assert concordance([1, 2, 3, 4], seen) == 0.0
    assert concordance([1, 1, 1, 1], seen) == 0.5
    assert concordance([4, 3, 1, 2], seen) == pytest.approx(5 / 6)


def test_only_surely_ordered_pairs_are_compared() -> None:
    assert concordance([1, 2], [between(0, 20), between(10, 30)]) is None
    assert concordance([1, 2], [QUENCHED, QUENCHED]) is None
    assert concordance([1, 2], [between(0, 20), beyond(10)]) is None
    assert concordance([2, 1], [between(0, 10), beyond(10)]) == 1.0


def test_bootstrap_of_the_mean_of_designs_matches_the_normal_interval() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(3.0, 2.0, 400)
    interval = bootstrap_interval({str(i): [v] for i, v in enumerate(values)}, seed=1)
    assert interval is not None
    half = 1.6449 * values.std() / math.sqrt(400)
    assert interval == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_bootstrap_draws_designs_and_not_replicas() -> None:
    """Ten thousand replicas of two designs know no more than two designs do."""
    interval = bootstrap_interval({"a": np.zeros(10_000), "b": np.ones(10_000)}, seed=1)
    assert interval == (0.0, 1.0)
    assert bootstrap_interval({"a": np.arange(10.0)}, seed=1) is None


def test_bootstrap_follows_its_seed_and_level() -> None:
    values = {str(i): [float(i)] for i in range(30)}
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values, seed=1)
    wide = bootstrap_interval(values, seed=1, level=0.99)
    narrow = bootstrap_interval(values, seed=1, level=0.5)
    assert wide is not None
    assert narrow is not None
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_skill_interval_pairs_model_and_reference() -> None:
    """A model with exactly half the reference's loss on every record has a skill of 0.5, surely."""
    reference = np.random.default_rng(2).random(40)
    rows = by_design(
        np.stack([0.5 * reference, reference], axis=1), [str(i % 8) for i in range(40)]
    )
    assert len(rows) == 8
    assert rows["3"].shape == (5, 2)
    interval = bootstrap_interval(
        rows, seed=0, statistic=lambda v: 1 - v[:, 0].mean() / v[:, 1].mean()
    )
    assert interval == pytest.approx((0.5, 0.5))


def test_there_is_a_value_for_every_record() -> None:
    seen = [between(10, 20), beyond(30), beyond(50), beyond(60)]
    assert brier_values([0.5, 0.9, 0.1, 0.3], seen, 50.0).shape == (4,)


@pytest.mark.parametrize("wrong", [[0.5], [0.5, 1.5], [0.5, float("nan")]])
def test_forecasts_that_are_no_probabilities_are_refused(wrong: list[float]) -> None:
    with pytest.raises(MisuseError, match="p_ordered"):
        brier(wrong, [between(0, 10), beyond(20)], 15.0)
