"""A dearer potential is priced as dearer, though only the default is timed."""

import pytest

from simulate.design import EmbryoDesign
from simulate.plan import Plan
from simulate.potentials.registry import DEFAULT_POTENTIAL, potential_named
from simulate.pricing import Calibration, price
from simulate.protocol import protocol_named

MEASURED = Calibration(us_per_atom_step=0.5, ms_per_frame=0.0, bytes_per_atom_frame=10.0)


def core_hours_a_step(name: str) -> float:
    design = EmbryoDesign(
        potential=name, n_atoms=100, packing_density_g_cm3=0.0534, mass_exchange="open",
        energy_exchange="open",
    )  # fmt: skip
    found = price([Plan(design, protocol_named("paper"), 1)], MEASURED)
    return found.core_hours / found.atom_steps


@pytest.mark.parametrize("name", ["cui-2012", "islam-2015", "zuo-2020"])
def test_a_dear_potential_has_its_price(name: str) -> None:
    default, dear = potential_named(DEFAULT_POTENTIAL), potential_named(name)
    assert dear.cost_us is not None
    assert default.cost_us is not None
    assert core_hours_a_step(DEFAULT_POTENTIAL) == pytest.approx(0.5e-6 / 3600.0)
    ratio = core_hours_a_step(name) / core_hours_a_step(DEFAULT_POTENTIAL)
    assert ratio == pytest.approx(dear.cost_us / default.cost_us)
    assert ratio > 10.0
