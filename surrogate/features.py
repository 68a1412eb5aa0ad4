"""A design point as numbers a model can weigh: each feature has a physical reason.

Protocol and potential are not among them: all records behind one package share both.
"""

import math
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from simulate.design import EmbryoDesign
from simulate.potentials.registry import EXPERIMENTAL_MELTING_K
from simulate.settings import Settings

FEATURE_NAMES: Final = (
    "log_n_atoms",
    "log_share_of_bulk",
    "surface_share",
    "is_mass_confined",
    "log_share_of_bulk_if_confined",
    "heat_leak",
    "homologous_temperature",
)
"""Size (nucleation is per volume); packing density over bulk; N^(-1/3), the share of atoms at the
surface; wall or periodic images, and density inside a wall, where it cannot percolate; how freely
latent heat leaves, 0 to 1; hold over melting temperature."""

LATENT_HEAT_PS: Final = 10.0
"""Order of the time in which an ordering embryo sets free its latent heat, ps: leaks slower than
this leave it hot."""


def design_features(designs: Sequence[EmbryoDesign]) -> NDArray[np.float64]:
    """Features of each design, shape ``(n_designs, n_features)``, in the order of `FEATURE_NAMES`.

    >>> design = EmbryoDesign(n_atoms=1000, packing_density_g_cm3=0.0534,
    ...                       mass_exchange="open", energy_exchange="open")
    >>> design_features([design]).round(2).tolist()
    [[6.91, -2.3, 0.1, 0.0, -0.0, 1.0, 0.66]]
    """
    return np.array([_features(design) for design in designs], dtype=np.float64).reshape(
        -1, len(FEATURE_NAMES)
    )


def heat_leak(design: EmbryoDesign) -> float:
    """How freely heat leaves: 1 with a thermostat, 0 when isolated, between by relaxation time."""
    if design.energy_relaxation_ps is not None:
        return 1.0 / (1.0 + design.energy_relaxation_ps / LATENT_HEAT_PS)
    return 1.0 if design.energy_exchange == "open" else 0.0


def _features(design: EmbryoDesign) -> list[float]:
    log_share = math.log(design.share_of_bulk)
    is_confined = float(design.mass_exchange == "confined")
    return [
        math.log(design.n_atoms),
        log_share,
        design.n_atoms ** (-1.0 / 3.0),
        is_confined,
        is_confined * log_share,
        heat_leak(design),
        design.hold_temperature_K / EXPERIMENTAL_MELTING_K[design.element],
    ]


class FeatureScaling(Settings):
    """Centre and spread of the training designs.

    Attributes:
        mean, spread: One for each feature. A feature that never varied has spread 1.
    """

    mean: list[float]
    spread: list[float]

    @classmethod
    def of(cls, features: NDArray[np.float64]) -> Self:
        """From features of shape ``(n_designs, n_features)``."""
        spread = features.std(axis=0)
        return cls(
            mean=features.mean(axis=0).tolist(),
            spread=np.where(spread > 1.0e-9, spread, 1.0).tolist(),
        )

    def standardise(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Features with mean 0 and spread 1 over the training designs, same shape."""
        result: NDArray[np.float64] = (features - np.array(self.mean)) / np.array(self.spread)
        return result
