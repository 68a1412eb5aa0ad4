"""How sure a glassy share is: smooth, and the same as the intervals that are shown."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from surrogate.deposition.confidence import interval, p_at_least, share_at
from surrogate.ensemble import epistemic_interval

MEMBERS = arrays(np.float64, st.integers(2, 20), elements=st.floats(0.01, 0.99))


@given(MEMBERS)
def test_the_interval_is_that_of_every_other_answer(members) -> None:
    low, high = epistemic_interval(torch.from_numpy(members))
    assert interval(members, 0.9) == pytest.approx((float(low), float(high)), abs=1e-9)


@given(MEMBERS, st.floats(0.5, 0.99))
def test_a_share_is_reached_with_the_probability_it_was_asked_at(members, confidence) -> None:
    share = share_at(members, confidence)
    if np.ptp(members) > 1e-3 and 1e-6 < share < 1.0 - 1e-6:
        assert p_at_least(members, share) == pytest.approx(confidence, abs=1e-6)


@given(MEMBERS, st.floats(0.5, 0.9))
def test_more_confidence_promises_less(members, confidence) -> None:
    assert share_at(members, confidence + 0.05) <= share_at(members, confidence)


def test_members_that_agree_leave_no_doubt() -> None:
    agreed = np.full(5, 0.7)
    assert share_at(agreed, 0.99) == pytest.approx(0.7)
    assert p_at_least(agreed, 0.69) == 1.0
    assert p_at_least(agreed, 0.71) == 0.0


def test_any_share_is_at_least_none_and_hardly_ever_all() -> None:
    members = np.array([0.3, 0.5, 0.6])
    assert p_at_least(members, 0.0) == 1.0
    assert p_at_least(members, 1.0) < 0.01


def test_probabilities_do_not_move_in_steps_of_a_member() -> None:
    """Counting would give five values; samplers need a slope everywhere."""
    members = np.array([0.45, 0.5, 0.52, 0.6])
    found = [p_at_least(members, least) for least in np.linspace(0.3, 0.7, 40)]
    assert len(set(found)) == 40
    assert found == sorted(found, reverse=True)


def test_draws_of_a_map_add_their_variance_to_that_of_the_members() -> None:
    """Log-odds about 0: within draws of variance 0.02 (4 members), between them 0.5."""
    offsets = np.array([-0.15, -0.05, 0.05, 0.15])
    log_odds = np.array([[-0.5], [0.5]]) + offsets
    shares = 1.0 / (1.0 + np.exp(-log_odds))
    within = offsets.var(ddof=1) * 1.25
    spread = np.sqrt(within + 0.5)
    quantile = 1.6377444  # Student's t, 3 degrees of freedom, 90 %
    assert share_at(shares, 0.9) == pytest.approx(1.0 / (1.0 + np.exp(quantile * spread)))
    assert share_at(shares[:1] * 0.0 + 0.5, 0.9) == pytest.approx(0.5)


def test_draws_of_a_members_own_add_what_is_left_within_it() -> None:
    """Log-odds of three members, two draws each: variance 0.02 within a member, 0.25 of means."""
    log_odds = np.array([[-0.6, -0.1, 0.4], [-0.4, 0.1, 0.6]])
    spread = np.sqrt(0.25 * (1.0 + 1.0 / 3.0) + 0.5 * 0.02)
    found = share_at(1.0 / (1.0 + np.exp(-log_odds)), 0.9, own_draws=True)
    quantile = 1.8856181  # Student's t, 2 degrees of freedom, 90 %
    assert found == pytest.approx(1.0 / (1.0 + np.exp(quantile * spread)))


@pytest.mark.parametrize("n_draws", [1, 2, 8])
def test_the_spread_of_own_draws_does_not_hang_on_their_number(n_draws: int) -> None:
    """Members differ by 0.5, draws of one by 0.8: together by the root of 0.25 + 0.64."""
    rng = np.random.default_rng(1)
    log_odds = rng.normal(0.0, 0.5, (1, 4000)) + rng.normal(0.0, 0.8, (n_draws, 4000))
    found = share_at(1.0 / (1.0 + np.exp(-log_odds)), 0.9, own_draws=True)
    assert np.log(found / (1.0 - found)) == pytest.approx(-1.2817 * np.sqrt(0.89), abs=0.05)


@pytest.mark.parametrize("own_draws", [False, True])
def test_one_draw_is_the_map_itself(*, own_draws: bool) -> None:
    members = np.array([0.3, 0.5, 0.6])
    assert share_at(members[None], 0.9, own_draws=own_draws) == share_at(members, 0.9)
