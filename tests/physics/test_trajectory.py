"""Whole trajectories: LAMMPS and OVITO together."""

import numpy as np
import pytest
from ase.build import bulk
from synthetic import lithium

from simulate.branching import placed
from simulate.checkpoint import Checkpoints, Progress
from simulate.confinement import cell_of
from simulate.engine import Lammps
from simulate.errors import EngineError
from simulate.labels import label
from simulate.plan import Plan
from simulate.pricing import calibrate, price
from simulate.protocol import Protocol, protocol_named, stages
from simulate.record import PHYSICS_VERSION, Parent
from simulate.snapshot import Snapshot
from simulate.store import create_or_open
from simulate.trajectory import run_trajectory

pytestmark = [pytest.mark.needs_lammps, pytest.mark.needs_ovito]

SHORT = Protocol(
    heat_ps=2.0,
    quench_rate_K_per_ps=50.0,
    hold_ps=12.0,
    frame_every_ps=2.0,
    labelling={"persistence_ps": 4.0, "fraction_after_onset_ps": 2.0},
)


@pytest.fixture(scope="module")
def melt(tmp_path_factory):
    """A small melt, too short-lived to order, in a store of its own."""
    folder = tmp_path_factory.mktemp("melt")
    plan = Plan(lithium(n_atoms=120), SHORT, 1)
    record, frames = run_trajectory(plan, folder)
    store = create_or_open(folder / "store", SHORT)
    return plan, store.append(record, frames), store


def test_a_melt_is_not_crystalline_and_flows(melt) -> None:
    _, record, _ = melt
    assert record.failure is None
    assert record.outcome == "liquid"
    assert not record.incubation.is_observed
    assert record.crystalline_fraction < 0.05
    assert record.mobility.bond_persistence < 0.9


def test_the_clock_of_the_hold_starts_at_its_beginning(melt) -> None:
    _, record, store = melt
    times = [frame.time_ps for frame in record.frames]
    assert times == sorted(times)
    assert max(t for t, f in zip(times, record.frames, strict=True) if f.stage == "quench") == 0.0
    assert min(t for t, f in zip(times, record.frames, strict=True) if f.stage == "hold") > 0.0
    assert store.frames(record)[0].stage == "packing"


def test_stored_frames_give_the_stored_labels_again(melt) -> None:
    plan, record, store = melt
    snapshots = store.frames(record)[1:]
    assert len(snapshots) == len(record.frames)
    for snapshot, frame in list(zip(snapshots, record.frames, strict=True))[::3]:
        labels = label(snapshot, plan.design.physics, plan.protocol.labelling)
        assert labels.counts["bcc"] == pytest.approx(frame.n_bcc, abs=1)
        assert (labels.structure == snapshot.structure).mean() > 0.98


def test_a_record_says_who_made_it_and_what_was_simulated(melt) -> None:
    plan, record, _ = melt
    assert record.trajectory_id == plan.trajectory_id
    assert record.simulated.hold_temperature_K == pytest.approx(364.4, abs=0.1)
    assert record.provenance.potential_sha256 == plan.design.physics.coefficients_sha256
    assert record.energy_balance.is_binding is False
    assert record.morphology_after_quench.largest_cluster <= 120
    assert record.physics_version == PHYSICS_VERSION


def test_a_store_takes_the_room_that_was_said(melt) -> None:
    plan, _, store = melt
    files = [path for folder in ("records", "frames") for path in (store.path / folder).iterdir()]
    taken_MB = 1.0e-6 * sum(path.stat().st_size for path in files)
    assert price([plan], calibrate()).disk_MB == pytest.approx(taken_MB, rel=0.05)


def test_the_same_plan_gives_the_same_frames(melt, tmp_path) -> None:
    plan, record, store = melt
    _, frames = run_trajectory(plan, tmp_path)
    assert frames == store.frames_bytes(record)


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize(
    ("exchange", "n_kept"),
    [
        ({}, 1),  # at the end of the melt
        ({}, 3),  # in the hold
        ({"energy_exchange": "confined"}, 2),
        ({"mass_exchange": "confined"}, 2),
        ({"energy_exchange": "partial", "energy_relaxation_ps": 5.0}, 2),
    ],
    ids=["open-melt", "open", "isolated", "walled", "leaking"],
)
def test_a_killed_trajectory_goes_on_bit_by_bit(
    tmp_path, monkeypatch, exchange: dict, n_kept: int
) -> None:
    protocol = SHORT.model_copy(update={"heat_ps": 3.0, "hold_ps": 5.0, "frame_every_ps": 0.3})
    design = lithium(n_atoms=100).model_copy(update=exchange)
    plan = Plan(design, protocol, 1)
    whole, whole_frames = run_trajectory(plan, tmp_path)

    save = Checkpoints.save
    written = []

    def save_then_die(*arguments: object) -> None:
        save(*arguments)
        written.append(1)
        if len(written) == n_kept:
            raise KilledError

    checkpoints = Checkpoints(tmp_path / "running" / plan.trajectory_id, every_s=0.0)
    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "save", save_then_die)
        with pytest.raises(KilledError):
            run_trajectory(plan, tmp_path, checkpoints)
    resumed, frames = run_trajectory(plan, tmp_path, checkpoints)
    assert len(resumed.provenance.resumed_at_ps) == 1
    assert frames == whole_frames
    own = {"timings_s", "provenance"}
    assert resumed.model_dump(exclude=own) == whole.model_dump(exclude=own)


def test_a_full_scratch_disk_is_no_failure_of_the_physics(tmp_path, monkeypatch) -> None:
    """Neither while it runs nor when it is resumed; its checkpoint stays."""
    protocol = SHORT.model_copy(update={"heat_ps": 6.0, "hold_ps": 6.0, "frame_every_ps": 0.3})
    plan = Plan(lithium(n_atoms=100), protocol, 1)
    scratch = tmp_path / "fernando"  # a name with `nan` in it
    scratch.mkdir()
    save = Checkpoints.save

    def save_and_fill_the_disk(*arguments: object) -> None:
        save(*arguments)
        (scratch / "restart").unlink()
        (scratch / "restart").symlink_to("/dev/full")

    monkeypatch.setattr(Checkpoints, "save", save_and_fill_the_disk)
    checkpoints = Checkpoints(tmp_path / "running" / plan.trajectory_id, every_s=0.0)
    for _ in range(2):
        with pytest.raises(EngineError, match=r"scratch must be writable, but .* Free some space"):
            run_trajectory(plan, scratch, checkpoints)
        assert len(checkpoints.latest().progress.frames) == 10


def test_a_checkpoint_that_lammps_cannot_read_is_forgotten(melt, tmp_path) -> None:
    plan, record, store = melt
    checkpoints = Checkpoints(tmp_path / "running" / plan.trajectory_id)
    progress = Progress(
        stage="hold",
        n_in_stage=2,
        reference_eV=-1.5,
        frames=record.frames[:2],
        timings_s={},
        after_quench=None,
        resumed_at_ps=[],
    )
    checkpoints.save(progress, store.frames(record, [0, 1, 2]), b"no restart file")
    anew, frames = run_trajectory(plan, tmp_path, checkpoints)
    assert anew.failure is None
    assert anew.provenance.resumed_at_ps == []
    assert frames == store.frames_bytes(record)


def test_a_trajectory_does_without_checkpoints_where_none_can_be_written(melt, tmp_path) -> None:
    plan, _, _ = melt
    (tmp_path / "running").write_text("a file where a folder should be")
    often = SHORT.model_copy(update={"frame_every_ps": 0.3})
    checkpoints = Checkpoints(tmp_path / "running" / plan.trajectory_id, every_s=0.0)
    again, _ = run_trajectory(Plan(plan.design, often, 1), tmp_path, checkpoints)
    assert again.failure is None


def test_replicas_of_a_stored_frame_start_alike_and_part(melt, tmp_path) -> None:
    plan, record, store = melt
    number = next(n for n, f in enumerate(record.frames, 1) if f.time_ps == 0.0)
    (start,) = store.frames(record, [number])
    parent = Parent(
        trajectory_id=record.trajectory_id, frame_number=number, time_ps=0.0, start_sha256="0"
    )
    branches = [
        run_trajectory(Plan(plan.design, SHORT, seed, parent, start), tmp_path) for seed in (1, 2)
    ]
    for branch, _ in branches:
        assert branch.parent == parent
        assert {frame.stage for frame in branch.frames} == {"hold"}
        assert branch.morphology_after_quench.largest_cluster <= 120
    (one, first), (two, second) = branches
    assert one.trajectory_id != two.trajectory_id
    assert first != second
    heat_K = np.mean([frame.temperature_K for frame in one.frames[1:]])
    assert heat_K == pytest.approx(364.4, abs=60.0)


@pytest.mark.slow
def test_a_dense_embryo_crystallises_and_stops_early(tmp_path) -> None:
    protocol = protocol_named("quickstart")
    record, _ = run_trajectory(
        Plan(lithium(250, packing_density_g_cm3=0.35, hold_temperature_K=240.0), protocol, 1),
        tmp_path,
    )
    assert record.outcome == "crystalline"
    assert record.crystalline_fraction > 0.3
    assert record.frames[-1].time_ps < protocol.hold_ps


def test_what_cannot_be_packed_is_a_record_without_frames(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("simulate.packing.SHORTEST_DISTANCE_A", 3.0)
    record, frames = run_trajectory(Plan(lithium(n_atoms=120), SHORT, 1), tmp_path)
    assert record.failure.cause == "packing"
    assert frames is None


def test_a_drifting_isolated_hold_is_a_failed_record_with_its_data(tmp_path) -> None:
    coarse = SHORT.model_copy(update={"isolated_time_step_fs": 6.0})
    plan = Plan(
        lithium(n_atoms=120, packing_density_g_cm3=0.4, mass_exchange="confined",
                energy_exchange="confined"),
        coarse,
        1,
    )  # fmt: skip
    record, _ = run_trajectory(plan, tmp_path)
    assert record.failure.cause == "energy_drift"
    assert record.outcome is None
    assert len(record.frames) > 5


def test_a_breakdown_of_the_physics_is_a_record_not_an_error(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("simulate.confinement.WALL_STIFFNESS_eV_per_A2", 1.0e-4)
    plan = Plan(
        lithium(n_atoms=120, packing_density_g_cm3=0.534, mass_exchange="confined"), SHORT, 1
    )
    record, frames = run_trajectory(plan, tmp_path)
    assert record.failure.cause == "lost_atoms"
    assert record.failure.log_tail
    assert frames


def test_a_droplet_goes_on_alike_behind_a_wall_that_it_does_not_touch(tmp_path) -> None:
    """The matched experiment: one seed gives the same atoms and velocities in every cell.

    Half a picosecond is compared: chaos multiplies rounding by some 1e5 in a picosecond.
    """
    design = lithium(n_atoms=137)
    crystal = bulk("Li", "bcc", a=3.51, cubic=True).repeat(8).positions
    apart_A = crystal - crystal.mean(axis=0)
    edge_A = cell_of(design).edge_A
    inside = np.argsort(np.linalg.norm(apart_A, axis=1))[:137]
    start = Snapshot(apart_A[inside] % edge_A, np.full(3, edge_A), is_periodic=True)
    energies_eV = []
    for each in (design, design.model_copy(update={"mass_exchange": "confined"})):
        _, _, hold = stages(SHORT.model_copy(update={"frame_every_ps": 0.3}), each)
        with Lammps(each, placed(start, design, each), 1, tmp_path) as engine:
            engine.set_temperature(hold.start_K)
            engine.settle(hold.start_K, 0.2)
            energies_eV.append(next(engine.run(hold)).potential_eV_per_atom)
    assert energies_eV[0] == pytest.approx(energies_eV[1], abs=1e-9)
