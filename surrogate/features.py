"""A design point as numbers a model can weigh: each feature has a physical reason.

All of them are dimensionless, so that a design of one potential stands beside a design of another
at equal share of bulk and of the melting point. The protocol is not among them: all records behind
one package share it. Records of several potentials have a column for each potential beyond the one
with most records, 1 for its designs and 0 for others: an offset, while slopes are shared.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.potentials.registry import potentials
from simulate.settings import Settings

FEATURE_NAMES: Final = (
    "log_core_atoms",
    "surface_share",
    "log_share_of_bulk",
    "is_mass_confined",
    "log_share_of_bulk_if_confined",
    "heat_leak",
    "homologous_temperature",
)
"""Atoms inside (nucleation is per volume) and the share at a surface (where it is hindered), both
of the shape of least area; packing density over bulk; wall or periodic images, and density inside a
wall; how freely latent heat leaves, 0 to 1; hold over melting temperature."""

LEAST_CORE_SHARE: Final = 0.05
"""The smallest droplets are all surface; their logarithm must stay finite."""

SPHERE: Final = (36.0 * math.pi) ** (1.0 / 3.0)
"""Area of a sphere over the two thirds power of its volume."""

LATENT_HEAT_PS: Final = 10.0
"""Order of the time in which an ordering embryo sets free its latent heat, ps: leaks slower than
this leave it hot."""


def design_features(
    designs: Sequence[EmbryoDesign], offset_potentials: Sequence[str] = ()
) -> NDArray[np.float64]:
    """Features of each design, shape ``(n_designs, n_features)``, in the order of `FEATURE_NAMES`.

    Args:
        designs: What is described.
        offset_potentials: Each adds a column, 1 for its designs and 0 for others.

    Raises:
        MisuseError: The melting point of a design's potential is not measured.

    >>> design = EmbryoDesign(n_atoms=1000, packing_density_g_cm3=0.0534,
    ...                       mass_exchange="open", energy_exchange="open")
    >>> design_features([design]).round(2).tolist()
    [[6.16, 0.53, -2.3, 0.0, -0.0, 1.0, 0.55]]
    """
    rows = [
        _features(design) + [float(design.potential == name) for name in offset_potentials]
        for design in designs
    ]
    n_features = len(FEATURE_NAMES) + len(offset_potentials)
    return np.array(rows, dtype=np.float64).reshape(-1, n_features)


def heat_leak(design: EmbryoDesign) -> float:
    """How freely heat leaves: 1 with a thermostat, 0 when isolated, between by relaxation time."""
    if design.energy_relaxation_ps is not None:
        return 1.0 / (1.0 + design.energy_relaxation_ps / LATENT_HEAT_PS)
    return 1.0 if design.energy_exchange == "open" else 0.0


def surface_share(design: EmbryoDesign) -> float:
    """Volume within one nearest-neighbour distance of the surface over that of the embryo.

    To first order in that distance, so that it may exceed 1. Of a sphere inside a wall; in a
    periodic cube of whichever has the least area: droplet, rod, sheet, or a bulk with a rod or a
    sphere of void. At bulk density there is no surface.

    >>> design = EmbryoDesign(n_atoms=500, packing_density_g_cm3=0.0534,
    ...                       mass_exchange="confined", energy_exchange="open")
    >>> round(surface_share(design), 2)
    0.67
    """
    share, volume_A3 = design.share_of_bulk, design.cell_volume_A3 * design.share_of_bulk
    if design.mass_exchange == "confined":
        area_A2 = SPHERE * volume_A3 ** (2.0 / 3.0)
    else:
        void = max(1.0 - share, 0.0)
        area_A2 = design.cell_volume_A3 ** (2.0 / 3.0) * min(
            SPHERE * share ** (2.0 / 3.0),
            2.0 * math.sqrt(math.pi * share),
            2.0,
            2.0 * math.sqrt(math.pi * void),
            SPHERE * void ** (2.0 / 3.0),
        )
    return float(area_A2 * design.physics.nearest_neighbour_A / volume_A3)


def _features(design: EmbryoDesign) -> list[float]:
    log_share, at_surface = math.log(design.share_of_bulk), surface_share(design)
    is_confined = float(design.mass_exchange == "confined")
    return [
        math.log(design.n_atoms * max(1.0 - at_surface, LEAST_CORE_SHARE)),
        at_surface,
        log_share,
        is_confined,
        is_confined * log_share,
        heat_leak(design),
        _share_of_melting(design),
    ]


def _share_of_melting(design: EmbryoDesign) -> float:
    physics = design.physics
    if not physics.has_melting_point:
        known = [each for each in potentials().values() if each.has_melting_point]
        alike = [each for each in known if each.element == physics.element] or known
        raise MisuseError(
            "a design that is forecast must be of a potential with a known melting point, since "
            "the model learns temperatures as shares of it, but that of "
            f"{physics.name} is not measured. "
            f"Forecast (or train) with one of {', '.join(each.name for each in alike)}."
        )
    return physics.share_of_melting(design.hold_temperature_K)


def potentials_by_records(designs: Sequence[EmbryoDesign]) -> list[str]:
    """Potentials in the data, that of most records first; of equals the first by name.

    Args:
        designs: One for each record.
    """
    counts = Counter(design.potential for design in designs)
    return sorted(counts, key=lambda name: (-counts[name], name))


class FeatureScaling(Settings):
    """Centre and spread of the training designs.

    Attributes:
        mean, spread: One for each feature. A feature that never varied has spread 1.
        offset_potentials: What the last columns tell: every potential in the data but the one with
            most records.
    """

    mean: list[float]
    spread: list[float]
    offset_potentials: list[str] = Field(default_factory=list)

    @classmethod
    def of(cls, features: NDArray[np.float64], offset_potentials: Sequence[str] = ()) -> Self:
        """From the features of all training designs, shape ``(n_designs, n_features)``."""
        spread = features.std(axis=0)
        return cls(
            mean=features.mean(axis=0).tolist(),
            spread=np.where(spread > 1.0e-9, spread, 1.0).tolist(),
            offset_potentials=list(offset_potentials),
        )

    @property
    def n_features(self) -> int:
        """Columns of what `places` gives."""
        return len(self.mean)

    def places(self, designs: Sequence[EmbryoDesign]) -> NDArray[np.float64]:
        """Standardised features of designs, offsets last, shape ``(n_designs, n_features)``."""
        return self.standardise(design_features(designs, self.offset_potentials))

    def standardise(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Features with mean 0 and spread 1 over the training designs, same shape."""
        result: NDArray[np.float64] = (features - np.array(self.mean)) / np.array(self.spread)
        return result
