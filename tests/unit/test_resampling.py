"""One matrix of draws serves every score: whole designs, pair by pair."""

import numpy as np
import pytest

from train.metrics import bootstrap_interval, by_design
from train.resampling import Resamples, estimate, ratio


def test_designs_are_drawn_whole() -> None:
    keys = ["a", "b", "a", "c", "b", "a"]
    counts = Resamples.of(keys, seed=1, n_resamples=50).counts
    assert (counts[:, 0] == counts[:, 2]).all()
    assert (counts[:, 0] == counts[:, 5]).all()
    assert (counts[:, 0] + counts[:, 1] + counts[:, 3] == 3.0).all()
    assert counts.std(axis=0).min() > 0.0


def test_the_interval_is_that_of_the_plain_bootstrap() -> None:
    rng = np.random.default_rng(2)
    keys = [str(n % 30) for n in range(70)]
    values = rng.normal(size=70)
    counts = Resamples.of(keys, seed=3).with_all
    found = estimate(ratio(counts @ values, counts.sum(axis=1)))
    assert found.value == pytest.approx(values.mean())
    assert found.interval == pytest.approx(bootstrap_interval(by_design(values, keys), seed=3))


def test_one_design_has_no_interval() -> None:
    found = estimate(Resamples.of(["a", "a"], seed=0).with_all @ np.array([1.0, 3.0]))
    assert found.value == 4.0
    assert found.interval is None


def test_what_cannot_be_divided_is_not_told() -> None:
    found = estimate(ratio(np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, 1.0])))
    assert found.value is None
