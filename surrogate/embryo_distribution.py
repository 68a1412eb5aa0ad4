"""A density and some sizes become weighted design points inside what a model has seen.

Deposition maps end here: whatever they expect, a model may be asked only about embryos like those
it was trained on. What lies outside is moved to the nearest sampled value, and the answer says so.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulate.design import EmbryoDesign, EnergyExchange, Exchange
from simulate.potentials.registry import DEFAULT_POTENTIAL, potential_named
from simulate.settings import Settings

SMALLEST_EMBRYO: Final = 100.0
LARGEST_EMBRYO: Final = 100_000.0
"""Sizes an `EmbryoDesign` can have."""

WHOLE_ATOMS: Final = 0.5
"""A size is rounded by at most this; whatever moved further lay outside the sampled range."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Confinement:
    """One way of exchanging mass and energy, and the share of the deposited atoms it applies to."""

    mass_exchange: Exchange
    energy_exchange: EnergyExchange
    share: float


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

    def clip(self, field: str, value: float) -> float:
        """The nearest value of a field that was sampled."""
        low, high = self.ranges.get(field, (-math.inf, math.inf))
        if field == "n_atoms":
            low, high = max(low, SMALLEST_EMBRYO), min(high, LARGEST_EMBRYO)
        return min(max(value, low), high)


class EmbryoShare(Settings):
    """One kind of embryo and the share of the deposited atoms that is in such embryos."""

    design: EmbryoDesign
    weight: float = Field(ge=0.0, le=1.0)


class EmbryoDistribution(Settings):
    """The embryos a map expects under some conditions.

    Attributes:
        embryos: Kinds of embryo; weights sum to 1.
        clipped_share: Share of the atoms whose embryo lies outside what was sampled.
        clipped: One sentence for each thing that is not as the map wanted it.
    """

    embryos: tuple[EmbryoShare, ...]
    clipped_share: float
    clipped: tuple[str, ...] = ()


def distribution(
    sizes: Floats,
    weights: Floats,
    *,
    packing_density_g_cm3: float,
    temperature_K: float,
    confinements: tuple[Confinement, ...],
    space: SampledSpace,
) -> EmbryoDistribution:
    """Embryos of several sizes at one density, moved to the sampled space where they lie outside.

    Args:
        sizes: Atoms, not yet whole numbers, shape ``(n_sizes,)``.
        weights: Share of the atoms in each size, sum 1, shape ``(n_sizes,)``.
        packing_density_g_cm3: Of all of them.
        temperature_K: Experiment-equivalent hold temperature.
        confinements: Ways of exchange; those that were not sampled give their share to the others.
        space: What was sampled.
    """
    ways, clipped = _sampled_ways(confinements, space)
    density = space.clip("packing_density_g_cm3", packing_density_g_cm3)
    hold_K = space.clip("hold_temperature_K", temperature_K)
    moved = _moved("packing_density_g_cm3", packing_density_g_cm3, density)
    moved += _moved("hold_temperature_K", temperature_K, hold_K)
    n_atoms = np.rint([space.clip("n_atoms", size) for size in sizes])
    is_outside = np.abs(n_atoms - sizes) > WHOLE_ATOMS
    outside_share = float(weights[is_outside].sum())
    if is_outside.any():
        clipped.append(
            f"{100 * outside_share:.0f} % of the atoms are in embryos outside the sampled sizes "
            f"({min(sizes):.0f} to {max(sizes):.0f} expected); the nearest sampled size is used."
        )
    merged: dict[int, float] = {}
    for size, weight in zip(n_atoms.astype(int).tolist(), weights.tolist(), strict=True):
        merged[size] = merged.get(size, 0.0) + weight
    return EmbryoDistribution(
        embryos=tuple(
            EmbryoShare(
                design=_design(size, density, hold_K, way, space),
                weight=min(1.0, weight * way.share),  # rounding may exceed 1 by a bit
            )
            for size, weight in merged.items()
            for way in ways
        ),
        clipped_share=1.0 if moved else outside_share,
        clipped=tuple(clipped + moved),
    )


def _design(
    n_atoms: int, density_g_cm3: float, hold_K: float, way: Confinement, space: SampledSpace
) -> EmbryoDesign:
    return EmbryoDesign(
        element=potential_named(space.potential).element,
        potential=space.potential,
        n_atoms=n_atoms,
        packing_density_g_cm3=density_g_cm3,
        mass_exchange=way.mass_exchange,
        energy_exchange=way.energy_exchange,
        hold_temperature_K=hold_K,
    )


def _sampled_ways(
    confinements: tuple[Confinement, ...], space: SampledSpace
) -> tuple[tuple[Confinement, ...], list[str]]:
    """Ways of exchange that were sampled, shares rescaled to 1, and a sentence on the others.

    Where none was, all are kept: the applicability of every answer says so.
    """
    known: list[Confinement] = []
    unknown: list[Confinement] = []
    for way in confinements:
        is_known = (way.mass_exchange, way.energy_exchange) in space.exchanges
        (known if is_known or not space.exchanges else unknown).append(way)
    if not known or not unknown:
        return confinements, []
    total = sum(way.share for way in known)
    names = ", ".join(f"{way.mass_exchange}/{way.energy_exchange}" for way in unknown)
    return (
        tuple(replace(way, share=way.share / total) for way in known),
        [f"mass/energy exchange {names} was not sampled and is left out."],
    )


def _moved(field: str, wanted: float, used: float) -> list[str]:
    if math.isclose(wanted, used, rel_tol=1e-9):
        return []
    return [f"{field} {wanted:.4g} lies outside what was sampled; {used:.4g} is used."]
