import errno
import fcntl
import json
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from synthetic import lithium, synthetic_record

from simulate.campaign import run_campaign
from simulate.errors import GlassyLiError, MisuseError, StoreError, StoreMismatchError
from simulate.packing import pack
from simulate.plan import Plan
from simulate.protocol import protocol_named
from simulate.record import SCHEMA_VERSION, checksum_of
from simulate.snapshot import Snapshot, extended_xyz, read_structure
from simulate.store import content_hash, create_or_open, open_store

QUICK = protocol_named("quickstart")


@pytest.fixture
def record():
    return synthetic_record(lithium(), seed=1)


@pytest.fixture
def store(tmp_path, record):
    return create_or_open(tmp_path / "store", record.protocol)


def frames(record) -> bytes:
    return extended_xyz([pack(record.design, record.seed)], "Li")


def test_what_is_appended_is_read_back(store, record) -> None:
    kept = store.append(record, frames(record))
    assert record.trajectory_id in store
    assert list(open_store(store.path)) == [kept]
    (snapshot,) = store.frames(kept)
    assert snapshot.n_atoms == record.design.n_atoms
    assert snapshot.positions_A == pytest.approx(
        pack(record.design, record.seed).positions_A, abs=1e-6
    )


def test_appending_twice_changes_nothing(store, record) -> None:
    store.append(record, frames(record))
    before = {p: p.read_bytes() for p in store.path.rglob("*") if p.is_file()}
    store.append(record, frames(record))
    assert {p: p.read_bytes() for p in store.path.rglob("*") if p.is_file()} == before


def test_another_protocol_is_refused_and_named(store, record) -> None:
    other = record.protocol.model_copy(update={"hold_ps": record.protocol.hold_ps + 1})
    with pytest.raises(StoreMismatchError, match=r"under hold_ps = [\d.]+ \(asked for: [\d.]+\)\."):
        create_or_open(store.path, other)
    assert create_or_open(store.path, None).protocol == record.protocol


def test_of_nested_settings_only_those_that_differ_are_named(store, record) -> None:
    labelling = record.protocol.labelling.model_copy(update={"onset_cluster_atoms": 77})
    other = record.protocol.model_copy(update={"labelling": labelling})
    with pytest.raises(StoreMismatchError) as caught:
        create_or_open(store.path, other)
    assert "labelling.onset_cluster_atoms = 30 (asked for: 77)." in str(caught.value)
    assert "rmsd_cutoff" not in str(caught.value)


def created_together(path, protocols) -> list[object]:
    """What several writers get that all find no store."""
    start = Barrier(len(protocols))

    def create(protocol) -> object:
        start.wait()
        try:
            return create_or_open(path, protocol).protocol
        except MisuseError as error:
            return error

    with ThreadPoolExecutor(len(protocols)) as writers:
        return list(writers.map(create, protocols))


def test_first_writers_of_one_protocol_share_the_store(tmp_path) -> None:
    for number in range(20):
        path = tmp_path / str(number)
        assert created_together(path, [QUICK] * 4) == [QUICK] * 4
        assert [each.name for each in path.iterdir()] == ["store.json"]


def test_of_first_writers_of_two_protocols_one_is_refused(tmp_path) -> None:
    other = QUICK.model_copy(update={"hold_ps": QUICK.hold_ps + 1})
    for number in range(20):
        path = tmp_path / str(number)
        got = created_together(path, [QUICK, other])
        (refused,) = [each for each in got if isinstance(each, Exception)]
        (winner,) = [each for each in got if each is not refused]
        assert isinstance(refused, StoreMismatchError)
        assert open_store(path).protocol == winner


@contextmanager
def full_disk(free_bytes: int) -> Iterator[None]:
    """Files may grow to so many bytes and no further."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("free_bytes", [0, 100, 3000])
def test_a_full_disk_leaves_no_half_record(store, record, free_bytes: int) -> None:
    content = frames(record)
    before = {p: p.read_bytes() for p in store.path.rglob("*") if p.is_file()}
    with full_disk(free_bytes), pytest.raises(GlassyLiError, match="half-written; free some space"):
        store.append(record, content)
    assert record.trajectory_id not in store
    assert {p: p.read_bytes() for p in store.path.rglob("*") if p.is_file()} == before


def test_a_full_disk_makes_no_store(tmp_path) -> None:
    with full_disk(100), pytest.raises(GlassyLiError, match="free some space"):
        create_or_open(tmp_path / "store", QUICK)
    assert list(tmp_path.rglob("*.json*")) == []
    assert create_or_open(tmp_path / "store", QUICK).protocol == QUICK


def test_a_folder_of_other_things_does_not_become_a_store(tmp_path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(MisuseError, match="empty or new folder"):
        create_or_open(tmp_path, QUICK)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_no_store_is_said_so(tmp_path) -> None:
    with pytest.raises(MisuseError, match=r"store\.json"):
        open_store(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"seed"', '"sead"'),
        lambda text: text.replace('"schema_version": ', '"schema_version": 9'),
        lambda _: "",
    ],
)
def test_a_damaged_record_is_never_used(store, record, damage) -> None:
    store.append(record)
    path = store.record_files()[0]
    path.write_text(damage(path.read_text()))
    with pytest.raises(StoreError, match=record.trajectory_id):
        list(store)


def test_changed_frames_are_found(store, record) -> None:
    kept = store.append(record, frames(record))
    path = store.path / "frames" / kept.frames_file.name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match="checksum"):
        store.frames(kept)


def test_a_half_written_file_is_not_a_record(store, record) -> None:
    store.append(record)
    (store.path / "records" / ".half.json.x1").write_text("{")
    assert len(list(store)) == 1


def test_the_content_hash_names_the_data(store, record, tmp_path) -> None:
    empty = content_hash(store)
    store.append(record)
    whole = create_or_open(tmp_path / "whole", record.protocol)
    whole.append(record, frames(record))
    assert len({empty, content_hash(store), content_hash(whole)}) == 3


def test_what_is_there_is_never_changed(store, record) -> None:
    first = store.append(record, frames(record))
    before = {p: p.read_bytes() for p in store.path.rglob("*") if p.is_file()}
    other = extended_xyz([pack(record.design, 99)], "Li")
    assert store.append(record.model_copy(update={"seed": 99}), other) == first
    assert {p: p.read_bytes() for p in store.path.rglob("*") if p.is_file()} == before


def test_a_record_of_another_protocol_does_not_belong_here(store, record, tmp_path) -> None:
    longer = record.protocol.model_copy(update={"hold_ps": 400.0})
    other = create_or_open(tmp_path / "other", longer)
    other.append(synthetic_record(lithium(), seed=2, protocol=longer))
    (path,) = other.record_files()
    (store.path / "records").mkdir(exist_ok=True)
    (store.path / "records" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(StoreError, match=r"differ in hold_ps"):
        list(store)


def test_a_field_of_a_later_release_does_not_break_the_seal(store, record) -> None:
    """The seal is of what was written, whatever defaults reading adds."""
    store.append(record)
    (path,) = store.record_files()
    values = json.loads(path.read_text())
    for added_later in ("relabelled_from", "checksum"):
        values.pop(added_later)
    values["checksum"] = checksum_of(values)
    path.write_text(json.dumps(values))
    assert next(iter(store)).trajectory_id == record.trajectory_id


def test_a_trajectory_is_claimed_by_one_campaign_at_a_time(store) -> None:
    ours = store.claim("abc")
    assert ours is not None
    assert store.claim("abc") is None
    assert store.claim("def") is not None
    ours.release()
    again = store.claim("abc")
    assert again is not None
    again.release()


def test_a_lock_that_its_holder_just_removed_claims_nothing(store, monkeypatch) -> None:
    """Else two campaigns would hold one trajectory: one by the removed file, one by a new one."""
    ours = store.claim("abc")
    flock = fcntl.flock

    def released_just_before(handle, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        ours.release()
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", released_just_before)
    theirs = store.claim("abc")
    assert theirs is not None
    assert store.claim("abc") is None
    theirs.release()
    assert list((store.path / "running").iterdir()) == []


def test_a_filesystem_without_locks_is_said_so(store, monkeypatch) -> None:
    opened = []

    def no_locks(handle, _operation: int) -> None:
        opened.append(handle)
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(GlassyLiError, match=r"No locks available\. Choose an --out"):
        store.claim("abc")
    assert opened[0].closed


def test_a_plan_named_twice_is_planned_once(store, record) -> None:
    store.append(record)
    summary = run_campaign([Plan.of(record), Plan.of(record)], store)
    assert (summary.n_planned, summary.n_present) == (1, 1)
    assert summary.ids == [record.trajectory_id]


def test_frames_are_the_same_bytes_every_time(record) -> None:
    assert frames(record) == frames(record)


def test_records_have_no_infinite_numbers(store, record) -> None:
    store.append(record)
    text = store.record_files()[0].read_text()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("text", ["", "3\n\nLi 0 0 nan\nLi 0 0 1\nLi 0 0 2\n", "not atoms"])
def test_a_structure_that_is_none_is_refused(tmp_path, text: str) -> None:
    file = tmp_path / "atoms.xyz"
    file.write_text(text)
    with pytest.raises(MisuseError):
        read_structure(file)


def test_a_structure_keeps_cell_periodicity_and_labels(tmp_path, record) -> None:
    packed = pack(record.design, 3)
    labelled = Snapshot(
        packed.positions_A, packed.cell_A, packed.is_periodic, -12.5, "quench",
        (packed.positions_A[:, 0] > 5).astype(int) * 3,
    )  # fmt: skip
    file = tmp_path / "frames.xyz.gz"
    file.write_bytes(extended_xyz([packed, labelled], "Li"))
    first, second = read_structure(file)
    assert first.structure is None
    assert (second.time_ps, second.stage) == (-12.5, "quench")
    assert (second.structure == labelled.structure).all()
    assert second.cell_A == pytest.approx(labelled.cell_A)
    assert second.is_periodic == labelled.is_periodic


def test_an_unreadable_protocol_of_a_store_is_said_so(tmp_path) -> None:
    (tmp_path / "store.json").write_text(json.dumps({"schema_version": SCHEMA_VERSION}))
    with pytest.raises(StoreError, match="protocol"):
        open_store(tmp_path)


def test_a_store_of_another_release_is_told_from_a_damaged_one(store) -> None:
    header = store.path / "store.json"
    values = json.loads(header.read_text())
    values["protocol"]["a_setting_of_then"] = 3
    header.write_text(json.dumps(values | {"schema_version": 1}))
    with pytest.raises(StoreError, match=r"but has 1\. Read it with the release that wrote it"):
        open_store(store.path)
    header.write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        open_store(store.path)
