"""Stores copied, packed, judged again: nothing is lost, and nothing is taken on trust."""

import json
from pathlib import Path

import pytest
from synthetic import SHORT_PROTOCOL, Truth, lithium, synthetic_designs, synthetic_store

from simulate.branching import branches
from simulate.errors import MisuseError, StoreError, StoreMismatchError
from simulate.relabel import relabel
from simulate.sensitivity import sensitivity
from simulate.store import RecordStore, open_store
from simulate.thinning import thin
from simulate.transfer import check_id, import_archive, merge, write_archive


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> RecordStore:
    path = tmp_path_factory.mktemp("curation") / "store"
    return synthetic_store(path, synthetic_designs(4), 2, Truth(median_ps=60.0), n_failed=1)


def test_stores_are_merged_once(store: RecordStore, tmp_path: Path) -> None:
    more = synthetic_store(tmp_path / "more", [lithium(250)], 2)
    assert merge([store, more], tmp_path / "all") == len(store) + 2
    assert merge([store, more], tmp_path / "all") == 0
    for record in store:
        assert open_store(tmp_path / "all").record(record.trajectory_id) == record


def test_stores_of_two_protocols_are_not_merged(store: RecordStore, tmp_path: Path) -> None:
    longer = SHORT_PROTOCOL.model_copy(update={"hold_ps": 400.0})
    other = synthetic_store(tmp_path / "other", [lithium()], 1, protocol=longer)
    with pytest.raises(StoreMismatchError):
        merge([store, other], tmp_path / "all")
    assert len(open_store(tmp_path / "all")) == 0


def test_an_archive_brings_a_store_back_to_the_byte(store: RecordStore, tmp_path: Path) -> None:
    assert write_archive(store, tmp_path / "store.tar.gz") == len(store)
    assert import_archive(tmp_path / "store.tar.gz", tmp_path / "again") == len(store)
    for path in store.path.rglob("*"):
        if path.is_file() and path.name != "store.json":
            again = tmp_path / "again" / path.relative_to(store.path)
            assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(MisuseError, match="records export"):
        import_archive(tmp_path / "file", tmp_path / "store")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("old", "new"), [('"liquid"', '"glassy"'), ('"seed": 1', '"seed": 7'), ("364.0", "365.0")]
)
def test_a_record_changed_by_hand_is_found(tmp_path: Path, old: str, new: str) -> None:
    damaged = synthetic_store(tmp_path / "store", [lithium()], 1, Truth(quench_logit=-50, cure=1))
    (path,) = damaged.record_files()
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(StoreError, match="checksum disagree"):
        damaged.record(path.stem)


def test_a_record_under_a_foreign_id_is_found(store: RecordStore) -> None:
    record = next(iter(store))
    check_id(record)
    with pytest.raises(StoreError, match="must have the id of its content"):
        check_id(record.model_copy(update={"seed": 4711}))


def test_a_record_of_an_older_schema_is_refused_and_named(tmp_path: Path) -> None:
    old = synthetic_store(tmp_path / "store", [lithium()], 1)
    (path,) = old.record_files()
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"schema_version": 1}))
    with pytest.raises(StoreError, match="from another version"):
        list(old)


def test_relabelling_judges_anew_and_keeps_the_old_id(store: RecordStore, tmp_path: Path) -> None:
    labelling = store.protocol.labelling
    stricter = labelling.model_copy(update={"onset_cluster_atoms": 10_000})
    assert relabel(store, tmp_path / "strict", stricter) == len(store)
    assert relabel(store, tmp_path / "strict", stricter) == 0
    judged = open_store(tmp_path / "strict")
    assert {r.relabelled_from for r in judged} == {r.trajectory_id for r in store}
    assert not any(r.outcome == "crystalline" for r in judged)
    assert any(r.outcome == "crystalline" for r in store)
    for record in judged:
        check_id(record)
    relabel(judged, tmp_path / "back", labelling)
    back = {r.trajectory_id: r for r in open_store(tmp_path / "back")}
    for record in store:
        if record.failure is None:
            assert back[record.trajectory_id].incubation == record.incubation
            assert back[record.trajectory_id].outcome == record.outcome


def test_new_labels_need_every_frame(store: RecordStore, tmp_path: Path) -> None:
    thin(store, tmp_path / "thin", 4)
    finer = store.protocol.labelling.model_copy(update={"rmsd_cutoff": 0.1})
    with pytest.raises(MisuseError, match="every frame"):
        relabel(open_store(tmp_path / "thin"), tmp_path / "out", finer)


@pytest.mark.parametrize("change", [{"positions": "instantaneous"}, {"averaging_ps": 0.1}])
def test_averaging_cannot_be_undone(store: RecordStore, tmp_path: Path, change: dict) -> None:
    with pytest.raises(MisuseError, match="cannot be undone"):
        relabel(store, tmp_path / "out", store.protocol.labelling.model_copy(update=change))
    assert not (tmp_path / "out").exists()


def test_stricter_thresholds_never_order_more(store: RecordStore) -> None:
    rows = sensitivity(list(store))
    stored = sum(r.outcome == "crystalline" for r in store)
    by_size = {
        (r.confirmed_core_fraction, r.persistence_ps, r.onset_cluster_atoms): r for r in rows
    }
    assert by_size[0.4, 30.0, 30].n_ordered <= stored
    for (confirmed, persistence_ps, n_c), row in by_size.items():
        laxer = by_size.get((confirmed, persistence_ps, {80: 60, 60: 50, 50: 40}.get(n_c, n_c)))
        assert laxer is not None
        assert row.n_ordered <= laxer.n_ordered
        assert row.n_in_quench <= row.n_ordered


def test_replicas_start_from_the_frame_asked_for(store: RecordStore) -> None:
    record = next(r for r in store if r.failure is None)
    plans = branches(store, [record.trajectory_id], 0.0, [1, 2, 3])
    assert len({plan.trajectory_id for plan in plans}) == 3
    for plan in plans:
        assert plan.parent.trajectory_id == record.trajectory_id
        assert record.frames[plan.parent.frame_number - 1].time_ps == 0.0
        assert plan.start.n_atoms == record.design.n_atoms


def test_a_parent_without_that_frame_is_refused_and_the_nearest_named(store: RecordStore) -> None:
    record = next(r for r in store if r.failure is None)
    with pytest.raises(MisuseError, match=r"the nearest .* is at 50"):
        branches(store, [record.trajectory_id], 52.5, [1])
