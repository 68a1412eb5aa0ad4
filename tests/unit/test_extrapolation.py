"""Beyond the data: nobody judges what he saw, a cut hold shows nothing later, and one is warned."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import (
    NEVER,
    QUICK_TRAINING,
    SHORT_PROTOCOL,
    Truth,
    like,
    lithium,
    synthetic_package,
    synthetic_record,
    synthetic_store,
)

from benchmarks import beyond, extrapolation
from benchmarks.beyond import direction
from benchmarks.extrapolation import DIRECTIONS, cut
from benchmarks.small_training import chosen, trained
from simulate.design import EmbryoDesign
from simulate.incubation import Incubation
from simulate.store import RecordStore
from surrogate.applicability import TrainingDomain
from surrogate.package import Package
from train.panel import panel
from train.records import read_records

CUT_PS = 80.0
TINY = QUICK_TRAINING.model_copy(
    update={"epochs": 1, "snapshots_per_run": 1, "design_steps": 2, "n_packings": 1}
)
N_DESIGNS = 24


def spread_designs() -> list[EmbryoDesign]:
    """Small embryos of different size, density and temperature."""
    rng = np.random.default_rng(0)
    return [
        lithium(
            n_atoms=120 + 5 * int(place),
            packing_density_g_cm3=round(0.06 + 0.01 * number, 3),
            hold_temperature_K=300.0 + (-1) ** number * number,
        )
        for number, place in enumerate(rng.permutation(N_DESIGNS))
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    folder = tmp_path_factory.mktemp("extrapolation")
    return synthetic_store(folder / "store", spread_designs(), 1, Truth(median_ps=300.0))


@pytest.fixture(scope="module")
def found(store: RecordStore) -> dict[str, Any]:
    """What the commands print of parts of the store and of a longer hold."""
    folder = store.path.parent
    synthetic_package(folder / "model", store, TINY)
    config = folder / "tiny.yaml"
    config.write_text(json.dumps(TINY.model_dump(mode="json")), encoding="utf-8")
    longer = SHORT_PROTOCOL.model_copy(update={"hold_ps": 400.0})
    late = synthetic_store(folder / "late", spread_designs()[:6], 1, NEVER, longer)
    sodium = [like(design, "nichol-ackland-2016-na") for design in spread_designs()[:4]]
    metal = synthetic_store(folder / "sodium", sodium, 1, Truth(median_ps=300.0))
    commands = {
        "parts": (extrapolation, ["--config", str(config)]),
        "campaigns": (beyond, [str(late.path), str(metal.path), "--model", str(folder / "model")]),
    }
    printed: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", printed.append)
        for study, options in commands.values():
            patch.setattr(sys, "argv", ["study", str(store.path), *options, "--json"])
            study.main()
    return dict(zip(commands, map(json.loads, printed), strict=True))


@pytest.mark.parametrize("seed", range(8))
def test_a_cut_hold_shows_nothing_that_came_later(seed: int) -> None:
    whole = synthetic_record(lithium(), seed, Truth(median_ps=100.0))
    short = cut(whole, CUT_PS)
    last_ps = CUT_PS - SHORT_PROTOCOL.labelling.persistence_ps
    assert short.witnessed is not None
    assert whole.witnessed is not None
    if whole.witnessed.upper_ps is not None and whole.witnessed.upper_ps <= last_ps:
        assert short.witnessed == whole.witnessed
    else:
        assert short.witnessed == Incubation(lower_ps=min(whole.witnessed.lower_ps, last_ps))
        assert short.crystalline_fraction is None
    assert max(frame.time_ps for frame in short.frames) <= CUT_PS
    assert short.protocol.hold_ps == CUT_PS


def test_small_members_never_judge_what_they_saw(store: RecordStore) -> None:
    """Spoiling one member changes the forecasts of its own part, and of designs new to all."""
    records = read_records([store])
    known = {"n_members": 3, "n_folds": 3}
    part = chosen(records, lambda record: record.design.n_atoms > 150)
    small = trained(part, TINY.model_copy(update=known))
    asked = panel(records.answered, "packing")
    times_ps = np.full(N_DESIGNS, 100.0)
    spoilt = Package(
        small.package.manifest,
        {
            name: each + 1.0 if name.startswith("members.1.linear.bias") else each
            for name, each in small.package.weights.items()
        },
        "",
    )
    for rows in (small.part(asked.keys) >= 0, small.part(asked.keys) < 0):
        some = asked.only(rows)
        before = small.forecast(some)(times_ps[rows])
        has_changed = replace(small, package=spoilt).forecast(some)(times_ps[rows]) != before
        may_judge = np.isin(small.part(some.keys), [1, -1])
        assert has_changed.tolist() == may_judge.tolist()


def test_the_far_quarter_is_judged_by_those_who_learnt_the_near_rest(
    store: RecordStore, found: dict[str, Any]
) -> None:
    by_name = {each["name"]: each for each in found["parts"] if each["landmark"] == "packing"}
    assert set(by_name) == {*DIRECTIONS, "later than a hold of 50 ps"}
    for name, far in DIRECTIONS.items():
        values = [far(record) for record in store]
        n_far = sum(value > np.quantile(values, 0.75) for value in values)
        assert by_name[name]["over_kaplan_meier"]["this model"]["n_records"] == n_far
        assert by_name[name]["n_learnt"] == N_DESIGNS - n_far


def test_a_longer_hold_is_judged_by_the_package_and_warned_of(found: dict[str, Any]) -> None:
    (campaign,) = asked_of(found, "later than the hold of 200 ps")
    assert campaign["n_learnt"] == N_DESIGNS
    assert campaign["n_outside"] == campaign["late"]["n_waiting"] == 6
    assert campaign["late"]["n_ordered"] == 0
    assert campaign["late"]["expected_by_kaplan_meier"] == 0.0  # flat after the last event
    for name in ("expected", "expected_by_law"):
        assert 0.0 < campaign["late"][name] < 6.0


def asked_of(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [c for c in found["campaigns"] if c["landmark"] == "packing" and c["name"] == name]


def test_another_metal_is_judged_by_the_package_and_all_of_it_warned_of(
    found: dict[str, Any],
) -> None:
    (campaign,) = asked_of(found, "another potential: Na with nichol-ackland-2016-na")
    assert campaign["n_learnt"] == N_DESIGNS
    assert campaign["n_outside"] == campaign["over_kaplan_meier"]["this model"]["n_records"] == 4
    assert campaign["median_distance"] < 0.5  # at equal shares they are like training designs


def test_the_pages_name_every_direction(store: RecordStore, found: dict[str, Any]) -> None:
    for name, study in (("parts", extrapolation), ("campaigns", beyond)):
        page = (store.path / study.STUDY).read_text(encoding="utf-8")
        assert all(each["name"] in page for each in found[name])


def test_what_a_record_goes_beyond_is_named() -> None:
    holds_ps = [SHORT_PROTOCOL.hold_ps] * len(spread_designs())
    domain = TrainingDomain.of(spread_designs(), holds_ps, 0.1)
    inside = synthetic_record(lithium(n_atoms=200, packing_density_g_cm3=0.1))
    assert direction(inside, domain) == "within the training data"
    for changed, said in (
        ({"n_atoms": 800}, "larger"),
        ({"hold_temperature_K": 200.0}, "colder"),
        ({"hold_temperature_K": 400.0}, "hotter"),
        ({"packing_density_g_cm3": 0.01}, "sparser"),
    ):
        design = inside.design.model_copy(update=changed)
        assert direction(inside.model_copy(update={"design": design}), domain).startswith(said)
    longer = SHORT_PROTOCOL.model_copy(update={"hold_ps": 400.0})
    assert direction(inside.model_copy(update={"protocol": longer}), domain).startswith("later")


@pytest.mark.usefixtures("found")
def test_a_store_of_other_records_is_refused(
    store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = synthetic_store(tmp_path / "other", spread_designs()[:4], 1, has_frames=False)
    model = store.path.parent / "model"
    asked = ["beyond", str(other.path), str(store.path), "--model", str(model)]
    monkeypatch.setattr(sys, "argv", asked)
    with pytest.raises(SystemExit, match="was trained on"):
        beyond.main()
