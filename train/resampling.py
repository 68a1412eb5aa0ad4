"""How sure is a number? Whole designs are drawn anew, and every score reads the same draws.

Scores are written as functions of how often each row was drawn, so that one matrix of counts serves
all of them, and two forecasts of the same rows are compared pair by pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from simulate.settings import Settings

Floats = NDArray[np.float64]

N_RESAMPLES: Final = 1000
LEVEL: Final = 0.9
"""Of every interval."""


class Estimate(Settings):
    """A number with its 90 % interval.

    Attributes:
        value: None where it cannot be told.
        interval: None with fewer than two designs, or where too few draws have a value.
    """

    value: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Resamples:
    """Draws of designs with replacement.

    Attributes:
        counts: How often each draw holds each row, shape ``(n_resamples, n_rows)``; no draws with
            fewer than two designs.

    Reference:
        Efron & Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13.
    """

    counts: Floats

    @classmethod
    def of(cls, design_keys: Sequence[str], seed: int, n_resamples: int = N_RESAMPLES) -> Self:
        """Draws for these rows.

        Args:
            design_keys: Design of each row; rows of one design are drawn together.
            seed: Of the draws; those of `train.metrics.bootstrap_interval`.
            n_resamples: How many.
        """
        place = {key: number for number, key in enumerate(dict.fromkeys(design_keys))}
        n_designs = len(place)
        if n_designs < 2:
            return cls(np.zeros((0, len(design_keys))))
        drawn = np.random.default_rng(seed).integers(n_designs, size=(n_resamples, n_designs))
        counts = np.zeros((n_resamples, n_designs))
        np.add.at(counts, (np.arange(n_resamples)[:, None], drawn), 1.0)
        return cls(counts[:, [place[key] for key in design_keys]])

    @cached_property
    def with_all(self) -> Floats:
        """The rows as they are, each once, and then the draws; ``(1 + n_resamples, n_rows)``."""
        return np.concatenate([np.ones((1, self.counts.shape[1])), self.counts])


def estimate(values: Floats) -> Estimate:
    """A number and its interval.

    Args:
        values: Of all rows, then of every draw, as `Resamples.with_all` gives them; nan where
            there is none.
    """
    drawn = values[1:][np.isfinite(values[1:])]
    interval = None
    if len(drawn) > 0.5 * max(len(values) - 1, 1):
        low, high = np.quantile(drawn, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
        interval = (float(low), float(high))
    return Estimate(value=float(values[0]) if np.isfinite(values[0]) else None, interval=interval)


def ratio(above: Floats, below: Floats) -> Floats:
    """Their quotient; nan where there is nothing to divide by."""
    is_some = below > 0.0
    return np.where(is_some, above / np.where(is_some, below, 1.0), np.nan)
