"""Answers are the same for the same question, hold their own estimate, and admit ignorance."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from synthetic import lithium, synthetic_designs, synthetic_package, synthetic_store

from serve.models import model_path
from simulate.errors import MisuseError
from simulate.packing import pack
from simulate.snapshot import Snapshot
from surrogate.manifest import Gates
from surrogate.package import Package
from surrogate.predictor import Predictor

DESIGNS = synthetic_designs(6)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder: Path = tmp_path_factory.mktemp("predictor")
    made = synthetic_package(folder / "model", synthetic_store(folder / "store", DESIGNS))
    # Both gates wide open, so that the atoms matter here whatever the quick training found.
    gates = {"gates": Gates(packed=1.0, waiting=1.0)}
    return Package(made.manifest.model_copy(update=gates), made.weights, made.card_text)


@pytest.fixture(scope="module")
def predictor(package: Package) -> Predictor:
    return Predictor(package)


@pytest.mark.parametrize("road", ["full", "fast"])
def test_the_same_question_gets_the_same_answer_to_the_last_bit(
    predictor: Predictor, package: Package, road: str
) -> None:
    together = predictor.predict_designs(DESIGNS, road=road)
    assert Predictor(package).predict_designs(DESIGNS[::-1], road=road) == together[::-1]
    assert Predictor(package).predict_designs([DESIGNS[3]], road=road) == [together[3]]


def test_other_company_changes_no_bit_of_an_answer() -> None:
    """Of the model that ships: with many members and designs, sums are made in other orders."""
    shipped = Predictor.load(model_path(None))
    drawn = np.random.default_rng(7)
    designs = [
        lithium(int(drawn.integers(100, 2000)), float(drawn.uniform(0.03, 0.4))) for _ in range(40)
    ]
    together = shipped.predict_designs(designs, road="fast")
    for size in (1, 2, 17, 33):
        parts = [designs[first : first + size] for first in range(0, len(designs), size)]
        apart = [each for part in parts for each in shipped.predict_designs(part, road="fast")]
        assert apart == together


def test_the_roads_differ_and_say_so(predictor: Predictor) -> None:
    (full,) = predictor.predict_designs([DESIGNS[0]], road="full")
    (fast,) = predictor.predict_designs([DESIGNS[0]], road="fast")
    assert (full.road, fast.road) == ("full", "fast")
    assert full.p_crystalline != fast.p_crystalline
    assert full.p_crystalline == pytest.approx(fast.p_crystalline, abs=0.2)


@pytest.mark.parametrize("road", ["full", "fast"])
def test_answers_are_consistent_json(predictor: Predictor, road: str) -> None:
    for each in predictor.predict_designs([*DESIGNS, lithium(20000, 0.5)], road=road):
        json.loads(each.model_dump_json(), parse_constant=pytest.fail)
        low, high = each.p_crystalline_interval
        assert 0.0 <= low <= each.p_crystalline <= high <= 1.0
        assert each.glass_index == pytest.approx(1.0 - each.p_crystalline)
        low, high = each.crystalline_fraction_interval
        assert 0.0 <= low <= each.crystalline_fraction <= high <= 1.0
        curve = each.survival
        assert (curve.time_ps[0], curve.time_ps[-1]) == (0.0, each.horizon_ps)
        for falling in (curve.probability, curve.lower, curve.upper):
            assert (np.diff(falling) <= 1e-12).all()
        assert (np.array(curve.lower) <= curve.probability).all()
        assert (np.array(curve.upper) >= curve.probability).all()
        times = [each.incubation_ps_interval[0], *each.incubation_ps.values()]
        rising = [np.inf if time is None else time for time in times]
        assert rising == sorted(rising)


def test_incubation_quantile_is_where_the_curve_says(predictor: Predictor) -> None:
    prediction = predictor.predict_designs([lithium(450, 0.1)], road="fast")[0]
    time_ps = prediction.incubation_ps["0.5"]
    assert time_ps is not None
    members = predictor.survival_members([lithium(450, 0.1)], [time_ps])
    assert members.mean() == pytest.approx(0.5, abs=1e-6)


def test_members_stay_apart_until_the_last_step(predictor: Predictor) -> None:
    times_ps = np.array([0.0, 50.0, 200.0])
    members = predictor.survival_members(DESIGNS, times_ps)
    assert members.shape == (2, len(DESIGNS), 3)
    assert (np.diff(members, axis=2) <= 0.0).all()
    assert (members[:, :, 0] < 1.0).all()  # some may order in the quench
    assert members.std(axis=0).min() > 0.0
    index = predictor.glass_index_members(DESIGNS, 200.0)
    assert index == pytest.approx(members[:, :, 2])
    fast = predictor.predict_designs(DESIGNS, road="fast")
    assert index.mean(axis=0) == pytest.approx([each.glass_index for each in fast])


def test_the_fast_road_costs_less_than_a_millisecond_a_design(predictor: Predictor) -> None:
    designs = [lithium(100 + number, 0.05 + 0.0002 * number) for number in range(1000)]
    predictor.predict_designs(designs, road="fast")
    began = time.process_time()
    predictor.predict_designs(designs, road="fast")
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("horizon_ps", [0.0, -5.0, float("nan"), float("inf")])
def test_impossible_horizons_are_refused(predictor: Predictor, horizon_ps: float) -> None:
    with pytest.raises(MisuseError, match="horizon_ps"):
        predictor.predict_designs(DESIGNS[:1], horizon_ps)
    with pytest.raises(MisuseError, match="horizon_ps"):
        predictor.glass_index_members(DESIGNS[:1], horizon_ps)


def test_a_longer_horizon_orders_more_and_is_flagged(predictor: Predictor) -> None:
    inside, beyond = (
        predictor.predict_designs([DESIGNS[0]], horizon, "fast")[0] for horizon in (200.0, 2000.0)
    )
    assert beyond.p_crystalline > inside.p_crystalline
    assert inside.applicability.is_inside
    assert not beyond.applicability.is_inside
    assert "horizon" in beyond.applicability.reasons[0]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"n_atoms": 5000}, "n_atoms"),
        ({"packing_density_g_cm3": 0.6}, "packing_density"),
        ({"hold_temperature_K": 250.0}, "hold_temperature"),
        ({"energy_exchange": "partial", "energy_relaxation_ps": 10.0}, "energy exchange partial"),
    ],
)
def test_what_was_never_seen_is_outside_with_a_reason(
    predictor: Predictor, changes: dict[str, object], word: str
) -> None:
    design = DESIGNS[0].model_validate(DESIGNS[0].model_dump() | changes)
    (outside,) = predictor.predict_designs([design], road="fast")
    assert not outside.applicability.is_inside
    assert any(word in reason for reason in outside.applicability.reasons)


def test_training_designs_are_inside_at_no_distance(predictor: Predictor) -> None:
    for each in predictor.predict_designs(DESIGNS, road="fast"):
        assert all("too few" in reason for reason in each.applicability.reasons)
        assert each.applicability.distance == pytest.approx(0.0, abs=1e-12)


def snapshot_of(design: object, stage: str, time_ps: float) -> Snapshot:
    packed = pack(design, 5)
    return Snapshot(packed.positions_A, packed.cell_A, packed.is_periodic, time_ps, stage)


def test_a_structure_that_passed_the_quench_cannot_order_in_it(predictor: Predictor) -> None:
    design = DESIGNS[0]
    before = predictor.predict_structure(snapshot_of(design, "packing", -30.0), design)
    after = predictor.predict_structure(snapshot_of(design, "hold", 0.0), design)
    assert before.survival.probability[0] < 1.0
    assert after.survival.probability[0] == 1.0
    assert after.p_crystalline < before.p_crystalline


def test_waiting_time_counts_from_the_snapshot(predictor: Predictor) -> None:
    design = DESIGNS[0]
    soon, late = (
        predictor.predict_structure(snapshot_of(design, "hold", time_ps), design, 50.0)
        for time_ps in (0.0, 100.0)
    )
    assert soon.survival.time_ps == late.survival.time_ps
    assert soon.p_crystalline != late.p_crystalline
    assert not predictor.predict_structure(
        snapshot_of(design, "hold", 190.0), design, 50.0
    ).applicability.is_inside


def test_an_unknown_stage_is_said(predictor: Predictor) -> None:
    design = DESIGNS[0]

    def reasons(stage: str) -> list[str]:
        asked = snapshot_of(design, stage, 0.0)
        return predictor.predict_structure(asked, design).applicability.reasons

    assert [each for each in reasons("given") if "stage unknown" in each]
    for stage in ("packing", "heat", "quench", "hold"):
        assert not [each for each in reasons(stage) if "stage unknown" in each]


def test_a_structure_of_another_size_is_refused(predictor: Predictor) -> None:
    with pytest.raises(MisuseError, match="as many atoms"):
        predictor.predict_structure(snapshot_of(lithium(150), "given", 0.0), lithium(151))


def test_a_crystal_is_told_to_have_ordered_already(predictor: Predictor) -> None:
    atoms = bulk("Li", "bcc", a=3.51, cubic=True).repeat((5, 5, 5))
    perfect = Snapshot(atoms.get_positions(), np.diag(atoms.cell.array), is_periodic=True)
    answer = predictor.predict_structure(perfect, lithium(perfect.n_atoms, 0.2))
    assert any("ordered already" in reason for reason in answer.applicability.reasons)


def test_no_designs_no_answers(predictor: Predictor) -> None:
    assert predictor.predict_designs([]) == []
