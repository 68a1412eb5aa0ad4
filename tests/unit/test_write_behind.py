"""Records written while the campaign goes on: durable before they come out, and in order."""

import threading
from dataclasses import dataclass, field

import pytest
from synthetic import NEVER, SHORT_PROTOCOL, lithium, synthetic_record

from simulate.errors import GlassyLiError
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore, create_or_open
from simulate.write_behind import MOST_UNDER_WAY, WriteBehind

RECORDS = [
    synthetic_record(lithium(n_atoms=120), seed, NEVER) for seed in range(1, MOST_UNDER_WAY + 3)
]


@dataclass(frozen=True, slots=True)
class GatedStore(RecordStore):
    """Its disk writes nothing until it is let."""

    disk: threading.Event = field(default_factory=threading.Event)

    def append(self, record: TrajectoryRecord, frames: bytes | None = None) -> TrajectoryRecord:
        assert self.disk.wait(60.0)
        return RecordStore.append(self, record, frames)


@pytest.fixture
def store(tmp_path) -> GatedStore:
    made = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    return GatedStore(made.path, made.protocol)


def test_records_come_out_durable_and_in_order(store: GatedStore) -> None:
    writing = WriteBehind(store)
    for record in RECORDS[:4]:
        writing.put(record, None)
    assert len(writing) == 4
    assert list(writing.durable()) == []  # none is on the disk, and nobody waits for it
    store.disk.set()
    writing.wait()
    done = [record.trajectory_id for record in writing.durable()]
    assert done == [record.trajectory_id for record in RECORDS[:4]]
    assert all(name in store for name in done)
    assert not writing
    writing.close()


def test_the_disk_is_waited_for_where_too_much_is_under_way(store: GatedStore) -> None:
    writing = WriteBehind(store)
    for record in RECORDS:
        writing.put(record, None)
    threading.Timer(0.05, store.disk.set).start()
    first, second = (next(writing.durable()) for _ in range(2))
    assert [first.trajectory_id, second.trajectory_id] == [r.trajectory_id for r in RECORDS[:2]]
    writing.close()
    assert len(store) == len(RECORDS)  # closing writes what is under way


def test_a_store_that_cannot_be_written_is_told(store: GatedStore, caplog) -> None:
    (store.path / "records").write_text("a file where a folder should be")
    store.disk.set()
    writing = WriteBehind(store)
    writing.put(RECORDS[0], None)
    writing.wait()
    with pytest.raises(GlassyLiError, match="must be a writable folder"):
        list(writing.durable())
    writing.put(RECORDS[1], None)
    writing.close()
    assert "a record was not written" in caplog.text
