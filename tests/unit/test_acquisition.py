"""What active learning asks next, and what a committee knows of a known truth."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Truth, lithium, synthetic_record

from simulate.incubation import Incubation
from simulate.sampling import DesignSpace
from train.active.acquisition import (
    ACQUISITIONS,
    Beliefs,
    boundary_gain,
    chosen,
    disagreement,
    straddle,
)
from train.active.boundary import Boundary, boundary, crossing, places_of
from train.active.committee import Answers, Committee, bootstrap_weights, scaling_of

TRUTH = Truth(quench_logit=-50.0, cure=0.0, median_ps=150.0, size_exponent=4.0)
SPACE = DesignSpace(
    n_designs=64,
    n_atoms=(150, 600),
    packing_density_g_cm3=(0.0534, 0.2),
    share_at_300_K=1.0,
    mass_exchange=["open", "confined"],
    energy_exchange=["open"],
)
RNG = np.random.default_rng(0)


def committee_of(n: int, n_members: int = 8, seed: int = 0) -> Committee:
    designs = SPACE.model_copy(update={"n_designs": n, "seed": 3}).draw()
    asked = [lithium(**{k: d[k] for k in KEYS}) for d in designs]
    seen = [synthetic_record(d, 1, TRUTH).incubation or Incubation(lower_ps=0.0) for d in asked]
    return Committee.of(Answers(asked, seen), scaling_of(asked), 200.0, n_members, seed)


KEYS = ("n_atoms", "packing_density_g_cm3", "mass_exchange", "energy_exchange")


# Acquisitions


def beliefs(mean: Sequence[float], spread: Sequence[float], n_members: int = 40) -> Beliefs:
    """Candidates that are independent of each other; the boundary hangs on the first."""
    drawn = np.random.default_rng(1).standard_normal((n_members, len(mean)))
    drawn = np.linalg.qr(drawn - drawn.mean(axis=0))[0] * math.sqrt(n_members - 1)
    log_odds = np.asarray(mean) + np.asarray(spread) * drawn
    return Beliefs(log_odds, drawn[:, :1] * 0.3)


def test_a_straddle_is_high_where_odds_are_even_and_unsure() -> None:
    scores = straddle(beliefs([0.0, 0.0, 4.0], [1.0, 0.2, 1.0]))
    assert scores[0] > scores[1]
    assert scores[0] > scores[2]


def test_members_that_agree_have_nothing_to_learn_from_chance() -> None:
    scores = disagreement(beliefs([0.0, 0.0, 6.0], [0.0, 2.0, 2.0]))
    assert scores[0] == pytest.approx(0.0, abs=1e-12)
    assert scores[1] > scores[2] > 0.0
    assert scores[1] < math.log(2.0)


def test_the_boundary_is_learnt_where_it_is_decided() -> None:
    scores = boundary_gain(beliefs([0.0, 0.0, 5.0], [1.0, 1.0, 1.0]))
    assert scores[0] > 100 * scores[1]
    certain = beliefs([0.0], [1.0])
    surely_ordered = Beliefs(certain.log_odds + 5.0, certain.boundary)
    assert boundary_gain(certain)[0] > 5 * boundary_gain(surely_ordered)[0]


@given(mean=st.floats(-3.0, 3.0), spread=st.floats(0.1, 3.0))
def test_a_look_shrinks_the_spread_as_bayes_rule_says(mean: float, spread: float) -> None:
    """Posterior variance v n / (v + n) for a normal belief of variance v and noise n."""
    before = beliefs([mean, 0.0], [spread, 1.0])
    after = before.looked_at(0)
    noise = before.noise[0]
    assert after.log_odds[:, 0].var(ddof=1) == pytest.approx(
        spread**2 * noise / (spread**2 + noise), rel=1e-6
    )
    assert after.log_odds[:, 1].var(ddof=1) == pytest.approx(1.0)
    assert np.allclose(after.log_odds.mean(axis=0), before.log_odds.mean(axis=0))
    assert boundary_gain(after)[0] < boundary_gain(before)[0]


def test_a_batch_does_not_ask_twins() -> None:
    """Two candidates that are the same to the committee, and one that is another matter."""
    one = beliefs([0.0, 0.0], [1.0, 0.95])
    twins = Beliefs(one.log_odds[:, [0, 0, 1]], one.boundary)
    assert sorted(np.argsort(-straddle(twins))[:2]) == [0, 1]
    assert 2 in chosen("straddle", 3, 2, [], beliefs=twins, rng=RNG)


@pytest.mark.parametrize("acquisition", ACQUISITIONS)
def test_every_acquisition_asks_new_candidates_only(acquisition) -> None:
    unsure = beliefs(np.linspace(-3.0, 3.0, 20), np.ones(20))
    taken = [0, 5, 19]
    rng = np.random.default_rng(0)
    found = chosen(acquisition, 20, 6, taken, beliefs=unsure, rng=rng)
    assert len(set(found)) == 6
    assert not set(found) & set(taken)
    rest = chosen(acquisition, 20, 99, taken, beliefs=unsure, rng=rng)
    assert sorted([*rest, *taken]) == list(range(20))


def test_a_model_is_asked_for_by_name() -> None:
    with pytest.raises(ValueError, match="needs beliefs"):
        chosen("straddle", 5, 1, [], beliefs=None, rng=RNG)


def test_sobol_goes_on_with_the_sequence() -> None:
    assert chosen("sobol", 10, 3, [0, 1, 2], beliefs=None, rng=RNG) == [3, 4, 5]
    long = SPACE.model_copy(update={"n_designs": 100}).draw()
    assert long[:64] == SPACE.draw()


# Committee and boundary


def test_more_data_leave_less_doubt() -> None:
    places = places_of(SPACE, 8)
    few, many = (boundary(committee_of(n), places, SPACE.n_atoms, 180.0) for n in (8, 64))
    assert many.spread < 0.6 * few.spread


def test_the_boundary_comes_near_the_truth_and_its_interval_holds_it() -> None:
    """Half of the truth has ordered at 180 ps where 150 (N / 300)^-4 = 180: N = 287."""
    found = boundary(committee_of(96, 16), [lithium(150, 0.1)], SPACE.n_atoms, 180.0)
    truth = math.log(300.0 * (150.0 / 180.0) ** 0.25)
    assert found.log_size[0] == pytest.approx(truth, abs=0.15)
    low, high = np.quantile(found.members[:, 0], [0.05, 0.95])
    assert low - 0.02 < truth < high + 0.02
    assert found.is_inside.all()


def test_the_same_numbers_give_the_same_committee() -> None:
    one, same, other = (committee_of(12, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one.p_ordered([lithium()], 100.0), same.p_ordered([lithium()], 100.0))
    assert not np.allclose(one.p_ordered([lithium()], 100.0), other.p_ordered([lithium()], 100.0))


def test_a_boundary_outside_the_sizes_is_said_to_be_so() -> None:
    grid = np.array([0.0, 1.0, 2.0])
    assert crossing(np.array([-3.0, -2.0, -1.0]), grid) == 2.0
    assert crossing(np.array([1.0, 2.0, 3.0]), grid) == 0.0
    never = Truth(quench_logit=-50.0, cure=1.0)
    designs = [lithium(n) for n in (200, 300, 400, 500, 600)]
    seen = [synthetic_record(d, 1, never).incubation or Incubation(lower_ps=0) for d in designs]
    all_wait = Committee.of(Answers(designs, seen), scaling_of(designs), 200.0, 8, 0)
    found = boundary(all_wait, [lithium()], (150, 600), 180.0)
    assert not found.is_inside.any()
    assert found.spread is None


def test_the_spread_is_that_of_places_whose_boundary_is_inside() -> None:
    members = np.array([[5.0, 6.0], [5.2, 6.0], [5.4, 6.0]])
    assert Boundary(members[1], members, np.array([True, False])).spread == pytest.approx(0.2)


def test_bootstrap_weights_are_equal_within_a_design_and_one_on_average() -> None:
    weights = bootstrap_weights(["b", "a", "b", "c"], 2000, 0)
    assert np.array_equal(weights[:, 0], weights[:, 2])
    assert weights[:, [0, 1, 3]].mean(axis=1) == pytest.approx(np.ones(2000))
    assert weights.min() > 0.0
