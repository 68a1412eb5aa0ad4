"""Fitting which atoms are crystalline, as far as their own bond order tells; messages add the rest.

The labels are those of template matching. Few atoms are crystalline while an embryo waits: nothing
is weighed up for it, since what is answered is a probability and not a choice.
"""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from surrogate.network import AtomLabels
from surrogate.surroundings import UNLABELLED
from train.graph_fit import Frames

Floats = NDArray[np.float64]

SLOPE_SPREAD: Final = 3.0
"""Prior spread of slopes in standardised inputs: holds them where a line parts the atoms fully."""

LEAST_SPREAD: Final = 1.0e-6
"""An input that varies less never varied."""


def fit_label_line(labels: AtomLabels, frames: Frames) -> None:
    """The line of highest posterior density; every labelled frame counts once. Fitted in place.

    Args:
        labels: What is fitted.
        frames: What it may see.
    """
    own = torch.nonzero(frames.is_own[frames.data.owner]).flatten().tolist()
    seen = [frames.data.atoms[each] for each in own]
    seen = [each for each in seen if (each.labels != UNLABELLED).any()]
    if not seen:
        return
    inputs = np.concatenate([each.atoms for each in seen]).astype(np.float64)
    is_crystalline = np.concatenate([each.labels for each in seen]).astype(np.float64)
    counts = np.concatenate([np.full(len(each.labels), 1.0 / len(each.labels)) for each in seen])
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0)
    spread = np.where(spread > LEAST_SPREAD, spread, 1.0)
    known = (inputs - mean) / spread

    def loss(numbers: Floats) -> tuple[float, Floats]:
        """Cross entropy and prior, with their gradient: the slopes, then the level."""
        slopes = numbers[:-1] / SLOPE_SPREAD
        log_odds = known @ numbers[:-1] + numbers[-1]
        of_atoms = np.logaddexp(0.0, log_odds) - is_crystalline * log_odds
        wrong = counts * (expit(log_odds) - is_crystalline)
        gradient = np.append(wrong @ known + slopes / SLOPE_SPREAD, wrong.sum())
        return float(counts @ of_atoms + 0.5 * slopes @ slopes), gradient

    found = minimize(loss, np.zeros(len(mean) + 1), jac=True, method="L-BFGS-B").x
    slope = found[:-1] / spread
    with torch.no_grad():
        labels.slope.copy_(torch.from_numpy(slope))
        labels.level.fill_(float(found[-1] - slope @ mean))
