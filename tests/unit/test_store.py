import json

import pytest
from synthetic import lithium, synthetic_record

from simulate.errors import MisuseError, StoreError, StoreMismatchError
from simulate.packing import pack
from simulate.protocol import protocol_named
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
    with pytest.raises(StoreMismatchError, match="hold_ps = "):
        create_or_open(store.path, other)
    assert create_or_open(store.path, None).protocol == record.protocol


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
        lambda text: text.replace('"schema_version": 1', '"schema_version": "x"'),
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


def test_the_content_hash_names_the_data(store, record) -> None:
    empty = content_hash(store)
    store.append(record)
    bare = content_hash(store)
    store.append(record, frames(record))
    assert len({empty, bare, content_hash(store)}) == 3


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
    (tmp_path / "store.json").write_text('{"schema_version": 1}')
    with pytest.raises(StoreError, match="protocol"):
        open_store(tmp_path)
