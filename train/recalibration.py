"""How much forecasts promise too much or too surely: two numbers, learnt where nobody looked.

Fitted to forecasts of designs by members that never saw them, so to a split of its own. What judges
a part of the designs is fitted to the others, whose judges did see that part: scores are those of
designs that no judge saw, but not quite of designs that nothing depended on.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from surrogate.calibration import (
    MOST_LOG_FACTOR,
    MOST_LOG_POWER,
    StageCalibration,
    hazard_powers,
)
from surrogate.survival import IncubationLaw, Seen, survival
from train.metrics import LEAST_PROBABILITY, Floats

PRIOR_SPREADS: Final = (0.5, 0.25)
"""Of the logarithms of factor and power: with few orders forecasts stay nearly as they are."""

CLEARLY: Final = 1.645
"""Standard errors over designs by which a calibration must forecast better: chance does so once in
twenty."""
LEAST_DESIGNS: Final = 10


@dataclass(frozen=True)
class Unseen:
    """Forecasts by judges, and what was seen.

    Attributes:
        log_at_lower, log_at_upper: Logarithm of the forecast survival at the bounds of what was
            seen, shape ``(n_members, n_rows)``; the upper one is not read where it is infinite.
        judges: Share of each member in the forecast of each row, same shape.
        seen: Of each row.
        record: Whose row it is, shape ``(n_rows,)``.
    """

    log_at_lower: Tensor
    log_at_upper: Tensor
    judges: Tensor
    seen: Seen
    record: Tensor

    @classmethod
    def of(cls, law: IncubationLaw, is_judge: Tensor, seen: Seen, record: Tensor) -> Self:
        """Ask laws of shape ``(n_members, n_rows)`` of what was seen; `is_judge` is alike."""
        upper_ps = torch.where(torch.isfinite(seen.upper_ps), seen.upper_ps, seen.lower_ps)
        judges = is_judge.double()
        return cls(
            survival(law, seen.lower_ps - seen.since_ps, seen.since_ps).log(),
            survival(law, upper_ps - seen.since_ps, seen.since_ps).log(),
            judges / judges.sum(dim=0),
            seen,
            record,
        )

    def rows(self, is_chosen: Tensor) -> "Unseen":
        """Some of the rows."""
        chosen = torch.nonzero(is_chosen).flatten()
        return Unseen(
            self.log_at_lower[:, chosen],
            self.log_at_upper[:, chosen],
            self.judges[:, chosen],
            self.seen.rows(chosen),
            self.record[chosen],
        )

    def losses(self, calibration: StageCalibration) -> Tensor:
        """Negative logarithm of what judges forecast together for what was seen, ``(n_rows,)``."""
        change = hazard_powers([calibration])
        lower, upper = (
            (self.judges * change.log_survival(each).exp()).sum(dim=0)
            for each in (self.log_at_lower, self.log_at_upper)
        )
        within = torch.where(torch.isfinite(self.seen.upper_ps), lower - upper, lower)
        probability = torch.where(self.seen.in_quench, 1.0 - lower, within)
        return -probability.clamp_min(LEAST_PROBABILITY).log()


def calibrated(unseen: Unseen, *, has_power: bool) -> StageCalibration:
    """The numbers of highest posterior density; without rows those of the prior, which are 0.

    A run that is asked several times counts as one.

    Args:
        unseen: What is learnt from.
        has_power: Whether the power is learnt. Of embryos that wait it must stay 1: a power of the
            hazard from each look on would start its course anew at every look.
    """
    spreads = np.array(PRIOR_SPREADS[: 2 if has_power else 1])
    count = len(set(unseen.record.tolist())) / max(len(unseen.record), 1)

    def chosen(numbers: Floats) -> StageCalibration:
        factor, power = np.append(numbers, 0.0)[:2].tolist()
        return StageCalibration(log_factor=factor, log_power=power)

    def loss(numbers: Floats) -> float:
        seen = float(unseen.losses(chosen(numbers)).sum())
        return count * seen + 0.5 * float(((numbers / spreads) ** 2).sum())

    bounds = [(-most, most) for most in (MOST_LOG_FACTOR, MOST_LOG_POWER)][: len(spreads)]
    start = np.vstack([np.zeros(len(spreads)), 0.5 * np.diag(spreads)])
    options = {"initial_simplex": start, "xatol": 1.0e-4, "fatol": 1.0e-4}
    found = minimize(loss, start[0], method="Nelder-Mead", bounds=bounds, options=options)
    return chosen(found.x)


def is_gain(gains: Tensor, design: Tensor) -> bool:
    """Whether the mean gain is more than chance gives.

    Args:
        gains: Of rows, nats, shape ``(n_rows,)``.
        design: Number of the design of each, same shape.
    """
    by_design = torch.bincount(design, gains)[sorted(set(design.tolist()))]
    if len(by_design) < LEAST_DESIGNS:
        return False
    noise = float(by_design.std()) * len(by_design) ** 0.5
    return bool(float(by_design.sum()) > CLEARLY * noise)
