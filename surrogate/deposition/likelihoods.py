"""Kinds of observation of a deposit, each with its likelihood given the glassy shares.

Shares are of crystalline lithium; a share of the area of a micrograph counts as a share of the
atoms.
"""

import math
from abc import ABC, abstractmethod
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import betaincinv, betaln, ndtr, xlog1py, xlogy

from simulate.settings import Settings
from surrogate.deposition.conditions import DepositionConditions, Series
from surrogate.deposition.quadrature import Floats

LEAST_PROBABILITY: Final = 1.0e-12
"""Impossible observations have a finite logarithm: a declared tolerance is no law."""


class Observation(Settings, ABC):
    """Something that was seen, and how probable that is where the glassy shares are known.

    Attributes:
        name: Short, for tables.
        series: Which experiment it belongs to.
        seen: In words, as close to the paper's as is short.
        citation: Where in the paper.
        conditions: What was plated; the shares come in this order.
    """

    name: str
    series: Series
    seen: str
    citation: str
    conditions: tuple[DepositionConditions, ...] = Field(min_length=1)

    @property
    @abstractmethod
    def readings(self) -> tuple[float, float] | None:
        """Ends of the crystalline share as it was read; None: only an order was seen."""

    @property
    def most_probable(self) -> float:
        """Largest log-probability that any shares could give it."""
        return 0.0

    def crystalline(self, glassy: Floats, regions: Floats) -> Floats:  # noqa: ARG002
        """What was read, a share of something crystalline, by condition; shape of `glassy`."""
        return 1.0 - glassy

    @abstractmethod
    def log_likelihood(self, glassy: Floats, regions: Floats) -> Floats:
        """Log-probability of what was seen.

        Args:
            glassy: Shares of the deposit, shape ``(n_draws, n_conditions)``.
            regions: Of a ribbon, shape ``(n_draws,)``; see `RibbonCount`.

        Returns:
            Shape ``(n_draws,)``.
        """

    @abstractmethod
    def replicated(self, glassy: Floats, regions: Floats, rng: np.random.Generator) -> Floats:
        """Log-probabilities of what could have been seen instead, one draw each, ``(n_draws,)``."""


class AreaShare(Observation):
    """A crystalline share read off micrographs: normal about the truth with a declared error."""

    kind: Literal["area share"] = "area share"
    crystalline_share: float = Field(ge=0.0, le=1.0)
    tolerance: float = Field(gt=0.0, description="Standard deviation of the reading.")

    @property
    def readings(self) -> tuple[float, float]:
        """A standard deviation to each side."""
        return self.crystalline_share - self.tolerance, self.crystalline_share + self.tolerance

    @property
    def most_probable(self) -> float:
        """Density of a reading without error."""
        return -math.log(self.tolerance * math.sqrt(2.0 * math.pi))

    def log_likelihood(self, glassy: Floats, regions: Floats) -> Floats:  # noqa: ARG002
        """Normal density of the reading."""
        return self._log_density(self.crystalline_share - (1.0 - glassy[:, 0]))

    def replicated(self, glassy: Floats, regions: Floats, rng: np.random.Generator) -> Floats:
        """Of a reading with the declared error."""
        del regions
        return self._log_density(rng.normal(0.0, self.tolerance, len(glassy)))

    def _log_density(self, error: Floats) -> Floats:
        scaled: Floats = error / self.tolerance
        return self.most_probable - 0.5 * scaled**2


class Statement(Observation):
    """A crystalline share known only to lie between two ends: interval-censored `AreaShare`."""

    kind: Literal["statement"] = "statement"
    at_least: float = Field(-1.0, le=1.0, description="-1: no lower end.")
    at_most: float = Field(2.0, ge=0.0, description="2: no upper end.")
    tolerance: float = Field(gt=0.0, description="Softens the ends.")

    @property
    def readings(self) -> tuple[float, float]:
        """The ends, within 0 and 1."""
        return max(self.at_least, 0.0), min(self.at_most, 1.0)

    def probability(self, glassy: Floats) -> Floats:
        """That a reading lies between the ends, shape ``(n_draws,)``."""
        crystalline = 1.0 - glassy[:, 0]
        found: Floats = ndtr((self.at_most - crystalline) / self.tolerance) - ndtr(
            (self.at_least - crystalline) / self.tolerance
        )
        return found

    def log_likelihood(self, glassy: Floats, regions: Floats) -> Floats:  # noqa: ARG002
        """Of its being true."""
        return _log(self.probability(glassy))

    def replicated(self, glassy: Floats, regions: Floats, rng: np.random.Generator) -> Floats:
        """Of its being true or false, as chance has it."""
        del regions
        return _of_chance(self.probability(glassy), rng)


class Rising(Observation):
    """Crystalline shares that rise in the order of the conditions: each pair read with an error."""

    kind: Literal["rising"] = "rising"
    tolerance: float = Field(gt=0.0, description="Standard deviation of each reading.")

    @property
    def readings(self) -> None:
        """None: no share was given."""
        return

    def probability(self, glassy: Floats) -> Floats:
        """That all neighbours are read in this order, taken as independent, ``(n_draws,)``."""
        risen = -np.diff(glassy, axis=1)
        found: Floats = ndtr(risen / (math.sqrt(2.0) * self.tolerance)).prod(axis=1)
        return found

    def log_likelihood(self, glassy: Floats, regions: Floats) -> Floats:  # noqa: ARG002
        """Of the order seen."""
        return _log(self.probability(glassy))

    def replicated(self, glassy: Floats, regions: Floats, rng: np.random.Generator) -> Floats:
        """Of this order or another, as chance has it."""
        del regions
        return _of_chance(self.probability(glassy), rng)


class RibbonCount(Observation):
    """Ribbons without any lattice, of all that were looked at.

    Another observable than an area share: one crystalline region makes a ribbon crystalline. Of
    `regions` that order independently, a ribbon is glassy with the glassy share to that power; how
    many there are is unknown, and the same for all ribbons.
    """

    kind: Literal["ribbons"] = "ribbons"
    n_glassy: int = Field(ge=0)
    n_ribbons: int = Field(ge=1)

    @property
    def readings(self) -> tuple[float, float]:
        """Of crystalline ribbons: 90 % interval of the share (Jeffreys)."""
        n_crystalline = self.n_ribbons - self.n_glassy
        low, high = betaincinv(n_crystalline + 0.5, self.n_glassy + 0.5, (0.05, 0.95))
        return float(low), float(high)

    @property
    def most_probable(self) -> float:
        """Binomial, where the share is the one counted."""
        share = np.array([[self.n_glassy / self.n_ribbons]])
        return float(self.log_likelihood(share, np.ones(1))[0])

    def crystalline(self, glassy: Floats, regions: Floats) -> Floats:
        """Share of crystalline ribbons."""
        return 1.0 - np.clip(glassy, 0.0, 1.0) ** regions[:, None]

    def log_likelihood(self, glassy: Floats, regions: Floats) -> Floats:
        """Binomial."""
        return self._log_binomial(np.full(len(glassy), self.n_glassy), glassy, regions)

    def replicated(self, glassy: Floats, regions: Floats, rng: np.random.Generator) -> Floats:
        """Of another count."""
        n_glassy = rng.binomial(self.n_ribbons, np.clip(glassy[:, 0], 0.0, 1.0) ** regions)
        return self._log_binomial(n_glassy, glassy, regions)

    def _log_binomial(self, n_glassy: NDArray[np.int64], glassy: Floats, regions: Floats) -> Floats:
        share = np.clip(glassy[:, 0] ** regions, LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY)
        rest = self.n_ribbons - n_glassy
        choices = -np.log(self.n_ribbons + 1.0) - betaln(n_glassy + 1.0, rest + 1.0)
        found: Floats = choices + xlogy(n_glassy, share) + xlog1py(rest, -share)
        return found


AnyObservation = Annotated[
    AreaShare | Statement | Rising | RibbonCount, Field(discriminator="kind")
]


def _log(probability: Floats) -> Floats:
    logarithm: Floats = np.log(np.maximum(probability, LEAST_PROBABILITY))
    return logarithm


def _of_chance(probability: Floats, rng: np.random.Generator) -> Floats:
    happens = rng.random(len(probability)) < probability
    return _log(np.where(happens, probability, 1.0 - probability))
