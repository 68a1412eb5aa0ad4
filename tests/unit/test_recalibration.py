"""What is learnt from unseen designs about forecasts that promise too much, or too surely."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic import synthetic_designs, synthetic_package, synthetic_store

from simulate.incubation import Incubation
from surrogate.calibration import Calibration, StageCalibration, hazard_powers
from surrogate.package import Package
from surrogate.prediction import Road
from surrogate.predictor import Predictor
from surrogate.survival import HazardPower, IncubationLaw, Seen, survival
from train.judges import Judges
from train.panel import panel
from train.recalibration import Unseen, calibrated, is_gain
from train.records import independent

HOLD_PS = 1000.0
ROADS: tuple[Road, Road] = ("full", "fast")


def laws(log_scale: np.ndarray, calibration: HazardPower | None = None) -> IncubationLaw:
    """One member; the quench is past, a tenth never, exponential times."""
    scale = torch.from_numpy(log_scale)[None]
    return IncubationLaw(
        torch.full_like(scale, -math.inf),
        torch.full_like(scale, math.log(1.0 / 9.0)),
        scale,
        torch.zeros_like(scale),
        torch.full_like(scale, math.log(1.0e-12)),
        calibration,
    )


def drawn(log_scale: np.ndarray, rng: np.random.Generator) -> list[Incubation]:
    waits = np.where(rng.random(len(log_scale)) < 0.1, np.inf, np.exp(log_scale))
    waits = waits * rng.exponential(size=len(log_scale))
    return [
        Incubation(lower_ps=wait - wait % 10.0, upper_ps=wait - wait % 10.0 + 10.0)
        if wait < HOLD_PS
        else Incubation(lower_ps=HOLD_PS)
        for wait in waits.tolist()
    ]


@pytest.mark.parametrize(("log_factor", "log_power"), [(0.0, 0.0), (0.7, 0.0), (0.0, 0.4)])
def test_what_distorts_forecasts_is_found_and_undone(log_factor: float, log_power: float) -> None:
    rng = np.random.default_rng(2)
    log_scale = rng.uniform(math.log(50.0), math.log(5000.0), 4000)
    distorted = laws(
        log_scale, hazard_powers([StageCalibration(log_factor=log_factor, log_power=log_power)])
    )
    seen = Seen.of(drawn(log_scale, rng))
    is_judge = torch.ones(1, len(log_scale), dtype=torch.bool)
    unseen = Unseen.of(distorted, is_judge, seen, torch.arange(len(log_scale)))
    found = calibrated(unseen, has_power=True)
    assert found.log_power == pytest.approx(-log_power, abs=0.08)
    assert found.log_factor == pytest.approx(-log_factor * math.exp(-log_power), abs=0.1)


def test_of_nothing_seen_nothing_is_learnt() -> None:
    is_judge, seen = torch.ones(1, 1, dtype=torch.bool), Seen.of([Incubation(lower_ps=1.0)])
    one = Unseen.of(laws(np.zeros(1)), is_judge, seen, torch.zeros(1, dtype=torch.int64))
    found = calibrated(one.rows(torch.tensor([False])), has_power=True)
    assert (found.log_factor, found.log_power) == pytest.approx((0.0, 0.0), abs=1e-3)


def test_a_gain_of_chance_is_none() -> None:
    design = torch.arange(40) // 2
    luck = torch.randn(40, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    assert not is_gain(luck - luck.mean() + 0.01, design)
    assert is_gain(luck - luck.mean() + 1.0, design)
    assert not is_gain(torch.ones(4, dtype=torch.float64), torch.arange(4))


def test_without_a_power_only_the_factor_is_learnt_and_a_run_counts_once() -> None:
    seen = Seen.of([Incubation(lower_ps=5.0)] * 60)
    law = laws(np.full(60, math.log(20.0)))
    is_judge = torch.ones(1, 60, dtype=torch.bool)
    many, one = (
        calibrated(Unseen.of(law, is_judge, seen, record), has_power=False)
        for record in (torch.arange(60), torch.zeros(60, dtype=torch.int64))
    )
    assert many.log_power == one.log_power == 0.0
    assert many.log_factor < one.log_factor < 0.0


def test_a_calibrated_curve_is_a_survival_curve() -> None:
    times_ps = torch.linspace(0.0, 1.0e5, 200, dtype=torch.float64)
    strange = hazard_powers([StageCalibration(log_factor=-2.0, log_power=-1.5)])
    law = laws(np.log(np.array([80.0])), strange).map(lambda each: each[..., None])
    curve = survival(law, times_ps)[0, 0]
    assert float(curve[0]) == pytest.approx(1.0, abs=1e-5)
    assert (curve.diff() <= 0.0).all()
    assert ((curve >= 0.0) & (curve <= 1.0)).all()


def test_predictor_and_judges_answer_by_the_calibration_of_the_package(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", synthetic_designs(6), 2)
    package = synthetic_package(tmp_path / "model", store)
    n_parts = len(package.manifest.calibration_without)
    assert n_parts == 2
    less = StageCalibration(log_factor=-1.0)
    changed = {
        "calibration": Calibration(packed=less),
        "calibration_without": [Calibration(packed=less), Calibration()],
    }
    plain = {"calibration": Calibration(), "calibration_without": [Calibration()] * 2}
    timid, bare = (
        Package(package.manifest.model_copy(update=each), package.weights, "")
        for each in (changed, plain)
    )
    design = synthetic_designs(6)[0]
    full, fast = (
        [
            float(Predictor(each).predict_designs([design], road=road)[0].glass_index)
            for each in (timid, bare)
        ]
        for road in ROADS
    )
    assert full[0] > full[1]
    assert fast[0] == fast[1]  # nothing was learnt of the fast road
    asked = panel([(store, record) for record in independent(store)], "packing")
    times_ps = np.full(len(asked.asked), 100.0)
    first, second = (Judges.of(each).forecast(asked)(times_ps) for each in (timid, bare))
    part = Judges.of(bare).part(asked.keys)
    assert (first[part == 0] > second[part == 0]).all()
    assert first[part == 1].tolist() == second[part == 1].tolist()
