"""Stores copied, packed, judged again: nothing is lost, and nothing is taken on trust."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import glassyli
from synthetic import (
    ALWAYS,
    NEVER,
    SHORT_PROTOCOL,
    Truth,
    lithium,
    synthetic_designs,
    synthetic_frames,
    synthetic_record,
    synthetic_store,
)

from simulate.branching import branches
from simulate.errors import MisuseError, StoreError, StoreMismatchError
from simulate.labels import Labels
from simulate.packing import pack
from simulate.protocol import Labelling, Protocol
from simulate.record import Failure, TrajectoryRecord
from simulate.relabel import relabel
from simulate.sensitivity import CLUSTER_ATOMS, CONFIRMED, PERSISTENCE_PS, sensitivity
from simulate.snapshot import STRUCTURE_NAMES, Snapshot, extended_xyz, with_structures
from simulate.store import RecordStore, create_or_open, open_store
from simulate.thinning import thin
from simulate.transfer import check_id, merge
from train.records import read_records


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


@pytest.fixture
def twice(tmp_path: Path) -> list[RecordStore]:
    """One trajectory lost early, lost late, and answered, each in a store with two more."""
    answer = synthetic_record(lithium(), 1, NEVER)
    early, late = (
        lost("lost_worker", 12).model_copy(
            update={"trajectory_id": answer.trajectory_id, "seed": 1, "frames": answer.frames[:n]}
        )
        for n in (4, 12)
    )
    stores = []
    for number, record in enumerate((early, late, answer)):
        each = synthetic_store(
            tmp_path / str(number), [lithium(200), lithium(250)], 1, NEVER, has_frames=False
        )
        each.append(record)
        stores.append(each)
    return stores


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_an_answer_beats_a_failure_in_whatever_order(
    twice: list[RecordStore], tmp_path: Path, order: tuple[int, ...]
) -> None:
    stores = [twice[number] for number in order]
    assert merge(stores, tmp_path / "all") == 3
    assert not any(record.is_failed for record in open_store(tmp_path / "all"))
    found = read_records(stores)
    assert (len(found.answered), found.n_failed) == (3, 0)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_failures_the_longer_series_is_kept(
    twice: list[RecordStore], tmp_path: Path, order: tuple[int, ...]
) -> None:
    stores = [twice[number] for number in order]
    merge(stores, tmp_path / "all")
    (failed,) = [record for record in open_store(tmp_path / "all") if record.is_failed]
    assert len(failed.frames) == 12


def test_a_failure_that_another_store_answers_is_named(
    twice: list[RecordStore], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    early, _, answered = twice
    merge([early], tmp_path / "all")
    assert merge([answered], tmp_path / "all") == 0
    (failed,) = [record for record in early if record.is_failed]
    (said,) = caplog.messages
    assert failed.trajectory_id in said
    (tmp_path / "all" / "records" / f"{failed.trajectory_id}.json").unlink()
    assert merge([answered], tmp_path / "all") == 1
    assert len(caplog.messages) == 1


def test_stores_of_two_protocols_are_not_merged(store: RecordStore, tmp_path: Path) -> None:
    longer = SHORT_PROTOCOL.model_copy(update={"hold_ps": 400.0})
    other = synthetic_store(tmp_path / "other", [lithium()], 1, protocol=longer)
    with pytest.raises(StoreMismatchError):
        merge([store, other], tmp_path / "all")
    assert len(open_store(tmp_path / "all")) == 0


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
    assert relabel(store, tmp_path / "strict", stricter).n_added == len(store)
    assert relabel(store, tmp_path / "strict", stricter).n_added == 0
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


def test_what_no_longer_counts_as_order_is_watched_for_flow_to_its_end(tmp_path: Path) -> None:
    """Atoms that never move: once order in the quench does not count, the embryo has arrested."""
    ordered = synthetic_record(lithium(), truth=ALWAYS)
    motion = {"bond_persistence": 1.0, "diffusivity_cm2_s": 0.0}
    series = [frame.model_copy(update=motion) for frame in ordered.frames]
    ordered = ordered.model_copy(update={"frames": series})
    store = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    store.append(ordered, extended_xyz(synthetic_frames(ordered), "Li"))
    stricter = store.protocol.labelling.model_copy(update={"onset_cluster_atoms": 10_000})
    relabel(store, tmp_path / "whole", stricter)
    (judged,) = open_store(tmp_path / "whole")
    held = [frame.time_ps for frame in judged.frames if frame.stage == "hold"]
    assert judged.outcome == "glassy"
    assert judged.mobility.half_ps == pytest.approx(held[-1] - held[len(held) // 2])
    thin(store, tmp_path / "thin", 4)
    relabel(open_store(tmp_path / "thin"), tmp_path / "out", stricter)
    (kept,) = open_store(tmp_path / "out")
    assert kept.mobility == ordered.mobility


def test_new_labels_need_every_frame(store: RecordStore, tmp_path: Path) -> None:
    thin(store, tmp_path / "thin", 4)
    finer = store.protocol.labelling.model_copy(update={"rmsd_cutoff": 0.1})
    with pytest.raises(MisuseError, match="every frame"):
        relabel(open_store(tmp_path / "thin"), tmp_path / "out", finer)


@pytest.mark.parametrize("change", [{"positions": "instantaneous"}, {"averaging_ps": 0.1}])
def test_averaging_cannot_be_undone(store: RecordStore, tmp_path: Path, change: dict) -> None:
    with pytest.raises(MisuseError, match="cannot be changed"):
        relabel(store, tmp_path / "out", store.protocol.labelling.model_copy(update=change))
    assert not (tmp_path / "out").exists()


def test_thresholds_that_do_not_fit_the_hold_are_refused_in_a_sentence(
    store: RecordStore, tmp_path: Path
) -> None:
    verb = ["records", "relabel", store.path, "--out", tmp_path / "out", "--persistence-ps"]
    ended = glassyli(*verb, 300)
    assert ended.returncode == 2
    assert "the new thresholds:" in ended.stderr
    assert "pydantic" not in ended.stderr
    assert not (tmp_path / "out").exists()
    assert glassyli(*verb, 30).returncode == 0


def protocol_with(**labelling: object) -> Protocol:
    changed = SHORT_PROTOCOL.labelling.model_copy(update=labelling)
    return SHORT_PROTOCOL.model_copy(update={"labelling": changed})


def test_averaging_cannot_be_made_up(tmp_path: Path) -> None:
    instants = protocol_with(positions="instantaneous")
    bare = synthetic_store(tmp_path / "store", [lithium()], 1, protocol=instants)
    with pytest.raises(MisuseError, match="cannot be changed"):
        relabel(bare, tmp_path / "out", SHORT_PROTOCOL.labelling)


def all_bcc(snapshot: Snapshot, _potential: object, _labelling: Labelling) -> Labels:
    """Stands in for template matching, so that no OVITO is needed."""
    n = snapshot.n_atoms
    counts = dict.fromkeys(STRUCTURE_NAMES, 0) | {"bcc": n}
    return Labels(np.full(n, STRUCTURE_NAMES.index("bcc")), counts, n, None, n // 2, n // 2)


def test_new_labels_are_in_the_series_and_in_the_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walled = lithium(mass_exchange="confined")
    old = synthetic_store(tmp_path / "store", [lithium(), walled], 1)
    monkeypatch.setattr("simulate.relabel.label", all_bcc)
    finer = SHORT_PROTOCOL.labelling.model_copy(update={"rmsd_cutoff": 0.1})
    relabel(old, tmp_path / "new", finer)
    for record in open_store(tmp_path / "new"):
        assert {frame.n_bcc for frame in record.frames} == {record.design.n_atoms}
        before = old.frames(old.record(record.relabelled_from))
        packing, *after = open_store(tmp_path / "new").frames(record)
        assert packing.structure is None
        assert all((s.structure == STRUCTURE_NAMES.index("bcc")).all() for s in after)
        for was, now in zip(before, [packing, *after], strict=True):
            assert (was.positions_A == now.positions_A).all()
            assert (was.cell_A == now.cell_A).all()
            assert (was.time_ps, was.stage) == (now.time_ps, now.stage)


def test_labelling_frames_as_they_were_changes_no_byte() -> None:
    atoms = pack(lithium(mass_exchange="confined"), 1)
    labels = np.arange(atoms.n_atoms) % 5
    whole = extended_xyz([atoms, replace(atoms, structure=labels, time_ps=2.5)], "Li")
    assert with_structures(whole, [None, labels]) == whole
    assert with_structures(whole, [None, labels[::-1]]) != whole


def lost(cause: str, n_frames: int) -> TrajectoryRecord:
    """What is left of a trajectory that failed: some of its series, or nothing."""
    whole = synthetic_record(lithium(), seed=n_frames, is_failed=True)
    series = synthetic_record(lithium(), seed=n_frames).frames[:n_frames]
    failure = Failure(cause=cause, message="gone", stage="hold" if n_frames else "packing")
    return whole.model_copy(update={"failure": failure, "frames": series})


@pytest.mark.parametrize("change", [{"rmsd_cutoff": 0.1}, {"onset_cluster_atoms": 40}])
def test_failures_without_frames_are_relabelled_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict
) -> None:
    old = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    old.append(lost("lost_worker", 12))
    old.append(lost("packing", 0))
    monkeypatch.setattr("simulate.relabel.label", all_bcc)
    labelling = SHORT_PROTOCOL.labelling.model_copy(update=change)
    assert relabel(old, tmp_path / "new", labelling).n_added == 2
    for record in open_store(tmp_path / "new"):
        was = old.record(record.relabelled_from)
        assert (record.failure, record.frames) == (was.failure, was.frames)
        assert record.frames_file is None


def test_what_stopped_early_and_orders_no_longer_is_counted(tmp_path: Path) -> None:
    old = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    for seed in (1, 2, 3):
        whole = synthetic_record(lithium(), seed, ALWAYS)
        stopped = [frame for frame in whole.frames if frame.time_ps <= 60.0]
        old.append(whole.model_copy(update={"frames": whole.frames if seed == 3 else stopped}))
    old.append(synthetic_record(lithium(), 4, is_failed=True))
    strict = SHORT_PROTOCOL.labelling.model_copy(update={"onset_cluster_atoms": 10_000})
    assert relabel(old, tmp_path / "strict", strict).n_cut_short == 2
    lax = SHORT_PROTOCOL.labelling.model_copy(update={"onset_cluster_atoms": 10})
    assert relabel(old, tmp_path / "lax", lax).n_cut_short == 0
    verb = ["records", "relabel", old.path, "--onset-cluster-atoms"]
    assert "2 trajectories stopped early" in glassyli(*verb, 9999, "--out", tmp_path / "a").stdout
    assert "stopped early" not in glassyli(*verb, 10, "--out", tmp_path / "b").stdout


def growing(number: int) -> TrajectoryRecord:
    """Clusters that grow to a size, at a time and into a share of the core that differ."""
    whole = synthetic_record(lithium(), number)
    size, core = (12, 18, 25, 35, 45, 55, 70, 90)[number % 8], (0.2, 0.35, 0.45, 0.6)[number % 4]
    begins_ps = -10.0 + 22.0 * (number % 10)
    series = []
    for frame in whole.frames:
        grown = min(max((frame.time_ps - begins_ps) / 30.0, 0.0), 1.0)
        update = {
            "largest_cluster": round(grown * size),
            "n_core_crystalline": round(grown * core * frame.n_core),
        }
        series.append(frame.model_copy(update=update))
    return whole.model_copy(update={"frames": series})


def test_stricter_thresholds_never_order_more() -> None:
    rows = {
        (r.confirmed_core_fraction, r.persistence_ps, r.onset_cluster_atoms): r
        for r in sensitivity([growing(number) for number in range(80)])
    }
    axes = (CONFIRMED, PERSISTENCE_PS, CLUSTER_ATOMS)
    n_fewer = [0, 0, 0]
    for place, row in rows.items():
        assert row.n_in_quench <= row.n_ordered
        for axis, values in enumerate(axes):
            stricter = dict(itertools.pairwise(values)).get(place[axis])
            if stricter is not None:
                next_row = rows[(*place[:axis], stricter, *place[axis + 1 :])]
                assert next_row.n_ordered <= row.n_ordered
                if values is not PERSISTENCE_PS:  # the longer time that confirms may begin sooner
                    assert next_row.n_in_quench <= row.n_in_quench
                n_fewer[axis] += next_row.n_ordered < row.n_ordered
    assert all(n_fewer)


def test_replicas_start_from_the_frame_asked_for(store: RecordStore) -> None:
    record = next(r for r in store if r.failure is None)
    plans = branches(store, [record.trajectory_id], 0.0, [1, 2, 3])
    assert len({plan.trajectory_id for plan in plans}) == 3
    for plan in plans:
        assert plan.parent.trajectory_id == record.trajectory_id
        assert record.frames[plan.parent.frame_number - 1].time_ps == 0.0
        assert plan.start.n_atoms == record.design.n_atoms


def test_replicas_of_a_store_labelled_by_relaxed_positions_are_refused(tmp_path: Path) -> None:
    """They would be labelled by averaged positions, under the name of relaxed ones."""
    relaxed = protocol_with(positions="minimised")
    parents = synthetic_store(tmp_path / "store", [lithium()], 1, NEVER, relaxed)
    (record,) = parents
    with pytest.raises(MisuseError, match=r"but is minimised.*relabelled from"):
        branches(parents, [record.trajectory_id], 0.0, [1])


def test_a_parent_named_twice_has_its_replicas_once(store: RecordStore) -> None:
    record = next(r for r in store if r.failure is None)
    twice = [record.trajectory_id, record.trajectory_id[:8]]
    assert branches(store, twice, 0.0, [1, 2]) == branches(store, twice[:1], 0.0, [1, 2])


def test_a_parent_without_that_frame_is_refused_and_the_nearest_named(store: RecordStore) -> None:
    record = next(r for r in store if r.failure is None)
    with pytest.raises(MisuseError, match=r"the nearest .* is at 50"):
        branches(store, [record.trajectory_id], 52.5, [1])
