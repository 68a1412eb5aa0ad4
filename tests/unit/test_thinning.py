import pytest
from synthetic import lithium, synthetic_store

from simulate.errors import StoreError
from simulate.landmarks import HOLD_LANDMARKS_PS, LANDMARKS, landmark_frames
from simulate.store import open_store
from simulate.thinning import DECIMALS, kept_frames, thin


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "store"
    return synthetic_store(path, [lithium(150), lithium(400)], n_replicas=3)


def test_a_thinned_store_keeps_records_and_few_frames(whole, tmp_path) -> None:
    assert thin(whole, tmp_path / "thin", 5) == 6
    thinned = open_store(tmp_path / "thin")
    for record in whole:
        small = thinned.record(record.trajectory_id)
        own = {"frames_file": record.frames_file, "checksum": record.checksum}
        assert small.model_copy(update=own) == record
        assert len(small.frame_numbers) <= 5
        numbers = list(small.frame_numbers)
        before, after = whole.frames(record, numbers), thinned.frames(small, numbers)
        for one, other in zip(before, after, strict=True):
            assert (one.stage, one.time_ps) == (other.stage, other.time_ps)
            assert other.positions_A == pytest.approx(one.positions_A, abs=10.0**-DECIMALS)


def test_thinning_again_adds_nothing_and_thinning_twice_keeps_what_is_there(
    whole, tmp_path
) -> None:
    thin(whole, tmp_path / "thin", 6)
    before = {p: p.read_bytes() for p in (tmp_path / "thin").rglob("*") if p.is_file()}
    assert thin(whole, tmp_path / "thin", 6) == 0
    assert {p: p.read_bytes() for p in (tmp_path / "thin").rglob("*") if p.is_file()} == before
    assert thin(open_store(tmp_path / "thin"), tmp_path / "thinner", 3) == 6


def test_the_packing_the_landmarks_the_wait_and_the_end_are_kept(whole) -> None:
    for record in whole:
        numbers = kept_frames(record, 9)
        assert len(numbers) <= 9
        assert numbers[0] == 0
        assert numbers[-1] == len(record.frames)
        if record.incubation and not record.incubation.ordered_in_quench:
            waited = [record.frames[n - 1] for n in numbers[1:-1]]
            assert all(frame.time_ps <= record.incubation.lower_ps for frame in waited)
            assert any(frame.stage == "quench" for frame in waited)
            for landmark_ps in HOLD_LANDMARKS_PS:
                if landmark_ps <= record.incubation.lower_ps:
                    assert any(abs(frame.time_ps - landmark_ps) <= 5.0 for frame in waited)


def test_landmarks_are_frames_of_their_moment(whole) -> None:
    for record in whole:
        found = landmark_frames(record)
        assert set(found) <= set(LANDMARKS)
        assert found["packing"] == 0
        quench_end = record.frames[found["end of quench"] - 1]
        assert quench_end.stage == "quench"
        assert quench_end.time_ps == pytest.approx(0.0, abs=record.protocol.frame_every_ps)
        for landmark_ps in (50.0, 100.0):
            frame = record.frames[found[f"{landmark_ps:g} ps"] - 1]
            assert abs(frame.time_ps - landmark_ps) <= 0.5 * record.protocol.frame_every_ps
        assert "400 ps" not in found, "the hold is 200 ps"


def test_a_frame_that_was_not_kept_is_said_so(whole, tmp_path) -> None:
    thin(whole, tmp_path / "thin", 3)
    thinned = open_store(tmp_path / "thin")
    record = next(iter(thinned))
    gone = next(n for n in range(len(record.frames)) if n not in record.frame_numbers)
    with pytest.raises(StoreError, match="not kept"):
        thinned.frames(record, [gone])
