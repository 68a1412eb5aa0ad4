"""The contract of every deposition map, and limits worked by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest
from pydantic import TypeAdapter

from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from surrogate.deposition.conditions import DepositionConditions, LocalPlating
from surrogate.deposition.embryos import EmbryoDistribution
from surrogate.deposition.maps import DepositionMap
from surrogate.deposition.overpotential_map import OverpotentialMap
from surrogate.deposition.paper_map import PaperMap
from surrogate.deposition.registry import DEPOSITION_MAPS, AnyMap
from surrogate.deposition.sampled_space import SampledSpace

EVERYWHERE = SampledSpace({})
TRAINED = SampledSpace(
    {
        "n_atoms": (100, 700),
        "packing_density_g_cm3": (0.0534, 0.267),
        "hold_temperature_K": (290.0, 310.0),
    },
    frozenset({("open", "open"), ("confined", "open")}),
)
CURRENTS_mA_cm2 = (0.02, 0.05, 0.1, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
BULK_g_cm3 = EVERYWHERE.bulk_density_g_cm3

every_map = pytest.mark.parametrize("name", list(DEPOSITION_MAPS))


def conditions(current_mA_cm2: float, time_min: float, **others: object) -> DepositionConditions:
    return DepositionConditions.model_validate(
        {"current_density_mA_cm2": current_mA_cm2, "deposition_time_min": time_min} | others
    )


def place(current_mA_cm2: float, time_min: float = 5.0, temperature_K: float = 300.0):
    return LocalPlating(current_mA_cm2, time_min, temperature_K)


def mean_of(field: str, expected: EmbryoDistribution) -> float:
    return sum(getattr(e.design, field) * e.weight for e in expected.embryos)


# The contract


@every_map
def test_a_map_is_found_by_its_name_and_states_assumption_and_source(name: str) -> None:
    found = DEPOSITION_MAPS[name]
    assert found.name == name
    assert found.assumption.startswith("Assumed")
    assert "Nothing observed speaks of temperature" in found.assumption
    assert "doi 10." in found.source
    assert found.source in found.assumption
    assert "doi" in (type(found).__doc__ or "")


@every_map
@pytest.mark.parametrize("space", [EVERYWHERE, TRAINED])
@pytest.mark.parametrize("current", [0.02, 0.5, 10.0])
@pytest.mark.parametrize("time", [0.1, 20.0, 6000.0])
@pytest.mark.parametrize(
    "others", [{}, {"area_factor": 100.0, "area_factor_spread": 1.0}, {"openness": 0.0}]
)
def test_a_map_answers_everywhere_with_designs_that_exist(
    name: str, space: SampledSpace, current: float, time: float, others: dict[str, float]
) -> None:
    expected = DEPOSITION_MAPS[name].embryos(conditions(current, time, **others), space)
    assert sum(e.weight for e in expected.embryos) == pytest.approx(1.0)
    assert 0.0 <= expected.clipped_share <= 1.0
    assert bool(expected.clipped_share) <= bool(expected.clipped)
    for embryo in expected.embryos:
        assert embryo.weight > 0.0
        assert EmbryoDesign.model_validate(embryo.design.model_dump()) == embryo.design
        for field, (low, high) in space.ranges.items():
            assert low <= getattr(embryo.design, field) <= high
        if space.exchanges:
            way = (embryo.design.mass_exchange, embryo.design.energy_exchange)
            assert way in space.exchanges


@every_map
@pytest.mark.parametrize("time", [0.1, 20.0, 600.0])
def test_density_and_size_move_with_the_current_as_the_map_says(name: str, time: float) -> None:
    found = DEPOSITION_MAPS[name]
    assert set(found.trends) == {"packing_density_g_cm3", "n_atoms"}
    rising = [found.embryos(conditions(j, time), EVERYWHERE) for j in CURRENTS_mA_cm2]
    for field, sign in found.trends.items():
        means = [sign * mean_of(field, expected) for expected in rising]
        assert all(b >= a - 1e-9 for a, b in pairwise(means))
        assert means[-1] > means[0]


@every_map
def test_embryos_do_not_shrink_while_plating_goes_on(name: str) -> None:
    sizes = [DEPOSITION_MAPS[name].median_atoms(place(0.5, t)) for t in (0.1, 5.0, 60.0, 600.0)]
    assert sizes == sorted(sizes)


@every_map
@pytest.mark.parametrize("current", [1e-6, 1e-3, 1.0, 1e3, 1e6])
def test_no_map_packs_denser_than_bulk(name: str, current: float) -> None:
    assert 0.0 < DEPOSITION_MAPS[name].packing_density_g_cm3(place(current), 0.534) <= 0.534


@every_map
def test_only_the_local_current_matters_to_a_map(name: str) -> None:
    one = DEPOSITION_MAPS[name].embryos(conditions(4.0, 20.0, area_factor=8.0), EVERYWHERE)
    other = DEPOSITION_MAPS[name].embryos(conditions(0.5, 20.0), EVERYWHERE)
    assert one == other


@every_map
def test_a_spread_of_the_current_spreads_the_embryos(name: str) -> None:
    found = DEPOSITION_MAPS[name]
    even = found.embryos(conditions(1.0, 20.0), EVERYWHERE)
    uneven = found.embryos(conditions(1.0, 20.0, area_factor_spread=0.6), EVERYWHERE)
    assert len({e.design.packing_density_g_cm3 for e in even.embryos}) == 1
    assert len({e.design.packing_density_g_cm3 for e in uneven.embryos}) == 3


@every_map
def test_openness_is_the_share_of_open_exchange(name: str) -> None:
    found = DEPOSITION_MAPS[name]
    for openness in (0.0, 0.3, 1.0):
        expected = found.embryos(conditions(0.5, 20.0, openness=openness), EVERYWHERE)
        for field in ("mass_exchange", "energy_exchange"):
            share = sum(e.weight for e in expected.embryos if getattr(e.design, field) == "open")
            assert share == pytest.approx(openness)
    advanced = found.openness(conditions(0.5, 20.0, electrolyte="advanced"))
    baseline = found.openness(conditions(0.5, 20.0))
    assert baseline - advanced == pytest.approx(found.openness_difference)


@every_map
def test_a_temperature_that_was_not_sampled_is_refused(name: str) -> None:
    DEPOSITION_MAPS[name].embryos(conditions(0.5, 20.0, temperature_K=310.5), TRAINED)
    with pytest.raises(MisuseError, match="290 to 310 K, but got 330 K"):
        DEPOSITION_MAPS[name].embryos(conditions(0.5, 20.0, temperature_K=330.0), TRAINED)


@every_map
def test_a_map_survives_json_as_the_kind_it_is(name: str) -> None:
    found = DEPOSITION_MAPS[name].prior_draws(4)[2]
    again = TypeAdapter(AnyMap).validate_json(found.model_dump_json())
    assert type(again) is type(found)
    assert again == found
    asked = conditions(0.7, 33.0, area_factor_spread=0.2)
    assert again.embryos(asked, TRAINED) == found.embryos(asked, TRAINED)


@every_map
def test_at_most_three_numbers_are_fitted_each_with_a_prior_that_holds_the_guess(name: str) -> None:
    found = DEPOSITION_MAPS[name]
    assert 1 <= len(found.fitted) <= 3
    assert [p.name for p in found.parameters()] == [
        *(p.name for p in found.fitted), "openness_difference",
    ]  # fmt: skip
    for each in found.parameters():
        assert each.meaning
        assert each.prior.low < getattr(found, each.name) < each.prior.high
    assert found.with_parameters(found.values) == found


@every_map
def test_every_fitted_number_changes_the_answer(name: str) -> None:
    found = DEPOSITION_MAPS[name]
    asked = conditions(1.0, 60.0, electrolyte="advanced")
    usual = found.embryos(asked, EVERYWHERE)
    for each in found.parameters():
        moved = found.with_parameters(
            {each.name: 0.5 * (getattr(found, each.name) + each.prior.low)}
        )
        assert moved.embryos(asked, EVERYWHERE) != usual


@every_map
def test_what_is_no_parameter_or_beyond_its_prior_is_refused(name: str) -> None:
    found = DEPOSITION_MAPS[name]
    with pytest.raises(MisuseError, match="must be one of"):
        found.with_parameters({"log_size_spread": 0.1})
    with pytest.raises(MisuseError, match="within its prior"):
        found.with_parameters({"reference_atoms": 1.0e9})


@every_map
def test_prior_draws_cover_the_prior_and_repeat(name: str) -> None:
    found = DEPOSITION_MAPS[name]
    draws = found.prior_draws(256, seed=3)
    assert draws == found.prior_draws(256, seed=3)
    assert draws != found.prior_draws(256, seed=4)
    for each in found.parameters():
        shares = each.prior.share(np.array([draw.values[each.name] for draw in draws]))
        assert np.quantile(shares, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.02)


@every_map
def test_many_maps_at_once_are_each_of_them(name: str) -> None:
    found = DEPOSITION_MAPS[name]
    draws = found.prior_draws(8)
    many = found.with_arrays(
        {key: np.array([draw.values[key] for draw in draws]) for key in found.values}
    )
    here = place(1.3, 40.0)
    assert np.broadcast_to(many.median_atoms(here), 8) == pytest.approx(
        [draw.median_atoms(here) for draw in draws]
    )
    assert many.packing_density_g_cm3(here, 0.534) == pytest.approx(
        [draw.packing_density_g_cm3(here, 0.534) for draw in draws]
    )


# Limits by hand


def test_paper_map_by_hand() -> None:
    """At 2.5 mA/cm2 the density has gone 1 - 1/e of its way; 4 x the current doubles the size."""
    paper = PaperMap()
    assert paper.packing_density_g_cm3(place(2.5), 0.534) == pytest.approx(
        0.0534 + 0.4806 * (1 - 1 / math.e)
    )
    assert paper.packing_density_g_cm3(place(1e-4), 0.534) == pytest.approx(0.0534, rel=1e-3)
    assert paper.packing_density_g_cm3(place(1e4), 0.534) == pytest.approx(0.534)
    assert paper.median_atoms(place(0.5)) == pytest.approx(300.0)
    assert paper.median_atoms(place(2.0)) == pytest.approx(600.0)
    assert paper.median_atoms(place(0.5, 80.0)) == pytest.approx(600.0)


def test_small_overpotentials_are_ohmic_and_large_ones_tafel() -> None:
    """RT/F = 25.85 mV at 300 K: j = j0 F eta / RT below it, 2 RT/F ln(j/j0) above."""
    found = OverpotentialMap(exchange_current_density_mA_cm2=0.1)
    assert found.overpotential_V(place(1e-4)) == pytest.approx(0.025852 * 1e-3, rel=1e-3)
    assert found.overpotential_V(place(100.0)) == pytest.approx(
        2 * 0.025852 * math.log(1000.0), rel=1e-3
    )
    slope = found.overpotential_V(place(1000.0)) - found.overpotential_V(place(100.0))
    assert slope == pytest.approx(0.119, abs=0.001)  # V a decade, transfer coefficient 1/2


def test_warmth_does_not_raise_the_overpotential() -> None:
    """At constant exchange current it would, which no cell shows: the map says nothing of it."""
    found = OverpotentialMap()
    warm, cool = place(1.0, temperature_K=350.0), place(1.0)
    assert found.overpotential_V(warm) == found.overpotential_V(cool)
    assert found.median_atoms(warm) == found.median_atoms(cool)
    assert "at 300 K whatever the temperature" in found.assumption


def test_twice_the_overpotential_makes_nuclei_an_eighth_as_large() -> None:
    """In the ohmic limit eta goes as j: N as j^-3, packing as j^1.5 while there is room."""
    found = OverpotentialMap(exchange_current_density_mA_cm2=1e4, reference_density_g_cm3=1e-3)
    assert found.median_atoms(place(1.0)) / found.median_atoms(place(0.5)) == pytest.approx(1 / 8)
    denser = found.packing_density_g_cm3(place(1.0), 0.534)
    assert denser / found.packing_density_g_cm3(place(0.5), 0.534) == pytest.approx(
        2**1.5, rel=1e-2
    )


def test_the_reference_of_the_overpotential_map_is_what_it_says() -> None:
    found = OverpotentialMap()
    assert found.median_atoms(place(0.5)) == pytest.approx(found.reference_atoms)
    assert found.packing_density_g_cm3(place(0.5), 0.534) == pytest.approx(
        found.reference_density_g_cm3
    )


def test_sizes_follow_the_stated_log_normal() -> None:
    """Mean and variance of log N, from the nodes, are those of the declared distribution."""
    expected = PaperMap().embryos(conditions(5.0, 600.0), EVERYWHERE)
    median = PaperMap().median_atoms(place(5.0, 600.0))
    logs = [(math.log(e.design.n_atoms / median), e.weight) for e in expected.embryos]
    assert sum(x * w for x, w in logs) == pytest.approx(0.0, abs=1e-3)
    assert math.sqrt(sum(x * x * w for x, w in logs)) == pytest.approx(0.4, abs=1e-3)
    assert len(expected.embryos) == 5 * 4
    assert expected.clipped == ()


# What lies outside


def test_what_lies_outside_is_moved_inside_and_said() -> None:
    expected = PaperMap().embryos(conditions(10.0, 600.0), TRAINED)
    assert {e.design.n_atoms for e in expected.embryos} == {700}
    assert {e.design.packing_density_g_cm3 for e in expected.embryos} == {0.267}
    assert expected.clipped_share == pytest.approx(1.0)
    said = " ".join(expected.clipped)
    assert "100 % of the atoms are in embryos outside the sampled sizes" in said
    assert "100 to 700 sampled" in said
    assert "packing densities, g/cm3" in said
    assert "open/confined, confined/confined was not sampled" in said


def test_part_of_the_sizes_outside_is_counted_by_its_weight() -> None:
    """0.1 mA/cm2 for 25 min: only the smallest of five sizes (weight 0.0113) is below 100 atoms."""
    expected = PaperMap().embryos(conditions(0.1, 25.0), TRAINED)
    assert expected.clipped_share == pytest.approx(0.0113, abs=1e-4)
    at_100 = sum(e.weight for e in expected.embryos if e.design.n_atoms == 100)
    assert at_100 == pytest.approx(expected.clipped_share)


def test_sampling_misses_the_edges_of_what_it_samples() -> None:
    """A density 0.5 % below the loosest design is moved there, and nobody need be told."""
    space = SampledSpace({"packing_density_g_cm3": (0.0537, 0.5)})
    expected = PaperMap(base_density_g_cm3=0.0534, saturation_current_mA_cm2=1e6).embryos(
        conditions(0.5, 25.0), space
    )
    assert {e.design.packing_density_g_cm3 for e in expected.embryos} == {0.0537}
    assert expected.clipped_share == 0.0


def test_maps_differ_in_what_they_call_plausible() -> None:
    sizes: dict[str, list[float]] = {}
    for name, found in DEPOSITION_MAPS.items():
        assert isinstance(found, DepositionMap)
        sizes[name] = [float(found.median_atoms(place(j))) for j in (0.1, 2.5)]
    assert sizes["paper"][0] < sizes["paper"][1]
    assert sizes["overpotential"][0] > sizes["overpotential"][1]


def test_maps_that_are_as_probable_are_mixed_in_equal_parts() -> None:
    plated = conditions(0.5, 5.0)
    each = [PaperMap(reference_atoms=size).embryos(plated, TRAINED) for size in (60.0, 400.0)]
    assert each[0].clipped_share > 0.5
    both = EmbryoDistribution.mixed(each)
    assert sum(embryo.weight for embryo in both.embryos) == pytest.approx(1.0)
    assert both.clipped_share == pytest.approx(sum(one.clipped_share for one in each) / 2.0)
    assert sum(both.clipped_weights) == pytest.approx(both.clipped_share)
    assert each[0].median_atoms < both.median_atoms <= each[1].median_atoms
    assert EmbryoDistribution.mixed(each[:1]) is each[0]
