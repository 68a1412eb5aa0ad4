"""Replicas in training: they have their parent's atoms, and are left out with it."""

from pathlib import Path

import numpy as np
import pytest
from synthetic import SHORT_PROTOCOL, Truth, lithium, synthetic_record, synthetic_store

from benchmarks.replicas import LEAST_REPLICAS, N_FOLDS, WITH, WITHOUT, Rows, report, study
from simulate.errors import MisuseError
from simulate.incubation import Incubation
from simulate.record import Parent
from simulate.store import RecordStore

N_DESIGNS = 12


def store_with(path: Path, n_replicas: int) -> RecordStore:
    """Runs of different sizes that do not order in the quench, and replicas of the first ones."""
    designs = [lithium(120 + 10 * n, packing_density_g_cm3=0.1) for n in range(N_DESIGNS)]
    truth = Truth(median_ps=300.0, quench_logit=-50.0)
    store = synthetic_store(path, designs, 1, truth)
    parents = sorted(store, key=lambda record: record.design.n_atoms)
    for seed in range(n_replicas):
        parent = parents[seed % 3]
        number = next(n for n, f in enumerate(parent.frames, 1) if f.time_ps == 0.0)
        start = Parent(
            trajectory_id=parent.trajectory_id, frame_number=number, time_ps=0.0, start_sha256="0"
        )
        changed = {"parent": start, "incubation": Incubation(lower_ps=20.0, upper_ps=30.0)}
        changed |= {"trajectory_id": f"{seed:016x}", "outcome": "crystalline"}
        drawn = synthetic_record(parent.design, 100 + seed, truth, SHORT_PROTOCOL)
        store.append(drawn.model_copy(update=changed))
    return store


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return Rows.of(store_with(tmp_path_factory.mktemp("replicas") / "store", LEAST_REPLICAS + 2))


def test_a_replica_has_the_atoms_of_its_parent_and_a_time_of_its_own(rows: Rows) -> None:
    assert rows.is_replica.sum() == LEAST_REPLICAS + 2
    for number in np.flatnonzero(rows.is_replica):
        parent = rows.structure[number]
        assert not rows.is_replica[parent]
        assert rows.asked.keys[number] == rows.asked.keys[parent]
        assert (rows.asked.features[number] == rows.asked.features[parent]).all()
        assert rows.asked.incubations[number].upper_ps == 30.0


def test_all_rows_of_a_structure_share_one_weight(rows: Rows) -> None:
    totals = np.bincount(rows.structure, rows.share)
    assert totals == pytest.approx(np.ones(N_DESIGNS))
    assert rows.share[rows.is_replica].max() < 0.5


def test_only_runs_from_a_packing_are_judged_and_the_page_tells_all(rows: Rows) -> None:
    found = study(rows)
    assert {each.n_designs for each in found.values()} == {N_DESIGNS}
    assert {each.n_records % N_DESIGNS for each in found.values()} == {0}
    assert N_DESIGNS >= N_FOLDS
    own = found[f"{WITHOUT}; over: Kaplan-Meier"]
    assert own.log.model == found[f"{WITH}; over: {WITHOUT}"].log.kaplan_meier
    page = report(rows, found)
    assert all(name in page for name in found)


def test_too_few_replicas_are_refused(tmp_path: Path) -> None:
    few = store_with(tmp_path / "few", LEAST_REPLICAS - 1)
    with pytest.raises(MisuseError, match="at least 10 replicas"):
        Rows.of(few)
