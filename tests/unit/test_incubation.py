from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulate.incubation import Incubation, incubation, is_ordering, onset
from simulate.protocol import Labelling

LABELLING = Labelling(onset_cluster_atoms=20, persistence_ps=50.0)


@dataclass(frozen=True)
class Seen:
    time_ps: float
    largest_cluster: int
    core_fraction: float | None = 0.8


TIMES = [10.0 * k - 100.0 for k in range(41)]  # -100 to 300 ps


def series(ordered: dict[int, int], core_fraction: float | None = 0.8) -> list[Seen]:
    """Frames with a cluster of the given size at some of them, and a core so far ordered."""
    return [Seen(time_ps, ordered.get(k, 0), core_fraction) for k, time_ps in enumerate(TIMES)]


def test_order_that_lasts_is_an_interval_between_two_frames() -> None:
    clusters = series(dict.fromkeys(range(20, 41), 40))
    assert incubation(clusters, LABELLING) == Incubation(lower_ps=90.0, upper_ps=100.0)


def test_order_that_does_not_last_is_no_onset() -> None:
    flicker = series(dict.fromkeys(range(15, 20), 40))  # seen at five frames, 40 ps
    assert onset(flicker, LABELLING) is None
    assert incubation(flicker, LABELLING) == Incubation(lower_ps=250.0)


def test_order_seen_once_more_is_an_onset() -> None:
    lasting = series(dict.fromkeys(range(15, 21), 40))  # 50 ps
    assert onset(lasting, LABELLING).time_ps == 50.0


def test_a_dip_below_the_threshold_starts_the_clock_anew() -> None:
    broken = series({k: 40 for k in range(15, 41) if k != 18})
    assert onset(broken, LABELLING).time_ps == 90.0


def test_a_run_without_onset_is_censored_at_horizon_less_persistence() -> None:
    late = series(dict.fromkeys(range(38, 41), 40))  # began 20 ps before the end
    assert incubation(late, LABELLING) == Incubation(lower_ps=250.0)


@pytest.mark.parametrize("core", [0.2, None])
def test_a_cluster_that_lingers_without_filling_the_core_is_no_onset(core: float | None) -> None:
    lingering = series(dict.fromkeys(range(15, 25), 40), core)  # 50 to 140 ps, then gone
    assert onset(lingering, LABELLING) is None
    assert incubation(lingering, LABELLING) == Incubation(lower_ps=250.0)


def test_a_cluster_that_still_lingers_at_the_end_is_censored_like_any_other() -> None:
    unconfirmed = series(dict.fromkeys(range(20, 41), 40), 0.2)  # since 100 ps
    assert incubation(unconfirmed, LABELLING) == Incubation(lower_ps=250.0)
    assert is_ordering(unconfirmed, LABELLING)


def test_one_frame_without_a_cluster_does_not_undo_what_lingers() -> None:
    frames = series(dict.fromkeys([*range(20, 40)], 40), 0.2)  # gone in the very last frame
    assert is_ordering(frames, LABELLING)


def test_order_at_the_first_frame_of_all_is_an_interval_from_zero() -> None:
    held = [Seen(10.0 * (k + 1), 40) for k in range(20)]  # a replica has no frame before its hold
    assert incubation(held, LABELLING) == Incubation(lower_ps=0.0, upper_ps=10.0)


def test_lingering_before_the_core_fills_is_waiting_still() -> None:
    slow = series(dict.fromkeys(range(20, 31), 40), 0.2)[:31]
    grown = [*slow, *(Seen(TIMES[k], 90, 0.7) for k in range(31, 41))]
    assert onset(grown[:33], LABELLING) is None  # two frames of six
    # Three of six frames, 180 to 230 ps, fill 0.45 on the mean: order began with the first of them.
    assert incubation(grown, LABELLING) == Incubation(lower_ps=170.0, upper_ps=180.0)


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.floats(0.0, 1.0)), min_size=len(TIMES), max_size=len(TIMES)
    ),
    st.integers(15, len(TIMES)),
)
def test_watching_longer_never_brings_order_before_the_time_censored_at(
    frames: list[tuple[int, float]], n_seen: int
) -> None:
    whole = [Seen(time_ps, *each) for time_ps, each in zip(TIMES, frames, strict=True)]
    early, late = (incubation(whole[:n], LABELLING) for n in (n_seen, len(TIMES)))
    if early.is_observed:
        assert late == early
    else:
        assert late.upper_ps is None or late.upper_ps > early.lower_ps


@pytest.mark.parametrize("first", [0, 5, 10])
def test_order_that_came_in_the_quench_is_left_censored_at_zero(first: int) -> None:
    clusters = series(dict.fromkeys(range(first, 41), 40))
    assert incubation(clusters, LABELLING).ordered_in_quench


def test_order_at_the_first_frame_of_the_hold_waited_no_longer_than_that_frame() -> None:
    clusters = series(dict.fromkeys(range(11, 41), 40))
    assert incubation(clusters, LABELLING) == Incubation(lower_ps=0.0, upper_ps=10.0)


@pytest.mark.parametrize("bounds", [(5.0, 5.0), (6.0, 5.0), (-1.0, 5.0)])
def test_bounds_out_of_order_are_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(ValidationError, match="0 <= lower_ps < upper_ps"):
        Incubation(lower_ps=bounds[0], upper_ps=bounds[1])


@given(st.lists(st.integers(0, 60), min_size=41, max_size=41), st.integers(1, 59))
def test_a_stricter_cluster_size_never_brings_the_onset_forward(
    clusters: list[int], threshold: int
) -> None:
    frames = series(dict(enumerate(clusters)))
    lenient = Labelling(onset_cluster_atoms=max(4, threshold), persistence_ps=50.0)
    strict = Labelling(onset_cluster_atoms=max(4, threshold) + 1, persistence_ps=50.0)
    early, late = onset(frames, lenient), onset(frames, strict)
    assert late is None or (early is not None and early.time_ps <= late.time_ps)
