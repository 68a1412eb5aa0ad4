"""The null model: its numbers by hand, found again, and what is said of maps beside it."""

import math

import numpy as np
import pytest

from benchmarks.refitted import by_trend, report
from benchmarks.search import GALLERY
from serve.map_view import against_trend
from surrogate.deposition.bridge import HorizonBridge
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.likelihoods import AreaShare, Observation
from surrogate.deposition.map_fit import MapFit
from surrogate.deposition.summary import summarised_trend
from surrogate.deposition.trend import PARAMETERS, TREND, glassy_by_trend, weigh_trend
from surrogate.search.config import read_search_config

TRUTH = {
    "reference_odds": 0.2,
    "current_power": 1.3,
    "time_power": 0.4,
    "advanced_odds_ratio": 0.5,
}


def plated(current: float, time: float, electrolyte: str = "baseline") -> DepositionConditions:
    return DepositionConditions.model_validate(
        {
            "current_density_mA_cm2": current,
            "deposition_time_min": time,
            "electrolyte": electrolyte,
        }
    )


def crystalline(asked: DepositionConditions, **changed: float) -> float:
    values = {name: np.array([value]) for name, value in (TRUTH | changed).items()}
    return 1.0 - float(glassy_by_trend(values, asked)[0])


@pytest.fixture(scope="module")
def fit() -> MapFit:
    """Of the paper's observations."""
    return summarised_trend(weigh_trend())


def seen(tolerance: float) -> tuple[Observation, ...]:
    """What would be read if the trend were true."""
    asked = [
        *((series, plated(current, time)) for series, current, time in (
            ("current", 0.1, 60.0), ("current", 0.5, 60.0), ("current", 2.5, 60.0),
            ("time", 0.5, 5.0), ("time", 0.5, 300.0),
        )),
        ("electrolyte", plated(0.5, 60.0, "advanced")),
    ]  # fmt: skip
    return tuple(
        AreaShare.model_validate(
            {
                "name": f"{number}", "series": series, "seen": "synthetic", "citation": "",
                "conditions": (each,), "crystalline_share": crystalline(each),
                "tolerance": tolerance,
            }
        )
        for number, (series, each) in enumerate(asked)
    )  # fmt: skip


def test_the_trend_by_hand() -> None:
    """Odds 0.2 at 0.5 mA/cm2 and 5 min; doubled current: x 2^1.3; fourfold time: x 4^0.4."""
    assert crystalline(plated(0.5, 5.0)) == pytest.approx(0.2 / 1.2)
    odds = 0.2 * 2**1.3 * 4**0.4 * 0.5
    assert crystalline(plated(1.0, 20.0, "advanced")) == pytest.approx(odds / (1.0 + odds))


def test_the_truth_is_found_again() -> None:
    fit = summarised_trend(weigh_trend(seen(tolerance=0.03)))
    assert {each.name for each in fit.parameters} == set(TRUTH)
    for each in fit.parameters:
        assert each.posterior.low <= TRUTH[each.name] <= each.posterior.high
        assert each.learnt > 0.9
    assert fit.can_fit
    assert fit.effective_draws > 100


def test_wider_priors_have_less_evidence() -> None:
    """By as much as they are wider, where the data pin the numbers down."""
    usual, wide = seen(0.04), [
        type(each)(each.name, each.unit, each.meaning, type(each.prior)("uniform", -4.0, 4.0))
        if each.name == "time_power" else each
        for each in PARAMETERS
    ]  # fmt: skip
    before, after = weigh_trend(usual), weigh_trend(usual, parameters=wide)
    lost = before.log_evidence(before.every) - after.log_evidence(after.every)
    assert lost == pytest.approx(math.log(2.0), abs=0.1)


def test_the_paper_is_met_without_any_embryo(fit: MapFit) -> None:
    assert fit.is_null
    assert fit.can_fit
    assert fit.unsampled == {}
    assert fit.map_name == TREND
    assert not any("bridge" in each or "openness" in each for each in fit.unspoken)
    again = summarised_trend(weigh_trend(seed=2), seed=2)
    assert again.log_evidence == pytest.approx(fit.log_evidence, abs=0.1)


def of(fit: MapFit, evidence: float, elpd: float, spread: float = 0.01) -> MapFit:
    """A map so much ahead of the trend, at some of the readings more than at others."""
    n = len(fit.observations)
    shifts = elpd / n + spread * np.linspace(-1.0, 1.0, n)
    changed = {
        "observations": tuple(
            each.model_copy(update={"log_predictive": each.log_predictive + shift})
            for each, shift in zip(fit.observations, shifts.tolist(), strict=True)
        ),
        "map_name": "paper",
        "bridge": HorizonBridge(horizon_ps=250.0),
        "log_evidence": fit.log_evidence + evidence,
        "elpd": fit.elpd + elpd,
    }
    return fit.model_copy(update=changed)


@pytest.mark.parametrize(
    ("evidence", "elpd", "said"),
    [
        (
            2.0,
            -1.0,
            [
                "ahead of it: paper (250 ps of hold)",
                "standard errors: none",
                "as much: paper",
                "NO map beats",
            ],
        ),
        (
            0.5,
            1.0,
            ["ahead of it: none", "standard errors: paper (250 ps of hold)", "NO map beats"],
        ),
        (
            2.0,
            1.0,
            ["ahead of it: paper (250 ps of hold)", "standard errors: paper (250 ps of hold)"],
        ),
    ],
)
def test_a_map_beats_the_trend_by_both_or_not(
    fit: MapFit, evidence: float, elpd: float, said: list[str]
) -> None:
    told = " ".join(against_trend([of(fit, evidence, elpd), fit]))
    assert all(each in told for each in said)
    assert ("NO map beats" in told) == ("NO map beats" in said)


def test_a_lead_within_its_standard_error_is_none(fit: MapFit) -> None:
    """Of differences -s to s about d/n, the error of their sum is that of n of them."""
    ahead = of(fit, 2.0, 1.3, spread=1.0)
    difference, error = ahead.elpd_ahead_of(fit)
    n = len(fit.observations)
    assert difference == pytest.approx(1.3)
    assert error == pytest.approx(math.sqrt(n) * np.linspace(-1.0, 1.0, n).std(ddof=1))
    told = " ".join(against_trend([ahead, fit]))
    assert "standard errors: none; worse by as much: none. NO map beats" in told


def test_the_fastest_plating_by_the_trend_is_as_sure_as_was_asked() -> None:
    gallery = read_search_config(GALLERY)
    usual = by_trend(gallery)
    surer = by_trend(gallery.model_copy(update={"confidence": 0.99}))
    impossible = by_trend(gallery.model_copy(update={"min_glassy_share": 0.999}))
    assert usual.current_mA_cm2 is not None
    assert surer.current_mA_cm2 is not None
    assert 0.5 < surer.current_mA_cm2 < usual.current_mA_cm2 < 2.5  # between readings
    assert usual.time_min == pytest.approx(60.0 / usual.current_mA_cm2)
    assert usual.share is not None
    assert usual.share > 0.5
    assert impossible.current_mA_cm2 is None
    assert "nothing is feasible" in report([usual, impossible])
