"""The learning curve: no judge saw the design, and what a doubling brought is what it promises."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from synthetic import QUICK_TRAINING, Truth, lithium, synthetic_store

from benchmarks import learning_curve
from benchmarks.learning_curve import (
    ASKED_AT,
    LEAST_DESIGNS,
    SHARES,
    STUDY,
    _learnt,
    promise,
)
from simulate.store import RecordStore
from train.records import read_records

TINY = QUICK_TRAINING.model_copy(
    update={"epochs": 0, "snapshots_per_run": 1, "design_steps": 2, "n_packings": 1}
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    designs = [lithium(120 + 5 * n, packing_density_g_cm3=0.1) for n in range(LEAST_DESIGNS)]
    folder = tmp_path_factory.mktemp("curve")
    return synthetic_store(folder / "store", designs, 1, Truth(median_ps=300.0))


def test_a_share_is_learnt_and_everybody_has_one_judge(store: RecordStore) -> None:
    records = read_records([store])
    keys = sorted(record.design.key for _, record in records.answered)
    part, judges = _learnt(records, TINY, keys, 0.5, 0)
    assert len(part.answered) == LEAST_DESIGNS // 2
    assert judges.package.manifest.domain.keys == {r.design.key for _, r in part.answered}
    assert set(judges.fold) == set(keys)
    assert sorted(set(judges.part(keys).tolist())) == [0, 1]


def test_a_doubling_promises_half_of_the_last() -> None:
    rng = np.random.default_rng(0)
    a, b, keys = 1.5, 8.0, [str(number) for number in range(200)]
    half, whole = (a + b / n + 0.1 * rng.normal(size=200) for n in (50, 100))
    found = promise(half, whole, keys)
    assert found["last_doubling"] == pytest.approx(b / 100, abs=0.03)
    assert found["next_doubling"] == pytest.approx(b / 200, abs=0.015)
    low, high = found["last_doubling_interval"]
    assert low < b / 100 < high


def test_the_command_tells_the_curve_at_every_landmark(
    store: RecordStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "tiny.yaml"
    config.write_text(json.dumps(TINY.model_dump(mode="json")), encoding="utf-8")
    asked = ["learning_curve", str(store.path), "--json", "--config", str(config)]
    monkeypatch.setattr(sys, "argv", asked)
    learning_curve.main()
    found = json.loads(capsys.readouterr().out)
    assert [each["landmark"] for each in found] == list(ASKED_AT)
    for each in found:
        numbers = [row["n_designs"] for row in each["rows"]]
        assert numbers == [round(share * LEAST_DESIGNS) for share in SHARES]
    page = (store.path / STUDY).read_text(encoding="utf-8")
    assert f"{LEAST_DESIGNS} designs" in page


def test_too_few_designs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = synthetic_store(tmp_path / "few", [lithium(120 + n) for n in range(5)], 1)
    monkeypatch.setattr(sys, "argv", ["learning_curve", str(few.path)])
    with pytest.raises(SystemExit, match="at least 24 designs"):
        learning_curve.main()
