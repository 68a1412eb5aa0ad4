"""What the paper's observations say of a map's numbers, and whether they can be met at all.

Every member of the model's ensemble calibrates the map for itself, and all count alike: a map that
is a guess must not choose among members that were trained on simulations (a cut posterior).

Reference:
    Plummer, Stat. Comput. 25, 37 (2015), doi 10.1007/s11222-014-9503-z (cut posteriors);
    Gelman, Meng & Stern, Stat. Sinica 6, 733 (1996) (posterior predictive checks).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from surrogate.applicability import RANGE_MARGIN
from surrogate.deposition.bridge import FastPredictor, TimeBridge
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.evidence import Evidence, conditions_of, posterior
from surrogate.deposition.likelihoods import Observation
from surrogate.deposition.maps import N_SIZES, DepositionMap
from surrogate.deposition.observations import OBSERVATIONS
from surrogate.deposition.quadrature import Floats, normal_quadrature
from surrogate.deposition.sampled_space import SampledSpace, check_plated
from surrogate.deposition.surface import GlassSurface


@dataclass(frozen=True, slots=True)
class MapEvidence(Evidence):
    """Everything that one map and one bridge can say of some observations.

    Attributes:
        deposition_map: With the values of all but its parameters.
    """

    deposition_map: DepositionMap
    bridge: TimeBridge


def weigh(
    predictor: FastPredictor,
    deposition_map: DepositionMap,
    bridge: TimeBridge,
    observations: Sequence[Observation] = OBSERVATIONS,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> MapEvidence:
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
    conditions = conditions_of(observations)
    for asked in conditions:
        space.check_temperature(asked.temperature_K)
    for end in ("low", "high"):
        deposition_map.with_parameters(
            {each.name: getattr(each.prior, end) for each in deposition_map.parameters()}
        )
    surface = GlassSurface.of(predictor, bridge, conditions, space)
    parameters = deposition_map.parameters()
    glassy = _Deposits(deposition_map, conditions, surface, space).glassy
    members = []
    for member in range(surface.n_members):
        members.append(posterior(parameters, observations, glassy, member, seed))
        if progress is not None:
            progress(member + 1, surface.n_members)
    return MapEvidence(
        parameters=parameters,
        observations=tuple(observations),
        conditions=conditions,
        members=tuple(members),
        glassy=glassy,
        deposition_map=deposition_map,
        bridge=bridge,
    )


@dataclass(frozen=True, slots=True)
class _Deposits:
    deposition_map: DepositionMap
    conditions: tuple[DepositionConditions, ...]
    surface: GlassSurface
    space: SampledSpace

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


def outside_sampled(evidence: MapEvidence, space: SampledSpace) -> Floats:
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
