"""Bars of crystal and melt: which of them say where the crystal melts, and what."""

from dataclasses import replace

import pytest

from benchmarks.coexistence import Bar, Contact, Moment, melting_from_speeds, verdict
from benchmarks.melting import paced
from simulate.potentials.phases import diffusivity, liquid_until
from simulate.potentials.registry import DEFAULT_POTENTIAL, potentials

SOUND = Contact(crystal_in_melt=0.05, crystal_in_rest=0.85, way_of_neighbour=1.2, volume_ratio=1.02)
LENGTH_A = 80.0


def bar(
    shares: list[float],
    contact: Contact = SOUND,
    start_K: float = 640.0,
    temperature_K: float = 650.0,
    *,
    is_held: bool = False,
) -> Bar:
    """Crystalline shares every 10 ps, the same of atoms and of slices."""
    moments = tuple(
        Moment(10.0 * (n + 1), temperature_K, (0.0, 0.0, 0.0), -1.5, LENGTH_A, share, share)
        for n, share in enumerate(shares)
    )
    return Bar(start_K, 1, is_held, 2156, contact, moments)


@pytest.mark.parametrize(
    ("contact", "is_sound"),
    [
        (SOUND, True),
        (replace(SOUND, crystal_in_melt=0.59), False),  # it froze again before contact
        (replace(SOUND, way_of_neighbour=0.1), False),  # disordered labels that do not flow
        (replace(SOUND, crystal_in_rest=0.3), False),  # the crystal melted too
    ],
)
def test_only_melt_beside_crystal_tells_anything(contact: Contact, *, is_sound: bool) -> None:
    alone = bar([0.5] * 8, contact)
    held = bar([0.4, 0.5, 0.6], contact, is_held=True)
    assert contact.is_sound is is_sound
    assert (alone.told_K is not None) is is_sound
    assert (held.speed_m_s is not None) is is_sound
    assert ("says nothing" in alone.told) is not is_sound


def test_a_bar_left_with_one_phase_has_no_melting_point() -> None:
    assert bar([0.5, 0.6, 0.8, 0.95, 1.0, 1.0], temperature_K=700.0).told_K is None
    assert bar([0.5, 0.4, 0.2, 0.0, 0.0, 0.0], temperature_K=600.0).told_K is None


def test_a_bar_looks_for_its_temperature_before_it_is_read() -> None:
    found = bar([0.5] * 6)
    early = tuple(replace(m, temperature_K=500.0) for m in found.moments[:3])
    assert replace(found, moments=early + found.moments[3:]).told_K == pytest.approx(650.0)


def test_a_bar_heated_by_its_time_step_tells_nothing() -> None:
    found = bar([0.5] * 13)
    heated = tuple(
        replace(m, enthalpy_eV=-1.5 + 1.0e-4 * m.time_ps) for m in found.moments
    )  # as lithium at 2 fs: 0.1 meV an atom and ps
    assert found.told_K == pytest.approx(650.0)
    assert replace(found, moments=heated).heated_meV == pytest.approx(13.0)
    assert replace(found, moments=heated).told_K is None


def test_a_slow_metal_is_read_later_and_may_heat_less() -> None:
    found = bar([0.5] * 8, start_K=290.0)
    assert replace(found, pace=5.0).told_K is None  # 80 ps are not yet its 150
    heated = tuple(replace(m, enthalpy_eV=-1.5 + 3.75e-5 * m.time_ps) for m in found.moments)
    assert replace(found, moments=heated).told_K is None  # 3 meV: a sixth of potassium's heat
    assert replace(found, moments=heated, start_K=650.0).told_K is not None


def test_no_potential_is_watched_shorter_than_lithium() -> None:
    paces = {name: paced(each) for name, each in potentials().items()}
    assert min(paces.values()) == paces[DEFAULT_POTENTIAL] == 1.0
    assert paces["nichol-ackland-2016-k"] > paces["nichol-ackland-2016-na"] > 2.0


def test_speed_is_of_one_face_and_stops_with_the_second_phase() -> None:
    growing = bar([0.4, 0.5, 0.6, 0.7, 1.0, 1.0], is_held=True)
    assert growing.two_phased_ps == 40.0
    assert growing.speed_m_s == pytest.approx(100.0 * 0.1 * LENGTH_A / 10.0 / 2.0)


def test_melting_point_lies_where_the_speed_changes_sign() -> None:
    assert melting_from_speeds([640.0, 660.0], [10.0, -30.0]) == pytest.approx(645.0)
    assert melting_from_speeds([640.0, 660.0], [30.0, 10.0]) is None
    assert melting_from_speeds([640.0, 660.0], [-10.0, 30.0]) is None  # growth above, melting below
    held = [
        bar([0.4, 0.5, 0.6], start_K=640.0, is_held=True),
        bar([0.6, 0.5, 0.4], start_K=660.0, is_held=True),
    ]
    assert "650.0 K (2 bars)" in verdict(held)
    assert "no change of sign" in verdict(held[:1])


def test_the_verdict_counts_only_bars_that_tell() -> None:
    bars = [
        bar([0.5] * 6, temperature_K=648.0),
        bar([0.5] * 6, temperature_K=652.0),
        bar([0.9] * 6, temperature_K=700.0),
    ]
    assert verdict(bars) == "melts at 650.0 +- 2.0 K (2 of 3 bars)"
    assert "no bar kept two phases and its heat" in verdict(bars[2:])


def test_diffusivity_is_of_the_melt_before_it_freezes() -> None:
    assert liquid_until([2.0, 4.0, 6.0, 8.0], [0.1, 0.2, 0.9, 0.1]) == 4.0
    assert liquid_until([2.0], [0.9]) == 0.0
    assert diffusivity([2.0, 4.0, 6.0], [7.0, 13.0, 19.0]) == pytest.approx(0.5)
    assert diffusivity([2.0, 4.0], [7.0, 13.0]) is None
