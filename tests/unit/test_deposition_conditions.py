"""What is set at the bench, against numbers worked by hand."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from simulate.errors import MisuseError
from simulate.settings import validated
from surrogate.deposition.conditions import (
    DepositionConditions,
    capacity_mAh_cm2,
    lithium_per_nm2,
    plating_time_min,
)


def plating(**values: object) -> DepositionConditions:
    return validated(DepositionConditions, {"current_density_mA_cm2": 0.5} | values, "conditions")


def test_one_mAh_per_cm2_of_lithium_is_worked_by_hand() -> None:
    """3.6 C/cm2 / 96485 C/mol = 37.31 umol/cm2 = 2.2469e19 atoms/cm2 = 224 694 atoms/nm2.

    At the 46.34 atoms/nm3 of bulk lithium that is 4.85 um, the thickness every battery book gives.
    """
    assert lithium_per_nm2(1.0) == pytest.approx(224_694, rel=1e-5)
    assert lithium_per_nm2(1.0) / 46.34 / 1000 == pytest.approx(4.85, abs=0.01)


@pytest.mark.parametrize(
    ("current", "time", "capacity"),
    [
        (0.1, 600.0, 1.0),
        (0.5, 120.0, 1.0),
        (2.5, 24.0, 1.0),
        (2.5, 1.0, 0.041667),
        (1, 2.5, 1 / 24),
    ],
)
def test_time_and_capacity_follow_from_each_other(
    current: float, time: float, capacity: float
) -> None:
    assert capacity_mAh_cm2(current, time) == pytest.approx(capacity, rel=1e-4)
    assert plating_time_min(current, capacity) == pytest.approx(time, rel=1e-4)
    by_time = plating(current_density_mA_cm2=current, deposition_time_min=time)
    by_capacity = plating(current_density_mA_cm2=current, capacity_mAh_cm2=capacity)
    assert by_time.capacity_mAh_cm2 == pytest.approx(capacity, rel=1e-4)
    assert by_capacity.deposition_time_min == pytest.approx(time, rel=1e-4)


def test_atoms_arrive_as_fast_as_the_current_brings_them() -> None:
    """1 mA/cm2 / 1.602e-19 C = 6.242e15 per cm2 and s = 62.42 per nm2 and s."""
    ((local, _),) = plating(current_density_mA_cm2=1.0, deposition_time_min=7.0).local
    assert local.atoms_per_nm2_s == pytest.approx(62.415, rel=1e-4)


def test_a_3d_collector_spreads_current_and_atoms_but_keeps_the_capacity() -> None:
    flat = plating(current_density_mA_cm2=2.0, deposition_time_min=30.0)
    spread = plating(current_density_mA_cm2=2.0, deposition_time_min=30.0, area_factor=8.0)
    assert spread.local_current_density_mA_cm2 == pytest.approx(0.25)
    assert spread.capacity_mAh_cm2 == flat.capacity_mAh_cm2
    assert spread.deposited_atoms_per_nm2 == pytest.approx(flat.deposited_atoms_per_nm2 / 8)


def test_a_spread_of_the_local_current_keeps_what_is_plated() -> None:
    """Over area the mean is j / factor; over atoms it is larger by 1 + spread²."""
    asked = plating(deposition_time_min=30.0, area_factor=2.0, area_factor_spread=0.5)
    currents = np.array([place.current_density_mA_cm2 for place, _ in asked.local])
    of_atoms = np.array([share for _, share in asked.local])
    assert of_atoms.sum() == pytest.approx(1.0)
    assert currents @ of_atoms == pytest.approx(0.25 * (1.0 + 0.5**2), rel=0.01)
    of_area = of_atoms / currents / (of_atoms / currents).sum()
    assert currents @ of_area == pytest.approx(0.25, rel=0.02)
    assert math.sqrt(currents**2 @ of_area - 0.25**2) / 0.25 == pytest.approx(0.5, rel=0.1)
    assert len(plating(deposition_time_min=30.0, area_factor=2.0).local) == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "exactly one of deposition_time_min and capacity_mAh_cm2"),
        ({"deposition_time_min": 5.0, "capacity_mAh_cm2": 1.0}, "5.0 min and 1.0 mAh/cm2"),
        ({"deposition_time_min": 5.0, "current_density_mA_cm2": 0.01}, "current_density_mA_cm2"),
        ({"deposition_time_min": 5.0, "current_density_mA_cm2": 10.5}, "current_density_mA_cm2"),
        ({"deposition_time_min": 0.01}, "deposition_time_min"),
        ({"capacity": 1.0}, "but got neither and unknown capacity"),
        ({"capacity_mAh_cm2": 100.0}, r"within 0\.1 to 6000 min, but .* take 12000 min"),
        ({"capacity_mAh_cm2": -1.0}, "capacity_mAh_cm2 must be a number > 0, but got -1"),
        ({"capacity_mAh_cm2": math.nan}, "capacity_mAh_cm2 must be a number > 0, but got nan"),
        ({"capacity_mAh_cm2": 10**400}, "capacity_mAh_cm2 must be a number > 0"),
        (
            {"capacity_mAh_cm2": 1.0, "current_density_mA_cm2": "fast"},
            "^conditions: `current_density_mA_cm2`: [^;]*$",
        ),
        (
            {"capacity_mAh_cm2": 1.0, "current_density_mA_cm2": 0.0},
            "^conditions: `current_density_mA_cm2`: [^;]*$",
        ),
        ({"deposition_time_min": 5.0, "area_factor": 0.5}, "area_factor"),
        ({"deposition_time_min": 5.0, "openness": 1.5}, "openness"),
        ({"deposition_time_min": 5.0, "electrolyte": "water"}, "electrolyte"),
        ({"deposition_time_min": 5.0, "electrolyte": "advanced", "openness": 0.1}, "at most one"),
        ({"deposition_time_min": 5.0, "colour": "red"}, "not a known key"),
    ],
)
def test_conditions_that_cannot_be_are_refused_with_the_reason(
    values: dict[str, object], said: str
) -> None:
    with pytest.raises(MisuseError, match=said):
        plating(**values)


@pytest.mark.parametrize("current", ["1.0", np.float64(1.0), 1])
def test_a_time_follows_from_a_current_however_it_is_written(current: object) -> None:
    found = plating(current_density_mA_cm2=current, capacity_mAh_cm2=1.0)
    assert found.deposition_time_min == pytest.approx(60.0)


def test_the_shortest_plating_may_be_given_by_its_capacity() -> None:
    found = plating(current_density_mA_cm2=10.0, capacity_mAh_cm2=1.0 / 60.0)
    assert found.deposition_time_min == 0.1


def test_an_electrolyte_is_a_preset_or_a_number() -> None:
    assert plating(deposition_time_min=5.0).electrolyte == "baseline"
    assert plating(deposition_time_min=5.0, openness=0.3).electrolyte is None


@pytest.mark.parametrize(
    "values",
    [
        {"deposition_time_min": 5.0},
        {"capacity_mAh_cm2": 1.0, "openness": 0.25},
        {"capacity_mAh_cm2": 1.0, "electrolyte": "advanced", "area_factor": 3.0,
         "area_factor_spread": 0.4, "temperature_K": 310.0},
    ],
)  # fmt: skip
def test_conditions_survive_json(values: dict[str, object]) -> None:
    asked = plating(**values)
    assert DepositionConditions.model_validate_json(asked.model_dump_json()) == asked


def test_conditions_do_not_change() -> None:
    with pytest.raises(ValidationError):
        plating(deposition_time_min=5.0).temperature_K = 310.0  # type: ignore[misc]


def test_long_times_are_told_in_full() -> None:
    slow = DepositionConditions(current_density_mA_cm2=0.0501, deposition_time_min=1197.0)
    assert slow.plating_in_words == "0.0501 mA/cm2 for 1200 min"
