"""Arrest and flow: a solid keeps its neighbours, a mixed embryo keeps none, at any size."""

import numpy as np
import pytest
from synthetic import SHORT_PROTOCOL, lithium

from simulate.mobility import has_arrested, mobility
from simulate.neighbours import bond_persistence, mixed_persistence
from simulate.packing import pack
from simulate.record import Frame, Mobility
from simulate.snapshot import Snapshot

LITHIUM = lithium().physics


def frame(time_ps: float) -> Frame:
    return Frame(
        time_ps=time_ps, stage="hold", temperature_K=300.0, potential_eV_per_atom=-1.5,
        conserved_meV_per_atom=0.0, pressure_bar=0.0, n_bcc=0, n_fcc=0, n_hcp=0, n_icosahedral=0,
        n_other=100, largest_cluster=0, n_core=50, n_core_crystalline=0, bond_persistence=0.5,
        diffusivity_cm2_s=1.0e-5,
    )  # fmt: skip


def watched(is_mixed: list[bool], n_atoms: int = 100) -> Mobility:
    """Atoms that change places wholly from one frame to the next, or stay."""
    rng = np.random.default_rng(0)
    places = pack(lithium(n_atoms, 0.4, "confined"), 1)
    snapshots, atoms = [], places.positions_A
    for mixes in is_mixed:
        atoms = rng.permutation(atoms) if mixes else atoms
        snapshots.append(Snapshot(atoms, places.cell_A, is_periodic=False))
    series = [frame(10.0 * (number + 1)) for number in range(len(is_mixed))]
    timed = [
        Snapshot(each.positions_A, each.cell_A, each.is_periodic, seen.time_ps, "hold")
        for each, seen in zip(snapshots, series, strict=True)
    ]
    found = mobility(series, timed, SHORT_PROTOCOL.labelling, LITHIUM)
    assert found is not None
    return found


def test_what_never_moves_has_arrested() -> None:
    still = watched([False] * 21)
    assert (still.persistence_over_half, still.persistence_spread) == (1.0, 0.0)
    assert (still.half_ps, still.n_origins) == (100.0, 11)
    assert has_arrested(still)


@pytest.mark.parametrize("n_atoms", [100, 400])
def test_a_mixed_embryo_keeps_nothing_however_small(n_atoms: int) -> None:
    mixed = watched([True] * 21, n_atoms)
    assert mixed.persistence_over_half < 0.06
    assert not has_arrested(mixed)


def test_chance_leaves_more_neighbours_in_a_small_embryo() -> None:
    shares = []
    for n_atoms in (100, 400):
        atoms = pack(lithium(n_atoms, 0.4, "confined"), 1)
        mixed = Snapshot(
            np.random.default_rng(1).permutation(atoms.positions_A), atoms.cell_A, is_periodic=False
        )
        shares.append(mixed_persistence(atoms, LITHIUM))
        assert bond_persistence(atoms, mixed, LITHIUM) == pytest.approx(shares[-1], abs=0.05)
    assert shares[0] > 2.0 * shares[1]


def test_every_frame_is_a_start_and_none_decides_alone() -> None:
    once = watched([False] * 15 + [True] + [False] * 5)  # five of eleven starts end before it
    assert once.n_origins == 11
    assert once.persistence_over_half == pytest.approx(5 / 11, abs=0.06)
    assert once.persistence_spread > 0.4
