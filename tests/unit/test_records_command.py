"""`glassyli records` for people: sorted, counted, explained; and no help line is cut off."""

import json
import re
from pathlib import Path

import pytest
from command_line import glassyli
from synthetic import (
    ALWAYS,
    NEVER,
    SHORT_PROTOCOL,
    lithium,
    replicas,
    synthetic_record,
    synthetic_store,
)
from typer.testing import CliRunner

from serve.commands.app import app
from serve.record_words import LEAST_LABELS, bcc_share, sheet, summary_of
from simulate.record import Frame, TrajectoryRecord
from simulate.store import RecordStore, create_or_open


def test_records_are_listed_by_size_then_density_then_seed_in_per_cent(tmp_path: Path) -> None:
    designs = [lithium(240), lithium(160, 0.267), lithium(160)]
    store = synthetic_store(tmp_path / "store", designs, truth=NEVER, has_frames=False)
    listed = glassyli("records", "list", store.path).stdout.splitlines()
    found = [re.search(r"(\d+) Li, (\S+) g.* K +(\d+) ", line) for line in listed]
    order = [(int(f[1]), float(f[2]), int(f[3])) for f in found if f]
    assert order == [
        (n, d, s) for n, d in ((160, 0.0534), (160, 0.267), (240, 0.0534)) for s in (1, 2)
    ]
    assert all(re.search(r"> 180 ps +\d %$", line) for line in listed[1:7])
    assert listed[-2:] == [
        "> : not ordered when watching stopped; the true time is longer",
        f"6 records in {store.path}: 6 runs of 3 designs",
    ]


def test_one_record_is_one_record_and_needs_no_explanation(tmp_path: Path) -> None:
    store = synthetic_store(
        tmp_path / "store", [lithium(240)], n_replicas=1, truth=ALWAYS, has_frames=False
    )
    listed = glassyli("records", "list", store.path).stdout
    assert "in the quench" in listed
    assert listed.endswith(f"\n1 record in {store.path}: 1 design\n")
    assert ">" not in listed
    assert "?" not in listed


def test_an_outcome_that_cannot_be_told_surely_is_marked(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", [lithium(120)], n_replicas=1, has_frames=False)
    listed = glassyli("records", "list", store.path).stdout
    assert re.search(r"(crystalline|liquid) \? ", listed)
    assert "? : too few atoms" in listed


def test_machines_get_numbers_and_the_report_s_words() -> None:
    row = summary_of(synthetic_record(lithium(), truth=NEVER))
    assert row["incubation"] == "> 180 ps"
    assert json.loads(json.dumps(row))["crystalline_fraction"] == pytest.approx(0.02, abs=0.1)


@pytest.mark.parametrize("verb", [[], ["records"], ["potentials"]])
def test_no_line_of_the_help_is_cut_off_at_80_columns(verb: list[str]) -> None:
    shown = CliRunner().invoke(app, [*verb, "--help"], terminal_width=80)
    assert shown.exit_code == 0
    assert "..." not in shown.stdout.partition("Commands:")[2]


def with_lattices(record: TrajectoryRecord, after_ps: float, **counts: int) -> TrajectoryRecord:
    """The same trajectory, its crystalline atoms of these lattices from some time on."""

    def frame(old: Frame) -> Frame:
        is_later = old.time_ps >= after_ps
        return old.model_copy(update={f"n_{k}": n for k, n in counts.items()} if is_later else {})

    return record.model_copy(update={"frames": [frame(each) for each in record.frames]})


def test_the_share_of_bcc_is_read_where_the_crystalline_fraction_is() -> None:
    record = synthetic_record(lithium(), truth=ALWAYS)
    read_at_ps = record.protocol.labelling.fraction_after_onset_ps
    assert bcc_share(record) == 1.0
    assert bcc_share(with_lattices(record, read_at_ps + 1.0, fcc=900)) == 1.0
    mixed = with_lattices(record, read_at_ps, bcc=30, fcc=50, hcp=20)
    assert bcc_share(mixed) == summary_of(mixed)["bcc_share"] == pytest.approx(0.3)


def test_the_share_of_bcc_without_an_onset_is_that_of_the_last_frame() -> None:
    record = synthetic_record(lithium(), truth=NEVER)
    last_ps = record.frames[-1].time_ps
    assert bcc_share(record) is None
    assert bcc_share(with_lattices(record, last_ps, bcc=LEAST_LABELS - 1)) is None
    assert bcc_share(with_lattices(record, last_ps, bcc=LEAST_LABELS - 4, hcp=4)) == 0.6


def test_the_list_says_how_much_of_the_order_is_bcc(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", [lithium(240)], 1, ALWAYS, has_frames=False)
    head, row = glassyli("records", "list", store.path).stdout.splitlines()[:2]
    assert head.split()[-2:] == ["crystalline", "bcc"]
    assert row.endswith("100 %")


def test_a_row_says_how_warm_the_disordered_embryo_was() -> None:
    record = synthetic_record(lithium(), truth=NEVER)
    scale = record.simulated.temperature_scale
    assert summary_of(record)["mean_hold_temperature_K"] == pytest.approx(364.0 / scale, abs=1e-4)


def test_one_record_is_shown_in_words_or_in_json(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", [lithium(240)], 1, ALWAYS, has_frames=False)
    (record,) = store
    shown = glassyli("records", "show", store.path, record.trajectory_id[:6]).stdout
    for part in (
        "crystallised",
        "in the quench",
        "of all atoms",
        "bcc",
        "hold at 300 K",
        "glassyli 0",
    ):
        assert part in shown
    machine = glassyli("records", "show", store.path, record.trajectory_id, "--json").stdout
    assert TrajectoryRecord.model_validate(json.loads(machine)) == record


def test_a_sheet_says_when_order_went_again() -> None:
    record = synthetic_record(lithium(), truth=ALWAYS)
    series = [
        each.model_copy(update={"largest_cluster": 0}) if each.time_ps >= 150.0 else each
        for each in record.frames
    ]
    melted = record.model_copy(update={"frames": series, "is_full_length": True})
    assert "order lost again at 150 ps" in dict(sheet(melted))["incubation"]
    assert "to the horizon" in dict(sheet(melted))["seed"]
    assert "lost" not in dict(sheet(record))["incubation"]


def test_a_sheet_has_an_answer_or_a_dash_everywhere() -> None:
    failed = dict(sheet(synthetic_record(lithium(120), is_failed=True)))
    assert failed["outcome"] == "failed: lost atoms in the hold: atoms were lost"
    assert failed["mobility"] == failed["energy"] == "\N{EM DASH}"
    unsure = dict(sheet(synthetic_record(lithium(120))))
    assert "too few atoms" in unsure["outcome"]


@pytest.fixture
def store(tmp_path: Path) -> RecordStore:
    return synthetic_store(tmp_path / "store", [lithium(150), lithium(200)], 1)


def verdict_of(store: RecordStore) -> dict:
    ended = glassyli("records", "verify", store.path, "--json")
    found = json.loads(ended.stdout)
    assert ended.returncode == (0 if found["is_sound"] else 1)
    return found


def test_a_sound_store_is_said_to_be_sound(store: RecordStore) -> None:
    found = verdict_of(store)
    assert found["is_sound"]
    assert found["n_records"] == sum(found["outcomes"].values()) == 2
    assert found["problems"] == found["notes"] == []


def test_a_stray_copy_is_reported_with_all_the_rest(store: RecordStore) -> None:
    first, second = store.record_files()
    first.with_name(f"{first.stem} (copy).json").write_bytes(first.read_bytes())
    second.write_text("{}")
    found = verdict_of(store)
    assert found["n_records"] == 1
    assert len(found["problems"]) == 2
    assert "(copy)" in found["problems"][0]
    assert found["notes"] == []  # frames of a damaged record are nobody else's


def test_leftovers_are_noted_and_leave_the_store_sound(store: RecordStore) -> None:
    (store.path / "frames" / "0123456789abcdef.00000000.xyz.gz").write_bytes(b"")
    (store.path / "records" / ".0123456789abcdef.json.x1").write_bytes(b"")
    (store.path / "running" / "0123456789abcdef").mkdir(parents=True)
    found = verdict_of(store)
    assert found["is_sound"]
    orphan, unfinished, running = found["notes"]
    assert "frames without a record" in orphan
    assert "being written" in unfinished
    assert "under way" in running


def test_a_record_without_its_frames_is_a_problem(store: RecordStore) -> None:
    next((store.path / "frames").iterdir()).unlink()
    assert len(verdict_of(store)["problems"]) == 1


@pytest.mark.parametrize(
    ("name", "begins"),
    [("r.csv", b"trajectory_id"), ("r.parquet", b"PAR1"), ("r.tar.gz", b"\x1f\x8b")],
)
def test_an_export_is_what_its_name_says(tmp_path: Path, name: str, begins: bytes) -> None:
    store = synthetic_store(tmp_path / "store", [lithium()], n_replicas=1)
    assert glassyli("records", "export", store.path, "--out", tmp_path / name).returncode == 0
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_an_export_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", [lithium()], n_replicas=1, has_frames=False)
    ended = glassyli("records", "export", store.path, "--out", tmp_path / "r.xlsx")
    assert ended.returncode == 2
    assert "--format" in ended.stderr
    assert not (tmp_path / "r.xlsx").exists()


def test_the_thresholds_that_a_store_was_judged_by_are_marked(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", [lithium(240)], has_frames=False)
    shown = glassyli("records", "sensitivity", store.path).stdout
    (own,) = [line for line in shown.splitlines() if "<- as stored" in line]
    assert own.split()[:3] == ["0.4", "20", "30"]


def test_replicas_are_listed_with_their_parent_and_counted_by_it(tmp_path: Path) -> None:
    store = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    for record in replicas([[20.0, 500.0, 90.0], [500.0]]):
        store.append(record)
    said = glassyli("records", "list", store.path).stdout
    assert re.search(r"seed +from +outcome", said)
    assert "from 00000001 (300 Li" in said
    assert "2 of 3 replicas ordered after 25, 95 ps" in said
    assert "0 of 1 replica ordered\n" in said
    assert said.endswith(f"\n4 records in {store.path}: 4 replicas of stored frames\n")


def test_the_last_line_tells_designs_from_replicas_of_stored_frames(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", [lithium(160), lithium(240)], n_replicas=1)
    for record in replicas([[20.0, 500.0, 90.0]]):
        store.append(record)
    said = glassyli("records", "list", store.path).stdout
    assert said.endswith(
        f"\n5 records in {store.path}: 2 designs and 3 replicas of stored frames\n"
    )
