"""Boundary sizes that people are told of, place by place."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from simulate.design import EmbryoDesign
from simulate.sampling import DesignSpace
from train.active.boundary import Boundary
from train.active.rounds import BoundarySize
from train.resampling import LEVEL

N_SHOWN_DENSITIES: Final = 6


def shown_places(space: DesignSpace) -> list[EmbryoDesign]:
    """Surroundings that people are told of: densities at one temperature, every exchange."""
    low_K, high_K = space.hold_temperature_K
    shared = {
        "element": space.element,
        "potential": space.potential,
        "n_atoms": space.n_atoms[0],
        "hold_temperature_K": min(max(300.0, low_K), high_K),
    }
    return [
        EmbryoDesign.model_validate(
            shared
            | {
                "packing_density_g_cm3": round(density, 4),
                "mass_exchange": mass,
                "energy_exchange": energy,
            }
        )
        for mass in dict.fromkeys(space.mass_exchange)
        for energy in dict.fromkeys(space.energy_exchange)
        for density in np.geomspace(*space.packing_density_g_cm3, N_SHOWN_DENSITIES).tolist()
    ]


def boundary_sizes(found: Boundary, places: Sequence[EmbryoDesign]) -> tuple[BoundarySize, ...]:
    """Of a committee, in the surroundings it was asked about."""
    ends = np.quantile(found.members, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], axis=0)
    return tuple(
        BoundarySize(
            place=place,
            n_atoms=float(np.exp(size)),
            interval=(float(np.exp(low)), float(np.exp(high))),
            is_inside=bool(inside),
        )
        for place, size, low, high, inside in zip(
            places, found.log_size, *ends, found.is_inside, strict=True
        )
    )
