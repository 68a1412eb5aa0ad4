"""What was seen, as likelihoods worked by hand."""

import math

import numpy as np
import pytest
from pydantic import TypeAdapter

from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.likelihoods import (
    AnyObservation,
    AreaShare,
    Observation,
    RibbonCount,
    Rising,
    Statement,
)
from surrogate.deposition.observations import OBSERVATIONS

PLATED = (DepositionConditions(current_density_mA_cm2=0.5, deposition_time_min=5.0),)
COMMON = {"name": "x", "series": "time", "seen": "", "citation": "", "conditions": PLATED}
ONE_REGION = np.ones(1)

every_observation = pytest.mark.parametrize("observation", OBSERVATIONS, ids=lambda o: o.name)


def area(**values: object) -> AreaShare:
    return AreaShare.model_validate(COMMON | values)


def test_an_area_share_is_normal_about_the_truth() -> None:
    """Read 0.3 +- 0.1 where the truth is 0.4: one standard deviation off."""
    seen = area(crystalline_share=0.3, tolerance=0.1)
    found = seen.log_likelihood(np.array([[0.6]]), ONE_REGION)
    assert found == pytest.approx(-0.5 - math.log(0.1 * math.sqrt(2 * math.pi)))
    assert seen.readings == pytest.approx((0.2, 0.4))


def test_a_statement_is_an_interval_of_a_reading() -> None:
    """At the end itself it is a coin; two tolerances inside, nearly sure (Phi(2) = 0.9772)."""
    seen = Statement.model_validate(COMMON | {"at_most": 0.1, "tolerance": 0.05})
    probability = np.exp(seen.log_likelihood(1.0 - np.array([[0.1], [0.0], [0.2]]), np.ones(3)))
    assert probability == pytest.approx([0.5, 0.9772, 0.0228], abs=1e-4)
    both = Statement.model_validate(COMMON | {"at_least": 0.05, "at_most": 0.5, "tolerance": 0.05})
    assert np.exp(both.log_likelihood(np.array([[0.725]]), ONE_REGION)) == pytest.approx(
        1.0, abs=1e-5
    )


def test_an_order_is_a_coin_where_nothing_rises() -> None:
    """Two pairs: a quarter where all are equal; Phi(2)² if each rises by 2 sqrt(2) tolerances."""
    seen = Rising.model_validate(COMMON | {"conditions": PLATED * 3, "tolerance": 0.05})
    level = np.full((1, 3), 0.5)
    assert np.exp(seen.log_likelihood(level, ONE_REGION)) == pytest.approx(0.25)
    risen = level - 2 * math.sqrt(2) * 0.05 * np.arange(3)
    assert np.exp(seen.log_likelihood(risen, ONE_REGION)) == pytest.approx(0.97725**2, abs=1e-4)


def test_one_crystalline_region_makes_a_ribbon_crystalline() -> None:
    """A glassy share of 0.7 in two regions leaves 49 % of ribbons glassy."""
    seen = RibbonCount.model_validate(COMMON | {"n_glassy": 1, "n_ribbons": 2})
    found = np.exp(seen.log_likelihood(np.array([[0.7]]), np.array([2.0])))
    assert found == pytest.approx(2 * 0.49 * 0.51)
    assert seen.crystalline(np.array([[0.7]]), np.array([2.0])) == pytest.approx(0.51)
    low, high = seen.readings
    assert low < 0.5 < high


def test_nothing_is_more_probable_than_the_most_probable() -> None:
    for observation in OBSERVATIONS:
        shares = np.tile(np.linspace(0.0, 1.0, 400)[:, None], len(observation.conditions))
        steep = np.maximum(shares - 0.4 * np.arange(len(observation.conditions)), 0.0)
        found = observation.log_likelihood(steep, np.ones(400)).max()
        assert found == pytest.approx(observation.most_probable, abs=0.03)


def test_impossible_shares_have_a_finite_likelihood() -> None:
    for observation in OBSERVATIONS:
        for glassy in (0.0, 1.0):
            shares = np.full((2, len(observation.conditions)), glassy)
            assert np.isfinite(observation.log_likelihood(shares, np.array([1.0, 10.0]))).all()


@every_observation
def test_replicated_data_are_no_likelier_than_their_own_law_makes_them(
    observation: Observation,
) -> None:
    """The mean probability of what a law draws is the sum (integral) of its square, at most 1."""
    rng = np.random.default_rng(1)
    shares = np.tile(np.linspace(0.7, 0.5, len(observation.conditions)), (4000, 1))
    found = observation.replicated(shares, np.full(4000, 2.0), rng)
    assert np.isfinite(found).all()
    if isinstance(observation, AreaShare):
        assert np.exp(found).mean() == pytest.approx(
            1.0 / (2.0 * observation.tolerance * math.sqrt(math.pi)), rel=0.03
        )
    elif isinstance(observation, RibbonCount):
        assert -6.0 < found.mean() < -2.0
    else:
        p = math.exp(observation.log_likelihood(shares[:1], np.ones(1))[0])
        assert np.exp(found).mean() == pytest.approx(p**2 + (1 - p) ** 2, abs=0.02)


@every_observation
def test_what_was_seen_is_told_with_its_place_and_survives_json(observation: Observation) -> None:
    assert observation.citation.startswith("Fig. ")
    assert observation.seen
    again = TypeAdapter(AnyObservation).validate_json(observation.model_dump_json())
    assert again == observation
    for asked in observation.conditions:
        assert asked.temperature_K == 300.0
        assert asked.area_factor == 1.0


def test_the_paper_is_encoded_as_it_reads() -> None:
    """1 mAh/cm2 takes 600, 120 and 24 min; 0.0417 mAh/cm2 is 25, 2.5 and 1 min."""
    of = {observation.name: observation for observation in OBSERVATIONS}
    times = [of[f"1 mAh/cm2 at {j}"].conditions[0].deposition_time_min for j in (0.1, 0.5, 2.5)]
    assert times == pytest.approx([600.0, 120.0, 24.0])
    for name in ("0.1 for 25 min", "1.0 for 2.5 min", "2.5 for 1 min"):
        assert of[name].conditions[0].capacity_mAh_cm2 == pytest.approx(1 / 24)
    shares = {
        name: of[f"ribbons, {name}"].model_dump()["n_glassy"] / 95
        for name in ("baseline", "advanced")
    }
    assert round(100 * shares["baseline"], 1) == 48.4
    assert round(100 * shares["advanced"], 1) == 76.8
    assert round(100 * 49 / 95, 1) == 51.6
