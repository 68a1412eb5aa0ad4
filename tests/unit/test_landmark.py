"""At a landmark only those are asked who wait still, and their time counts from there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import ALWAYS, NEVER, lithium, synthetic_designs, synthetic_record

from simulate.incubation import Incubation
from simulate.landmarks import LANDMARKS
from train.landmark import at_risk, residual
from train.panel import Panel, Table
from train.resampling import Resamples
from train.scores import scores_of

TIMES = st.floats(0.0, 1000.0)


@given(TIMES, TIMES, TIMES)
def test_a_residual_time_ends_when_the_whole_did(start: float, length: float, since: float) -> None:
    whole = Incubation(lower_ps=start, upper_ps=start + length + 1.0)
    left = residual(whole, since)
    if since >= whole.upper_ps:
        assert left is None
    elif left is not None:
        assert left.upper_ps + since == pytest.approx(whole.upper_ps)
        assert left.lower_ps == pytest.approx(max(0.0, whole.lower_ps - since))


def test_what_is_censored_stays_so_and_what_ordered_before_is_asked_no_more() -> None:
    assert residual(Incubation(lower_ps=900.0), 100.0) == Incubation(lower_ps=800.0)
    assert residual(Incubation(lower_ps=100.0), 100.0) is None
    in_quench = Incubation(lower_ps=0.0, upper_ps=0.0, ordered_in_quench=True)
    assert residual(in_quench, 0.0) is None


def test_order_in_the_quench_is_an_answer_before_its_end_and_none_after() -> None:
    records = [synthetic_record(lithium(), seed, ALWAYS) for seed in (1, 2)]
    for landmark in LANDMARKS:
        asked = at_risk(records, landmark)
        assert len(asked) == (2 if landmark == "packing" else 0)


def test_fewer_wait_at_every_landmark_and_all_that_never_order_do() -> None:
    records = [synthetic_record(each, seed) for each in synthetic_designs(12) for seed in (1, 2)]
    n_asked = [len(at_risk(records, name)) for name in ("packing", "end of quench", "50 ps")]
    assert n_asked == sorted(n_asked, reverse=True)
    assert n_asked[-1] > 0
    waiting = [synthetic_record(each, 1, NEVER) for each in synthetic_designs(12)]
    (last,) = {each.incubation.lower_ps for each in at_risk(waiting, "100 ps")}
    assert last == pytest.approx(80.0, abs=10.0)
    assert len(at_risk(waiting, "100 ps")) == 12


def test_an_unknown_landmark_is_refused() -> None:
    with pytest.raises(ValueError, match="must be one of packing"):
        at_risk([synthetic_record(lithium(), 1)], "tea time")


@pytest.mark.parametrize("landmark", ["packing", "50 ps"])
def test_the_window_of_a_panel_is_the_same_whatever_came_of_it(landmark: str) -> None:
    """Where all order soon, all are seen to have ordered, and up to the same time as elsewhere."""
    never, soon = [
        [
            record.model_copy(update={"incubation": seen})
            for record in (synthetic_record(each, 1, NEVER) for each in synthetic_designs(6))
        ]
        for seen in (Incubation(lower_ps=180.0), Incubation(lower_ps=60.0, upper_ps=70.0))
    ]
    whole, ended = (Panel(landmark, at_risk(each, landmark), []) for each in (never, soon))
    assert ended.horizon_ps == pytest.approx(whole.horizon_ps, abs=1.0)
    table = Table.of(lambda times_ps: 0.5 + 0.0 * times_ps, ended)
    draws = Resamples.of(ended.keys, seed=0)
    found = scores_of(table.answers, table.answers, ended.incubations, ended.keys, draws)
    assert found.observed == 1.0
    assert found.horizon_ps == ended.horizon_ps
