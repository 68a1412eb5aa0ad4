"""The law of incubation times against closed forms, and at its edges."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import chi2, fisk, gamma, weibull_min

from simulate.incubation import Incubation
from surrogate.survival import (
    IncubationLaw,
    Seen,
    log_likelihood,
    quantile_ps,
    survival,
)

IN_QUENCH = Incubation(lower_ps=0.0, upper_ps=0.0, ordered_in_quench=True)


def float64(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def law(
    q: float = 0.2,
    cure: float = 0.3,
    scale_ps: float = 100.0,
    shape: float = 1.5,
    frailty: float = 1.0,
) -> IncubationLaw:
    values = [math.log(q / (1 - q)), math.log(cure / (1 - cure)), math.log(scale_ps)]
    return IncubationLaw(*map(float64, [*values, math.log(shape), math.log(frailty)]))


WEIBULL, LOG_LOGISTIC = 1.0e-12, 1.0
WAITING = {WEIBULL: weibull_min(1.5, scale=100.0), LOG_LOGISTIC: fisk(1.5, scale=100.0)}


@pytest.mark.parametrize("frailty", WAITING)
def test_survival_is_the_mixture_it_says_it_is(frailty: float) -> None:
    times_ps = float64(0.0, 1.0, 50.0, 500.0)
    expected = 0.8 * (0.3 + 0.7 * WAITING[frailty].sf(times_ps.numpy()))
    assert survival(law(frailty=frailty), times_ps).numpy() == pytest.approx(expected, rel=1e-6)
    assert float(survival(law(), float64(0.0))) == pytest.approx(0.8)


@pytest.mark.parametrize("frailty", WAITING)
def test_likelihood_of_each_kind_of_record_is_its_probability(frailty: float) -> None:
    records = [IN_QUENCH, Incubation(lower_ps=40.0, upper_ps=50.0), Incubation(lower_ps=200.0)]
    waiting = WAITING[frailty]
    expected = [
        0.2,
        0.8 * 0.7 * (waiting.sf(40.0) - waiting.sf(50.0)),
        0.8 * (0.3 + 0.7 * waiting.sf(200.0)),
    ]
    found = log_likelihood(law(frailty=frailty), Seen.of(records)).exp().tolist()
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("frailty", [0.3, 2.5])
def test_frailty_is_the_variance_of_a_hazard_that_each_embryo_has_of_its_own(
    frailty: float,
) -> None:
    own = gamma(1.0 / frailty, scale=frailty)
    assert own.var() == pytest.approx(frailty)
    for time_ps in (20.0, 100.0, 700.0):
        hazard = (time_ps / 100.0) ** 1.5

        def waits(level: float, hazard: float = hazard) -> float:
            return math.exp(-float(own.ppf(level)) * hazard)

        expected = 0.8 * (0.3 + 0.7 * quad(waits, 0.0, 1.0, limit=200)[0])
        found = float(survival(law(frailty=frailty), float64(time_ps)))
        assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [0.15, 1.5])
def test_probabilities_of_all_that_can_happen_sum_to_one(shape: float) -> None:
    edges = np.linspace(0.0, 1000.0, 101)
    records = [IN_QUENCH, Incubation(lower_ps=1000.0)]
    records += [Incubation(lower_ps=a, upper_ps=b) for a, b in itertools.pairwise(edges)]
    found = log_likelihood(law(shape=shape), Seen.of(records)).exp().sum()
    assert float(found) == pytest.approx(1.0, rel=1e-12)


def test_what_waits_already_is_judged_by_what_is_left() -> None:
    record = [Incubation(lower_ps=60.0, upper_ps=70.0)]
    start = law()
    early = log_likelihood(start, Seen.of(record))
    late = log_likelihood(start, Seen.of(record, [40.0]))
    at_forty = survival(start, float64(40.0)).log()
    assert float(late) == pytest.approx(float(early - at_forty))


def test_embryo_known_to_have_passed_the_quench_pays_nothing_for_it() -> None:
    record = [Incubation(lower_ps=60.0)]
    difference = log_likelihood(law(), Seen.of(record, [0.0])) - log_likelihood(
        law(), Seen.of(record)
    )
    assert float(difference) == pytest.approx(-math.log(0.8))


lower_bounds = st.floats(0.0, 1e6)
logits = st.floats(-15.0, 15.0)


@settings(deadline=None, max_examples=200)
@given(
    lower=lower_bounds,
    width=st.one_of(st.none(), st.floats(1e-2, 1e4)),
    in_quench=st.booleans(),
    start_share=st.one_of(st.none(), st.floats(0.0, 1.0)),
    quench=logits,
    cure=logits,
    log_scale=st.floats(-3.0, 20.0),
    log_shape=st.floats(-1.5, 1.5),
    log_frailty=st.floats(-15.0, 3.0),
)
def test_likelihood_and_its_gradient_are_finite_everywhere(
    lower: float,
    width: float | None,
    in_quench: bool,  # noqa: FBT001
    start_share: float | None,
    quench: float,
    cure: float,
    log_scale: float,
    log_shape: float,
    log_frailty: float,
) -> None:
    if in_quench:
        record, since = IN_QUENCH, None
    else:
        upper = None if width is None else lower + max(width, 1e-3 * lower)
        record = Incubation(lower_ps=lower, upper_ps=upper)
        since = None if start_share is None else start_share * lower
    parameters = [
        torch.tensor([each], dtype=torch.float64, requires_grad=True)
        for each in (quench, cure, log_scale, log_shape, log_frailty)
    ]
    likelihood = log_likelihood(IncubationLaw(*parameters), Seen.of([record], [since]))
    gradients = torch.autograd.grad(likelihood.sum(), parameters)
    assert torch.isfinite(likelihood).all()
    assert all(torch.isfinite(each).all() for each in gradients)
    assert likelihood.item() <= 1e-9


def test_a_batch_without_events_has_a_finite_loss_that_longer_times_lower() -> None:
    records = [Incubation(lower_ps=100.0), Incubation(lower_ps=900.0)]
    short, long = (log_likelihood(law(scale_ps=each), Seen.of(records)) for each in (50.0, 5e4))
    assert torch.isfinite(short).all()
    assert (long > short).all()


def test_quantiles_undo_the_survival_of_the_mean_member() -> None:
    members = [law(0.1, 0.2, 50.0), law(0.3, 0.4, 400.0)]
    both = IncubationLaw(
        *(
            torch.stack([getattr(each, name) for each in members])
            for name in ("quench_logit", "cure_logit", "log_scale", "log_shape", "log_frailty")
        )
    )
    (times_ps,) = quantile_ps(both, float64(0.1, 0.3, 0.6, 0.9))
    assert float(times_ps[0]) == 0.0  # a fifth orders in the quench
    assert math.isinf(float(times_ps[3]))  # about a quarter never orders
    for share, time_ps in ((0.3, times_ps[1]), (0.6, times_ps[2])):
        ordered = 1.0 - survival(both, time_ps.expand(2, 1)).mean()
        assert float(ordered) == pytest.approx(share, abs=1e-8)


def simulated(truth: IncubationLaw, n: int, seed: int) -> Seen:
    """Seen at frames 10 ps apart for 600 ps, a third from some time of the hold on.

    Order in the quench is left-censored, order in the hold interval-censored, the rest
    right-censored, some of it early; whoever is asked later was waiting until then.
    """
    rng = np.random.default_rng(seed)
    q, cure = (float(torch.sigmoid(each)) for each in (truth.quench_logit, truth.cure_logit))
    scale_ps, shape = float(truth.log_scale.exp()), float(truth.log_shape.exp())
    frailty = float(truth.log_frailty.exp())
    records: list[Incubation] = []
    since: list[float | None] = []
    while len(records) < n:
        kind = rng.random(3)
        start_ps = 50.0 * float(rng.integers(1, 4)) if kind[2] < 1.0 / 3.0 else None
        in_quench = kind[0] < q
        hazard = float(rng.exponential() / rng.gamma(1.0 / frailty, frailty))
        time_ps = math.inf if kind[1] < cure else scale_ps * hazard ** (1.0 / shape)
        if start_ps is not None and (in_quench or time_ps <= start_ps):
            continue  # nobody is asked about what has ordered
        end_ps = 600.0 if rng.random() < 0.7 else 10.0 * float(rng.integers(20, 60))
        lower_ps = 10.0 * min(time_ps // 10.0, end_ps / 10.0)
        if in_quench:
            records.append(IN_QUENCH)
        elif time_ps >= end_ps:
            records.append(Incubation(lower_ps=end_ps))
        else:
            records.append(Incubation(lower_ps=lower_ps, upper_ps=lower_ps + 10.0))
        since.append(start_ps)
    return Seen.of(records, since)


def most_likely(seen: Seen, log_frailty: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Parameters of highest likelihood and their covariance; the frailty is known."""

    def loss(parameters: torch.Tensor) -> torch.Tensor:
        return -log_likelihood(IncubationLaw(*parameters, log_frailty), seen).sum()

    def with_gradient(values: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        value = loss(parameters)
        (gradient,) = torch.autograd.grad(value, parameters)
        return value.item(), gradient.numpy()

    start = np.array([-1.0, -1.0, math.log(200.0), 0.0])
    found = float64(*minimize(with_gradient, start, jac=True, method="BFGS").x)
    return found, torch.linalg.inv(torch.autograd.functional.hessian(loss, found))


def test_the_likelihood_recovers_what_the_times_were_drawn_from() -> None:
    """Errors of four parameters in eight data sets, in units of their own standard errors.

    Were the likelihood wrong for any kind of record, their squares would not follow chi-square.
    """
    truth = law()
    parameters = torch.stack(
        [truth.quench_logit, truth.cure_logit, truth.log_scale, truth.log_shape]
    ).flatten()
    squares = []
    for seed in range(8):
        found, covariance = most_likely(simulated(truth, 1500, seed), truth.log_frailty)
        error = found - parameters
        assert (error.abs() < 4.0 * covariance.diagonal().sqrt()).all()
        assert (covariance.diagonal().sqrt() < 0.15).all()
        squares.append(float(error @ torch.linalg.solve(covariance, error)))
    low, high = chi2.ppf([0.005, 0.995], 4 * len(squares))
    assert low < sum(squares) < high


@pytest.mark.parametrize("lower_ps", [0.0, 4238.0])
def test_an_interval_that_the_law_holds_impossible_leads_back(lower_ps: float) -> None:
    """As of order after nanoseconds where the law expects none: its hazard is 0 to the last bit."""
    parameters = torch.tensor([0.0, 0.0, 800.0, 0.5, 0.0], dtype=torch.float64, requires_grad=True)
    law = IncubationLaw(*parameters[:, None])
    seen = Seen.of([Incubation(lower_ps=lower_ps, upper_ps=4248.0)])
    value = log_likelihood(law, seen).sum()
    expected = math.exp(0.5) * (math.log(4248.0) - 800.0) + 2.0 * math.log(0.5)
    if lower_ps:
        expected += math.log(-math.expm1(-math.exp(0.5) * math.log(4248.0 / 4238.0)))
    assert float(value.detach()) == pytest.approx(expected, rel=1e-12)
    (slope,) = torch.autograd.grad(value, parameters)
    assert torch.isfinite(slope).all()
    assert slope[2] == pytest.approx(-math.exp(0.5))
