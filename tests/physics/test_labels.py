"""The real labellers, from perfect crystals up to molecular dynamics."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from benchmarks.agreement import compare
from simulate.confinement import cell_of
from simulate.design import EmbryoDesign
from simulate.engine import Lammps
from simulate.labels import CRYSTALLINE, label, match_templates
from simulate.minimised import minimised
from simulate.potentials.registry import potential_named
from simulate.protocol import Labelling, Protocol, stages
from simulate.snapshot import STRUCTURE_NAMES, Snapshot
from simulate.solid_bonds import solid_atoms

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


DROP = EmbryoDesign(
    n_atoms=250, packing_density_g_cm3=0.0534, mass_exchange="confined", energy_exchange="open"
)
WARM_K, HOT_K = 300.0, 700.0
"""Experiment-equivalent: a crystal sphere at the one, at the other it melts in a picosecond or two.
"""


def bcc_sphere(design: EmbryoDesign) -> Snapshot:
    whole = crystal("bcc", BCC_A, n_cells=8).positions_A
    nearest = np.argsort(np.linalg.norm(whole - whole.mean(axis=0) - 0.01, axis=1))
    chosen, edge_A = whole[nearest[: design.n_atoms]], cell_of(design).edge_A
    return Snapshot(chosen - chosen.mean(axis=0) + edge_A / 2, np.full(3, edge_A), False)  # noqa: FBT003


def frames_of(temperature_K: float, positions: str, folder: Path) -> list[Snapshot]:
    """What the engine shows of a sphere at 5 to 8 ps, an experiment-equivalent temperature."""
    simulated_K = temperature_K * DROP.physics.temperature_scale
    labelling = {"positions": positions, "persistence_ps": 1.0}
    protocol = Protocol(heat_ps=8.0, hold_ps=2.0, frame_every_ps=1.0, labelling=labelling)
    stage = replace(stages(protocol, DROP)[0], start_K=simulated_K, end_K=simulated_K)
    start = bcc_sphere(DROP)
    with Lammps(DROP, start, 1, folder) as engine:
        engine.set_temperature(simulated_K)
        engine.settle(simulated_K)
        seen = list(engine.run(stage))[4:]
    return [replace(start, positions_A=each.positions_A) for each in seen]


@pytest.mark.needs_lammps
def test_two_labellers_agree_on_a_crystal_and_on_a_melt(tmp_path) -> None:
    labelled = [
        replace(frame, structure=match_templates(frame, Labelling().rmsd_cutoff))
        for temperature_K in (WARM_K, HOT_K)
        for frame in frames_of(temperature_K, "averaged", tmp_path)
    ]
    found = compare(labelled, LITHIUM, Labelling())
    assert found.frames.both == found.frames.neither == 4
    assert found.core_atoms.kappa is not None
    assert found.core_atoms.kappa > 0.65  # 0.76 found; atoms at the edge of a crystal differ
    melt = solid_atoms(labelled[-1], LITHIUM)
    assert melt.n_solid < 0.05 * DROP.n_atoms


@pytest.mark.needs_lammps
def test_minimising_takes_the_vibration_out_and_leaves_every_atom_in_its_place(tmp_path) -> None:
    warm = replace(frames_of(WARM_K, "instantaneous", tmp_path)[-1], time_ps=7.0, stage="hold")
    at_rest = minimised(warm, DROP)

    def n_labelled(snapshot: Snapshot) -> int:
        return int(np.isin(match_templates(snapshot, 0.10), CRYSTALLINE).sum())

    assert n_labelled(at_rest) > 1.3 * n_labelled(warm)
    apart_A = np.linalg.norm(at_rest.positions_A - warm.positions_A, axis=1)
    assert 0.1 < np.median(apart_A) < 1.0
    assert (at_rest.time_ps, at_rest.stage, at_rest.is_periodic) == (7.0, "hold", False)
