"""Two slots in turn: what was saved comes back, and a damaged slot is never used."""

from pathlib import Path

import numpy as np
import pytest
from synthetic import lithium, synthetic_record

from simulate.checkpoint import Checkpoints, Progress
from simulate.packing import pack
from simulate.snapshot import Snapshot

RECORD = synthetic_record(lithium(n_atoms=120), 1)


def progress(n_frames: int) -> Progress:
    return Progress(
        stage="hold",
        n_in_stage=n_frames,
        reference_eV=-1.5,
        frames=RECORD.frames[:n_frames],
        timings_s={"hold": 1.0},
        after_quench=None,
        resumed_at_ps=[],
    )


def snapshots(n_frames: int) -> list[Snapshot]:
    packed = pack(RECORD.design, 1)
    structure = np.zeros(120, dtype=np.int64)
    later = Snapshot(packed.positions_A / 3.0, packed.cell_A, True, 10.0, "hold", structure)  # noqa: FBT003
    return [packed, *([later] * n_frames)]


@pytest.fixture
def saved(tmp_path: Path) -> Checkpoints:
    """Three times written: slot 1 holds the newest, slot 0 the one before."""
    checkpoints = Checkpoints(tmp_path / "running" / "abc")
    for n_frames in (1, 2, 3):
        checkpoints.save(progress(n_frames), snapshots(n_frames), f"state {n_frames}".encode())
    return checkpoints


def test_the_newest_comes_back_to_the_last_bit(saved: Checkpoints) -> None:
    found = Checkpoints(saved.folder).latest()
    assert found.progress == progress(3)
    assert found.restart == b"state 3"
    for before, after in zip(snapshots(3), found.snapshots, strict=True):
        assert np.array_equal(before.positions_A, after.positions_A)
        assert (before.time_ps, before.stage) == (after.time_ps, after.stage)
        assert (before.structure is None) == (after.structure is None)


@pytest.mark.parametrize("name", ["restart.1", "frames.1.npz", "state.1.json"])
@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_slot_gives_way_to_the_one_before(
    saved: Checkpoints, name: str, damage: bytes | None
) -> None:
    path = saved.folder / name
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    found = Checkpoints(saved.folder).latest()
    assert found.progress.n_in_stage == 2
    assert found.restart == b"state 2"


def test_writing_goes_on_in_the_older_slot(saved: Checkpoints) -> None:
    resumed = Checkpoints(saved.folder)
    resumed.latest()
    resumed.save(progress(4), snapshots(4), b"state 4")
    assert (saved.folder / "restart.0").read_bytes() == b"state 4"
    assert (saved.folder / "restart.1").read_bytes() == b"state 3"


def test_with_both_slots_damaged_the_trajectory_begins_anew(saved: Checkpoints) -> None:
    for slot in (0, 1):
        (saved.folder / f"restart.{slot}").write_bytes(b"nonsense")
    assert Checkpoints(saved.folder).latest() is None


@pytest.mark.parametrize(
    ("old", "new"),
    [('"trajectory_id":"abc"', '"trajectory_id":"def"'), ('"lammps":"', '"lammps":"9')],
)
def test_a_checkpoint_of_another_trajectory_or_release_is_not_used(
    saved: Checkpoints, old: str, new: str
) -> None:
    for slot in (0, 1):
        path = saved.folder / f"state.{slot}.json"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    assert Checkpoints(saved.folder).latest() is None


def test_nothing_is_left_once_it_is_recorded(saved: Checkpoints) -> None:
    saved.clear()
    assert not saved.folder.exists()
    saved.clear()
    assert saved.latest() is None
