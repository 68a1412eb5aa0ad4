"""The glassy share of a deposit under some conditions, through the model's fast path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch

from simulate.potentials.registry import potential_named
from surrogate.deposition.bridge import (
    Bridged,
    FastPredictor,
    GrowthBridge,
    HorizonBridge,
    TimeBridge,
    check_horizon,
)
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.embryos import EmbryoDistribution
from surrogate.deposition.maps import DepositionMap
from surrogate.deposition.quadrature import Floats
from surrogate.deposition.rounding import figures
from surrogate.deposition.sampled_space import SampledSpace
from surrogate.ensemble import epistemic_interval
from surrogate.prediction import Applicability

NEGLIGIBLE_SHARE: Final = 0.05
"""A size distribution has tails: this share of the atoms may lie outside what was sampled."""

EXTRAPOLATED: Final = "Waiting is extrapolated from the simulated holds to the time of plating."


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the model says about one set of conditions.

    Attributes:
        conditions: What was asked.
        expected: The embryos that the map expects.
        members: Glassy share by each ensemble member, shape ``(n_members,)``.
        interval: 90 %, epistemic (see `surrogate.ensemble.epistemic_interval`).
        deposition_map, bridge: By which it was forecast.
        damkohler: Arrival over waiting time; None where the bridge has no arrivals.
    """

    conditions: DepositionConditions
    expected: EmbryoDistribution
    members: Floats
    interval: tuple[float, float]
    deposition_map: DepositionMap
    bridge: TimeBridge
    damkohler: float | None = None

    @property
    def glassy_share(self) -> float:
        """Ensemble mean."""
        return float(self.members.mean())


@dataclass(frozen=True, slots=True)
class Question:
    """A model, a map and a bridge, ready to be asked about conditions.

    Attributes:
        calibrated_by: The bridge under which the map was calibrated; None if it never was.
    """

    predictor: FastPredictor
    deposition_map: DepositionMap
    bridge: TimeBridge
    space: SampledSpace
    calibrated_by: TimeBridge | None = None

    @classmethod
    def of(
        cls,
        predictor: FastPredictor,
        deposition_map: DepositionMap,
        bridge: TimeBridge | None = None,
        calibrated_by: TimeBridge | None = None,
    ) -> "Question":
        """What is asked of a model.

        Args:
            predictor: The model.
            deposition_map: From conditions to embryos.
            bridge: From nanoseconds to minutes; None: the glass index at the end of the hold.
            calibrated_by: The bridge under which the map was calibrated, if it was.

        Raises:
            MisuseError: A horizon far beyond the model's holds; see `check_horizon`.
        """
        space = SampledSpace.of(predictor.package.manifest.domain)
        asked = bridge or HorizonBridge()
        if asked == HorizonBridge():
            asked = HorizonBridge(horizon_ps=predictor.package.protocol.hold_ps)
        check_horizon(asked, predictor.package.manifest.domain)
        return cls(predictor, deposition_map, asked, space, calibrated_by)

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """A sentence if the map was calibrated under another bridge than the one asked."""
        if self.calibrated_by is None or self.calibrated_by == self.bridge:
            return ()
        where, here = self.calibrated_by.named, self.bridge.named
        said = (
            f"The map was calibrated at {where}, not at {here}: asked here, its numbers need not "
            "reproduce what was seen."
        )
        return (said,)

    @property
    def limits(self) -> tuple[str, ...]:
        """What no answer says, whatever the conditions, a sentence each."""
        potential = potential_named(self.space.potential)
        return (
            (
                "No SEI, no Li2O, no charge, no electrolyte but for how openly embryos exchange: a "
                f"one-component metal under one interatomic potential, {self.space.potential} "
                f"({potential.citation})."
            ),
            f"Temperatures are labels: {potential.about_temperatures}.",
            (
                "Nothing in the paper's observations speaks of temperature or of the area factor "
                "of a collector: what is said of them is the map's assumption alone."
            ),
        )

    @property
    def horizon_ps(self) -> float:
        """Until when the simulation's clock is asked about; of growth, the end of the hold."""
        named = self.bridge.horizon_ps if isinstance(self.bridge, HorizonBridge) else None
        return named or self.predictor.package.protocol.hold_ps

    @property
    def statement(self) -> str:
        """What a glassy share here says, and what it does not."""
        return self.bridge.statement(self.predictor.package.protocol.hold_ps)

    def at_horizon(self, horizon_ps: float) -> "Question":
        """The same question about the glass index at a horizon."""
        return replace(self, bridge=HorizonBridge(horizon_ps=horizon_ps))

    def under(self, deposition_map: DepositionMap) -> "Question":
        """The same question under another map."""
        return replace(self, deposition_map=deposition_map)

    def forecasts(self, conditions: Sequence[DepositionConditions]) -> list[Forecast]:
        """One forecast for each set of conditions, from a single call of the model.

        Raises:
            MisuseError: A temperature was not sampled.
        """
        if not conditions:
            return []
        asked = [(item, self.deposition_map.embryos(item, self.space)) for item in conditions]
        bridged = self.bridge.bridged(self.predictor, asked)
        shares = _weighed(bridged, asked).T
        low, high = (end.tolist() for end in epistemic_interval(torch.from_numpy(shares)))
        return [
            Forecast(*of_one, members, interval, self.deposition_map, self.bridge, each.damkohler)
            for of_one, members, interval, each in zip(
                asked, shares.T, zip(low, high, strict=True), bridged, strict=True
            )
        ]

    def shares_under(
        self, maps: Sequence[DepositionMap], conditions: Sequence[DepositionConditions]
    ) -> tuple[Floats, list[list[EmbryoDistribution]]]:
        """Glassy shares under several maps, from a single call of the model.

        Returns:
            By each member, shape ``(n_conditions, n_maps, n_members)``; and of each set of
            conditions what each map expects.

        Raises:
            MisuseError: A temperature was not sampled.
        """
        asked = [(item, each.embryos(item, self.space)) for item in conditions for each in maps]
        shares = _weighed(self.bridge.bridged(self.predictor, asked), asked)
        n_maps = len(maps)
        expected = [one for _, one in asked]
        return (
            shares.reshape(len(conditions), n_maps, -1),
            [expected[first : first + n_maps] for first in range(0, len(expected), n_maps)],
        )

    def applicability(self, expected: EmbryoDistribution) -> Applicability:
        """Of all embryos together: inside if those that are not hold a negligible share.

        An embryo counts as outside if anything speaks against it (that order can hardly be told in
        so few atoms, too), or if it had to be moved to what was sampled. Reasons are given however
        small the share, the largest first. Minutes are always outside, and so is a map asked by
        another bridge than it was calibrated under.
        """
        domain = self.predictor.package.manifest.domain
        designs = list(dict.fromkeys(embryo.design for embryo in expected.embryos))
        each = dict(zip(designs, domain.doubts(designs, self.horizon_ps), strict=True))
        clipped = expected.clipped_weights or (0.0,) * len(expected.embryos)
        outside = 0.0
        shares: dict[str, dict[str, float]] = {}
        for embryo, moved in zip(expected.embryos, clipped, strict=True):
            _, doubts = each[embryo.design]
            outside += embryo.weight if doubts else moved
            for about, said in doubts:
                of_kind = shares.setdefault(about, {})
                of_kind[said] = of_kind.get(said, 0.0) + embryo.weight
        weighed = [(sum(each.values()), each) for each in shares.values()]
        reasons = [
            *((each.share, each.said) for each in expected.moved if each.share > 0.0),
            *((share, _of_the_lithium(share, sentences)) for share, sentences in weighed),
        ]
        extrapolated = (EXTRAPOLATED,) if isinstance(self.bridge, GrowthBridge) else ()
        return Applicability(
            is_inside=outside <= NEGLIGIBLE_SHARE and not (extrapolated or self.elsewhere),
            distance=max(distance for distance, _ in each.values()),
            reasons=[
                *self.elsewhere,
                *extrapolated,
                *(said for _, said in sorted(reasons, key=lambda one: -one[0])),
                *expected.left_out,
            ],
        )


def _of_the_lithium(share: float, sentences: Mapping[str, float]) -> str:
    """What speaks against embryos of so much of the lithium, told of those that hold the most."""
    such = " in various embryos, such as" if len(sentences) > 1 else ""
    said = max(sentences, key=lambda each: sentences[each])
    return f"{figures(100 * share, 2)} % of the lithium{such}: {said[:1].lower()}{said[1:]}"


def _weighed(
    bridged: Sequence[Bridged], asked: Sequence[tuple[DepositionConditions, EmbryoDistribution]]
) -> Floats:
    """Glassy shares of each set of conditions by each member, shape ``(n_conditions, n_members)``.

    Summed in fixed order, where a matrix product may round by what shares its memory. Weights sum
    to 1 but for rounding, which log-odds would not forgive.
    """
    sums = [
        np.multiply(
            each.glassy, np.array([embryo.weight for embryo in expected.embryos]), order="C"
        ).sum(axis=1)
        for each, (_, expected) in zip(bridged, asked, strict=True)
    ]
    return np.asarray(np.clip(np.stack(sums), 0.0, 1.0))
