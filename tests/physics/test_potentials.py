"""Every potential on offer: the right crystals at rest, and small crystals that stay themselves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from simulate.confinement import cell_of
from simulate.design import EmbryoDesign
from simulate.engine import Lammps
from simulate.labels import CRYSTALLINE, match_templates
from simulate.neighbours import neighbours
from simulate.potentials.admission import quick_admission
from simulate.potentials.registry import DEFAULT_POTENTIAL, potential_named, potentials
from simulate.protocol import Protocol, stages
from simulate.snapshot import STRUCTURE_NAMES, Snapshot

pytestmark = pytest.mark.needs_lammps

ROOM_K = 300.0
"""At which lithium is held; others at the same share of their melting point."""


@pytest.mark.parametrize(
    ("name", "constant_A", "cohesion_eV", "fcc_meV"),
    [
        ("nichol-ackland-2016", 3.510, 1.648, 24.0),
        ("nichol-ackland-2016-na", 4.291, 1.109, -3.0),
        ("nichol-ackland-2016-k", 5.328, 0.923, 7.0),
    ],
)
def test_a_potential_passes_its_admission_test(
    name: str, constant_A: float, cohesion_eV: float, fcc_meV: float
) -> None:
    found = quick_admission(name)
    assert found.lattice_constant_A == pytest.approx(constant_A, rel=0.005)
    assert found.cohesive_energy_eV == pytest.approx(cohesion_eV, abs=0.002)
    assert 1000.0 * found.fcc_minus_bcc_eV == pytest.approx(fcc_meV, abs=2.0)


def bcc_sphere(design: EmbryoDesign) -> Snapshot:
    constant_A = design.physics.bcc_lattice_constant_A
    whole = bulk("Li", "bcc", a=constant_A, cubic=True).repeat(11).positions
    nearest = np.argsort(np.linalg.norm(whole - whole.mean(axis=0) - 0.01, axis=1))
    chosen, edge_A = whole[nearest[: design.n_atoms]], cell_of(design).edge_A
    centred = chosen - chosen.mean(axis=0) + edge_A / 2.0
    return Snapshot(centred, np.full(3, edge_A), is_periodic=False)


@pytest.mark.needs_ovito
@pytest.mark.parametrize("name", sorted(potentials()))
def test_a_free_sphere_keeps_its_bcc_core_at_the_hold(name: str, tmp_path: Path) -> None:
    potential = potential_named(name)
    share_of_melting = potential_named(DEFAULT_POTENTIAL).share_of_melting(ROOM_K)
    design = EmbryoDesign(
        element=potential.element,
        potential=name,
        n_atoms=1000,
        packing_density_g_cm3=0.1 * potential.bulk_density_g_cm3,
        mass_exchange="confined",
        energy_exchange="open",
        hold_temperature_K=potential.temperature_at(share_of_melting),
    )
    hold = stages(Protocol(hold_ps=50.0, labelling={"persistence_ps": 10.0}), design)[2]
    start = bcc_sphere(design)
    with Lammps(design, start, 1, tmp_path) as engine:
        engine.set_temperature(hold.start_K)
        engine.settle(hold.start_K)
        last = list(engine.run(hold))[-1]
    sphere = replace(start, positions_A=last.positions_A)
    of_core = match_templates(sphere, 0.15)[neighbours(sphere, potential).is_core]
    share = {
        kind: float(np.mean(of_core == STRUCTURE_NAMES.index(kind))) for kind in ("bcc", "fcc")
    }
    assert np.isin(of_core, CRYSTALLINE).mean() > 0.5, share
    assert share["bcc"] > 0.5, share  # 0.57 of potassium, and a melted core has below 0.05
