"""Forecasts to beat, from the plainest to the freest, on any features.

Each is fitted to several choices of the rows at once and then asked row by row: which fit, which
row, at what time. So the same rows are scored by fits that never saw their design.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from simulate.incubation import Incubation
from surrogate.features import FeatureScaling
from surrogate.network import GLOBALS, OUTPUTS, forecast
from surrogate.survival import Seen, survival
from surrogate.threads import one_thread
from train.config import TrainingConfig
from train.design_fit import Lines, Rows, fit_lines
from train.loss import Prior, Targets
from train.metrics import Floats, KaplanMeier, bounds_ps, log_values

Choice = NDArray[np.bool_]
"""Rows that each fit may use, shape ``(n_fits, n_rows)``."""
Whole = NDArray[np.int64]
Survival = Callable[[Whole, Whole, Floats], Floats]
"""Fit, row and time (ps) of each question to the forecast survival there; all of one length."""

SLOPE_SPREAD: Final = TrainingConfig().slope_spreads[0]
PINNED: Final = 1.0e-3
"""Prior spread of what is to stay at its mean: slopes of a shape that all share, no frailty."""
NO_FRAILTY: Final = 1.0e-6
"""So small a frailty leaves the Weibull law."""

COX_PENALTY: Final = 1.0
QUENCH_BOUNDS_PS: Final = (0.1, 300.0)
"""Of the time that the quench counts for, ps."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What forecasters are fitted to and asked.

    Attributes:
        features: Of each row, shape ``(n_rows, n_features)``.
        incubations: What was seen of each.
        keys: Design of each.
        hold_ps: Hold of the protocol, ps.
        is_past_quench: Whether order in the quench is past for all rows.
    """

    features: Floats
    incubations: Sequence[Incubation]
    keys: Sequence[str]
    hold_ps: float
    is_past_quench: bool = False

    @property
    def standardised(self) -> Floats:
        """Features with mean 0 and spread 1; knows nothing of what came of the rows."""
        return FeatureScaling.of(self.features).standardise(self.features)


def kaplan_meier(asked: Asked, chosen: Choice) -> Survival:
    """One curve for all rows."""
    curves = [KaplanMeier.of(list(itertools.compress(asked.incubations, each))) for each in chosen]

    def forecasts(fit: Whole, _row: Whole, times_ps: Floats) -> Floats:
        result = np.empty_like(times_ps)
        for number, curve in enumerate(curves):
            result[fit == number] = curve.survival(times_ps[fit == number])
        return result

    return forecasts


@one_thread()
def fit_law(asked: Asked, weights: Floats, priors: Sequence[Prior]) -> Lines:
    """Lines of the law of `law`, one for each row of `weights` and prior.

    Args:
        asked: What to fit to.
        weights: Of each row in each fit, shape ``(n_fits, n_rows)``; 0 leaves it out.
        priors: One for each fit.
    """
    since = [0.0 if asked.is_past_quench else None] * len(asked.keys)
    no_fraction = torch.full((len(asked.keys),), torch.nan, dtype=torch.float64)
    is_ordered = torch.tensor([each.is_observed for each in asked.incubations])
    targets = Targets(Seen.of(asked.incubations, since), no_fraction, is_ordered)
    features = torch.from_numpy(asked.standardised)
    rows = Rows(features, targets, list(asked.keys))
    return fit_lines(rows, torch.from_numpy(weights), Prior.stacked(priors))


def law(
    asked: Asked, chosen: Choice | Floats, *, has_one_shape: bool = True, is_weibull: bool = False
) -> Survival:
    """The project's accelerated-failure-time law, linear in the features.

    Order in the quench, a cure fraction and Weibull times with a frailty (`surrogate.survival`),
    fitted by the interval-censored likelihood with the priors of training.

    Args:
        asked: What to fit to.
        chosen: Rows of each fit, or what each row weighs.
        has_one_shape: All rows share the shape, as is usual; else it varies as here.
        is_weibull: No frailty.
    """
    prior = Prior.for_hold(asked.hold_ps, SLOPE_SPREAD, asked.features.shape[1])
    if has_one_shape:
        prior.weight_spread[OUTPUTS.index("log_shape")] = PINNED
    if is_weibull:
        frailty = GLOBALS.index("log_frailty")
        prior.shared_mean[frailty] = math.log(NO_FRAILTY)
        prior.shared_spread[frailty] = PINNED
    lines = fit_law(asked, chosen.astype(np.float64), [prior] * len(chosen))
    outputs = lines.outputs(torch.from_numpy(asked.standardised))
    if asked.is_past_quench:
        outputs[..., 0] = -torch.inf

    def forecasts(fit: Whole, row: Whole, times_ps: Floats) -> Floats:
        found = forecast(outputs[fit, row][:, None], lines.shared[fit]).law
        return np.asarray(survival(found, torch.from_numpy(times_ps)[:, None])[:, 0])

    return forecasts


def boosting(asked: Asked, chosen: Choice) -> Survival:
    """Boosted trees on the Cox partial likelihood (scikit-survival, in the `dev` extra)."""
    from sksurv.ensemble import GradientBoostingSurvivalAnalysis

    return _by_steps(
        asked,
        chosen,
        lambda: GradientBoostingSurvivalAnalysis(n_estimators=50, max_depth=2, random_state=0),
    )


def cox(asked: Asked, chosen: Choice) -> Survival:
    """Proportional hazards, linear in the features, ridge (scikit-survival, in the `dev` extra)."""
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    return _by_steps(asked, chosen, lambda: CoxPHSurvivalAnalysis(alpha=COX_PENALTY))


def nucleation(asked: Asked, chosen: Choice) -> Survival:
    r"""Classical nucleation as a Poisson process in the core: three numbers, no statistics.

    :math:`S(t) = e^{-(t + t_q)/\tau}`, :math:`\log\tau = a + b s - \log n`, with the logarithm of
    the core atoms and the surface share as the first two features; the quench counts for a time
    :math:`t_q`, where it is not past.
    """
    log_core, surface = asked.features[:, 0], asked.features[:, 1]
    found = np.array([_nucleation_of(asked, each) for each in chosen])

    def forecasts(fit: Whole, row: Whole, times_ps: Floats) -> Floats:
        a, b, log_quench = found[fit].T
        quench_ps = 0.0 if asked.is_past_quench else np.exp(log_quench)
        hazard = (times_ps + quench_ps) * np.exp(log_core[row] - a - b * surface[row])
        return np.asarray(np.exp(-hazard))

    return forecasts


def _nucleation_of(asked: Asked, chosen: NDArray[np.bool_]) -> Floats:
    """The three numbers of highest likelihood on some rows, shape ``(3,)``."""
    seen = list(itertools.compress(asked.incubations, chosen))
    log_core, surface = asked.features[chosen, 0], asked.features[chosen, 1]
    lower, upper = bounds_ps(seen)
    upper = np.where(np.isfinite(upper), upper, lower)

    def loss(numbers: Floats) -> float:
        a, b, log_quench = numbers
        quench_ps = 0.0 if asked.is_past_quench else np.exp(log_quench)
        rate = np.exp(np.clip(log_core - a - b * surface, -60.0, 60.0))
        at_lower, at_upper = (np.exp(-(each + quench_ps) * rate) for each in (lower, upper))
        return float(log_values(at_lower, at_upper, seen).mean())

    start = np.array([np.log(asked.hold_ps) + float(log_core.mean()), 0.0, np.log(20.0)])
    bounds = [(None, None), (-50.0, 50.0), tuple(np.log(QUENCH_BOUNDS_PS))]
    return np.asarray(minimize(loss, start, method="Nelder-Mead", bounds=bounds).x)


def _by_steps(asked: Asked, chosen: Choice, make: Callable[[], Any]) -> Survival:
    """Forecasts of a scikit-survival model.

    Such models know no intervals: order counts at the middle of its own, in the quench at 0. Their
    curve falls linearly between its steps, as the Kaplan-Meier curve does here.
    """
    features = asked.standardised
    lower, upper = bounds_ps(asked.incubations)
    is_ordered = np.isfinite(upper)
    times_ps = np.where(is_ordered, 0.5 * (lower + np.where(is_ordered, upper, lower)), lower)
    answers = np.array(
        list(zip(is_ordered, times_ps, strict=True)), dtype=[("is_ordered", bool), ("ps", float)]
    )
    curves: list[tuple[Floats, Floats]] = []
    for each in chosen:
        if not is_ordered[each].any():
            curves.append((np.zeros(1), np.ones((len(each), 1))))
            continue
        model = make().fit(features[each], answers[each])
        found = model.predict_survival_function(features, return_array=True)
        knots_ps = model.unique_times_
        if knots_ps[0] > 0.0:
            knots_ps = np.append(0.0, knots_ps)
            found = np.column_stack([np.ones(len(found)), found])
        curves.append((knots_ps, np.clip(found, 0.0, 1.0)))

    def forecasts(fit: Whole, row: Whole, times_ps: Floats) -> Floats:
        asked_for = zip(fit, row, times_ps, strict=True)
        return np.array([np.interp(ps, curves[f][0], curves[f][1][r]) for f, r, ps in asked_for])

    return forecasts
