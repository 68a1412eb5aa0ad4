"""Nanoseconds to minutes: growth against closed forms, and what each bridge says of itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from nucleation import WaitingModel
from numpy.typing import NDArray
from pydantic import TypeAdapter

from simulate.design import EmbryoDesign
from surrogate.deposition.bridge import AnyBridge, GrowthBridge, HorizonBridge, TimeBridge
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.embryos import EmbryoDistribution, EmbryoShare
from surrogate.deposition.forecast import Question
from surrogate.deposition.growth import TIMES_PS, still_disordered
from surrogate.deposition.paper_map import PaperMap

PS_PER_S = 1.0e12


@dataclass
class SizeModel(WaitingModel):
    """Order at a rate that is any function of the number of atoms; members alike."""

    hazard_per_ps: float = 1.0e-3
    power: float = 0.0

    def rates_per_ps(self, designs: Sequence[EmbryoDesign]) -> NDArray[np.float64]:
        each = [self.hazard_per_ps * (design.n_atoms / 100.0) ** self.power for design in designs]
        return np.tile(each, (self.n_members, 1))


def embryo(n_atoms: int, density: float = 0.2) -> EmbryoShare:
    design = EmbryoDesign(
        n_atoms=n_atoms, packing_density_g_cm3=density, mass_exchange="open", energy_exchange="open"
    )
    return EmbryoShare(design=design, weight=1.0, local_current_density_mA_cm2=1.0)


def asked(
    *embryos: EmbryoShare, time_min: float = 10.0
) -> list[tuple[DepositionConditions, EmbryoDistribution]]:
    shares = tuple(e.model_copy(update={"weight": 1.0 / len(embryos)}) for e in embryos)
    plated = DepositionConditions(current_density_mA_cm2=1.0, deposition_time_min=time_min)
    return [(plated, EmbryoDistribution(embryos=shares, clipped_share=0.0))]


def arrival_s(n_atoms: float, density_g_cm3: float = 0.2) -> float:
    """By hand: 62.415 atoms per nm2 and s on the footprint of the cell."""
    volume_nm3 = n_atoms / (density_g_cm3 * 6.02214076e23 / 6.94 / 1e21)
    return float(1.0 / (62.415 * volume_nm3 ** (2 / 3)))


def test_the_glass_index_at_a_horizon_is_the_models() -> None:
    model = WaitingModel()
    questions = asked(embryo(300), embryo(700))
    for horizon_ps in (50.0, None):
        (found,) = HorizonBridge(horizon_ps=horizon_ps).bridged(model, questions)
        designs = [e.design for e in questions[0][1].embryos]
        assert found.glassy == pytest.approx(
            model.glass_index_members(designs, horizon_ps or 1000.0)
        )
        assert found.damkohler is None


def test_a_constant_rate_forgets_how_the_embryo_grew() -> None:
    """E[exp(-k t)] with one k at every size: only the time of plating counts."""
    time_ps = 10 * 60 * PS_PER_S
    slowdown = 1.0e12
    for k_per_ps in (1e-4, 1e-3, 3e-3):
        model = SizeModel(hazard_per_ps=k_per_ps)
        (found,) = GrowthBridge(slowdown=slowdown).bridged(model, asked(embryo(150), embryo(900)))
        expected = np.exp(-k_per_ps * time_ps / slowdown)
        assert found.glassy == pytest.approx(np.full((3, 2), expected), abs=0.02)


def test_growth_adds_up_what_is_lost_at_every_size() -> None:
    """exp(-integral of k(N) dt), k ~ N², dt = arrival time at N, against a fine sum by hand.

    Exposed at the final size for no longer than the last atom takes, and slowed down so that
    growing and waiting take as long.
    """
    model = SizeModel(hazard_per_ps=1.0e-4, power=2.0)
    slowdown = 2.0e9
    bridge = GrowthBridge(slowdown=slowdown, exposure_s=1.0e-9)
    (found,) = bridge.bridged(model, asked(embryo(600)))
    sizes = np.arange(100, 600)
    dwell_ps = np.array([arrival_s(n) for n in sizes]) * PS_PER_S / slowdown
    by_hand = np.exp(-(1.0e-4 * (sizes / 100.0) ** 2 * dwell_ps).sum())
    assert 0.1 < by_hand < 0.9
    # A path takes steps of a quarter in size, and reads survival off a table of times.
    assert found.glassy[0, 0] == pytest.approx(by_hand, abs=0.02)


def test_over_minutes_what_never_orders_is_left() -> None:
    """Waiting is nanoseconds, an atom arrives in milliseconds: the cured share survives."""
    model = WaitingModel(cured=0.3)
    (found,) = GrowthBridge().bridged(model, asked(embryo(300), embryo(900)))
    assert found.glassy == pytest.approx(np.full((3, 2), 0.3), abs=1e-3)


def test_damkohler_number_by_hand() -> None:
    """Arrival time of the next atom at the final size over the median waiting, ln 2 / k."""
    model = SizeModel(hazard_per_ps=1.0e-3)
    (found,) = GrowthBridge().bridged(model, asked(embryo(500)))
    by_hand = arrival_s(500) * PS_PER_S / (np.log(2.0) * 1.0e3)
    assert found.damkohler == pytest.approx(by_hand, rel=0.05)
    assert found.damkohler > 1e5
    (slow,) = GrowthBridge(slowdown=1.0e6).bridged(model, asked(embryo(500)))
    assert slow.damkohler == pytest.approx(1.0e-6 * found.damkohler, rel=1e-6)


def test_where_none_waits_the_damkohler_number_is_finite() -> None:
    (found,) = GrowthBridge().bridged(WaitingModel(cured=1.0), asked(embryo(500)))
    assert found.damkohler is not None
    assert np.isfinite(found.damkohler)


def test_longer_plating_and_longer_exposure_leave_less() -> None:
    model = SizeModel(hazard_per_ps=1.0e-4)
    left = [
        GrowthBridge(slowdown=1e12).bridged(model, asked(embryo(400), time_min=t))[0].glassy[0, 0]
        for t in (1.0, 10.0, 100.0)
    ]
    assert left[0] > left[1] > left[2]
    brief = GrowthBridge(slowdown=1e12, exposure_s=10.0).bridged(model, asked(embryo(400)))[0]
    assert brief.glassy[0, 0] > left[1]


def test_an_embryo_that_passed_a_size_cannot_be_likelier_glassy_later() -> None:
    """A law under which larger embryos would survive better does not bring any back."""
    model = SizeModel(hazard_per_ps=1.0e-2, power=-3.0)
    sizes = [embryo(n) for n in (120, 300, 900)]
    (found,) = GrowthBridge(slowdown=1e9, exposure_s=1e-9).bridged(model, asked(*sizes))
    assert np.all(np.diff(found.glassy, axis=1) <= 1e-12)


def test_waiting_in_two_steps_is_waiting_in_one() -> None:
    law = np.exp(-((TIMES_PS / 200.0) ** 0.7))[None]
    once = still_disordered(np.ones(1), law, 300.0)
    twice = still_disordered(still_disordered(np.ones(1), law, 100.0), law, 200.0)
    assert twice == pytest.approx(once, abs=0.01)
    assert once == pytest.approx(np.exp(-((300.0 / 200.0) ** 0.7)), abs=0.01)


@pytest.mark.parametrize(
    "bridge", [HorizonBridge(), HorizonBridge(horizon_ps=250.0), GrowthBridge(slowdown=10.0)]
)
def test_a_bridge_survives_json_and_says_what_it_does_not_say(bridge: TimeBridge) -> None:
    assert TypeAdapter(AnyBridge).validate_json(bridge.model_dump_json()) == bridge
    said = bridge.statement(1000.0)
    assert "glassy_share is the share of atoms" in said
    if isinstance(bridge, HorizonBridge):
        assert f"{bridge.horizon_ps or 1000.0:g} ps" in said
        assert "not the glassy share of a deposit" in said
    else:
        assert "extrapolated" in said
        assert "10 times slower" in said


def test_a_forecast_weighs_embryos_and_names_map_and_bridge() -> None:
    model = WaitingModel()
    question = Question.of(model, PaperMap(), HorizonBridge(horizon_ps=100.0))
    plated = DepositionConditions(current_density_mA_cm2=0.5, deposition_time_min=20.0)
    (found,) = question.forecasts([plated])
    designs = [e.design for e in found.expected.embryos]
    weights = np.array([e.weight for e in found.expected.embryos])
    assert found.members == pytest.approx(model.glass_index_members(designs, 100.0) @ weights)
    assert found.interval[0] <= found.glassy_share <= found.interval[1]
    assert found.deposition_map == PaperMap()
    assert found.bridge == HorizonBridge(horizon_ps=100.0)
    assert question.forecasts([]) == []


def test_growth_is_outside_whatever_was_watched() -> None:
    plated = DepositionConditions(current_density_mA_cm2=0.5, deposition_time_min=20.0)
    question = Question.of(WaitingModel(), PaperMap())
    (near,) = question.forecasts([plated])
    growing = replace(question, bridge=GrowthBridge())
    (far,) = growing.forecasts([plated])
    assert question.applicability(near.expected).is_inside
    judged = growing.applicability(far.expected)
    assert not judged.is_inside
    assert any("extrapolated" in reason for reason in judged.reasons)
    assert far.damkohler is not None


def test_one_call_of_the_model_answers_many_conditions() -> None:
    many = [
        DepositionConditions(current_density_mA_cm2=j, deposition_time_min=20.0)
        for j in (0.1, 0.5, 2.5)
    ]
    for bridge in (HorizonBridge(), GrowthBridge()):
        question = Question.of(WaitingModel(), PaperMap(), bridge)
        together = question.forecasts(many)
        alone = [question.forecasts([each])[0] for each in many]
        for one, other in zip(together, alone, strict=True):
            assert one.members == pytest.approx(other.members, abs=1e-12)
