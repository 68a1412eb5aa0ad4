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
from surrogate.predictor import Predictor
from surrogate.survival import HazardPower, IncubationLaw, Seen, survival
from train.judges import Judges
from train.panel import panel
from train.recalibration import Unseen, calibrated
from train.records import independent

HOLD_PS = 1000.0


def laws(log_scale: np.ndarray, calibration: HazardPower | None = None) -> IncubationLaw:
    """One member; the quench is past, a tenth never, exponential times."""
    scale = torch.from_numpy(log_scale)[None]
    return IncubationLaw(
        torch.full_like(scale, -math.inf),
        torch.full_like(scale, math.log(1.0 / 9.0)),
        scale,
        torch.zeros_like(scale),
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
    found = calibrated(Unseen.of(distorted, is_judge, seen))
    assert found.log_power == pytest.approx(-log_power, abs=0.08)
    assert found.log_factor == pytest.approx(-log_factor * math.exp(-log_power), abs=0.1)


def test_of_nothing_seen_nothing_is_learnt() -> None:
    one = Unseen.of(
        laws(np.zeros(1)), torch.ones(1, 1, dtype=torch.bool), Seen.of([Incubation(lower_ps=1.0)])
    )
    found = calibrated(one.rows(torch.tensor([False])))
    assert (found.log_factor, found.log_power) == pytest.approx((0.0, 0.0), abs=1e-3)


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
    waits = [
        float(Predictor(each).predict_designs([design], road="fast")[0].glass_index)
        for each in (timid, bare)
    ]
    assert waits[0] > waits[1]
    asked = panel([(store, record) for record in independent(store)], "packing")
    times_ps = np.full(len(asked.asked), 100.0)
    first, second = (Judges.of(each).forecast(asked)(times_ps) for each in (timid, bare))
    part = Judges.of(bare).part(asked.keys)
    assert (first[part == 0] > second[part == 0]).all()
    assert first[part == 1].tolist() == second[part == 1].tolist()
