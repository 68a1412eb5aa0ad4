"""The ceiling is what chance leaves: no more than the truth would score, and found without bias."""

from pathlib import Path

import numpy as np
import pytest
from synthetic import (
    NEVER,
    lithium,
    replicas,
    synthetic_frames,
    synthetic_package,
    synthetic_record,
    synthetic_store,
)

from simulate.incubation import Incubation
from simulate.record import Parent, TrajectoryRecord
from simulate.snapshot import extended_xyz
from simulate.store import RecordStore
from train.ceiling import best_brier, ceiling, families, others_forecast, replica_forecast
from train.judges import Judges
from train.records import independent
from train.scores import Answers

N_PARENTS, N_REPLICAS = 40, 5


def drawn(p_ordered: np.ndarray, rng: np.random.Generator) -> tuple[list[Incubation], list[str]]:
    """Replicas of structures that order within 10 ps with their own probabilities, or never."""
    seen = [
        Incubation(lower_ps=0.0, upper_ps=10.0) if rng.random() < p else Incubation(lower_ps=100.0)
        for p in p_ordered
        for _ in range(N_REPLICAS)
    ]
    return seen, [str(n) for n in range(len(p_ordered)) for _ in range(N_REPLICAS)]


def test_the_score_of_whoever_knows_the_law_is_found_without_bias() -> None:
    rng = np.random.default_rng(0)
    p = rng.beta(0.7, 0.7, N_PARENTS)
    found = [best_brier(*drawn(p, rng), 100.0).mean() for _ in range(100)]
    truth = float((p * (1.0 - p)).mean())
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(truth, abs=3.5 * error)
    naive = truth * (N_REPLICAS - 1) / N_REPLICAS
    assert abs(np.mean(found) - naive) > 3.5 * error


def test_structures_that_leave_nothing_to_chance_have_a_perfect_best() -> None:
    p = np.array([1.0, 0.0, 1.0, 0.0])
    assert best_brier(*drawn(p, np.random.default_rng(1)), 100.0) == pytest.approx(np.zeros(20))


def test_a_replica_is_forecast_by_the_others_and_never_by_itself() -> None:
    """Of five, one never orders: it is told to by four, they by three and what it did."""
    records = replicas([[20.0, 20.0, 20.0, 20.0, 900.0], [900.0] * 5, [20.0] * 5])
    seen = [each.witnessed for each in records if each.witnessed is not None]
    owners = [each.parent.trajectory_id for each in records if each.parent is not None]
    answers = Answers.of(others_forecast(seen, owners), seen, 180.0)
    assert answers.p_ordered[:5] == pytest.approx([0.7, 0.7, 0.7, 0.7, 0.9])
    assert answers.p_ordered[5:10] == pytest.approx(np.full(5, 0.9 / 5.0))


def replicated(folder: Path, n_parents: int) -> RecordStore:
    """A store in which each design has five replicas from the end of its quench, and one later."""
    designs = [lithium(220 + 40 * n) for n in range(n_parents)]
    store = synthetic_store(folder, designs, 1, NEVER)
    for record in list(store):
        number = 1 + [frame.time_ps for frame in record.frames].index(0.0)
        for seed in range(5):
            append(store, record, number, 10 + seed)
        append(store, record, number + 2, 99)
    return store


def append(store: RecordStore, parent: TrajectoryRecord, number: int, seed: int) -> None:
    start = Parent(
        trajectory_id=parent.trajectory_id,
        frame_number=number,
        time_ps=parent.frames[number - 1].time_ps,
        start_sha256="0",
    )
    replica = synthetic_record(parent.design, seed).model_copy(update={"parent": start})
    store.append(replica, extended_xyz(synthetic_frames(replica), parent.design.element))


def test_a_ceiling_speaks_of_the_end_of_the_quench_only(tmp_path: Path) -> None:
    store = replicated(tmp_path / "store", 5)
    package = synthetic_package(tmp_path / "model", store)
    everything = list(store)
    found = families(everything)
    assert len(found.parents) == 5
    assert len(found.replicas) == 25
    assert found.n_left_out == 5
    seen = [each.witnessed for each in independent(store) if each.witnessed is not None]
    judged = ceiling(
        found,
        [replica_forecast(found, [(store, each) for each in everything], Judges.of(package))],
        seen,
    )
    assert judged is not None
    assert judged.n_replicas == 25
    assert judged.n_left_out == 5
    assert judged.best_brier_skill.value is not None
    assert judged.others_brier_skill.value is not None
    few = [each for each in everything if each.design.n_atoms < 320]
    assert ceiling(families(few), [], seen) is None
