"""The share of chance: known shares come back, and nothing is claimed without replicas."""

import numpy as np
import pytest
from synthetic import lithium, replicas, synthetic_record

from train.chance import Share, chance, share_of_chance


def test_chance_is_none_of_it_when_replicas_agree_and_all_when_parents_do() -> None:
    agree = chance(replicas([[20.0] * 4, [90.0] * 4, [500.0] * 4]))
    alike = chance(replicas([[20.0, 90.0, 500.0, 40.0]] * 3))
    assert agree is not None
    assert alike is not None
    assert agree.outcome.value == agree.log_time.value == 0.0
    assert alike.outcome.value == alike.log_time.value == 1.0
    assert agree.horizon_ps == 180.0
    assert (agree.n_replicas, agree.n_parents, agree.n_failed) == (12, 3, 0)


def test_share_of_chance_is_unbiased_enough_and_its_interval_holds_the_truth() -> None:
    rng = np.random.default_rng(0)
    groups = [rng.normal() + rng.normal(size=5) for _ in range(400)]
    assert share_of_chance(groups) == pytest.approx(0.5, abs=0.06)
    found = chance(replicas([(80.0 * np.exp(0.4 * g)).clip(6.0).tolist() for g in groups[:12]]))
    assert found is not None
    low, high = found.log_time.interval
    assert 0.0 < low < found.log_time.value < high <= 1.0


def test_without_replicas_or_with_one_parent_nothing_is_claimed() -> None:
    assert chance([synthetic_record(lithium(), 1)]) is None
    single = chance(replicas([[20.0, 90.0]]))
    assert single is not None
    assert single.outcome == Share(None, None)
