"""Silence is told from slowness."""

import pytest
from synthetic import SHORT_PROTOCOL, lithium

from simulate.design import EmbryoDesign
from simulate.plan import Plan
from simulate.potentials.registry import potential_named, potentials
from simulate.protocol import protocol_named
from simulate.watchdog import LEAST_SILENCE_S, LOOK_EVERY_S, PATIENCE, Watch, silence_limit_s


def test_who_gets_on_is_never_given_up() -> None:
    watch = Watch(limit_s=10.0)
    assert not any(watch.is_hung(str(number).encode(), 4.0) for number in range(100))


def test_long_silence_is_a_hang() -> None:
    watch = Watch(limit_s=10.0)
    looks = [watch.is_hung(b"7", LOOK_EVERY_S) for _ in range(8)]
    assert looks == [False] * 6 + [True] * 2  # the first look is where it starts to count


def test_a_worker_that_never_said_a_word_is_given_up_too() -> None:
    watch = Watch(limit_s=1.0)
    assert watch.is_hung(None, LOOK_EVERY_S)


def test_a_suspended_driver_blames_nobody() -> None:
    """The whole machine slept for a night; the worker goes on with it."""
    watch = Watch(limit_s=300.0)
    assert not watch.is_hung(b"7", LOOK_EVERY_S)
    assert not watch.is_hung(b"7", 8.0 * 3600.0)
    assert watch.silent_s <= 2.0 * LOOK_EVERY_S


def test_patience_grows_with_the_price_of_a_frame() -> None:
    small = Plan(lithium(n_atoms=120), SHORT_PROTOCOL, 1)
    assert silence_limit_s(small) == LEAST_SILENCE_S
    reference = protocol_named("reference")
    large = Plan(lithium(n_atoms=50_000), reference, 1)
    frame_s = 1.0e-6 * 50_000 * large.stages[0].steps_per_frame
    assert silence_limit_s(large) >= PATIENCE * frame_s > LEAST_SILENCE_S
    assert silence_limit_s(large, 7.0) == 7.0


@pytest.mark.parametrize("name", [each.name for each in potentials().values() if each.cost_us])
def test_a_dear_potential_is_given_the_time_that_its_frames_take(name: str) -> None:
    """A frame of ReaxFF takes minutes; its worker does not hang."""
    potential = potential_named(name)
    design = EmbryoDesign(
        element=potential.element,
        potential=name,
        n_atoms=700,
        packing_density_g_cm3=0.1 * potential.bulk_density_g_cm3,
        mass_exchange="open",
        energy_exchange="open",
    )
    plan = Plan(design, protocol_named("paper"), 1)
    steps = max(stage.steps_per_frame for stage in plan.stages)
    assert silence_limit_s(plan) > 10.0 * 1.0e-6 * potential.cost_us * steps * 700
