"""A calibration as numbers to be read: prior beside posterior, and whether the map fits at all."""

from typing import Final

import numpy as np

from simulate.settings import Settings
from surrogate.deposition.bridge import AnyBridge
from surrogate.deposition.conditions import DepositionConditions, Series

LEAST_P: Final = 0.05
"""A map fits if data drawn from its posterior are as improbable as those seen at least so often."""

NEGLIGIBLE_SHARE: Final = 0.05

UNSPOKEN: Final = (
    "temperature: every deposit was plated at room temperature",
    "the collector's area and its spread: every collector was flat",
    "the openness of exchange in the baseline electrolyte: only the difference is fitted",
    "the bridge from nanoseconds to minutes: it is declared, and others fit otherwise",
)
"""What nothing in the observations says anything about."""


class Quantiles(Settings):
    """5, 50 and 95 %."""

    low: float
    median: float
    high: float


class ParameterFit(Settings):
    """A number of the map before and after the observations.

    Attributes:
        learnt: 1 less the ratio of posterior to prior variance, on the scale where the prior is
            uniform: 0 where the observations say nothing; may be negative.
    """

    name: str
    unit: str
    meaning: str
    prior: Quantiles
    posterior: Quantiles
    learnt: float


class ObservationFit(Settings):
    """An observation beside what the fitted map says of it.

    Attributes:
        conditions: What was plated.
        readings: Ends of the share that was read; None: only an order was seen.
        crystalline: The share that was read, under each of the conditions: of the area, or of
            ribbons.
        crystalline_before: The same under the prior.
        log_predictive: Log-probability (or density) of it by a fit to all others.
        most_probable: The largest that any shares could give it.
    """

    name: str
    series: Series
    seen: str
    citation: str
    conditions: tuple[DepositionConditions, ...]
    readings: tuple[float, float] | None
    crystalline: tuple[Quantiles, ...]
    crystalline_before: tuple[Quantiles, ...]
    log_predictive: float
    most_probable: float

    @property
    def missed_by(self) -> float:
        """How much less probable it was to others than it could be."""
        return self.most_probable - self.log_predictive


class SeriesForecast(Settings):
    """A series forecast from another alone.

    Attributes:
        log_predictive: Log-probability of what was seen of it, given the other series.
        log_prior: The same, given nothing: what the other series brought is the difference.
    """

    asked: Series
    given: Series
    crystalline: tuple[Quantiles, ...]
    conditions: tuple[DepositionConditions, ...]
    log_predictive: float
    log_prior: float


class MapFit(Settings):
    """What the observations say of a map under a bridge, or of the null model, which has none.

    Attributes:
        bridge: None: the null model of `surrogate.deposition.trend`.
        parameters: Of the map.
        regions: Of a ribbon that order independently.
        log_evidence: Log-probability of all observations over the prior; compares maps. Log of the
            mean over members of the evidence by each, which those that agree best with what was
            seen rule.
        log_evidence_of_members: The least and the largest of it that a member alone gives.
        elpd: Expected log predictive density by leaving out one observation at a time; compares
            maps with less regard to priors.
        predictive_p: Share of data sets drawn from the posterior that are at least as improbable
            as what was seen; see `LEAST_P`.
        effective_draws: Behind every number, of the least sampled member.
        unsampled: Conditions (by name) with the share of their atoms in embryos smaller or larger
            than any that was sampled, where it is more than `NEGLIGIBLE_SHARE`.
        unspoken: `UNSPOKEN`.
    """

    map_name: str
    bridge: AnyBridge | None
    statement: str
    parameters: tuple[ParameterFit, ...]
    regions: ParameterFit
    observations: tuple[ObservationFit, ...]
    forecast: SeriesForecast
    log_evidence: float
    log_evidence_of_members: tuple[float, float]
    elpd: float
    predictive_p: float
    effective_draws: float
    unsampled: dict[str, float]
    unspoken: tuple[str, ...] = UNSPOKEN

    @property
    def is_null(self) -> bool:
        """Whether this is the null model, without embryos."""
        return self.bridge is None

    @property
    def can_fit(self) -> bool:
        """Whether the observations do not refute the map by the stated check."""
        return self.predictive_p >= LEAST_P

    def elpd_ahead_of(self, other: "MapFit") -> tuple[float, float]:
        """How much more probable left-out observations are than by another fit.

        Returns:
            The difference of `elpd` and its standard error, from the spread of the differences of
            single observations (Vehtari, Gelman & Gabry, Stat. Comput. 27, 1413 (2017), doi
            10.1007/s11222-016-9696-4, eq. 24). Few observations make it too small rather than too
            large.
        """
        apart = np.array([one.log_predictive for one in self.observations]) - np.array(
            [one.log_predictive for one in other.observations]
        )
        return float(apart.sum()), float(np.sqrt(len(apart) * apart.var(ddof=1)))

    @property
    def worst(self) -> ObservationFit:
        """The observation that a fit to all others misses most."""
        return max(self.observations, key=lambda one: one.missed_by)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.can_fit:
            return (
                f"What was seen does not refute the map {self.map_name} (posterior predictive "
                f"p = {self.predictive_p:.2f}, at least {LEAST_P} must hold)."
            )
        return (
            f"The map {self.map_name} CANNOT reproduce what was seen (posterior predictive p = "
            f"{self.predictive_p:.3f}, below {LEAST_P}); worst: {self.worst.name}, seen "
            f"{self.worst.seen}."
        )
