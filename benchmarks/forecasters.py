"""Forecasts of the incubation from the design alone, from the plainest to the freest.

Each is fitted to several choices of the records at once and then asked row by row: which fit, which
record, at what time. So the same records are scored by fits that never saw their design.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulate.incubation import Incubation
from simulate.record import TrajectoryRecord
from surrogate.features import FeatureScaling, design_features
from surrogate.network import forecast
from surrogate.survival import survival
from surrogate.threads import one_thread
from train.config import TrainingConfig
from train.design_fit import Lines, Rows, fit_lines
from train.loss import Prior, Targets
from train.metrics import Floats, KaplanMeier, bounds_ps

Choice = NDArray[np.bool_]
"""Records that each fit may use, shape ``(n_fits, n_records)``."""
Whole = NDArray[np.int64]
Survival = Callable[[Whole, Whole, Floats], Floats]
"""Fit, record and time (ps) of each row to the forecast survival there; all shape ``(n_rows,)``."""

SLOPE_SPREAD: Final = TrainingConfig().slope_spreads[0]


@dataclass(frozen=True)
class Sample:
    """Independent trajectories that say something of the incubation."""

    records: Sequence[TrajectoryRecord]

    @cached_property
    def keys(self) -> list[str]:
        """Design of each record."""
        return [record.design.key for record in self.records]

    @cached_property
    def incubations(self) -> list[Incubation]:
        """What was seen of each."""
        return [record.witnessed for record in self.records if record.witnessed is not None]

    @cached_property
    def scaling(self) -> FeatureScaling:
        """Centre and spread of the designs; knows nothing of what came of them."""
        return FeatureScaling.of(design_features([record.design for record in self.records]))

    @cached_property
    def features(self) -> Floats:
        """Standardised, shape ``(n_records, n_features)``."""
        found = design_features([record.design for record in self.records])
        return self.scaling.standardise(found)

    @property
    def hold_ps(self) -> float:
        """Hold of the protocol."""
        return self.records[0].protocol.hold_ps

    @classmethod
    def of(cls, records: Sequence[TrajectoryRecord]) -> Self:
        """Leave out replicas of a parent, and what was not watched into the hold."""
        return cls([r for r in records if r.parent is None and r.witnessed is not None])


def kaplan_meier(sample: Sample, chosen: Choice) -> Survival:
    """One curve for all designs."""
    curves = [
        KaplanMeier.of([sample.incubations[index] for index in np.flatnonzero(each)])
        for each in chosen
    ]

    def forecasts(fit: Whole, _record: Whole, times_ps: Floats) -> Floats:
        result = np.empty_like(times_ps)
        for number, curve in enumerate(curves):
            result[fit == number] = curve.survival(times_ps[fit == number])
        return result

    return forecasts


def size_law(sample: Sample, chosen: Choice) -> Survival:
    """The law of `design_law` with the number of atoms as its only feature."""
    size = np.log([record.design.n_atoms for record in sample.records])
    alone = np.zeros_like(sample.features)
    alone[:, 0] = (size - size.mean()) / max(float(size.std()), 1.0e-9)
    return _law(sample, chosen, alone)


def design_law(sample: Sample, chosen: Choice) -> Survival:
    """The project's own accelerated-failure-time law, linear in the design features.

    Order in the quench, a cure fraction and Weibull times (`surrogate.survival`), fitted by the
    interval-censored likelihood with the priors of training: the model without its corrections.
    """
    return _law(sample, chosen, sample.features)


@one_thread()
def fit_law(sample: Sample, features: Floats, weights: Tensor, priors: Sequence[Prior]) -> Lines:
    """Lines of the law, one for each row of `weights` and prior."""
    targets = Targets.of(sample.records)
    rows = Rows(torch.from_numpy(features), targets, torch.ones(len(features)), sample.keys)
    return fit_lines(rows, weights, Prior.stacked(priors))


def boosting(sample: Sample, chosen: Choice) -> Survival:
    """Boosted trees on the Cox partial likelihood (scikit-survival).

    They know no intervals: order counts at the middle of its own, in the quench at 0. The curve
    falls linearly between its steps, as the Kaplan-Meier curve does here.
    """
    from sksurv.ensemble import GradientBoostingSurvivalAnalysis

    lower, upper = bounds_ps(sample.incubations)
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
        trees = GradientBoostingSurvivalAnalysis(n_estimators=50, max_depth=2, random_state=0)
        trees.fit(sample.features[each], answers[each])
        found = trees.predict_survival_function(sample.features, return_array=True)
        knots_ps = trees.unique_times_
        if knots_ps[0] > 0.0:
            knots_ps = np.append(0.0, knots_ps)
            found = np.column_stack([np.ones(len(found)), found])
        curves.append((knots_ps, np.clip(found, 0.0, 1.0)))

    def forecasts(fit: Whole, record: Whole, times_ps: Floats) -> Floats:
        rows = zip(fit, record, times_ps, strict=True)
        return np.array([np.interp(ps, curves[f][0], curves[f][1][r]) for f, r, ps in rows])

    return forecasts


def _law(sample: Sample, chosen: Choice, features: Floats) -> Survival:
    prior = Prior.for_hold(sample.hold_ps, SLOPE_SPREAD)
    weights = torch.from_numpy(chosen.astype(np.float64))
    lines = fit_law(sample, features, weights, [prior] * len(chosen))
    outputs = lines.outputs(torch.from_numpy(features))

    def forecasts(fit: Whole, record: Whole, times_ps: Floats) -> Floats:
        law = forecast(outputs[fit, record][:, None], lines.shared[fit]).law
        return np.asarray(survival(law, torch.from_numpy(times_ps)[:, None])[:, 0])

    return forecasts
