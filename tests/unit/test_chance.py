"""The share of chance: known shares come back, and nothing is claimed without replicas."""

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic import lithium, replicas, synthetic_record

from simulate.incubation import Incubation
from train.chance import Share, chance, chance_in_words, share_of_chance
from train.spread import spread_within

Floats = NDArray[np.float64]
SPREAD, BETWEEN, FRAME_PS, END_PS = 1.2, 1.5, 10.0, 952.0


def test_chance_is_none_of_it_when_replicas_agree_and_all_when_parents_do() -> None:
    agree = chance(replicas([[20.0] * 4, [90.0] * 4, [500.0] * 4]))
    alike = chance(replicas([[20.0, 90.0, 500.0, 40.0]] * 3))
    assert agree is not None
    assert alike is not None
    assert agree.outcome.value == agree.log_time.value == 0.0
    assert alike.outcome.value == alike.log_time.value == 1.0
    assert agree.horizon_ps == 180.0
    assert (agree.n_replicas, agree.n_parents, agree.n_failed) == (12, 3, 0)


@pytest.mark.parametrize(("true", "n_parents"), [(0.3, 9), (0.7, 9), (0.5, 5)])
def test_nine_intervals_in_ten_hold_the_true_share(true: float, n_parents: int) -> None:
    rng = np.random.default_rng(0)
    found = [
        share_of_chance(
            [
                rng.normal(scale=np.sqrt(1.0 - true)) + rng.normal(scale=np.sqrt(true), size=5)
                for _ in range(n_parents)
            ]
        )
        for _ in range(300)
    ]
    n_held = sum(each.interval[0] <= true <= each.interval[1] for each in found)
    assert 0.85 <= n_held / len(found) <= 0.95


def test_the_share_is_nearly_unbiased() -> None:
    rng = np.random.default_rng(0)
    groups = [rng.normal() + rng.normal(size=5) for _ in range(400)]
    assert share_of_chance(groups).value == pytest.approx(0.5, abs=0.06)


def test_order_counts_at_the_middle_of_its_interval() -> None:
    found = chance(replicas([[20.0, 40.0], [60.0, 90.0]]))  # each known to 5 ps either way
    assert found.log_time == share_of_chance([np.log([20.0, 40.0]), np.log([60.0, 90.0])])


def test_one_replica_that_lingers_shortens_the_time_of_no_other() -> None:
    records = replicas([[20.0, 500.0], [90.0, 40.0]])
    lingering = records[1].model_copy(update={"outcome": "ordering"})
    assert chance([records[0], lingering, *records[2:]]) == chance(records)


def test_what_failed_without_order_is_left_out_and_counted() -> None:
    records = replicas([[20.0, 500.0, 60.0], [90.0, 40.0]])
    early = records[1].model_copy(update={"incubation": Incubation(lower_ps=50.0)})
    found = chance([records[0], early, *records[2:]])
    assert (found.n_replicas, found.n_failed) == (5, 1)
    assert found.outcome == Share(None, None)


def test_nothing_is_certain_where_nothing_varies() -> None:
    found = chance(replicas([[500.0, 500.0], [500.0, 500.0]]))
    assert found.outcome == found.log_time == Share(None, None)
    assert "undefined | too few to tell" in chance_in_words(found)


def test_without_replicas_or_with_one_parent_nothing_is_claimed() -> None:
    assert chance([synthetic_record(lithium(), 1)]) is None
    single = chance(replicas([[20.0, 90.0]]))
    assert single is not None
    assert single.outcome == Share(None, None)


def drawn(n_parents: int, seed: int) -> Floats:
    """True logarithms of the times of five replicas of every parent."""
    rng = np.random.default_rng(seed)
    middle = np.log(600.0) + BETWEEN * rng.normal(size=(n_parents, 1))
    return np.asarray(middle + SPREAD * rng.normal(size=(n_parents, 5)))


def seen(log_times: Floats) -> list[Floats]:
    """What frames show of them: intervals, and nothing beyond the end."""
    times_ps = np.exp(log_times)
    lower_ps = np.floor(times_ps / FRAME_PS) * FRAME_PS
    is_over = times_ps < END_PS
    upper_ps = np.where(is_over, lower_ps + FRAME_PS, np.inf)
    bounds_ps = np.stack([np.where(is_over, lower_ps, END_PS), upper_ps], axis=-1)
    with np.errstate(divide="ignore"):
        return list(np.log(bounds_ps))


def test_the_spread_of_times_is_found_though_many_never_end() -> None:
    truth = drawn(30, 1)
    assert (np.exp(truth) > END_PS).mean() > 0.3
    found = spread_within(seen(truth))
    assert found.value == pytest.approx(SPREAD, rel=0.15)
    assert found.interval[0] < SPREAD < found.interval[1]
    held = np.minimum(truth, np.log(END_PS))
    naive = np.sqrt(held.var(axis=1, ddof=1).mean())
    assert naive < 0.8 * SPREAD


def test_without_censoring_the_spread_is_the_pooled_deviation() -> None:
    truth = drawn(8, 2)
    found = spread_within([np.stack([each, each + 1.0e-3], axis=-1) for each in truth])
    assert found.value == pytest.approx(np.sqrt(truth.var(axis=1, ddof=1).mean()), rel=0.02)
    assert (found.n_telling, found.n_silent) == (8, 0)


def test_parents_of_which_none_ordered_tell_nothing_of_the_spread_and_are_counted() -> None:
    found = chance(replicas([[20.0, 50.0], [90.0, 40.0], [500.0, 500.0], [30.0]]))
    alone = chance(replicas([[20.0, 50.0], [90.0, 40.0]]))
    assert (found.spread_of_log_time.n_telling, found.spread_of_log_time.n_silent) == (2, 2)
    assert found.spread_of_log_time.value == pytest.approx(alone.spread_of_log_time.value, rel=0.2)
    assert "2 parents tell of it; 2 with a single replica" in chance_in_words(found)
    silent = chance(replicas([[500.0, 500.0], [30.0]]))
    assert silent.spread_of_log_time is None
    assert "cannot be told" in chance_in_words(silent)


def test_a_replica_that_failed_is_a_time_not_yet_over() -> None:
    records = replicas([[20.0, 500.0, 60.0], [90.0, 40.0]])
    early = records[1].model_copy(update={"incubation": Incubation(lower_ps=100.0)})
    without, failed = chance([records[0], *records[2:]]), chance([records[0], early, *records[2:]])
    assert failed.n_failed == 1
    assert failed.spread_of_log_time.value > without.spread_of_log_time.value
