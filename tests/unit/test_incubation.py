import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulate.incubation import Incubation, incubation, onset
from simulate.protocol import Labelling

LABELLING = Labelling(onset_cluster_atoms=20, persistence_ps=50.0)
TIMES = [10.0 * k - 100.0 for k in range(41)]  # -100 to 300 ps


def sizes(ordered: dict[int, int]) -> list[int]:
    return [ordered.get(k, 0) for k in range(len(TIMES))]


def test_order_that_lasts_is_an_interval_between_two_frames() -> None:
    clusters = sizes(dict.fromkeys(range(20, 41), 40))
    assert incubation(TIMES, clusters, LABELLING) == Incubation(lower_ps=90.0, upper_ps=100.0)


def test_order_that_does_not_last_is_no_onset() -> None:
    flicker = sizes(dict.fromkeys(range(15, 20), 40))  # seen at five frames, 40 ps
    assert onset(TIMES, flicker, LABELLING) is None
    assert incubation(TIMES, flicker, LABELLING) == Incubation(lower_ps=250.0)


def test_order_seen_once_more_is_an_onset() -> None:
    lasting = sizes(dict.fromkeys(range(15, 21), 40))  # 50 ps
    assert onset(TIMES, lasting, LABELLING).time_ps == 50.0


def test_a_dip_below_the_threshold_starts_the_clock_anew() -> None:
    broken = sizes({k: 40 for k in range(15, 41) if k != 18})
    assert onset(TIMES, broken, LABELLING).time_ps == 90.0


def test_a_run_without_onset_is_censored_at_horizon_less_persistence() -> None:
    late = sizes(dict.fromkeys(range(38, 41), 40))  # began 20 ps before the end
    assert incubation(TIMES, late, LABELLING) == Incubation(lower_ps=250.0)


@pytest.mark.parametrize("first", [0, 5, 10])
def test_order_that_came_in_the_quench_is_left_censored_at_zero(first: int) -> None:
    clusters = sizes(dict.fromkeys(range(first, 41), 40))
    assert incubation(TIMES, clusters, LABELLING).ordered_in_quench


def test_order_at_the_first_frame_of_the_hold_waited_no_longer_than_that_frame() -> None:
    clusters = sizes(dict.fromkeys(range(11, 41), 40))
    assert incubation(TIMES, clusters, LABELLING) == Incubation(lower_ps=0.0, upper_ps=10.0)


@pytest.mark.parametrize("bounds", [(5.0, 5.0), (6.0, 5.0), (-1.0, 5.0)])
def test_bounds_out_of_order_are_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(ValidationError, match="0 <= lower_ps < upper_ps"):
        Incubation(lower_ps=bounds[0], upper_ps=bounds[1])


@given(st.lists(st.integers(0, 60), min_size=41, max_size=41), st.integers(1, 59))
def test_a_stricter_cluster_size_never_brings_the_onset_forward(
    clusters: list[int], threshold: int
) -> None:
    lenient = Labelling(onset_cluster_atoms=max(4, threshold), persistence_ps=50.0)
    strict = Labelling(onset_cluster_atoms=max(4, threshold) + 1, persistence_ps=50.0)
    early, late = onset(TIMES, clusters, lenient), onset(TIMES, clusters, strict)
    assert late is None or (early is not None and early.time_ps <= late.time_ps)
