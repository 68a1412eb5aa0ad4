"""Panels whose rows say who may judge them, for studies of small trainings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import train.panel
from surrogate.package import Package
from train.judges import forecast_by
from train.panel import LEAST_AT_RISK
from train.scores import Forecast

__all__ = ["LEAST_AT_RISK", "Panel", "model_forecast"]


@dataclass(frozen=True)
class Panel(train.panel.Panel):
    """Those asked at one landmark.

    Attributes:
        fold: Part of the data of each, left out by its judges, shape ``(n_rows,)``.
        left_out: Part that each member left out, shape ``(n_members,)``.
    """

    fold: NDArray[np.int64]
    left_out: NDArray[np.int64]


def model_forecast(panel: Panel, package: Package) -> Forecast:
    """Of the model's members that never saw a row's design, mean over them."""
    return forecast_by(package, np.asarray(panel.left_out[:, None] == panel.fold), panel)
