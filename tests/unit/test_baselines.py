"""Baselines find what is there: known rates come back, and what is past is not forecast again."""

import numpy as np
import pytest

from simulate.incubation import Incubation
from train.baselines import Asked, Survival, boosting, cox, kaplan_meier, law, nucleation

HOLD_PS = 1000.0


def poisson(n_rows: int, *, is_past_quench: bool = True) -> Asked:
    """Nucleation at exp(4) ps times e^(2 s) over the core atoms, watched for 1 ns."""
    rng = np.random.default_rng(0)
    log_core, surface = rng.uniform(4.0, 7.0, n_rows), rng.uniform(0.2, 1.0, n_rows)
    times_ps = rng.exponential(np.exp(9.0 + 2.0 * surface - log_core))
    seen = [
        Incubation(lower_ps=10.0 * (t // 10.0), upper_ps=10.0 * (t // 10.0) + 10.0)
        if t < HOLD_PS
        else Incubation(lower_ps=HOLD_PS)
        for t in times_ps
    ]
    features = np.column_stack([log_core, surface, rng.normal(size=n_rows)])
    return Asked(features, seen, [str(n) for n in range(n_rows)], HOLD_PS, is_past_quench)


def asked_at(found: Survival, rows: list[int], time_ps: float) -> np.ndarray:
    return found(np.zeros(len(rows), int), np.array(rows), np.full(len(rows), time_ps))


def test_the_rate_of_nucleation_comes_back() -> None:
    asked = poisson(600)
    found = nucleation(asked, np.ones((1, 600), dtype=bool))
    forecasts = asked_at(found, [0, 1, 2, 3], 100.0)
    log_core, surface = asked.features[:4, 0], asked.features[:4, 1]
    truth = np.exp(-100.0 * np.exp(log_core - 9.0 - 2.0 * surface))
    assert forecasts == pytest.approx(truth, abs=0.05)


@pytest.mark.parametrize("make", [law, boosting, cox, nucleation])
def test_more_core_orders_sooner_and_survival_falls(make: object) -> None:
    asked = poisson(200)
    found = make(asked, np.ones((1, 200), dtype=bool))  # type: ignore[operator]
    by_core = np.argsort(asked.features[:, 0])
    small, large = by_core[:40].tolist(), by_core[-40:].tolist()
    early, late = (asked_at(found, small, time_ps) for time_ps in (50.0, 500.0))
    assert (late <= early).all()
    assert asked_at(found, large, 200.0).mean() < asked_at(found, small, 200.0).mean() - 0.2


@pytest.mark.parametrize("make", [kaplan_meier, law, nucleation])
def test_who_is_past_the_quench_has_not_ordered_in_it(make: object) -> None:
    asked = poisson(80)
    found = make(asked, np.ones((1, 80), dtype=bool))  # type: ignore[operator]
    assert asked_at(found, list(range(80)), 0.0) == pytest.approx(np.ones(80))


def test_rows_left_out_teach_nothing() -> None:
    asked = poisson(80)
    half = np.arange(80) < 40
    spoilt = [
        each if inside else Incubation(lower_ps=0.0, upper_ps=10.0)
        for each, inside in zip(asked.incubations, half, strict=True)
    ]
    other = Asked(asked.features, spoilt, asked.keys, HOLD_PS, is_past_quench=True)
    for make in (kaplan_meier, law, boosting, cox, nucleation):
        both = [asked_at(make(each, half[None]), [0, 79], 100.0) for each in (asked, other)]
        assert both[0] == pytest.approx(both[1], abs=1.0e-9)
