"""Our scores beside scikit-survival and torchsurv on simulated right-censored times.

Ours take intervals; here every interval is so short that its ends are the time itself.
"""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.metrics import average_precision_score
from sksurv.metrics import (
    brier_score,
    concordance_index_censored,
    concordance_index_ipcw,
    cumulative_dynamic_auc,
)
from sksurv.nonparametric import kaplan_meier_estimator
from torchsurv.metrics.auc import Auc
from torchsurv.metrics.brier_score import BrierScore
from torchsurv.metrics.cindex import ConcordanceIndex
from torchsurv.stats.ipcw import get_ipcw

from simulate.incubation import Incubation
from train.discrimination import auprc, auroc, uno_concordance
from train.metrics import KaplanMeier, brier_values, concordance, state_at
from train.resampling import Resamples

SHORT = 1.0e-9
HORIZON_PS = 150.0
SINGLE = 1.0e-5
"""What single precision leaves of a score."""


@dataclass(frozen=True)
class Simulated:
    """Weibull times that follow a risk, censored by chance; the forecast knows the risk dimly."""

    times_ps: np.ndarray
    is_ordered: np.ndarray
    risk: np.ndarray
    survival_at_horizon: np.ndarray

    @property
    def seen(self) -> list[Incubation]:
        return [
            Incubation(lower_ps=t * (1.0 - SHORT), upper_ps=t) if o else Incubation(lower_ps=t)
            for t, o in zip(self.times_ps.tolist(), self.is_ordered.tolist(), strict=True)
        ]

    @property
    def answers(self) -> np.ndarray:
        rows = list(zip(self.is_ordered.tolist(), self.times_ps.tolist(), strict=True))
        return np.array(rows, dtype=[("is_ordered", bool), ("ps", float)])

    @property
    def draws(self) -> Resamples:
        return Resamples.of([str(n) for n in range(len(self.risk))], seed=0, n_resamples=20)

    @property
    def tensors(self) -> tuple[torch.Tensor, torch.Tensor]:
        """For torchsurv, which mixes up precisions unless all are single."""
        return torch.from_numpy(self.is_ordered), torch.from_numpy(self.times_ps).float()


@pytest.fixture(scope="module", params=[1, 2, 3])
def data(request: pytest.FixtureRequest) -> Simulated:
    rng = np.random.default_rng(request.param)
    n = 300
    true_risk = rng.normal(size=n)
    order_ps = 120.0 * np.exp(-0.8 * true_risk) * rng.weibull(1.3, n)
    censor_ps = np.minimum(rng.exponential(250.0, n), 400.0 + rng.random(n))
    risk = true_risk + 0.5 * rng.normal(size=n)
    scale_ps = 120.0 * np.exp(-0.8 * risk)
    return Simulated(
        np.minimum(order_ps, censor_ps),
        order_ps <= censor_ps,
        risk,
        np.exp(-((HORIZON_PS / scale_ps) ** 1.3)),
    )


def test_kaplan_meier_is_that_of_scikit_survival(data: Simulated) -> None:
    times_ps, survival = kaplan_meier_estimator(data.is_ordered, data.times_ps)
    is_event = np.isin(times_ps, data.times_ps[data.is_ordered])
    found = KaplanMeier.of(data.seen).survival(times_ps[is_event])
    assert found == pytest.approx(survival[is_event], abs=1.0e-12)


def test_harrells_c_is_that_of_scikit_survival(data: Simulated) -> None:
    expected, *_ = concordance_index_censored(data.is_ordered, data.times_ps, data.risk)
    assert concordance(data.risk, data.seen) == pytest.approx(expected, abs=1.0e-12)


@pytest.mark.parametrize("until_ps", [100.0, 250.0])
def test_unos_c_is_that_of_both_libraries(data: Simulated, until_ps: float) -> None:
    found = uno_concordance(data.risk, data.seen, until_ps, data.draws)
    expected, *_ = concordance_index_ipcw(data.answers, data.answers, data.risk, until_ps)
    assert found.value == pytest.approx(expected, abs=1.0e-9)
    event, time = data.tensors
    other = ConcordanceIndex()(
        torch.from_numpy(data.risk).float(),
        event,
        time,
        get_ipcw(event, time),
        torch.tensor(until_ps),
    )
    assert found.value == pytest.approx(float(other), abs=SINGLE)


def test_brier_with_weights_is_that_of_both_libraries(data: Simulated) -> None:
    """Ours divides by the sum of the weights in place of the number of rows."""
    _, weights = state_at(data.seen, HORIZON_PS)
    p_ordered = 1.0 - data.survival_at_horizon
    found = float(brier_values(p_ordered, data.seen, HORIZON_PS).mean()) * weights.mean()
    survival = data.survival_at_horizon[:, None]
    _, (expected,) = brier_score(data.answers, data.answers, survival, [HORIZON_PS])
    assert found == pytest.approx(expected, abs=1.0e-9)
    event, time = data.tensors
    new_time = torch.tensor([HORIZON_PS])
    other = BrierScore()(
        torch.from_numpy(survival).float(), event, time, new_time,
        get_ipcw(event, time), get_ipcw(event, time, new_time),
    )  # fmt: skip
    assert found == pytest.approx(float(other), abs=SINGLE)


def test_auroc_at_a_horizon_is_the_cumulative_auc_of_both_libraries(data: Simulated) -> None:
    found = auroc(data.risk, data.seen, HORIZON_PS, data.draws)
    (expected,), _ = cumulative_dynamic_auc(data.answers, data.answers, data.risk, [HORIZON_PS])
    assert found.value == pytest.approx(expected, abs=1.0e-9)
    event, time = data.tensors
    new_time = torch.tensor([HORIZON_PS])
    other = Auc()(
        torch.from_numpy(data.risk).float(), event, time, "cumulative",
        get_ipcw(event, time), new_time, get_ipcw(event, time, new_time),
    )  # fmt: skip
    assert found.value == pytest.approx(float(other), abs=SINGLE)


def test_average_precision_is_that_of_scikit_learn(data: Simulated) -> None:
    is_ordered, weights = state_at(data.seen, HORIZON_PS)
    coarse = np.round(data.risk, 1)  # with ties
    for risk in (data.risk, coarse):
        found = auprc(risk, data.seen, HORIZON_PS, data.draws)
        expected = average_precision_score(is_ordered, risk, sample_weight=weights)
        assert found.value == pytest.approx(expected, abs=1.0e-9)


def test_auc_of_two_normal_risks_is_the_closed_form() -> None:
    """Risks of those that order are one deviation higher: the area is Phi(1 / sqrt(2))."""
    rng = np.random.default_rng(5)
    n = 2000
    is_ordered = rng.random(n) < 0.5
    risk = rng.normal(size=n) + is_ordered
    seen = [
        Incubation(lower_ps=1.0, upper_ps=2.0) if each else Incubation(lower_ps=50.0)
        for each in is_ordered
    ]
    draws = Resamples.of([str(k) for k in range(n)], seed=0, n_resamples=100)
    expected = norm.cdf(np.sqrt(0.5))
    for found in (auroc(risk, seen, 50.0, draws), uno_concordance(risk, seen, 50.0, draws)):
        assert found.value == pytest.approx(expected, abs=0.02)
        assert found.interval is not None
        assert found.interval[0] < expected < found.interval[1]
