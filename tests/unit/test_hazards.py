"""Ratios of hazards against data drawn from known ones."""

import numpy as np
import pytest

from simulate.incubation import Incubation
from train.hazards import first_of_pairs, hazard_ratio, median_ps, proportion

IN_QUENCH = Incubation(lower_ps=0.0, upper_ps=0.0, ordered_in_quench=True)


def at(time_ps: float, end_ps: float = 1000.0) -> Incubation:
    if time_ps >= end_ps:
        return Incubation(lower_ps=end_ps)
    lower_ps = 10.0 * (time_ps // 10.0)
    return Incubation(lower_ps=lower_ps, upper_ps=lower_ps + 10.0)


def drawn(ratio: float, n: int, seed: int) -> tuple[list[Incubation], np.ndarray, list[int]]:
    rng = np.random.default_rng(seed)
    doublings = rng.integers(0, 3, size=n)
    waits_ps = 600.0 * ratio ** -doublings.astype(float) * rng.exponential(size=n)
    return [at(each) for each in waits_ps], doublings.astype(float), doublings.tolist()


@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0])
def test_the_ratio_that_times_were_drawn_with_is_in_its_interval(ratio: float) -> None:
    """Nine of ten intervals hold it; of twelve, fewer than eight would in one of a hundred."""
    n_within = 0
    for seed in range(12):
        low, high = hazard_ratio(*drawn(ratio, 60, seed)).interval
        n_within += low <= ratio <= high
    assert n_within >= 8


def test_a_ratio_of_many_runs_is_near_and_its_interval_narrow() -> None:
    found = hazard_ratio(*drawn(2.0, 800, 1))
    assert found.value == pytest.approx(2.0, rel=0.1)
    assert found.interval[1] / found.interval[0] < 1.35


def test_all_of_one_kind_and_none_of_the_other_is_a_large_ratio_and_no_error() -> None:
    seen = [at(2000.0)] * 6 + [at(50.0)] * 6
    kind = np.repeat([0.0, 1.0], 6)
    found = hazard_ratio(seen, kind, kind.tolist())
    assert found.interval[0] > 5.0
    assert np.isfinite(found.interval[1])


def test_nobody_ordered_says_nothing() -> None:
    found = hazard_ratio([at(2000.0)] * 6, np.arange(6.0), [0] * 6)
    assert found.value is None
    assert found.interval is None


def test_order_in_the_quench_is_sooner_than_any_other() -> None:
    later, quenched = [at(300.0), at(2000.0)], [IN_QUENCH, IN_QUENCH]
    kind = np.array([0.0, 0.0, 1.0, 1.0])
    assert hazard_ratio([*later, *quenched], kind, kind.tolist()).value > 10.0


def test_median_of_half_and_of_fewer() -> None:
    assert median_ps([at(100.0)] * 5 + [at(900.0)] * 3).value_ps == 110.0
    found = median_ps([at(100.0)] * 2 + [at(2000.0)] * 6)
    assert np.isinf(found.value_ps)
    assert np.isinf(found.high_ps)
    assert found.low_ps == 110.0 or np.isinf(found.low_ps)


def test_the_ratio_is_that_of_highest_likelihood_by_another_way() -> None:
    """One group against another: the hazard of each is its events over the time it waited."""
    rng = np.random.default_rng(3)
    waits_ps = np.append(rng.exponential(3000.0, 400), rng.exponential(1500.0, 400))
    seen = [
        Incubation(lower_ps=1000.0)
        if wait > 1000.0
        else Incubation(lower_ps=wait, upper_ps=wait + 1.0e-3)
        for wait in waits_ps
    ]
    kind = np.repeat([0.0, 1.0], 400)
    watched_ps = np.minimum(waits_ps, 1000.0)
    rate = [(watched_ps[kind == k] < 1000.0).sum() / watched_ps[kind == k].sum() for k in (0, 1)]
    assert hazard_ratio(seen, kind, kind.tolist()).value == pytest.approx(
        rate[1] / rate[0], rel=0.01
    )


@pytest.mark.parametrize(("n_yes", "n"), [(0, 8), (8, 8), (3, 8)])
def test_a_share_is_within_its_interval(n_yes: int, n: int) -> None:
    found = proportion(n_yes, n)
    low, high = found.interval
    assert low <= found.value <= high
    assert 0.0 <= low < high <= 1.0


STRUCTURES = [
    [(at(50.0), at(500.0)), (at(60.0), at(700.0)), (at(90.0), at(20.0))],
    [(IN_QUENCH, at(5.0))],
    [(at(2000.0), at(70.0))],
    [(at(101.0), at(102.0))],  # in one frame: nobody was first
    [(at(2000.0), at(2000.0)), (at(10.0), at(90.0)), (at(90.0), at(10.0))],
]


def test_pairs_count_who_was_surely_first() -> None:
    *n, ratio = first_of_pairs(STRUCTURES)
    assert n == [4, 3, 4]
    assert ratio.value == pytest.approx(4.5 / 3.5)
    assert ratio.interval[0] < 1.0 < ratio.interval[1]


def test_more_pairs_of_the_same_structures_do_not_narrow_the_interval() -> None:
    once = first_of_pairs(STRUCTURES).ratio.interval
    again = first_of_pairs([pairs * 3 for pairs in STRUCTURES]).ratio.interval
    anew = first_of_pairs(STRUCTURES * 3).ratio.interval
    assert again == pytest.approx(once)
    assert anew[1] / anew[0] < 0.5 * once[1] / once[0]


@pytest.mark.parametrize("n_pairs", [1, 4])
def test_the_ratio_of_pairs_is_that_of_the_hazards(n_pairs: int) -> None:
    """However many pairs a structure has, and however quick it is."""
    rng = np.random.default_rng(n_pairs)
    structures = [
        [
            tuple(moment(rng.exponential(scale_ps / ratio)) for ratio in (3.0, 1.0))
            for _ in range(n_pairs)
        ]
        for scale_ps in rng.lognormal(5.0, 1.0, size=600)
    ]
    ratio = first_of_pairs(structures).ratio
    assert ratio.value == pytest.approx(3.0, rel=0.2)
    assert ratio.interval[0] < 3.0 < ratio.interval[1]


def moment(time_ps: float) -> Incubation:
    return Incubation(lower_ps=time_ps, upper_ps=time_ps * (1.0 + 1.0e-9) + 1.0e-12)


def test_without_pairs_there_is_no_ratio() -> None:
    assert first_of_pairs([]).ratio.value is None
