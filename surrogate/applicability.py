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
        hold_ps: Hold of their protocol, ps.
        solid_share: Largest share of solid-like atoms among embryos still waiting.
        onset_cluster_atoms: Crystalline atoms that counted as order (n_c).
    """

    designs: list[EmbryoDesign] = Field(min_length=1)
    scaling: FeatureScaling
    hold_ps: float
    solid_share: float
    onset_cluster_atoms: int = 1

    @classmethod
    def of(
        cls,
        designs: Sequence[EmbryoDesign],
        hold_ps: float,
        solid_share: float,
        onset_cluster_atoms: int = 1,
    ) -> Self:
        """From the designs of the training records."""
        unique = list({design.key: design for design in designs}.values())
        scaling = FeatureScaling.of(design_features(unique))
        return cls(
            designs=unique,
            scaling=scaling,
            hold_ps=hold_ps,
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
        """Applicability of each design at a horizon."""
        distances = self._distances(designs)
        judged = []
        for design, distance in zip(designs, distances, strict=True):
            reasons = self._reasons(design, horizon_ps)
            if distance > 1.0:
                reasons.append(
                    f"The nearest training design is {distance:.1f} times as far as training "
                    "designs are from each other."
                )
            judged.append(
                Applicability(is_inside=not reasons, distance=float(distance), reasons=reasons)
            )
        return judged

    def _reasons(self, design: EmbryoDesign, horizon_ps: float) -> list[str]:
        reasons = []
        for field, (low, high) in self.ranges.items():
            value, unit = getattr(design, field), _RANGED[field]
            if value is None:
                continue
            if value * (1.0 + RANGE_MARGIN) < low or value > high * (1.0 + RANGE_MARGIN):
                seen = f"{low:g}{unit}" if low == high else f"{low:g} to {high:g}{unit}"
                reasons.append(
                    f"{field} = {value:g}{unit} lies outside the training data ({seen}, "
                    f"{100.0 * RANGE_MARGIN:g} % to spare)."
                )
        exchanges = (design.mass_exchange, design.energy_exchange)
        if exchanges not in self._exchanges:
            reasons.append(
                f"mass exchange {exchanges[0]} with energy exchange {exchanges[1]} does not occur "
                "in the training data."
            )
        if design.wall_shape not in {each.wall_shape for each in self.designs}:
            reasons.append(
                f"A wall in the shape of a {design.wall_shape} does not occur in the training "
                "data, and the model does not know shapes of walls."
            )
        if self.is_too_small(design):
            reasons.append(
                f"{design.n_atoms} atoms are too few: as a perfect sphere they would show fewer "
                f"than {2 * self.onset_cluster_atoms} crystalline atoms, twice what counts as "
                "order, so order can hardly be told from a fluctuation."
            )
        if horizon_ps > self.hold_ps:
            reasons.append(
                f"The horizon of {horizon_ps:g} ps is longer than the training hold of "
                f"{self.hold_ps:g} ps: an extrapolation in time."
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
    def _places(self) -> NDArray[np.float64]:
        """Standardised features of the training designs, shape ``(n_designs, n_features)``."""
        return self.scaling.standardise(design_features(self.designs))

    @cached_property
    def _gap(self) -> float:
        """Widest distance of a training design to its nearest neighbour."""
        if len(self._places) < 2:
            return LEAST_GAP
        apart = _apart(self._places, self._places)
        np.fill_diagonal(apart, math.inf)
        return max(float(apart.min(axis=1).max()), LEAST_GAP)

    def _distances(self, designs: Sequence[EmbryoDesign]) -> NDArray[np.float64]:
        """To the nearest training design over the gap, shape ``(n_designs,)``."""
        places = self.scaling.standardise(design_features(designs))
        result: NDArray[np.float64] = _apart(places, self._places).min(axis=1) / self._gap
        return result


def _apart(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean distances, shape ``(n_left, n_right)``."""
    result: NDArray[np.float64] = np.linalg.norm(left[:, None, :] - right[None, :, :], axis=2)
    return result
