"""From the draws of a calibration to the numbers that are read."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from surrogate.deposition.bridge import FastPredictor
from surrogate.deposition.calibration import MapEvidence, outside_sampled
from surrogate.deposition.conditions import DepositionConditions, Series
from surrogate.deposition.evidence import REGIONS, Evidence, MemberPosterior
from surrogate.deposition.likelihoods import Observation
from surrogate.deposition.map_fit import (
    NEGLIGIBLE_SHARE,
    UNSPOKEN,
    MapFit,
    ObservationFit,
    ParameterFit,
    Quantiles,
    SeriesForecast,
)
from surrogate.deposition.maps import MapParameter
from surrogate.deposition.quadrature import Floats, systematic
from surrogate.deposition.sampled_space import SampledSpace
from surrogate.deposition.sampling import weighted_quantiles
from surrogate.deposition.trend import TREND, TREND_STATEMENT

N_REPLICATED: Final = 4000
QUANTILES: Final = (0.05, 0.5, 0.95)
N_REGIONS: Final = 16
"""Nodes that stand for the prior of the regions of a ribbon."""

RIBBON_REGIONS: Final = MapParameter(
    "regions", "", "regions of a ribbon that order independently", REGIONS
)


def summarised(evidence: MapEvidence, predictor: FastPredictor, seed: int = 1) -> MapFit:
    """A calibration as numbers.

    Args:
        evidence: Of `surrogate.deposition.calibration.weigh`.
        predictor: The model it was made with.
        seed: Of the replicated data.
    """
    outside = outside_sampled(evidence, SampledSpace.of(predictor.package.manifest.domain))
    return _summarised(
        evidence,
        seed,
        map_name=evidence.deposition_map.name,
        bridge=evidence.bridge,
        statement=evidence.bridge.statement(predictor.package.protocol.hold_ps),
        unsampled={
            named(conditions): float(share)
            for conditions, share in zip(evidence.conditions, outside, strict=True)
            if share > NEGLIGIBLE_SHARE
        },
    )


def summarised_trend(evidence: Evidence, seed: int = 1) -> MapFit:
    """The null model as numbers, to stand beside those of maps.

    Args:
        evidence: Of `surrogate.deposition.trend.weigh_trend`.
        seed: Of the replicated data.
    """
    return _summarised(
        evidence,
        seed,
        map_name=TREND,
        bridge=None,
        statement=TREND_STATEMENT,
        unsampled={},
        unspoken=UNSPOKEN[:2],
    )


def _summarised(evidence: Evidence, seed: int, **others: Any) -> MapFit:  # noqa: ANN401 - fields
    every = evidence.every
    of_members = [member.log_evidence(every) for member in evidence.members]
    observations = tuple(_observation_fit(evidence, number) for number in every)
    return MapFit(
        parameters=tuple(
            _parameter_fit(evidence, each, _values_of(each.name)) for each in evidence.parameters
        ),
        regions=_parameter_fit(evidence, RIBBON_REGIONS, lambda member: member.regions),
        observations=observations,
        forecast=_forecast(evidence, "time", "current"),
        log_evidence=evidence.log_evidence(every),
        log_evidence_of_members=(min(of_members), max(of_members)),
        elpd=sum(each.log_predictive for each in observations),
        predictive_p=_predictive_p(evidence, seed),
        effective_draws=evidence.effective_draws(every),
        **others,
    )


def named(conditions: DepositionConditions) -> str:
    """Conditions in a few words."""
    electrolyte = conditions.electrolyte
    return conditions.plating_in_words + (f", {electrolyte}" if electrolyte == "advanced" else "")


def _values_of(name: str) -> Callable[[MemberPosterior], Floats]:
    return lambda member: member.values[name]


def _quantiles(values: Floats, weights: Floats) -> Quantiles:
    low, median, high = weighted_quantiles(values, weights, QUANTILES)
    return Quantiles(low=low, median=median, high=high)


def _parameter_fit(
    evidence: Evidence, parameter: MapParameter, pick: Callable[[MemberPosterior], Floats]
) -> ParameterFit:
    prior = parameter.prior
    values, weights = evidence.pooled(pick, evidence.every)
    low, median, high = prior.quantile(np.array(QUANTILES)).tolist()
    scaled = prior.share(values)
    variance = weights @ (scaled - weights @ scaled) ** 2
    return ParameterFit(
        name=parameter.name,
        unit=parameter.unit,
        meaning=parameter.meaning,
        prior=Quantiles(low=low, median=median, high=high),
        posterior=_quantiles(values, weights),
        learnt=float(1.0 - 12.0 * variance),  # a uniform share has variance 1/12
    )


def _crystalline(
    evidence: Evidence, observation: Observation, used: Sequence[int]
) -> tuple[Quantiles, ...]:
    places = evidence.places(observation)
    values, weights = evidence.pooled(
        lambda member: observation.crystalline(member.glassy[:, places], member.regions), used
    )
    return tuple(_quantiles(column, weights) for column in values.T)


def _observation_fit(evidence: Evidence, number: int) -> ObservationFit:
    observation = evidence.observations[number]
    others = [other for other in evidence.every if other != number]
    return ObservationFit(
        name=observation.name,
        series=observation.series,
        seen=observation.seen,
        citation=observation.citation,
        conditions=observation.conditions,
        readings=observation.readings,
        crystalline=_crystalline(evidence, observation, evidence.every),
        crystalline_before=_crystalline(evidence, observation, ()),
        log_predictive=evidence.log_predictive([number], others),
        most_probable=observation.most_probable,
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
    """How often replicated data are at least as improbable as what was seen."""
    rng = np.random.default_rng(seed)
    glassy, weights = evidence.pooled(lambda member: member.glassy, evidence.every)
    regions, _ = evidence.pooled(lambda member: member.regions, evidence.every)
    chosen = rng.choice(len(weights), N_REPLICATED, p=weights / weights.sum())
    seen = np.zeros(N_REPLICATED)
    replicated = np.zeros(N_REPLICATED)
    for observation in evidence.observations:
        here = glassy[chosen][:, evidence.places(observation)]
        seen += observation.log_likelihood(here, regions[chosen])
        replicated += observation.replicated(here, regions[chosen], rng)
    return float(np.mean(replicated <= seen))


def drawn_values(evidence: Evidence, n: int, seed: int) -> tuple[list[dict[str, float]], list[int]]:
    """Parameters drawn from the posterior, equally probable, and the member each is of.

    Of every member as many, at least `n` in all: one of each, then the next of each.
    """
    rng = np.random.default_rng(seed)
    n_members = len(evidence.members)
    n_each = -(-n // n_members)
    drawn = []
    for member in evidence.members:
        rows = systematic(member.weights(evidence.every), n_each, rng)
        # Along the list early draws are the prior's: a part of them must be as good as all.
        drawn.append(rng.permutation(rows))
    order = [(member, row) for row in range(n_each) for member in range(n_members)]
    draws = [
        {
            each.name: float(evidence.members[member].values[each.name][drawn[member][row]])
            for each in evidence.parameters
        }
        for member, row in order
    ]
    return draws, [member for member, _ in order]


def best_of(draws: Sequence[dict[str, float]], evidence: Evidence) -> dict[str, float]:
    """The draw that agrees best with what was seen by the mean over members, as forecasts are made.

    The number of regions is summed over its prior.
    """
    columns = {name: np.array([draw[name] for draw in draws]) for name in draws[0]}
    glassy = np.mean([evidence.glassy(columns, m) for m in range(len(evidence.members))], axis=0)
    regions = REGIONS.quantile((np.arange(N_REGIONS) + 0.5) / N_REGIONS)
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
