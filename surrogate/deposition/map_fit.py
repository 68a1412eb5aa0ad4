"""A calibration as numbers to be read: prior beside posterior, and whether the map fits at all."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from simulate.settings import Settings
from surrogate.deposition.bridge import AnyBridge, FastPredictor
from surrogate.deposition.calibration import (
    REGIONS,
    Evidence,
    MemberPosterior,
    smaller_than_sampled,
)
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.embryos import SampledSpace
from surrogate.deposition.maps import Prior
from surrogate.deposition.observations import Observation, Series
from surrogate.deposition.quadrature import Floats
from surrogate.deposition.sampling import weighted_quantiles

LEAST_P: Final = 0.05
"""A map fits if data drawn from its posterior are as improbable as those seen at least so often."""

N_REPLICATED: Final = 4000
QUANTILES: Final = (0.05, 0.5, 0.95)
NEGLIGIBLE_SHARE: Final = 0.05

UNSPOKEN: Final = (
    "temperature: every deposit was plated at room temperature",
    "the collector's area and its spread: every collector was flat",
    "how open exchange is in the baseline electrolyte: it is declared, only the difference is "
    "fitted",
    "the bridge between nanoseconds and minutes: it is declared, and others fit differently",
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
        crystalline: Share under each of the conditions.
        crystalline_before: The same under the prior.
        log_predictive: Log-probability (or density) of it by a fit to all others.
    """

    name: str
    series: Series
    seen: str
    citation: str
    conditions: tuple[DepositionConditions, ...]
    crystalline: tuple[Quantiles, ...]
    crystalline_before: tuple[Quantiles, ...]
    log_predictive: float


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
    """What the observations say of a map under a bridge.

    Attributes:
        parameters: Of the map.
        regions: Of a ribbon that order independently.
        log_evidence: Log-probability of all observations over the prior; compares maps.
        log_evidence_of_members: The least and the largest of it that a member alone gives.
        elpd: Expected log predictive density by leaving out one observation at a time; compares
            maps with less regard to priors.
        predictive_p: Share of data sets drawn from the posterior that are at least as improbable
            as what was seen; see `LEAST_P`.
        effective_draws: Behind every number, of the least sampled member.
        unsampled: Conditions (by name) whose embryos are mostly smaller than any that was
            sampled, and the share of their atoms in such embryos.
        unspoken: `UNSPOKEN`.
    """

    map_name: str
    bridge: AnyBridge
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
    def can_fit(self) -> bool:
        """Whether the map reproduces the observations by the stated check."""
        return self.predictive_p >= LEAST_P

    @property
    def worst(self) -> ObservationFit:
        """The observation that a fit to all others expects least."""
        return min(self.observations, key=lambda one: one.log_predictive)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.can_fit:
            return (
                f"The map {self.map_name} can reproduce what was seen (posterior predictive "
                f"p = {self.predictive_p:.2f}, at least {LEAST_P} must hold)."
            )
        return (
            f"The map {self.map_name} CANNOT reproduce what was seen (posterior predictive p = "
            f"{self.predictive_p:.3f}, below {LEAST_P}); worst: {self.worst.name}, seen "
            f"{self.worst.seen}."
        )


def summarised(evidence: Evidence, predictor: FastPredictor, seed: int = 1) -> MapFit:
    """A calibration as numbers.

    Args:
        evidence: Of `surrogate.deposition.calibration.weigh`.
        predictor: The model it was made with.
        seed: Of the replicated data.
    """
    every = evidence.every
    of_members = [member.log_evidence(every) for member in evidence.members]
    observations = tuple(_observation_fit(evidence, number) for number in every)
    space = SampledSpace.of(predictor.package.manifest.domain)
    small = smaller_than_sampled(evidence, space)
    return MapFit(
        map_name=evidence.deposition_map.name,
        bridge=evidence.bridge,  # type: ignore[arg-type]  # one of the two there are
        statement=evidence.bridge.statement(predictor.package.protocol.hold_ps),
        parameters=tuple(
            _parameter_fit(
                evidence, each.name, each.unit, each.meaning, each.prior,
                lambda member, name=each.name: member.values[name],
            )
            for each in evidence.deposition_map.parameters()
        ),
        regions=_parameter_fit(
            evidence, "regions", "", "regions of a ribbon that order independently", REGIONS,
            lambda member: member.regions,
        ),
        observations=observations,
        forecast=_forecast(evidence, "time", "current"),
        log_evidence=evidence.log_evidence(every),
        log_evidence_of_members=(min(of_members), max(of_members)),
        elpd=sum(each.log_predictive for each in observations),
        predictive_p=_predictive_p(evidence, seed),
        effective_draws=evidence.effective_draws(every),
        unsampled={
            named(conditions): float(share)
            for conditions, share in zip(evidence.conditions, small, strict=True)
            if share > NEGLIGIBLE_SHARE
        },
    )  # fmt: skip


def named(conditions: DepositionConditions) -> str:
    """Conditions in a few words."""
    return (
        f"{conditions.current_density_mA_cm2:g} mA/cm2 for {conditions.deposition_time_min:g} min"
        + (f", {conditions.electrolyte}" if conditions.electrolyte == "advanced" else "")
    )


def _quantiles(values: Floats, weights: Floats) -> Quantiles:
    low, median, high = weighted_quantiles(values, weights, QUANTILES)
    return Quantiles(low=low, median=median, high=high)


def _parameter_fit(
    evidence: Evidence,
    name: str,
    unit: str,
    meaning: str,
    prior: Prior,
    pick: Callable[[MemberPosterior], Floats],
) -> ParameterFit:
    values, weights = evidence.pooled(pick, evidence.every)
    low, median, high = prior.quantile(np.array(QUANTILES)).tolist()
    scaled = prior.share(values)
    variance = weights @ (scaled - weights @ scaled) ** 2
    return ParameterFit(
        name=name,
        unit=unit,
        meaning=meaning,
        prior=Quantiles(low=low, median=median, high=high),
        posterior=_quantiles(values, weights),
        learnt=float(1.0 - 12.0 * variance),  # a uniform share has variance 1/12
    )


def _crystalline(
    evidence: Evidence, observation: Observation, used: Sequence[int]
) -> tuple[Quantiles, ...]:
    values, weights = evidence.pooled(lambda member: 1.0 - member.glassy, used)
    return tuple(_quantiles(values[:, place], weights) for place in evidence.places(observation))


def _observation_fit(evidence: Evidence, number: int) -> ObservationFit:
    observation = evidence.observations[number]
    others = [other for other in evidence.every if other != number]
    return ObservationFit(
        name=observation.name,
        series=observation.series,
        seen=observation.seen,
        citation=observation.citation,
        conditions=observation.conditions,
        crystalline=_crystalline(evidence, observation, evidence.every),
        crystalline_before=_crystalline(evidence, observation, ()),
        log_predictive=evidence.log_predictive([number], others),
    )


def _forecast(evidence: Evidence, asked: Series, given: Series) -> SeriesForecast:
    wanted, known = evidence.of_series(asked), evidence.of_series(given)
    conditions = dict.fromkeys(
        each for number in wanted for each in evidence.observations[number].conditions
    )
    values, weights = evidence.pooled(lambda member: 1.0 - member.glassy, known)
    places = [evidence.conditions.index(each) for each in conditions]
    return SeriesForecast(
        asked=asked,
        given=given,
        conditions=tuple(conditions),
        crystalline=tuple(_quantiles(values[:, place], weights) for place in places),
        log_predictive=evidence.log_predictive(wanted, known),
        log_prior=evidence.log_predictive(wanted, ()),
    )


def _predictive_p(evidence: Evidence, seed: int) -> float:
    """How often replicated data are at least as improbable as what was seen (Gelman et al. 1996)."""
    rng = np.random.default_rng(seed)
    glassy, weights = evidence.pooled(lambda member: member.glassy, evidence.every)
    regions, _ = evidence.pooled(lambda member: member.regions, evidence.every)
    chosen = rng.choice(len(weights), N_REPLICATED, p=weights / weights.sum())
    seen = np.zeros(N_REPLICATED)
    replicated = np.zeros(N_REPLICATED)
    for observation in evidence.observations:
        here = glassy[np.ix_(chosen, evidence.places(observation))]
        seen += observation.log_likelihood(here, regions[chosen])
        replicated += observation.replicated(here, regions[chosen], rng)
    return float(np.mean(replicated <= seen))


def drawn_values(evidence: Evidence, n: int, seed: int) -> list[dict[str, float]]:
    """Parameters drawn from the posterior, all members alike, equally probable."""
    rng = np.random.default_rng(seed)
    columns = {
        name: evidence.pooled(lambda member, name=name: member.values[name], evidence.every)
        for name in evidence.deposition_map.values
    }
    weights = next(iter(columns.values()))[1]
    # Systematic resampling: no draw comes oftener than its weight asks for.
    reached = np.cumsum(weights / weights.sum())
    chosen = np.searchsorted(reached, (rng.random() + np.arange(n)) / n).clip(max=len(weights) - 1)
    return [
        {name: float(values[number]) for name, (values, _) in columns.items()} for number in chosen
    ]


def best_of(draws: Sequence[dict[str, float]], evidence: Evidence) -> dict[str, float]:
    """The draw under which the ensemble's mean, which forecasts are, agrees best with what was seen.

    The number of regions is summed over its prior.
    """
    columns = {name: np.array([draw[name] for draw in draws]) for name in draws[0]}
    glassy = np.mean([evidence.glassy(columns, m) for m in range(len(evidence.members))], axis=0)
    regions = REGIONS.quantile((np.arange(16) + 0.5) / 16)
    found = np.stack(
        [
            sum(
                each.log_likelihood(glassy[:, evidence.places(each)], np.full(len(draws), region))
                for each in evidence.observations
            )
            for region in regions
        ]
    )
    return draws[int(np.logaddexp.reduce(found, axis=0).argmax())]
