"""The law of incubation times against closed forms, and at its edges."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import weibull_min

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
    q: float = 0.2, cure: float = 0.3, scale_ps: float = 100.0, shape: float = 1.5
) -> IncubationLaw:
    values = [math.log(q / (1 - q)), math.log(cure / (1 - cure)), math.log(scale_ps)]
    return IncubationLaw(*(float64(each) for each in [*values, math.log(shape)]))


def test_survival_is_the_mixture_it_says_it_is() -> None:
    times_ps = float64(0.0, 1.0, 50.0, 500.0)
    expected = 0.8 * (0.3 + 0.7 * weibull_min.sf(times_ps.numpy(), 1.5, scale=100.0))
    assert survival(law(), times_ps).numpy() == pytest.approx(expected, rel=1e-6)
    assert float(survival(law(), float64(0.0))) == pytest.approx(0.8)


def test_likelihood_of_each_kind_of_record_is_its_probability() -> None:
    records = [IN_QUENCH, Incubation(lower_ps=40.0, upper_ps=50.0), Incubation(lower_ps=200.0)]
    waiting = weibull_min(1.5, scale=100.0)
    expected = [
        0.2,
        0.8 * 0.7 * (waiting.sf(40.0) - waiting.sf(50.0)),
        0.8 * (0.3 + 0.7 * waiting.sf(200.0)),
    ]
    found = log_likelihood(law(), Seen.of(records)).exp().tolist()
    assert found == pytest.approx(expected, rel=1e-9)


def test_probabilities_of_all_that_can_happen_sum_to_one() -> None:
    edges = np.linspace(0.0, 1000.0, 101)
    records = [IN_QUENCH, Incubation(lower_ps=1000.0)]
    records += [Incubation(lower_ps=a, upper_ps=b) for a, b in itertools.pairwise(edges)]
    assert float(log_likelihood(law(), Seen.of(records)).exp().sum()) == pytest.approx(1.0)


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
) -> None:
    if in_quench:
        record, since = IN_QUENCH, None
    else:
        upper = None if width is None else lower + max(width, 1e-3 * lower)
        record = Incubation(lower_ps=lower, upper_ps=upper)
        since = None if start_share is None else start_share * lower
    parameters = [
        torch.tensor([each], dtype=torch.float64, requires_grad=True)
        for each in (quench, cure, log_scale, log_shape)
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
            for name in ("quench_logit", "cure_logit", "log_scale", "log_shape")
        )
    )
    (times_ps,) = quantile_ps(both, float64(0.1, 0.3, 0.6, 0.9))
    assert float(times_ps[0]) == 0.0  # a fifth orders in the quench
    assert math.isinf(float(times_ps[3]))  # about a quarter never orders
    for share, time_ps in ((0.3, times_ps[1]), (0.6, times_ps[2])):
        ordered = 1.0 - survival(both, time_ps.expand(2, 1)).mean()
        assert float(ordered) == pytest.approx(share, abs=1e-8)
