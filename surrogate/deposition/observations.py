"""What the paper saw of deposits, as data: few, coarse, and of three different kinds.

All are of a deposit after minutes and at room temperature, on a flat collector. None speaks of
temperature or of a collector's area. Shares are of crystalline lithium; a share of the area of a
micrograph counts as a share of the atoms.

Reference:
    X. Wang, G. Pawar et al., Nat. Mater. 19, 1339 (2020), doi 10.1038/s41563-020-0729-1.
"""

import math
from abc import ABC, abstractmethod
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field
from scipy.special import betaln, ndtr, xlog1py, xlogy

from simulate.settings import Settings
from surrogate.deposition.conditions import DepositionConditions, Electrolyte
from surrogate.deposition.quadrature import Floats

Series = Literal["current", "capacity", "time", "electrolyte"]

LEAST_PROBABILITY: Final = 1.0e-12
"""An impossible observation has a finite, if terrible, logarithm: a declared tolerance is no law."""


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
    crystalline: float = Field(ge=0.0, le=1.0)
    tolerance: float = Field(gt=0.0, description="Standard deviation of the reading.")

    def log_likelihood(self, glassy: Floats, regions: Floats) -> Floats:  # noqa: ARG002
        """Normal density of the reading."""
        return self._log_density(self.crystalline - (1.0 - glassy[:, 0]))

    def replicated(self, glassy: Floats, regions: Floats, rng: np.random.Generator) -> Floats:
        """Of a reading with the declared error."""
        del regions
        return self._log_density(rng.normal(0.0, self.tolerance, len(glassy)))

    def _log_density(self, error: Floats) -> Floats:
        scaled: Floats = error / self.tolerance
        return -0.5 * scaled**2 - math.log(self.tolerance * math.sqrt(2.0 * math.pi))


class Statement(Observation):
    """A crystalline share known only to lie between two ends: interval-censored `AreaShare`."""

    kind: Literal["statement"] = "statement"
    at_least: float = Field(-1.0, le=1.0, description="-1: no lower end.")
    at_most: float = Field(2.0, ge=0.0, description="2: no upper end.")
    tolerance: float = Field(gt=0.0, description="Softens the ends.")

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

    def log_likelihood(self, glassy: Floats, regions: Floats) -> Floats:
        """Binomial."""
        return self._log_binomial(np.full(len(glassy), self.n_glassy), glassy, regions)

    def replicated(self, glassy: Floats, regions: Floats, rng: np.random.Generator) -> Floats:
        """Of another count."""
        n_glassy = rng.binomial(self.n_ribbons, np.clip(glassy[:, 0], 0.0, 1.0) ** regions)
        return self._log_binomial(n_glassy, glassy, regions)

    def _log_binomial(self, n_glassy: Floats, glassy: Floats, regions: Floats) -> Floats:
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


def _plated(
    current_mA_cm2: float,
    *,
    time_min: float | None = None,
    capacity_mAh_cm2: float | None = None,
    electrolyte: Electrolyte = "baseline",
) -> DepositionConditions:
    return DepositionConditions.model_validate(
        {
            "current_density_mA_cm2": current_mA_cm2,
            "deposition_time_min": time_min,
            "capacity_mAh_cm2": capacity_mAh_cm2,
            "electrolyte": electrolyte,
        }
    )


AREA_TOLERANCE: Final = 0.1
"""Of a share read off micrographs as "about 30 %": declared, since the paper gives no error."""

MOSTLY_AMORPHOUS: Final = 0.1
"""Crystalline share below which a deposit counts as mostly amorphous."""

SOME_ORDER: Final = 0.05
"""Crystalline share above which domains are seen."""

STATEMENT_TOLERANCE: Final = 0.05

N_RIBBONS: Final = 95
"""The paper says about 100. Of all numbers from 80 to 120 only 95 makes both printed shares, 76.8
and 48.4 %, shares of whole ribbons (73 and 46; and 49 of 95 are 51.6 %, printed as 52.6)."""


OBSERVATIONS: Final[tuple[Observation, ...]] = (
    Statement(
        name="1 mAh/cm2 at 0.1", series="current", seen="mostly amorphous", citation="Fig. 3",
        conditions=(_plated(0.1, capacity_mAh_cm2=1.0),),
        at_most=MOSTLY_AMORPHOUS, tolerance=STATEMENT_TOLERANCE,
    ),
    AreaShare(
        name="1 mAh/cm2 at 0.5", series="current", seen="about 30 % crystalline", citation="Fig. 3",
        conditions=(_plated(0.5, capacity_mAh_cm2=1.0),),
        crystalline=0.3, tolerance=AREA_TOLERANCE,
    ),
    AreaShare(
        name="1 mAh/cm2 at 2.5", series="current", seen="about 80 % crystalline", citation="Fig. 3",
        conditions=(_plated(2.5, capacity_mAh_cm2=1.0),),
        crystalline=0.8, tolerance=AREA_TOLERANCE,
    ),
    Statement(
        name="0.1 for 25 min", series="capacity", seen="mostly amorphous", citation="Fig. 1g-l",
        conditions=(_plated(0.1, time_min=25.0),),
        at_most=MOSTLY_AMORPHOUS, tolerance=STATEMENT_TOLERANCE,
    ),
    Statement(
        name="1.0 for 2.5 min", series="capacity", citation="Fig. 1g-l",
        seen="partly crystalline, 5 nm near the surface",
        conditions=(_plated(1.0, time_min=2.5),),
        at_least=SOME_ORDER, at_most=0.5, tolerance=STATEMENT_TOLERANCE,
    ),
    Statement(
        name="2.5 for 1 min", series="capacity", seen="highly crystalline", citation="Fig. 1g-l",
        conditions=(_plated(2.5, time_min=1.0),),
        at_least=0.5, tolerance=STATEMENT_TOLERANCE,
    ),
    Statement(
        name="0.5 for 5 min", series="time", seen="amorphous", citation="Fig. 1a-c",
        conditions=(_plated(0.5, time_min=5.0),),
        at_most=MOSTLY_AMORPHOUS, tolerance=STATEMENT_TOLERANCE,
    ),
    Statement(
        name="0.5 for 10 min", series="time", citation="Fig. 1a-c",
        seen="domains of 5 nm near the surface",
        conditions=(_plated(0.5, time_min=10.0),),
        at_least=SOME_ORDER, tolerance=STATEMENT_TOLERANCE,
    ),
    Rising(
        name="0.5 for 5, 10, 20 min", series="time", citation="Fig. 1a-c",
        seen="ever larger domains, above 50 nm in the end",
        conditions=tuple(_plated(0.5, time_min=time_min) for time_min in (5.0, 10.0, 20.0)),
        tolerance=STATEMENT_TOLERANCE,
    ),
    RibbonCount(
        name="ribbons, baseline", series="electrolyte", seen="48.4 % glassy", citation="Fig. 5",
        conditions=(_plated(0.5, capacity_mAh_cm2=1.0),), n_glassy=46, n_ribbons=N_RIBBONS,
    ),
    RibbonCount(
        name="ribbons, advanced", series="electrolyte", seen="76.8 % glassy", citation="Fig. 5",
        conditions=(_plated(0.5, capacity_mAh_cm2=1.0, electrolyte="advanced"),),
        n_glassy=73, n_ribbons=N_RIBBONS,
    ),
)  # fmt: skip
"""Of the electrolyte series the conditions are assumed: 0.5 mA/cm² and 1 mAh/cm²."""
