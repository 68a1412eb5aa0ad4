"""What a design tells of its surface: the shape of least area, and how much lies inside."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import lithium

from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from surrogate.features import FEATURE_NAMES, design_features, surface_share
from train.counting import SHARE_OF_BULK_EDGES

BULK_g_cm3 = lithium().physics.bulk_density_g_cm3


@pytest.mark.parametrize("mass", ["open", "confined"])
def test_a_dilute_embryo_is_a_sphere_walled_or_not(mass: str) -> None:
    design = lithium(500, 0.03, mass)
    volume_A3 = design.cell_volume_A3 * design.share_of_bulk
    radius_A = (3.0 * volume_A3 / (4.0 * math.pi)) ** (1.0 / 3.0)
    expected = 3.0 * design.physics.nearest_neighbour_A / radius_A
    assert surface_share(design) == pytest.approx(expected)


@pytest.mark.parametrize("edge", SHARE_OF_BULK_EDGES)
def test_the_surface_changes_without_a_jump_where_the_shape_changes(edge: float) -> None:
    below, at, above = (
        surface_share(lithium(500, BULK_g_cm3 * edge * each)) for each in (0.99, 1.0, 1.01)
    )
    assert below > at > above
    assert below / above < 1.03


def test_a_cell_at_bulk_density_has_no_surface_and_a_wall_always_makes_one() -> None:
    assert surface_share(lithium(500, BULK_g_cm3)) == pytest.approx(0.0, abs=1.0e-6)
    assert surface_share(lithium(500, BULK_g_cm3, "confined")) > 0.5


@given(st.integers(100, 5000), st.floats(0.0267, 0.534), st.sampled_from(["open", "confined"]))
def test_features_are_finite_and_larger_embryos_have_more_inside(
    n_atoms: int, density: float, mass: str
) -> None:
    small, large = design_features([lithium(n, density, mass) for n in (n_atoms, 2 * n_atoms)])
    assert np.isfinite([small, large]).all()
    inside, surface = (FEATURE_NAMES.index(name) for name in ("log_core_atoms", "surface_share"))
    assert large[inside] > small[inside]
    assert large[surface] <= small[surface]


def test_a_potential_without_a_melting_point_cannot_be_forecast_and_others_are_named() -> None:
    design = EmbryoDesign.model_validate(lithium().model_dump() | {"potential": "islam-2015"})
    with pytest.raises(MisuseError) as refused:
        design_features([lithium(), design])
    said = str(refused.value)
    assert "learns temperatures as shares of it, but that of islam-2015 is not measured" in said
    assert "Forecast (or train) with one of nichol-ackland-2016, cui-2012" in said
    assert "temperature_scaling" not in said
    assert "sun-2006" not in said  # that is magnesium
