"""The learnability study: nothing leaks, known truths come back, no data make no claims."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from synthetic import ALWAYS, NEVER, Truth, lithium, replicas, synthetic_designs, synthetic_record

from benchmarks import learnability
from benchmarks.learnability import FORECASTERS, N_FOLDS, N_REPEATS, Split
from benchmarks.sample import Sample
from benchmarks.where_next import where_next
from simulate.errors import MisuseError
from simulate.store import create_or_open
from train.baselines import kaplan_meier
from train.data_card import STUDY, data_card
from train.metrics import KaplanMeier

BY_SIZE = Truth(cure=0.01, size_exponent=4.0, quench_logit=-50.0)


def drawn(n_designs: int, n_seeds: int = 1, truth: Truth | None = None) -> Sample:
    designs = synthetic_designs(n_designs)
    seeds = range(1, n_seeds + 1)
    return Sample.of([synthetic_record(each, seed, truth) for each in designs for seed in seeds])


def everything(sample: Sample) -> np.ndarray:
    return np.ones((1, len(sample.records)), dtype=bool)


def at(sample: Sample, time_ps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n_records = len(sample.records)
    return np.zeros(n_records, int), np.arange(n_records), np.full(n_records, time_ps)


def test_no_fit_sees_a_design_it_is_asked_about() -> None:
    sample = drawn(11, 2)
    split = Split(sample)
    asked = []

    def survival(fit: np.ndarray, record: np.ndarray, times_ps: np.ndarray) -> np.ndarray:
        asked.extend(zip(fit, record, strict=True))
        return np.ones_like(times_ps)

    split.forecast(survival)(np.zeros(N_REPEATS * len(sample.records)))
    assert len(set(asked)) == N_REPEATS * len(sample.records)
    for fit, record in asked:
        seen = {sample.keys[each] for each in np.flatnonzero(split.chosen[fit])}
        assert sample.keys[record] not in seen


def test_smaller_training_sets_are_nested_whole_designs() -> None:
    split = Split(drawn(11, 2))
    keys = np.array(split.sample.keys)
    few, more = split.smaller(3), split.smaller(6)
    assert len(few) == N_REPEATS * N_FOLDS
    assert not (few & ~more).any()
    assert not (more & ~split.chosen).any()
    for chosen in few:
        assert len(set(keys[chosen])) == 3
        assert chosen.sum() == 6


def test_replicas_are_no_independent_records() -> None:
    record = synthetic_record(lithium(), 1, NEVER)
    sample = Sample.of([record, *replicas([[50.0, 60.0]])])
    assert sample.keys == [record.design.key]


def test_kaplan_meier_is_that_of_the_chosen_records() -> None:
    sample = drawn(8)
    chosen = np.array([[True] * 4 + [False] * 4, [False] * 4 + [True] * 4])
    found = kaplan_meier(sample.asked, chosen)(
        np.array([0, 1]), np.array([0, 0]), np.array([90.0, 90.0])
    )
    halves = (sample.incubations[:4], sample.incubations[4:])
    assert found.tolist() == [float(KaplanMeier.of(half).survival([90.0])[0]) for half in halves]


@pytest.mark.parametrize("make", FORECASTERS.values())
def test_larger_embryos_are_forecast_to_order_sooner_when_they_do(make: object) -> None:
    sample = drawn(24, 2, BY_SIZE)
    found = make(sample, everything(sample))(*at(sample, 60.0))  # type: ignore[operator]
    sizes = np.array([record.design.n_atoms for record in sample.records])
    small, large = sizes < np.quantile(sizes, 0.3), sizes > np.quantile(sizes, 0.7)
    assert found[small].mean() > found[large].mean() + 0.3
    assert ((found >= 0.0) & (found <= 1.0)).all()


def test_size_only_knows_nothing_but_size() -> None:
    sample = Sample.of([*drawn(12).records, synthetic_record(lithium(300, 0.06), 1)])
    dense = Sample.of([*drawn(12).records, synthetic_record(lithium(300, 0.4, "confined"), 1)])
    last = [
        [
            make(each, everything(each) & (np.arange(13) < 12))(*at(each, 60.0))[-1]
            for each in (sample, dense)
        ]
        for make in (FORECASTERS["size only"], FORECASTERS["design law"])
    ]
    assert last[0][0] == pytest.approx(last[0][1], abs=1e-9)
    assert abs(last[1][0] - last[1][1]) > 0.01


def test_order_in_the_quench_is_a_step_at_zero_for_boosted_trees() -> None:
    always, never = drawn(8, 1, ALWAYS), drawn(8, 1, NEVER)
    # 1 / e: the hazard of the whole is 1, by the estimator of Breslow.
    boosting = FORECASTERS["boosting"]
    assert boosting(always, everything(always))(*at(always, 0.0)).max() < 0.5
    assert boosting(never, everything(never))(*at(never, 100.0)).tolist() == [1.0] * 8


def test_ignorance_falls_with_more_records() -> None:
    few, many = (where_next(drawn(n_designs, truth=BY_SIZE)) for n_designs in (10, 80))
    for rows in (few, many):
        assert sum(row["share_of_ignorance"] for row in rows) == pytest.approx(1.0)
        assert all(0.0 <= row["ignorance_bits"] <= row["entropy_bits"] <= 1.0 for row in rows)
        shares = [row["share_of_ignorance"] for row in rows]
        assert shares == sorted(shares, reverse=True)
    total = [sum(r["ignorance_bits"] * r["share_of_space"] for r in rows) for rows in (few, many)]
    assert total[1] < 0.5 * total[0]


def test_too_few_designs_are_refused() -> None:
    with pytest.raises(MisuseError, match="at least 10 designs"):
        learnability.study(drawn(9, 3))


def test_an_interval_shrinks_with_the_designs_that_it_is_of() -> None:
    score = {"skill": 0.3, "skill_interval": (0.2, 0.4)}
    judged = {"n_designs": 50, "integrated_brier": score, "log": score}
    each = {"design law": judged}
    found = learnability.needs({"n_designs": 80, "scores": each, "beyond_size": each})
    assert found[0] == ("integrated brier skill to within 0.05", 200)


def test_the_command_writes_a_page_and_prints_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = create_or_open(tmp_path / "store", drawn(1).records[0].protocol)
    for record in [*drawn(10).records, *replicas([[20.0, 90.0], [500.0, 500.0]])]:
        store.append(record)
    monkeypatch.setattr(learnability, "N_REPEATS", 1)
    monkeypatch.setattr(sys, "argv", ["learnability", str(store.path), "--json"])
    learnability.main()
    results = json.loads(capsys.readouterr().out)
    assert results["n_records"] == results["n_designs"] == 10
    assert set(results["scores"]) == {"size only", "design law", "boosting"}
    assert [row["n_designs"] for row in results["learning_curve"]["rows"]] == [4, 8]
    page = (store.path / STUDY).read_text(encoding="utf-8")
    assert "10 independent trajectories of 10 designs" in page
    assert "4 runs with new velocities from 2 parents" in page
    assert f"]({STUDY})" in data_card(store)
