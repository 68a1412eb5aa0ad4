"""What the paper's observations say of a map's numbers, and whether they can be met at all.

Every member of the model's ensemble calibrates the map for itself, and all count alike: a map that
is a guess must not choose among members that were trained on simulations (a cut posterior). What is
the same for all maps is the number of regions of a ribbon, which is unknown and summed over.

Reference:
    Plummer, Stat. Comput. 25, 37 (2015), doi 10.1007/s11222-014-9503-z (cut posteriors);
    Gelman, Meng & Stern, Stat. Sinica 6, 733 (1996) (posterior predictive checks).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import logsumexp, ndtr

from surrogate.applicability import RANGE_MARGIN
from surrogate.deposition.bridge import FastPredictor, TimeBridge
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.embryos import SampledSpace, check_plated
from surrogate.deposition.likelihoods import Observation
from surrogate.deposition.maps import N_SIZES, DepositionMap, Prior
from surrogate.deposition.observations import OBSERVATIONS
from surrogate.deposition.quadrature import Floats, normal_quadrature
from surrogate.deposition.sampling import Draws, effective_number, sampled
from surrogate.deposition.surface import GlassSurface

REGIONS: Final = Prior("log-uniform", 1.0, 10.0)
"""Of a ribbon that order independently."""


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
    """Everything that one map and one bridge can say of some observations.

    Attributes:
        deposition_map: With the values of all but its parameters.
        observations: What was observed.
        conditions: Each once.
        members: One posterior each.
        glassy: Shares under every condition, ``(n, n_conditions)``, of parameters of shape ``(n,)``
            by one member.
    """

    deposition_map: DepositionMap
    bridge: TimeBridge
    observations: tuple[Observation, ...]
    conditions: tuple[DepositionConditions, ...]
    members: tuple[MemberPosterior, ...]
    glassy: Callable[[dict[str, Floats], int], Floats]

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


def weigh(
    predictor: FastPredictor,
    deposition_map: DepositionMap,
    bridge: TimeBridge,
    observations: Sequence[Observation] = OBSERVATIONS,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Evidence:
    """Weigh a map's numbers by the observations; the same seed gives the same.

    Args:
        predictor: The model.
        deposition_map: Whose parameters are weighed; its other numbers stay.
        bridge: From nanoseconds to minutes.
        observations: What was seen.
        seed: Of the draws.
        progress: Called with (members done, members in all).

    Raises:
        MisuseError: Some values within the priors are none that the map can have, or the model is
            of another element, or was trained at other temperatures than those observed.
    """
    space = SampledSpace.of(predictor.package.manifest.domain)
    check_plated(space.potential, predictor.package.label)
    conditions = tuple(dict.fromkeys(each for item in observations for each in item.conditions))
    for asked in conditions:
        space.check_temperature(asked.temperature_K)
    for end in ("low", "high"):
        deposition_map.with_parameters(
            {each.name: getattr(each.prior, end) for each in deposition_map.parameters()}
        )
    surface = GlassSurface.of(predictor, bridge, conditions, space)
    weighing = _Weighing(deposition_map, tuple(observations), conditions, surface, space)
    members = []
    for member in range(surface.n_members):
        members.append(weighing.posterior(member, seed))
        if progress is not None:
            progress(member + 1, surface.n_members)
    return Evidence(
        deposition_map, bridge, tuple(observations), conditions, tuple(members), weighing.glassy
    )


@dataclass(frozen=True, slots=True)
class _Weighing:
    deposition_map: DepositionMap
    observations: tuple[Observation, ...]
    conditions: tuple[DepositionConditions, ...]
    surface: GlassSurface
    space: SampledSpace

    def posterior(self, member: int, seed: int) -> MemberPosterior:
        n_dimensions = len(self.deposition_map.parameters()) + 1
        draws = sampled(
            lambda places, which: self.judged(places, which)[3].sum(axis=0),
            n_dimensions,
            member,
            seed,
        )
        values, regions, glassy, found = self.judged(draws.places, member)
        return MemberPosterior(values, regions, glassy, found, draws)

    def judged(
        self, places: Floats, member: int
    ) -> tuple[dict[str, Floats], Floats, Floats, Floats]:
        """Parameters, regions, glassy shares and log-likelihoods at standard normal places."""
        shares = ndtr(places)
        values = {
            each.name: each.prior.quantile(shares[:, column])
            for column, each in enumerate(self.deposition_map.parameters())
        }
        regions = REGIONS.quantile(shares[:, -1])
        glassy = self.glassy(values, member)
        found = [
            item.log_likelihood(
                glassy[:, [self.conditions.index(each) for each in item.conditions]], regions
            )
            for item in self.observations
        ]
        return values, regions, glassy, np.stack(found)

    def glassy(self, values: dict[str, Floats], member: int) -> Floats:
        """Shares under every condition, shape ``(n, n_conditions)``."""
        many = self.deposition_map.with_arrays(values)
        n = len(next(iter(values.values())))
        nodes, weights = normal_quadrature(N_SIZES)
        spread = np.exp(self.deposition_map.log_size_spread * nodes)
        shares = np.empty((n, len(self.conditions)))
        for column, asked in enumerate(self.conditions):
            ((plating, _),) = asked.local
            sizes = np.broadcast_to(many.median_atoms(plating), n)[:, None] * spread
            density = many.packing_density_g_cm3(plating, self.space.bulk_density_g_cm3)
            openness = np.broadcast_to(many.openness(asked), n)
            here = self.surface.glassy(column, member, sizes, np.broadcast_to(density, n), openness)
            shares[:, column] = here @ weights
        return shares


def outside_sampled(evidence: Evidence, space: SampledSpace) -> Floats:
    """Share of the atoms in embryos smaller or larger than any that was sampled, by condition.

    Posterior mean, shape ``(n_conditions,)``. They are judged as the nearest sampled ones.
    """
    nodes, weights = normal_quadrature(N_SIZES)
    spread = np.exp(evidence.deposition_map.log_size_spread * nodes)
    low, high = space.ends("n_atoms")
    found = np.zeros(len(evidence.conditions))
    for column, asked in enumerate(evidence.conditions):
        ((plating, _),) = asked.local
        for member in evidence.members:
            many = evidence.deposition_map.with_arrays(member.values)
            sizes = np.broadcast_to(many.median_atoms(plating), len(member.regions))[:, None]
            sizes = sizes * spread
            is_outside = (sizes * (1.0 + RANGE_MARGIN) < low) | (
                sizes > high * (1.0 + RANGE_MARGIN)
            )
            found[column] += member.weights(evidence.every) @ (is_outside @ weights)
    return found / len(evidence.members)
