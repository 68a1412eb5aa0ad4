"""Is the question inside what the model was trained on? Otherwise say in words why not."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulate.design import EmbryoDesign
from simulate.potentials.registry import potential_named, potentials
from simulate.settings import Settings
from surrogate.features import (
    FEATURE_NAMES,
    FeatureScaling,
    design_features,
    potentials_by_records,
)
from surrogate.prediction import Applicability

LEAST_GAP: Final = 0.5
"""Least distance that counts as one, in standardised features, however dense the designs lie."""

RANGE_MARGIN: Final = 0.05
"""A value may lie beyond the training range by this share of itself: sampling misses the edges."""

SOLID_SHARE_MARGIN: Final = 0.05
"""A structure may have this much more solid-like atoms than any embryo waiting in training."""

_RANGED: Final = {
    "n_atoms": "",
    "packing_density_g_cm3": " g/cm3",
    "hold_temperature_K": " K",
    "energy_relaxation_ps": " ps",
}


Doubt = tuple[str, str]
"""What about a design speaks against it, alike for all designs, and the sentence on this one."""


class TrainingDomain(Settings):
    """What the model has seen.

    Attributes:
        designs: Design points of the training records, each once.
        hold_ps: So long all of them were meant to be watched, ps.
        holds_ps: So long each of them was; None where none was longer.
        solid_share: Largest share of solid-like atoms among embryos still waiting.
        onset_cluster_atoms: Crystalline atoms that counted as order (n_c).
    """

    designs: list[EmbryoDesign] = Field(min_length=1)
    scaling: FeatureScaling
    hold_ps: float
    holds_ps: list[float] | None = None
    solid_share: float
    onset_cluster_atoms: int = 1

    @classmethod
    def of(
        cls,
        designs: Sequence[EmbryoDesign],
        holds_ps: Sequence[float],
        solid_share: float,
        onset_cluster_atoms: int = 1,
    ) -> Self:
        """From the designs of the training records and how long each was meant to be watched."""
        unique = list({design.key: design for design in designs}.values())
        longest_ps: dict[str, float] = {}
        for design, hold_ps in zip(designs, holds_ps, strict=True):
            longest_ps[design.key] = max(hold_ps, longest_ps.get(design.key, 0.0))
        _, *others = potentials_by_records(designs)
        scaling = FeatureScaling.of(design_features(unique, others), others)
        return cls(
            designs=unique,
            scaling=scaling,
            hold_ps=min(holds_ps),
            holds_ps=list(longest_ps.values()) if len(set(holds_ps)) > 1 else None,
            solid_share=solid_share,
            onset_cluster_atoms=onset_cluster_atoms,
        )

    @cached_property
    def keys(self) -> frozenset[str]:
        """Keys of the training designs."""
        return frozenset(design.key for design in self.designs)

    @cached_property
    def potentials(self) -> tuple[str, ...]:
        """In the data, that of most records first; each beyond it has an offset."""
        found = {design.potential for design in self.designs}
        others = self.scaling.offset_potentials
        return (*found.difference(others), *(name for name in others if name in found))

    @property
    def substances(self) -> list[str]:
        """The `potentials` and their elements, for people."""
        return [potential_named(name).substance for name in self.potentials]

    @property
    def told(self) -> list[str]:
        """The same with the number of designs, where there are several."""
        if len(self.potentials) == 1:
            return self.substances
        counts = self.n_designs_of.values()
        return [f"{each} ({n} designs)" for each, n in zip(self.substances, counts, strict=True)]

    @cached_property
    def n_designs_of(self) -> dict[str, int]:
        """Number of training designs of each of the `potentials`, in their order."""
        counts = Counter(design.potential for design in self.designs)
        return {name: counts[name] for name in self.potentials}

    @cached_property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest value of every ranged field that occurred.

        Where there are several potentials: in terms of the one with most records.
        """
        return self.ranges_of(self.potentials[0])

    def ranges_of(self, potential: str) -> dict[str, tuple[float, float]]:
        """The same in terms of any potential, at equal share of bulk and of the melting point."""
        found = {}
        for field in _RANGED:
            values = [_like(design, field, potential) for design in self.designs]
            present = [value for value in values if value is not None]
            if present:
                found[field] = (float(min(present)), float(max(present)))
        return found

    def judge(self, designs: Sequence[EmbryoDesign], horizon_ps: float) -> list[Applicability]:
        """Applicability of each design at a horizon, by the designs that were watched so long."""
        return [
            Applicability(
                is_inside=not doubts, distance=distance, reasons=[said for _, said in doubts]
            )
            for distance, doubts in self.doubts(designs, horizon_ps)
        ]

    def doubts(
        self, designs: Sequence[EmbryoDesign], horizon_ps: float
    ) -> list[tuple[float, list[Doubt]]]:
        """The distance of each design, and what speaks against it; see `judge`."""
        watched = self._watched_for(horizon_ps)
        data = "the training data"
        if watched is not self:
            data = f"the {len(watched.designs)} training designs watched for so long"
        distances = _apart(self._shared(designs), watched.places).min(axis=1) / self._gap
        judged = []
        for design, distance in zip(designs, distances, strict=True):
            doubts = watched.reasons(design, horizon_ps, data)
            if design.potential not in self.potentials:
                said = (
                    f"The model never saw {design.physics.substance}: it answers as for "
                    f"{self.potentials[0]} at the same share of bulk density and, in the hold, of "
                    "the melting point. What else differs it does not know."
                )
                doubts.insert(0, ("potential", said))
            elif design.potential not in watched.potentials:
                said = f"{design.physics.substance} does not occur in {data}."
                doubts.insert(0, ("potential", said))
            if distance > 1.0:
                said = (
                    f"The nearest design of {data} is {distance:.1f} times as far as training "
                    "designs are from each other."
                )
                doubts.append(("distance", said))
            judged.append((float(distance), doubts))
        return judged

    @property
    def longest_hold_ps(self) -> float:
        """So long some of the designs were meant to be watched, ps."""
        return max(self.holds_ps or [self.hold_ps])

    def _watched_for(self, horizon_ps: float) -> "TrainingDomain":
        """The part of it that was watched for so long; the whole where none was, or all were."""
        if self.holds_ps is None or not self.hold_ps < horizon_ps <= self.longest_hold_ps:
            return self
        chosen = [
            design
            for design, hold_ps in zip(self.designs, self.holds_ps, strict=True)
            if hold_ps >= horizon_ps
        ]
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return TrainingDomain.model_construct(
            **values | {"designs": chosen, "hold_ps": horizon_ps, "holds_ps": None}
        )

    def reasons(self, design: EmbryoDesign, horizon_ps: float, data: str) -> list[Doubt]:
        """Why a question lies outside, but for its distance.

        Args:
            design: Asked about.
            horizon_ps: Asked for, ps.
            data: What to call the training designs.
        """
        reasons: list[Doubt] = []
        for field, (low, high) in self._every_ranges[design.potential].items():
            value, unit = getattr(design, field), _RANGED[field]
            if value is None:
                continue
            if value * (1.0 + RANGE_MARGIN) < low or value > high * (1.0 + RANGE_MARGIN):
                seen = f"{low:g}{unit}" if low == high else f"{low:g} to {high:g}{unit}"
                said = (
                    f"{field} = {value:g}{unit} lies outside {data} ({seen}, "
                    f"{100.0 * RANGE_MARGIN:g} % to spare)."
                )
                reasons.append((field, said))
        exchanges = (design.mass_exchange, design.energy_exchange)
        if exchanges not in self._exchanges:
            said = (
                f"mass exchange {exchanges[0]} with energy exchange {exchanges[1]} does not occur "
                f"in {data}."
            )
            reasons.append(("exchange", said))
        if design.wall_shape not in self._wall_shapes:
            said = (
                f"A wall in the shape of a {design.wall_shape} does not occur in {data}, and the "
                "model does not know shapes of walls."
            )
            reasons.append(("wall_shape", said))
        if self.is_too_small(design):
            said = (
                f"{design.n_atoms} atoms are too few: as a perfect sphere they would show fewer "
                f"than {2 * self.onset_cluster_atoms} crystalline atoms, twice what counts as "
                "order, so order can hardly be told from a fluctuation."
            )
            reasons.append(("too small", said))
        if horizon_ps > self.longest_hold_ps:
            said = (
                f"The horizon of {horizon_ps:g} ps is longer than the training hold of "
                f"{self.longest_hold_ps:g} ps: an extrapolation in time."
            )
            reasons.append(("horizon", said))
        return reasons

    def is_too_small(self, design: EmbryoDesign) -> bool:
        """Whether order could hardly be told from a fluctuation in so few atoms."""
        from simulate.neighbours import label_ceiling  # SciPy, slow to import

        least_shown = 2 * self.onset_cluster_atoms
        # A sphere shows at least a fifth of its atoms: larger ones need no count.
        return design.n_atoms < 10 * least_shown and label_ceiling(design.n_atoms) < least_shown

    @cached_property
    def _exchanges(self) -> frozenset[tuple[str, str]]:
        return frozenset((each.mass_exchange, each.energy_exchange) for each in self.designs)

    @cached_property
    def _wall_shapes(self) -> frozenset[str | None]:
        return frozenset(each.wall_shape for each in self.designs)

    @cached_property
    def _every_ranges(self) -> dict[str, dict[str, tuple[float, float]]]:
        """`ranges_of` every potential on offer whose temperatures can be compared."""
        return {
            name: self.ranges_of(name)
            for name, potential in potentials().items()
            if potential.has_melting_point
        }

    @cached_property
    def places(self) -> NDArray[np.float64]:
        """Of the training designs; see `_shared`."""
        return self._shared(self.designs)

    def _shared(self, designs: Sequence[EmbryoDesign]) -> NDArray[np.float64]:
        """Standardised features that all potentials share, shape ``(n_designs, n_features)``.

        An offset is no distance: it is known, or the answer says that it is not.
        """
        return self.scaling.places(designs)[:, : len(FEATURE_NAMES)]

    @cached_property
    def _gap(self) -> float:
        """Widest distance of a training design to its nearest neighbour."""
        if len(self.places) < 2:
            return LEAST_GAP
        apart = _apart(self.places, self.places)
        np.fill_diagonal(apart, math.inf)
        return max(float(apart.min(axis=1).max()), LEAST_GAP)


def _like(design: EmbryoDesign, field: str, potential: str) -> float | None:
    """A field of a design as it would be in the like design of a potential."""
    value: float | None = getattr(design, field)
    if value is None or design.potential == potential:
        return value
    ours, theirs = design.physics, potential_named(potential)
    if field == "packing_density_g_cm3":
        return value * theirs.bulk_density_g_cm3 / ours.bulk_density_g_cm3
    if field == "hold_temperature_K":
        return theirs.temperature_at(ours.share_of_melting(value))
    return value


def _apart(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean distances, shape ``(n_left, n_right)``."""
    result: NDArray[np.float64] = np.linalg.norm(left[:, None, :] - right[None, :, :], axis=2)
    return result
