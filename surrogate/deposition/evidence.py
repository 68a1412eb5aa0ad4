"""Draws of a posterior beside everything that was seen: what observations say of some numbers.

Whatever turns parameters into glassy shares, a deposition map or a plain trend, is weighed alike.
What is the same for all is the number of regions of a ribbon, which is unknown and summed over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import logsumexp, ndtr

from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.likelihoods import Observation
from surrogate.deposition.maps import MapParameter, Prior
from surrogate.deposition.quadrature import Floats
from surrogate.deposition.sampling import N_STAGES, Draws, effective_number, sampled

REGIONS: Final = Prior("log-uniform", 1.0, 10.0)
"""Of a ribbon that order independently."""

Glassy = Callable[[dict[str, Floats], int], Floats]
"""Shares under every condition, shape ``(n, n_conditions)``, of parameters by name, each of shape
``(n,)``, by one member of an ensemble."""


@dataclass(frozen=True, slots=True)
class MemberPosterior:
    """What one member of the ensemble makes of the observations.

    Attributes:
        values: Parameters by name, each of shape ``(n,)``.
        regions: Of a ribbon, shape ``(n,)``.
        glassy: Share under each of the conditions, shape ``(n, n_conditions)``.
        log_likelihood: Of each observation, shape ``(n_observations, n)``.
        draws: Where they come from.
    """

    values: dict[str, Floats]
    regions: Floats
    glassy: Floats
    log_likelihood: Floats
    draws: Draws

    def weights(self, used: Sequence[int]) -> Floats:
        """Of the draws, given some of the observations; sum 1."""
        return self.draws.weights(self.log_likelihood[list(used)].sum(axis=0))

    def log_evidence(self, used: Sequence[int]) -> float:
        """Log-probability of some of the observations, over the prior."""
        return self.draws.log_evidence(self.log_likelihood[list(used)].sum(axis=0))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that some parameters can say of some observations.

    Attributes:
        parameters: Those weighed, the regions of a ribbon apart.
        observations: What was observed.
        conditions: Each once.
        members: One posterior each.
        glassy: Shares under every condition; see `Glassy`.
    """

    parameters: tuple[MapParameter, ...]
    observations: tuple[Observation, ...]
    conditions: tuple[DepositionConditions, ...]
    members: tuple[MemberPosterior, ...]
    glassy: Glassy

    @property
    def every(self) -> range:
        """All observations."""
        return range(len(self.observations))

    def of_series(self, *names: str) -> list[int]:
        """Observations of some series."""
        return [i for i in self.every if self.observations[i].series in names]

    def places(self, observation: Observation) -> list[int]:
        """Where the conditions of an observation stand among all."""
        return [self.conditions.index(each) for each in observation.conditions]

    def log_evidence(self, used: Sequence[int]) -> float:
        """Log-probability of some of the observations, all members alike."""
        each = [member.log_evidence(used) for member in self.members]
        return float(logsumexp(each) - np.log(len(each)))

    def log_predictive(self, asked: Sequence[int], given: Sequence[int]) -> float:
        """Log-probability of some observations where others are known."""
        both = sorted({*asked, *given})
        each = [m.log_evidence(both) - m.log_evidence(given) for m in self.members]
        return float(logsumexp(each) - np.log(len(each)))

    def pooled(
        self, pick: Callable[[MemberPosterior], Floats], used: Sequence[int]
    ) -> tuple[Floats, Floats]:
        """Draws of all members and their weights.

        Args:
            pick: What is asked of a member, shape ``(n, ...)``.
            used: The observations that are known; none: the prior.
        """
        values = np.concatenate([pick(member) for member in self.members])
        weights = np.concatenate([member.weights(used) for member in self.members])
        return values, weights / len(self.members)

    def effective_draws(self, used: Sequence[int]) -> float:
        """As many independent draws the least sampled member has."""
        return min(effective_number(member.weights(used)) for member in self.members)


def conditions_of(observations: Sequence[Observation]) -> tuple[DepositionConditions, ...]:
    """Everything that was plated, each once."""
    return tuple(dict.fromkeys(each for item in observations for each in item.conditions))


def posterior(
    parameters: Sequence[MapParameter],
    observations: Sequence[Observation],
    glassy: Glassy,
    member: int,
    seed: int,
    n_stages: int = N_STAGES,
) -> MemberPosterior:
    """What one member makes of the observations; the same seed gives the same.

    Args:
        parameters: To be weighed, the regions of a ribbon apart.
        observations: What was seen.
        glassy: Shares by these parameters.
        member: Whose posterior.
        seed: Of the draws.
        n_stages: Of the sampler.
    """
    conditions = conditions_of(observations)

    def judged(places: Floats) -> tuple[dict[str, Floats], Floats, Floats, Floats]:
        """Parameters, regions, glassy shares and log-likelihoods at standard normal places."""
        shares = ndtr(places)
        values = {
            each.name: each.prior.quantile(shares[:, column])
            for column, each in enumerate(parameters)
        }
        regions = REGIONS.quantile(shares[:, -1])
        found = glassy(values, member)
        of_each = [
            item.log_likelihood(
                found[:, [conditions.index(each) for each in item.conditions]], regions
            )
            for item in observations
        ]
        return values, regions, found, np.stack(of_each)

    draws = sampled(
        lambda places, _: judged(places)[3].sum(axis=0),
        len(parameters) + 1,
        member,
        seed,
        n_stages,
    )
    return MemberPosterior(*judged(draws.places), draws)
