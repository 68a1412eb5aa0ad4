"""The comparison at landmarks: nobody is judged by who saw him, and the page says it all."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import Truth, synthetic_designs, synthetic_package, synthetic_store

from benchmarks import landmarks
from benchmarks.landmarks import BASELINES, STUDY, model_forecast, panels
from benchmarks.landmarks_report import MODEL
from simulate.errors import MisuseError
from simulate.store import RecordStore, open_store
from surrogate.package import Package, read_package


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[RecordStore, Package, Path]:
    folder = tmp_path_factory.mktemp("landmarks")
    store = synthetic_store(folder / "store", synthetic_designs(24), 1, Truth(median_ps=150.0))
    synthetic_package(folder / "model", store)
    return store, read_package(folder / "model"), folder


def test_panels_are_of_those_who_wait(trained: tuple[RecordStore, Package, Path]) -> None:
    store, package, _ = trained
    found = {each.landmark: each for each in panels(store, package)}
    assert len(found["packing"].asked) == 24
    assert found["packing"].structure.features.shape[1] > found["packing"].design.features.shape[1]
    for panel in found.values():
        assert len(panel.atoms) == len(panel.asked) == len(panel.fold)
        assert len(set(zip(panel.keys, panel.fold.tolist(), strict=True))) == len(set(panel.keys))


def test_a_judge_never_saw_the_design(trained: tuple[RecordStore, Package, Path]) -> None:
    """Spoiling the one member that left a part out changes the forecasts of that part alone."""
    store, package, _ = trained
    panel = panels(store, package)[0]
    before = model_forecast(panel, package)(np.full(24, 100.0))
    spoilt = Package(
        package.manifest,
        {
            name: each + 1.0 if name.startswith("members.0.linear.bias") else each
            for name, each in package.weights.items()
        },
        "",
    )
    has_changed = model_forecast(panel, spoilt)(np.full(24, 100.0)) != before
    assert has_changed.tolist() == (panel.fold == 0).tolist()


def test_members_judge_their_own_part_where_nobody_of_the_last_one_waits(
    trained: tuple[RecordStore, Package, Path],
) -> None:
    store, package, _ = trained
    panel = panels(store, package)[0]
    rows = np.flatnonzero(panel.fold == 0)
    few = replace(
        panel,
        asked=[panel.asked[row] for row in rows],
        atoms=[panel.atoms[row] for row in rows],
        fold=panel.fold[rows],
    )
    alone = model_forecast(few, package)(np.full(len(rows), 100.0))
    together = model_forecast(panel, package)(np.full(len(panel.asked), 100.0))
    assert alone == pytest.approx(together[rows], rel=1.0e-6)


def test_a_package_of_other_records_is_refused(
    trained: tuple[RecordStore, Package, Path], tmp_path: Path
) -> None:
    other = synthetic_store(tmp_path / "other", synthetic_designs(3), 1)
    with pytest.raises(MisuseError, match="was trained on"):
        panels(other, trained[1])


def test_the_command_compares_at_every_landmark_with_enough_who_wait(
    trained: tuple[RecordStore, Package, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store, _, folder = trained
    asked = ["landmarks", str(store.path), "--model", str(folder / "model"), "--json"]
    monkeypatch.setattr(sys, "argv", asked)
    landmarks.main()
    found = json.loads(capsys.readouterr().out)
    assert found[0]["landmark"] == "packing"
    for each in found:
        assert set(each["over_kaplan_meier"]) == {MODEL, *BASELINES}
        assert set(each["model_over"]) == set(BASELINES)
    page = (open_store(store.path).path / STUDY).read_text(encoding="utf-8")
    assert "## Packing" in page
    assert "24 waiting" in page
