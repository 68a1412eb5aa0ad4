"""The real labeller, from perfect crystals up."""

import numpy as np
import pytest
from ase.build import bulk

from simulate.labels import label, match_templates
from simulate.potentials.registry import potential_named
from simulate.protocol import Labelling
from simulate.snapshot import STRUCTURE_NAMES, Snapshot

pytestmark = pytest.mark.needs_ovito

LITHIUM = potential_named("nichol-ackland-2016")
BCC_A, FCC_A = 3.51, 3.51 * 2 ** (1 / 3)


def crystal(kind: str, constant_A: float, n_cells: int = 5) -> Snapshot:
    atoms = (
        bulk("Li", "hcp", a=constant_A / 2**0.5, orthorhombic=True)
        if kind == "hcp"
        else bulk("Li", kind, a=constant_A, cubic=True)
    ).repeat(n_cells)
    return Snapshot(atoms.positions, np.diag(atoms.cell.array), is_periodic=True)


def jiggled(snapshot: Snapshot, spread_A: float, seed: int = 0) -> Snapshot:
    moves = np.random.default_rng(seed).normal(scale=spread_A, size=snapshot.positions_A.shape)
    moved = (snapshot.positions_A + moves) % snapshot.cell_A
    return Snapshot(moved, snapshot.cell_A, snapshot.is_periodic)


@pytest.mark.parametrize(("kind", "constant_A"), [("bcc", BCC_A), ("fcc", FCC_A), ("hcp", FCC_A)])
def test_a_perfect_crystal_is_one_crystal_of_its_kind(kind: str, constant_A: float) -> None:
    whole = crystal(kind, constant_A)
    labels = label(whole, LITHIUM, Labelling())
    assert labels.counts[kind] == whole.n_atoms
    assert labels.largest_cluster == whole.n_atoms
    assert (labels.n_core, labels.n_core_crystalline) == (whole.n_atoms, whole.n_atoms)


def test_warm_vibration_leaves_a_crystal_a_crystal() -> None:
    labels = label(jiggled(crystal("bcc", BCC_A), 0.2), LITHIUM, Labelling())
    assert labels.counts["bcc"] > 0.95 * 250


def test_atoms_thrown_anywhere_are_no_crystal() -> None:
    labels = label(jiggled(crystal("bcc", BCC_A), 5.0), LITHIUM, Labelling())
    assert labels.counts["bcc"] + labels.counts["fcc"] + labels.counts["hcp"] <= 0.03 * 250
    assert labels.largest_cluster < 8


def test_the_cutoff_decides_how_much_distortion_passes() -> None:
    warm = jiggled(crystal("bcc", BCC_A), 0.3)
    n_bcc = [
        int((match_templates(warm, cutoff) == STRUCTURE_NAMES.index("bcc")).sum())
        for cutoff in (0.05, 0.10, 0.15)
    ]
    assert n_bcc == sorted(n_bcc)
    assert n_bcc[0] < n_bcc[-1]


def test_a_free_sphere_shows_its_ceiling() -> None:
    whole = crystal("bcc", BCC_A, n_cells=9)
    centre = whole.positions_A.mean(axis=0)
    nearest = np.argsort(np.linalg.norm(whole.positions_A - centre, axis=1))[:500]
    sphere = Snapshot(whole.positions_A[nearest], whole.cell_A, is_periodic=False)
    labels = label(sphere, LITHIUM, Labelling())
    assert labels.counts["bcc"] / 500 == pytest.approx(0.46, abs=0.03)
    assert labels.n_core_crystalline / labels.n_core > 0.8
