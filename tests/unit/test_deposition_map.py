"""The contract of every deposition map, and hand-worked numbers of the conditions."""

import math
from itertools import pairwise

import pytest
from pydantic import ValidationError

from simulate.design import EmbryoDesign
from surrogate.deposition_map import (
    DEPOSITION_MAPS,
    DepositionConditions,
    PaperMap,
    horizon_statement,
)
from surrogate.deposition.embryos import EmbryoDistribution, SampledSpace

EVERYWHERE = SampledSpace({})
TRAINED = SampledSpace(
    {
        "n_atoms": (100, 700),
        "packing_density_g_cm3": (0.0534, 0.267),
        "hold_temperature_K": (300.0, 300.0),
    },
    frozenset({("open", "open"), ("confined", "open")}),
)
CURRENTS_mA_cm2 = (0.02, 0.05, 0.1, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)

every_map = pytest.mark.parametrize("name", list(DEPOSITION_MAPS))


def conditions(current_mA_cm2: float, time_min: float, area: float = 1.0) -> DepositionConditions:
    return DepositionConditions(
        current_density_mA_cm2=current_mA_cm2, deposition_time_min=time_min, area_factor=area
    )


def mean_of(field: str, expected: EmbryoDistribution) -> float:
    return sum(getattr(e.design, field) * e.weight for e in expected.embryos)


def test_one_mAh_per_cm2_of_lithium_is_worked_by_hand() -> None:
    """3.6 C/cm2 / 96485 C/mol = 37.31 umol/cm2 = 2.2469e19 atoms/cm2 = 224 694 atoms/nm2.

    At the 46.34 atoms/nm3 of bulk lithium that is 4.85 um, the thickness every battery book gives.
    """
    plated = conditions(1.0, 60.0)
    assert plated.capacity_mAh_cm2 == pytest.approx(1.0)
    assert plated.deposited_atoms_per_nm2 == pytest.approx(224_694, rel=1e-5)
    assert plated.deposited_atoms_per_nm2 / 46.34 / 1000 == pytest.approx(4.85, abs=0.01)


def test_a_3d_collector_spreads_current_and_atoms_but_keeps_the_capacity() -> None:
    flat, spread = conditions(2.0, 30.0), conditions(2.0, 30.0, area=8.0)
    assert spread.local_current_density_mA_cm2 == pytest.approx(0.25)
    assert spread.capacity_mAh_cm2 == flat.capacity_mAh_cm2
    assert spread.deposited_atoms_per_nm2 == pytest.approx(flat.deposited_atoms_per_nm2 / 8)


@pytest.mark.parametrize(
    ("current", "time"), [(0.01, 10.0), (11.0, 10.0), (1.0, 0.05), (1.0, 601.0)]
)
def test_conditions_out_of_range_are_refused(current: float, time: float) -> None:
    with pytest.raises(ValidationError):
        conditions(current, time)


@every_map
def test_a_map_is_found_by_its_name_and_states_its_assumption(name: str) -> None:
    assert DEPOSITION_MAPS[name].name == name
    assert DEPOSITION_MAPS[name].assumption.startswith("Assumed")


@every_map
@pytest.mark.parametrize("space", [EVERYWHERE, TRAINED])
@pytest.mark.parametrize("current", [0.02, 0.5, 10.0])
@pytest.mark.parametrize("time", [0.1, 20.0, 600.0])
@pytest.mark.parametrize("area", [1.0, 100.0])
def test_a_map_answers_everywhere_with_designs_that_exist(
    name: str, space: SampledSpace, current: float, time: float, area: float
) -> None:
    expected = DEPOSITION_MAPS[name].embryos(conditions(current, time, area), space)
    assert sum(e.weight for e in expected.embryos) == pytest.approx(1.0)
    assert 0.0 <= expected.clipped_share <= 1.0 + 1e-12
    for embryo in expected.embryos:
        assert embryo.weight > 0.0
        assert EmbryoDesign.model_validate(embryo.design.model_dump()) == embryo.design
        for field, (low, high) in space.ranges.items():
            assert low <= getattr(embryo.design, field) <= high
        if space.exchanges:
            way = (embryo.design.mass_exchange, embryo.design.energy_exchange)
            assert way in space.exchanges


@every_map
@pytest.mark.parametrize("space", [EVERYWHERE, TRAINED])
@pytest.mark.parametrize("time", [0.1, 20.0, 600.0])
def test_a_map_packs_no_looser_and_makes_no_smaller_embryos_when_plating_faster(
    name: str, space: SampledSpace, time: float
) -> None:
    rising = [
        DEPOSITION_MAPS[name].embryos(conditions(current, time), space)
        for current in CURRENTS_mA_cm2
    ]
    for field in ("packing_density_g_cm3", "n_atoms"):
        means = [mean_of(field, expected) for expected in rising]
        assert all(b >= a - 1e-9 for a, b in pairwise(means))
        assert means[-1] > means[0]


@every_map
def test_only_the_local_current_matters_to_a_map(name: str) -> None:
    one = DEPOSITION_MAPS[name].embryos(conditions(4.0, 20.0, area=8.0), EVERYWHERE)
    other = DEPOSITION_MAPS[name].embryos(conditions(0.5, 20.0), EVERYWHERE)
    assert one == other


def test_paper_map_by_hand() -> None:
    """At 2.5 mA/cm2 the density has gone 1 - 1/e of its way; 4 x the current doubles the size."""
    paper = PaperMap()
    assert paper.packing_density_g_cm3(conditions(2.5, 5.0), 0.534) == pytest.approx(
        0.0534 + 0.4806 * (1 - 1 / math.e)
    )
    assert paper.packing_density_g_cm3(conditions(0.02, 5.0, 100.0), 0.534) == pytest.approx(
        0.0534, rel=1e-3
    )
    assert paper.median_atoms(conditions(0.5, 5.0)) == pytest.approx(300.0)
    assert paper.median_atoms(conditions(2.0, 5.0)) == pytest.approx(600.0)
    assert paper.median_atoms(conditions(0.5, 80.0)) == pytest.approx(600.0)


def test_sizes_of_the_paper_map_follow_the_stated_log_normal() -> None:
    """Mean and variance of log N, from the nodes, are those of the declared distribution."""
    expected = PaperMap().embryos(conditions(5.0, 600.0), EVERYWHERE)
    median = PaperMap().median_atoms(conditions(5.0, 600.0))
    logs = [(math.log(e.design.n_atoms / median), e.weight) for e in expected.embryos]
    assert sum(x * w for x, w in logs) == pytest.approx(0.0, abs=1e-3)
    assert math.sqrt(sum(x * x * w for x, w in logs)) == pytest.approx(0.4, abs=1e-3)
    assert len(expected.embryos) == 5 * 4
    assert expected.clipped_share == 0.0
    assert expected.clipped == ()


def test_what_lies_outside_is_moved_inside_and_said() -> None:
    expected = PaperMap().embryos(conditions(10.0, 600.0), TRAINED)
    assert {e.design.n_atoms for e in expected.embryos} == {700}
    assert {e.design.packing_density_g_cm3 for e in expected.embryos} == {0.267}
    assert expected.clipped_share == 1.0
    said = " ".join(expected.clipped)
    assert "100 % of the atoms" in said
    assert "packing_density_g_cm3" in said
    assert "open/confined, confined/confined was not sampled" in said


def test_part_of_the_sizes_outside_is_counted_by_its_weight() -> None:
    """0.1 mA/cm2 for 25 min: only the smallest of five sizes (weight 0.0113) is below 100 atoms."""
    expected = PaperMap().embryos(conditions(0.1, 25.0), TRAINED)
    assert expected.clipped_share == pytest.approx(0.0113, abs=1e-4)
    at_100 = sum(e.weight for e in expected.embryos if e.design.n_atoms == 100)
    assert at_100 == pytest.approx(expected.clipped_share)


def test_a_temperature_that_was_not_sampled_is_said() -> None:
    warm = conditions(0.1, 25.0).model_copy(update={"temperature_K": 330.0})
    expected = PaperMap().embryos(warm, TRAINED)
    assert expected.clipped_share == 1.0
    assert "hold_temperature_K 330" in " ".join(expected.clipped)


def test_the_horizon_statement_speaks_of_ps_and_refuses_minutes() -> None:
    assert "150 ps" in horizon_statement(150.0)
    assert "not the glassy share of a deposit" in horizon_statement(150.0)
