"""What the network sees: order of perfect crystals, and nothing that turning could change."""

import numpy as np
import pytest
import torch
from ase.build import bulk
from scipy.spatial.transform import Rotation
from synthetic import lithium

from simulate.errors import MisuseError
from simulate.packing import pack
from simulate.snapshot import Snapshot
from surrogate.features import FEATURE_NAMES, FeatureScaling, design_features, heat_leak
from surrogate.graph import N_ATOM_INPUTS, N_CONTEXT, N_EDGE_INPUTS, graph
from surrogate.surroundings import surroundings

NO_SCALING = FeatureScaling(mean=[0.0] * len(FEATURE_NAMES), spread=[1.0] * len(FEATURE_NAMES))


def crystal(lattice: str, a_A: float, stage: str = "given") -> Snapshot:
    atoms = bulk("Li", lattice, a=a_A, cubic=True).repeat((5, 5, 5))
    return Snapshot(atoms.get_positions(), np.diag(atoms.cell.array), is_periodic=True, stage=stage)


def free_droplet() -> Snapshot:
    packed = pack(lithium(200, 0.4, "confined"), 3)
    return Snapshot(packed.positions_A, packed.cell_A, is_periodic=False, stage="given")


@pytest.mark.parametrize(
    ("lattice", "a_A", "n_neighbours", "q4", "q6"),
    [("bcc", 3.51, 14, 0.0364, 0.5107), ("fcc", 4.3, 12, 0.1909, 0.5745)],
)
def test_perfect_crystals_have_their_textbook_order(
    lattice: str, a_A: float, n_neighbours: int, q4: float, q6: float
) -> None:
    perfect = crystal(lattice, a_A)
    seen = surroundings(perfect, lithium(perfect.n_atoms, 0.5))
    assert seen.edge_index.shape == (2, n_neighbours * perfect.n_atoms)
    assert seen.atoms[:, 0] == pytest.approx(q4, abs=2e-4)
    assert seen.atoms[:, 1] == pytest.approx(q6, abs=2e-4)
    assert seen.likeness == pytest.approx(1.0, abs=1e-5)
    assert seen.solid_share == 1.0


def test_random_packings_are_not_solid() -> None:
    for density in (0.0534, 0.267):
        design = lithium(300, density)
        assert surroundings(pack(design, 1), design).solid_share < 0.05


def test_turning_shifting_and_renaming_atoms_change_nothing() -> None:
    droplet, design = free_droplet(), lithium(200, 0.4, "confined")
    rng = np.random.default_rng(0)
    order = rng.permutation(droplet.n_atoms)
    turned = Rotation.from_rotvec([0.3, -1.1, 0.7]).apply(droplet.positions_A - 20.0)
    moved = Snapshot(turned[order], droplet.cell_A, is_periodic=False, stage="given")
    before, after = surroundings(droplet, design), surroundings(moved, design)
    assert after.atoms == pytest.approx(before.atoms[order], abs=1e-5)
    assert np.sort(after.distances) == pytest.approx(np.sort(before.distances), abs=1e-6)


def test_atoms_meet_their_images_only_in_a_periodic_cell() -> None:
    perfect = crystal("bcc", 3.51)
    free = Snapshot(perfect.positions_A, perfect.cell_A, is_periodic=False)
    design = lithium(perfect.n_atoms, 0.5)
    n_periodic = surroundings(perfect, design).edge_index.shape[1]
    assert surroundings(free, design).edge_index.shape[1] < n_periodic


def test_tensors_have_the_documented_shapes() -> None:
    design = lithium(200, 0.4, "confined")
    data = graph(surroundings(free_droplet(), design), design, NO_SCALING)
    assert data.x.shape == (200, N_ATOM_INPUTS)
    assert data.edge_attr.shape == (data.edge_index.shape[1], N_EDGE_INPUTS)
    assert data.context.shape == (1, N_CONTEXT)
    assert all(torch.isfinite(each).all() for each in (data.x, data.edge_attr, data.context))


@pytest.mark.parametrize(
    ("stage", "time_ps", "is_past", "clock_ps"),
    [
        ("packing", -60.0, False, 0.0),
        ("quench", -10.0, False, 0.0),
        ("quench", 0.0, True, 0.0),
        ("hold", 35.0, True, 35.0),
        ("given", 35.0, True, 0.0),
    ],
)
def test_stage_and_clock_are_seen(
    stage: str,
    time_ps: float,
    is_past: bool,  # noqa: FBT001
    clock_ps: float,
) -> None:
    design = lithium(200)
    packed = pack(design, 1)
    snapshot = Snapshot(packed.positions_A, packed.cell_A, True, time_ps, stage)  # noqa: FBT003
    seen = surroundings(snapshot, design)
    assert (seen.is_past_quench, seen.time_ps) == (is_past, clock_ps)


def test_wrong_number_of_atoms_is_refused() -> None:
    with pytest.raises(MisuseError, match="as many atoms"):
        surroundings(free_droplet(), lithium(201))


def test_heat_leak_falls_from_thermostat_to_isolation() -> None:
    slow, fast = (
        lithium().model_copy(
            update={"energy_exchange": "partial", "energy_relaxation_ps": relaxation_ps}
        )
        for relaxation_ps in (1000.0, 1.0)
    )
    leaks = [
        heat_leak(each) for each in (lithium(), fast, slow, lithium(energy_exchange="confined"))
    ]
    assert leaks == sorted(leaks, reverse=True)
    assert (leaks[0], leaks[-1]) == (1.0, 0.0)


def test_features_that_never_varied_do_not_blow_up() -> None:
    designs = [lithium(n_atoms) for n_atoms in (100, 200, 400)]
    features = design_features(designs)
    standardised = FeatureScaling.of(features).standardise(features)
    assert np.abs(standardised).max() < 3.0
    assert standardised[:, 0].std() == pytest.approx(1.0)
