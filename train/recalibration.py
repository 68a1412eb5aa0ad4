"""How much forecasts promise too much or too surely: two numbers, learnt where nobody looked.

Fitted to forecasts of designs by members that never saw them, so to a split of its own. What judges
a part of the designs is fitted to the others: scores stay those of unseen designs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from surrogate.calibration import MOST_LOG_FACTOR, MOST_LOG_POWER, StageCalibration
from surrogate.survival import HazardPower, IncubationLaw, Seen, survival
from train.metrics import LEAST_PROBABILITY, Floats

PRIOR_SPREADS: Final = (0.5, 0.25)
"""Of the logarithms of factor and power: with few orders forecasts stay nearly as they are."""


@dataclass(frozen=True)
class Unseen:
    """Forecasts by judges, and what was seen.

    Attributes:
        log_at_lower, log_at_upper: Logarithm of the forecast survival at the bounds of what was
            seen, shape ``(n_members, n_rows)``; the upper one is not read where it is infinite.
        judges: Share of each member in the forecast of each row, same shape.
        seen: Of each row.
    """

    log_at_lower: Tensor
    log_at_upper: Tensor
    judges: Tensor
    seen: Seen

    @classmethod
    def of(cls, law: IncubationLaw, is_judge: Tensor, seen: Seen) -> Self:
        """Ask laws of shape ``(n_members, n_rows)`` of what was seen; `is_judge` is alike."""
        since_ps = torch.where(seen.is_past_quench, seen.since_ps, torch.zeros_like(seen.since_ps))
        upper_ps = torch.where(torch.isfinite(seen.upper_ps), seen.upper_ps, seen.lower_ps)
        judges = is_judge.double()
        return cls(
            survival(law, seen.lower_ps - since_ps, since_ps).log(),
            survival(law, upper_ps - since_ps, since_ps).log(),
            judges / judges.sum(dim=0),
            seen,
        )

    def rows(self, is_chosen: Tensor) -> "Unseen":
        """Some of the rows."""
        chosen = torch.nonzero(is_chosen).flatten()
        return Unseen(
            self.log_at_lower[:, chosen],
            self.log_at_upper[:, chosen],
            self.judges[:, chosen],
            self.seen.rows(chosen),
        )

    def loss(self, change: HazardPower) -> float:
        """Negative logarithm of what judges forecast together for what was seen, summed, nats."""
        lower, upper = (
            (self.judges * change.log_survival(each).exp()).sum(dim=0)
            for each in (self.log_at_lower, self.log_at_upper)
        )
        within = torch.where(torch.isfinite(self.seen.upper_ps), lower - upper, lower)
        probability = torch.where(self.seen.in_quench, 1.0 - lower, within)
        return float(-probability.clamp_min(LEAST_PROBABILITY).log().sum())

    def loss_under(self, calibration: StageCalibration) -> float:
        """The same under numbers that were learnt, here or elsewhere."""
        return self.loss(_power([calibration.log_factor, calibration.log_power]))


def calibrated(unseen: Unseen) -> StageCalibration:
    """The numbers of highest posterior density; without rows those of the prior, which are 0."""
    spreads = np.array(PRIOR_SPREADS)

    def loss(numbers: Floats) -> float:
        return unseen.loss(_power(numbers)) + 0.5 * float(((numbers / spreads) ** 2).sum())

    bounds = [(-most, most) for most in (MOST_LOG_FACTOR, MOST_LOG_POWER)]
    start = np.vstack([np.zeros(2), 0.5 * np.diag(spreads)])
    found = minimize(
        loss,
        np.zeros(2),
        method="Nelder-Mead",
        bounds=bounds,
        options={"initial_simplex": start, "xatol": 1.0e-4, "fatol": 1.0e-4},
    )
    factor, power = found.x.tolist()
    return StageCalibration(log_factor=factor, log_power=power)


def _power(numbers: Sequence[float] | Floats) -> HazardPower:
    return HazardPower(*torch.as_tensor(numbers, dtype=torch.float64).unbind())
