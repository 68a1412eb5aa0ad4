"""Where a model may be asked: among embryos like those it was trained on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from simulate.design import SPARSEST_g_cm3
from simulate.errors import MisuseError
from simulate.potentials.registry import DEFAULT_POTENTIAL, potential_named
from surrogate.applicability import RANGE_MARGIN, TrainingDomain

SMALLEST_EMBRYO: Final = 100.0
LARGEST_EMBRYO: Final = 100_000.0
"""Sizes an `EmbryoDesign` can have."""

MARGIN_K: Final = 1.0
"""Temperatures may lie beyond the sampled ones by this much: sampling misses the ends of a range.
Others are refused: nothing in a map says what warmth does."""

PLATED: Final = "Li"
"""What the maps say anything about."""


def check_plated(potential: str, model: str) -> None:
    """Refuse a model of another element than the maps'.

    Args:
        potential: That of most of the model's records.
        model: Its label.

    Raises:
        MisuseError: It is of another element.
    """
    element = potential_named(potential).element
    if element != PLATED:
        raise MisuseError(
            f"the deposition maps are of {PLATED}, but the model {model} was trained on {element} "
            f"({potential}). Choose a model of {PLATED}."
        )


@dataclass(frozen=True, slots=True)
class SampledSpace:
    """Where a model has been trained: embryos are taken from here only.

    Attributes:
        ranges: Smallest and largest value of each numeric design field; a field that is missing is
            bounded only by `EmbryoDesign`.
        exchanges: Pairs (mass exchange, energy exchange) that were simulated; empty: all.
        potential: The potential they were simulated with.
    """

    ranges: Mapping[str, tuple[float, float]]
    exchanges: frozenset[tuple[str, str]] = frozenset()
    potential: str = DEFAULT_POTENTIAL

    @classmethod
    def of(cls, domain: TrainingDomain) -> "SampledSpace":
        """What a model has seen, in terms of the potential of most of its records."""
        return cls(
            ranges=domain.ranges,
            exchanges=frozenset((d.mass_exchange, d.energy_exchange) for d in domain.designs),
            potential=domain.potentials[0],
        )

    @property
    def bulk_density_g_cm3(self) -> float:
        """Of the crystal of the potential."""
        return potential_named(self.potential).bulk_density_g_cm3

    def ends(self, field: str) -> tuple[float, float]:
        """Smallest and largest value that may be asked about."""
        low, high = self.ranges.get(field, (-math.inf, math.inf))
        if field == "n_atoms":
            return max(low, SMALLEST_EMBRYO), min(high, LARGEST_EMBRYO)
        if field == "packing_density_g_cm3":
            return max(low, SPARSEST_g_cm3), min(high, self.bulk_density_g_cm3)
        return low, high

    def clip(self, field: str, value: float) -> float:
        """The nearest value of a field that was sampled."""
        low, high = self.ends(field)
        return min(max(value, low), high)

    def is_outside(self, field: str, value: float) -> bool:
        """Beyond the sampled range by more than sampling misses the edges."""
        low, high = self.ends(field)
        return value * (1.0 + RANGE_MARGIN) < low or value > high * (1.0 + RANGE_MARGIN)

    def check_temperature(self, temperature_K: float) -> None:
        """Refuse a temperature that was not sampled.

        Raises:
            MisuseError: It was not.
        """
        low, high = self.ends("hold_temperature_K")
        if not low - MARGIN_K <= temperature_K <= high + MARGIN_K:
            raise MisuseError(
                "temperature_K must be within what the model was trained on, "
                f"{low:g} to {high:g} K, but got {temperature_K:g} K. Choose one within, or a "
                "model trained at others."
            )
