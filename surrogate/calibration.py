r"""What left-out designs said of the forecasts, as two numbers a stage that mend them.

A forecast that is too sure, or promises too much, is mended by :math:`S \to e^{-e^a (-\log S)^b}`:
*b* below 1 draws forecasts together, *a* below 0 promises less order. Of survival curves it makes
survival curves, and the rank of embryos stays as it was. Fitted by `train.recalibration`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pydantic import Field

from simulate.settings import Settings

if TYPE_CHECKING:
    from surrogate.surroundings import Stage
    from surrogate.survival import HazardPower

MOST_LOG_FACTOR: Final = 3.0
MOST_LOG_POWER: Final = 2.0


class StageCalibration(Settings):
    """Of forecasts asked at one stage; 0 and 0 change nothing.

    Attributes:
        log_factor: *a*.
        log_power: ``log b``.
    """

    log_factor: float = Field(0.0, ge=-MOST_LOG_FACTOR, le=MOST_LOG_FACTOR)
    log_power: float = Field(0.0, ge=-MOST_LOG_POWER, le=MOST_LOG_POWER)


class Calibration(Settings):
    """Of a package: as packed, in the melt, and from the end of the quench on."""

    packed: StageCalibration = StageCalibration()
    heated: StageCalibration = StageCalibration()
    waiting: StageCalibration = StageCalibration()

    def at(self, stage: "Stage") -> StageCalibration:
        """That of a stage."""
        return {"packed": self.packed, "heated": self.heated, "waiting": self.waiting}[stage]


def hazard_powers(rows: Sequence[StageCalibration]) -> "HazardPower":
    """Of several rows; tensors of shape ``(n_rows,)``."""
    import torch

    from surrogate.survival import HazardPower

    numbers = [[each.log_factor, each.log_power] for each in rows]
    return HazardPower(*torch.tensor(numbers, dtype=torch.float64).reshape(-1, 2).unbind(1))
