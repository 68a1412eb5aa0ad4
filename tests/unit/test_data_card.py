"""The data card: every count is one that a reader could make from the records."""

import re
from pathlib import Path

import pytest
from synthetic import ALWAYS, NEVER, SHORT_PROTOCOL, lithium, synthetic_record, synthetic_store

from simulate.errors import MisuseError
from simulate.neighbours import label_ceiling
from simulate.plan import Plan
from simulate.record import EnergyBalance, Failure, Morphology, Parent, TrajectoryRecord
from simulate.store import RecordStore, create_or_open
from train.counting import counts, density_class, size_class
from train.data_card import data_card, write_data_card

SHEET = Morphology(
    n_clusters=1, largest_cluster=300, percolation_dimension=2, n_surface=90, pressure_bar=1.0
)


def replica_of(parent: TrajectoryRecord, seed: int) -> TrajectoryRecord:
    start = Parent(
        trajectory_id=parent.trajectory_id, frame_number=40, time_ps=0.0, start_sha256="0" * 64
    )
    return changed(synthetic_record(parent.design, seed, NEVER), parent=start)


def changed(record: TrajectoryRecord, **values: object) -> TrajectoryRecord:
    """Another record with an id that is right again."""
    made = record.model_copy(update=values)
    plan = Plan(made.design, made.protocol, made.seed, made.parent)
    return made.model_copy(update={"trajectory_id": plan.trajectory_id})


def words(store: RecordStore) -> str:
    """The card on one line: where a line breaks says nothing."""
    return re.sub(r"\s+", " ", data_card(store))


def test_every_ending_is_counted_where_it_belongs(tmp_path: Path) -> None:
    small, large = lithium(200, 0.06), lithium(700, 0.4, "confined")
    store = synthetic_store(tmp_path, [small], 3, NEVER, n_failed=2, has_frames=False)
    for seed in (1, 2):
        store.append(synthetic_record(large, seed, ALWAYS))
    card = words(store)
    assert "7 trajectories of 2 designs" in card
    assert "| failed: lost_atoms | 2 |" in card
    assert "| open | open | 3 | 0 | 0 | 3 | 2 |" in card
    assert "| confined | open | 2 | 2 | 0 | 0 | 0 |" in card
    assert "began in the quench in 2, in the hold in 0, and was not seen in 3" in card
    assert "| mass | atoms | up to 0.083 | 0.364 and more |" in card
    assert "| open | 178 to 315 | 0 / 3 | |" in card
    assert "| confined | 562 and more | | 2 / 2 |" in card
    assert "| `n_atoms` | 200 | 700 | 2 |" in card


def test_replicas_are_counted_apart(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path, [lithium()], 2, ALWAYS, has_frames=False)
    alone = words(store).partition("## How they ended")[2].partition("## Iso-config")[0]
    parent = next(iter(store))
    for seed in (11, 12, 13):
        store.append(replica_of(parent, seed))
    card = words(store)
    assert alone in card
    assert "3 iso-configurational replicas besides" in card
    assert f"| {parent.trajectory_id} | 0 | {parent.design.sentence} | 3 | 0 | 0 | 3 |" in card
    assert "None yet" not in card


def test_drift_and_lost_order_are_told(tmp_path: Path) -> None:
    store = create_or_open(tmp_path, SHORT_PROTOCOL)
    isolated = lithium(energy_exchange="confined")
    for seed, drift in ((1, 0.25), (2, -0.75)):
        balance = EnergyBalance(drift_meV_per_atom=drift, limit_meV_per_atom=1.0, is_binding=True)
        record = synthetic_record(isolated, seed, NEVER)
        store.append(record.model_copy(update={"energy_balance": balance}))
    drifted = synthetic_record(isolated, 3, NEVER, is_failed=True)
    failure = Failure(cause="energy_drift", message="too much", stage="hold")
    balance = EnergyBalance(drift_meV_per_atom=3.0, limit_meV_per_atom=1.0, is_binding=True)
    store.append(drifted.model_copy(update={"failure": failure, "energy_balance": balance}))
    ordered = synthetic_record(lithium(), 4, ALWAYS)
    last = ordered.frames[-1].model_copy(update={"largest_cluster": 0})
    melted = [*ordered.frames[:-1], last]
    store.append(ordered.model_copy(update={"frames": melted, "is_full_length": True}))
    card = words(store)
    assert "leaking holds: 3." in card
    assert "at most 3.00, median 0.75. Failed for it: 1 of 3." in card
    assert (
        "whatever they showed: 1, of which 1 ordered; 1 lost their order again (at 200 ps)" in card
    )


def with_frames(record: TrajectoryRecord, **values: object) -> TrajectoryRecord:
    """The record, with other values in every frame of its hold."""
    frames = [f.model_copy(update=values) if f.stage == "hold" else f for f in record.frames]
    return record.model_copy(update={"frames": frames})


def test_isolated_holds_are_compared_with_their_nominal_temperature(tmp_path: Path) -> None:
    store = create_or_open(tmp_path, SHORT_PROTOCOL)
    isolated = synthetic_record(lithium(energy_exchange="confined"), 1, NEVER)
    nominal_K = isolated.simulated.hold_temperature_K
    store.append(with_frames(isolated, temperature_K=0.95 * nominal_K))
    # A thermostat keeps the others where they should be.
    store.append(with_frames(synthetic_record(lithium(), 1, NEVER), temperature_K=2.0 * nominal_K))
    assert "0.950 to 0.950, median 0.950, of the nominal temperature (1 holds)" in words(store)


def test_pressures_are_of_walled_and_of_open_percolating_cells(tmp_path: Path) -> None:
    store = create_or_open(tmp_path, SHORT_PROTOCOL)
    walled = synthetic_record(lithium(mass_exchange="confined"), 1, NEVER)
    free = synthetic_record(lithium(), 2, NEVER)
    sheet = synthetic_record(lithium(), 3, NEVER)
    store.append(with_frames(walled, pressure_bar=3000.0))
    store.append(with_frames(free, pressure_bar=9000.0))
    under_tension = with_frames(sheet, pressure_bar=-7000.0)
    store.append(under_tension.model_copy(update={"morphology_after_quench": SHEET}))
    card = words(store)
    assert "| walled | up to 0.083 | 1 | 3.00 | 3.00 | 3.00 |" in card
    assert "have 0.83 to 0.83 of the volume" in card
    assert "| open, percolating | up to 0.083 | 1 | -7.00 | -7.00 | -7.00 |" in card
    assert "9.00" not in card


def test_the_crystal_of_ordered_records_is_named(tmp_path: Path) -> None:
    store = create_or_open(tmp_path, SHORT_PROTOCOL)
    ordered = synthetic_record(lithium(), 1, ALWAYS)
    store.append(with_frames(ordered, n_bcc=90, n_fcc=20, n_hcp=10))
    disordered = synthetic_record(lithium(), 2, NEVER)
    store.append(with_frames(disordered, n_hcp=25))
    assert "of the 1 ordered trajectories: 75.0% bcc, 16.7% fcc, 8.3% hcp." in words(store)


def test_embryos_that_cannot_count_as_ordered_are_told(tmp_path: Path) -> None:
    designs = [lithium(n_atoms) for n_atoms in (100, 115, 116, 300)]
    store = synthetic_store(tmp_path, designs, 1, NEVER, has_frames=False)
    card = words(store)
    assert "fewer than 116 atoms (2 trajectories) cannot show 30 crystalline atoms" in card
    assert [label_ceiling(n_atoms) < 30 for n_atoms in (115, 116)] == [True, False]


def test_the_words_for_endings_are_explained(tmp_path: Path) -> None:
    card = words(synthetic_store(tmp_path, [lithium()], 1, NEVER, has_frames=False))
    assert "relaxes more slowly than half of the time it was watched" in card


def test_shapes_and_costs_come_from_the_records(tmp_path: Path) -> None:
    store = create_or_open(tmp_path, SHORT_PROTOCOL)
    record = synthetic_record(lithium(), 1, ALWAYS)
    spent = {"hold": 5400.0, "labels": 1800.0}
    shape = {"morphology_after_quench": SHEET, "morphology_at_end": SHEET, "timings_s": spent}
    store.append(record.model_copy(update=shape))
    card = words(store)
    assert "| sheet | 1 | 1 | 0 | 0 |" in card
    assert "At the end: sheet 1." in card
    assert "2.00 core-hours (hold 1.50, labels 0.50)" in card


def test_thresholds_are_shown_for_both_confirmations(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path, [lithium()], 1, ALWAYS, has_frames=False)
    rows = [line for line in data_card(store).splitlines() if line.startswith("| 80 |")]
    # 120 of 300 atoms order: at the protocol's own share of the core and at none alike.
    assert rows == ["| 80 | 1 | 1 | - | 0 | 1 | 1 | - | 0 |"]


def test_what_is_not_as_it_was_written_is_named(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path, [lithium(), lithium(250)], 1, NEVER)
    first, second = store
    assert "2 of 2. - Frames as they were written: 2 of 2; without frames: 0." in words(store)
    assert first.frames_file is not None
    (tmp_path / "frames" / first.frames_file.name).write_bytes(b"")
    (tmp_path / "records" / f"{second.trajectory_id}.json").unlink()
    store.append(second.model_copy(update={"seed": 99}))
    card = words(store)
    assert f"1 of 2 (not: {second.trajectory_id})" in card
    assert f"Frames as they were written: 1 of 2 (not: {first.trajectory_id})" in card


def test_an_empty_store_has_no_card(tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="at least one record"):
        data_card(create_or_open(tmp_path, SHORT_PROTOCOL))


def test_a_store_of_failures_and_replicas_still_has_one(tmp_path: Path) -> None:
    store = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    store.append(replica_of(synthetic_record(lithium(), 1, NEVER), 5))
    store.append(synthetic_record(lithium(), 2, NEVER, is_failed=True))
    write_data_card(store, tmp_path / "CARD.md")
    assert (tmp_path / "CARD.md").read_text(encoding="utf-8") == data_card(store)
    assert "Watched: 0 of 1" in words(store)


@pytest.mark.parametrize(
    ("n_atoms", "expected"),
    [(177, "up to 177"), (178, "178 to 315"), (561, "316 to 561"), (562, "562 and more")],
)
def test_sizes_fall_into_classes_without_gap(n_atoms: int, expected: str) -> None:
    assert size_class(lithium(n_atoms)) == expected


def test_density_classes_part_where_a_droplet_would_percolate() -> None:
    found = [density_class(lithium(300, density)) for density in (0.0828, 0.0829, 0.17, 0.365)]
    assert found == ["up to 0.083", "0.083 to 0.170", "0.170 to 0.364", "0.364 and more"]


def test_counts_add_up() -> None:
    records = [synthetic_record(lithium(n_atoms), 7) for n_atoms in range(200, 500, 10)]
    n_watched, in_quench, in_hold, not_seen = counts(records)
    assert n_watched == len(records) == in_quench + in_hold + not_seen
    assert in_hold > 0
    assert not_seen > 0


def test_a_store_of_replicas_alone_has_a_card_under_any_thresholds(tmp_path: Path) -> None:
    labelling = SHORT_PROTOCOL.labelling.model_copy(update={"confirmed_core_fraction": 0.6})
    protocol = SHORT_PROTOCOL.model_copy(update={"labelling": labelling})
    store = create_or_open(tmp_path / "store", protocol)
    parent = synthetic_record(lithium(), 1, NEVER, protocol)
    store.append(replica_of(parent, 5).model_copy(update={"protocol": protocol}))
    card = words(store)
    assert "1 iso-configurational replicas of 1 stored frames under 1 designs" in card
    assert "| liquid | 1 |" in card
