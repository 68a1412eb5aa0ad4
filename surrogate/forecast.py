"""The glassy share of a deposit under some conditions, through the model's fast path."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

import simulate.protocol
from simulate.design import EmbryoDesign
from surrogate.applicability import TrainingDomain
from surrogate.deposition_map import DEPOSITION_MAPS, DepositionConditions, DepositionMap
from surrogate.embryo_distribution import EmbryoDistribution, SampledSpace
from surrogate.ensemble import epistemic_interval
from surrogate.prediction import Applicability
from surrogate.search.config import SearchConfig

Floats = NDArray[np.float64]

NEGLIGIBLE_SHARE: Final = 0.05
"""A size distribution has tails: this share of the atoms may lie outside what was sampled."""


class ManifestFacts(Protocol):
    """The part of a package's manifest that a search reads."""

    @property
    def domain(self) -> TrainingDomain:
        """What the model has seen."""


class PackageFacts(Protocol):
    """The part of `surrogate.package.Package` that a search reads."""

    @property
    def protocol(self) -> simulate.protocol.Protocol:
        """The protocol its predictions are for."""

    @property
    def label(self) -> str:
        """Name and short hash of the weights."""

    @property
    def manifest(self) -> ManifestFacts:
        """What `package.json` says."""


class FastPredictor(Protocol):
    """The part of `surrogate.predictor.Predictor` that a search calls."""

    @property
    def package(self) -> PackageFacts:
        """The model package."""

    def glass_index_members(self, designs: Sequence[EmbryoDesign], horizon_ps: float) -> Floats:
        """P(not ordered by the horizon) by each member, shape ``(n_members, n_designs)``."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the model says about one set of conditions.

    Attributes:
        members: Glassy share by each ensemble member, shape ``(n_members,)``.
        interval: 90 %, epistemic (see `surrogate.ensemble.epistemic_interval`).
    """

    conditions: DepositionConditions
    expected: EmbryoDistribution
    members: Floats
    interval: tuple[float, float]

    @property
    def glassy_share(self) -> float:
        """Ensemble mean."""
        return float(self.members.mean())

    def objective(self, risk: Literal["lower_bound", "mean"]) -> float:
        """What is maximised."""
        return self.interval[0] if risk == "lower_bound" else self.glassy_share


@dataclass(frozen=True, slots=True)
class Question:
    """A model, a map and a horizon, ready to be asked about conditions."""

    predictor: FastPredictor
    deposition_map: DepositionMap
    space: SampledSpace
    horizon_ps: float

    @classmethod
    def of(cls, predictor: FastPredictor, config: SearchConfig) -> "Question":
        """The question a config asks of a model."""
        domain = predictor.package.manifest.domain
        return cls(
            predictor=predictor,
            deposition_map=DEPOSITION_MAPS[config.deposition_map],
            space=SampledSpace(
                ranges=domain.ranges,
                exchanges=frozenset((d.mass_exchange, d.energy_exchange) for d in domain.designs),
                potential=domain.potentials[0],
            ),
            horizon_ps=config.horizon_ps or predictor.package.protocol.hold_ps,
        )

    def forecasts(self, conditions: Sequence[DepositionConditions]) -> list[Forecast]:
        """One forecast for each set of conditions, from a single call of the model."""
        expected = [self.deposition_map.embryos(item, self.space) for item in conditions]
        designs = [embryo.design for item in expected for embryo in item.embryos]
        weights = np.array([embryo.weight for item in expected for embryo in item.embryos])
        index = self.predictor.glass_index_members(designs, self.horizon_ps)
        ends = np.cumsum([len(item.embryos) for item in expected])[:-1]
        parts = np.split(index * weights, ends, axis=1)
        # Weights sum to 1 but for rounding, which log-odds would not forgive.
        shares = np.clip(np.stack([part.sum(axis=1) for part in parts], axis=1), 0.0, 1.0)
        low, high = (end.tolist() for end in epistemic_interval(torch.from_numpy(shares)))
        return [
            Forecast(asked, item, members, interval)
            for asked, item, members, interval in zip(
                conditions, expected, shares.T, zip(low, high, strict=True), strict=True
            )
        ]

    def applicability(self, expected: EmbryoDistribution) -> Applicability:
        """Of all embryos together: inside if those that are not hold a negligible share.

        An embryo counts as outside if the model says so, or if it had to be moved to what was
        sampled; reasons are given however small the share.
        """
        domain = self.predictor.package.manifest.domain
        each = domain.judge([embryo.design for embryo in expected.embryos], self.horizon_ps)
        reasons = dict.fromkeys([*expected.clipped, *(r for one in each for r in one.reasons)])
        outside = expected.clipped_share + sum(
            embryo.weight
            for embryo, one in zip(expected.embryos, each, strict=True)
            if not one.is_inside
        )
        return Applicability(
            is_inside=outside <= NEGLIGIBLE_SHARE,
            distance=max(one.distance for one in each),
            reasons=list(reasons),
        )
