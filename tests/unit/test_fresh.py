"""Records begun later are asked of what learnt from earlier ones only."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from synthetic import QUICK_TRAINING, synthetic_designs, synthetic_package, synthetic_store

from benchmarks.fresh import fresh, opening, parted, report
from benchmarks.prospective import of_decidable, read_later, read_learnt
from benchmarks.prospective import opening as opening_of_later
from benchmarks.small_training import trained
from simulate.errors import MisuseError
from simulate.store import RecordStore
from surrogate.package import Package
from train.judges import Judges
from train.records import Records, read_records
from train.standing import MODEL

ROOT = Path(__file__).parents[2]
SINCE = date(2026, 6, 1)


def begun(records: Records, first_days: int) -> Records:
    """The same, the first designs begun in May and the others in June."""
    keys = [record.design.key for _, record in records.answered]
    early = set(list(dict.fromkeys(keys))[:first_days])

    def dated(store: RecordStore, record):
        month = 5 if record.design.key in early else 6
        provenance = record.provenance.model_copy(
            update={"started_at": f"2026-{month:02d}-02T10:00:00+00:00"}
        )
        return store, record.model_copy(update={"provenance": provenance})

    return replace(records, answered=[dated(*pair) for pair in records.answered])


def test_nothing_of_the_later_records_is_learnt(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", synthetic_designs(34), 1)
    records = begun(read_records([store]), 12)
    earlier, later = parted(records, SINCE)
    assert (len(earlier.answered), len(later.answered)) == (12, 22)
    config = QUICK_TRAINING.model_copy(update={"epochs": 0, "design_steps": 2, "n_packings": 1})
    judges = trained(earlier, config)
    assert not set(judges.fold) & {record.design.key for _, record in later.answered}
    found = fresh(earlier, later, judges)
    assert found.landmarks[0].landmark == "packing"
    assert found.landmarks[0].n_waiting == 22
    assert MODEL in found.landmarks[0].standings
    assert "12 trajectories begun before 2026-06-01" in report(found, opening(found, SINCE))
    with pytest.raises(MisuseError, match="at least 20 later records"):
        fresh(*parted(begun(records, 20), SINCE), judges)


def made_at(package: Package, created_at: str) -> Package:
    """As if it had been trained then."""
    manifest = package.manifest.model_copy(update={"created_at": created_at})
    return replace(package, manifest=manifest)


def test_a_model_is_asked_only_about_what_was_run_after_it(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", synthetic_designs(12), 1)
    package = synthetic_package(tmp_path / "model", store, QUICK_TRAINING, "model")
    assert len(read_learnt([store.path], package).answered) == 12
    other = synthetic_store(tmp_path / "other", synthetic_designs(36), 1)
    with pytest.raises(MisuseError, match="as they were then"):
        read_learnt([other.path], package)

    younger = made_at(package, "2999-01-01T00:00:00+00:00")
    with pytest.raises(MisuseError, match="36 are older"):
        read_later(other.path, younger)
    older = made_at(package, "2026-01-01T00:00:00+00:00")
    later = read_later(other.path, older)
    assert (len(later.asked.answered), later.n_older, later.n_known) == (24, 0, 12)
    learnt, judges = read_learnt([store.path], older), Judges.of(older)
    found, sure = fresh(learnt, later.asked, judges), of_decidable(learnt, later.asked, judges)
    page = report(found, opening_of_later(found, sure, later, older))
    assert "Asked are 24 trajectories of 24 other" in page
    assert "are 12 further runs of designs that it learnt from and 0 that began" in page
    assert "embryos too small for order to be told surely its" in page


def test_a_model_is_not_asked_about_another_protocol(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", synthetic_designs(12), 1)
    package = synthetic_package(tmp_path / "model", store, QUICK_TRAINING, "model")
    with pytest.raises(MisuseError, match="its own protocol"):
        read_later(ROOT / "train" / "paper" / "potentials", package)
