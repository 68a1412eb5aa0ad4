"""Is the question inside what the model was trained on? Otherwise say in words why not."""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.settings import Settings
from surrogate.features import FeatureScaling, design_features
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
        scaling = FeatureScaling.of(design_features(unique))
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
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest value of every ranged field that occurred."""
        found = {}
        for field in _RANGED:
            values = [getattr(design, field) for design in self.designs]
            present = [value for value in values if value is not None]
            if present:
                found[field] = (float(min(present)), float(max(present)))
        return found

    def check_substance(self, design: EmbryoDesign) -> None:
        """Refuse another element or potential: nothing was learned about it.

        Raises:
            MisuseError: The design is made of something else than the training data.
        """
        ours = self.designs[0]
        if (design.element, design.potential) != (ours.element, ours.potential):
            raise MisuseError(
                f"element and potential must be those of the model, {ours.element} with "
                f"{ours.potential}, but got {design.element} with {design.potential}. "
                "Choose a model trained on that potential."
            )

    def judge(self, designs: Sequence[EmbryoDesign], horizon_ps: float) -> list[Applicability]:
        """Applicability of each design at a horizon, by the designs that were watched so long."""
        watched = self._watched_for(horizon_ps)
        data = "the training data"
        if watched is not self:
            data = f"the {len(watched.designs)} training designs watched for so long"
        places = self.scaling.standardise(design_features(designs))
        distances = _apart(places, watched.places).min(axis=1) / self._gap
        judged = []
        for design, distance in zip(designs, distances, strict=True):
            reasons = watched.reasons(design, horizon_ps, data)
            if distance > 1.0:
                reasons.append(
                    f"The nearest design of {data} is {distance:.1f} times as far as training "
                    "designs are from each other."
                )
            judged.append(
                Applicability(is_inside=not reasons, distance=float(distance), reasons=reasons)
            )
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

    def reasons(self, design: EmbryoDesign, horizon_ps: float, data: str) -> list[str]:
        """Why a question lies outside, but for its distance.

        Args:
            design: Asked about.
            horizon_ps: Asked for, ps.
            data: What to call the training designs.
        """
        reasons = []
        for field, (low, high) in self.ranges.items():
            value, unit = getattr(design, field), _RANGED[field]
            if value is None:
                continue
            if value * (1.0 + RANGE_MARGIN) < low or value > high * (1.0 + RANGE_MARGIN):
                seen = f"{low:g}{unit}" if low == high else f"{low:g} to {high:g}{unit}"
                reasons.append(
                    f"{field} = {value:g}{unit} lies outside {data} ({seen}, "
                    f"{100.0 * RANGE_MARGIN:g} % to spare)."
                )
        exchanges = (design.mass_exchange, design.energy_exchange)
        if exchanges not in self._exchanges:
            reasons.append(
                f"mass exchange {exchanges[0]} with energy exchange {exchanges[1]} does not occur "
                f"in {data}."
            )
        if design.wall_shape not in {each.wall_shape for each in self.designs}:
            reasons.append(
                f"A wall in the shape of a {design.wall_shape} does not occur in {data}, and the "
                "model does not know shapes of walls."
            )
        if self.is_too_small(design):
            reasons.append(
                f"{design.n_atoms} atoms are too few: as a perfect sphere they would show fewer "
                f"than {2 * self.onset_cluster_atoms} crystalline atoms, twice what counts as "
                "order, so order can hardly be told from a fluctuation."
            )
        if horizon_ps > self.longest_hold_ps:
            reasons.append(
                f"The horizon of {horizon_ps:g} ps is longer than the training hold of "
                f"{self.longest_hold_ps:g} ps: an extrapolation in time."
            )
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
    def places(self) -> NDArray[np.float64]:
        """Standardised features of the training designs, shape ``(n_designs, n_features)``."""
        return self.scaling.standardise(design_features(self.designs))

    @cached_property
    def _gap(self) -> float:
        """Widest distance of a training design to its nearest neighbour."""
        if len(self.places) < 2:
            return LEAST_GAP
        apart = _apart(self.places, self.places)
        np.fill_diagonal(apart, math.inf)
        return max(float(apart.min(axis=1).max()), LEAST_GAP)


def _apart(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean distances, shape ``(n_left, n_right)``."""
    result: NDArray[np.float64] = np.linalg.norm(left[:, None, :] - right[None, :, :], axis=2)
    return result
