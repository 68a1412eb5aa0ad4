"""Densities and sizes become weighted design points inside what a model has seen.

Deposition maps end here: whatever they expect, a model may be asked only about embryos like those
it was trained on. What lies outside is moved to the nearest sampled value, and the answer says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field

from simulate.design import EmbryoDesign, EnergyExchange, Exchange
from simulate.potentials.registry import potential_named
from simulate.settings import Settings
from surrogate.deposition.quadrature import Floats
from surrogate.deposition.sampled_space import SampledSpace


@dataclass(frozen=True, slots=True)
class Confinement:
    """One way of exchanging mass and energy, and the share of the deposited atoms it applies to."""

    mass_exchange: Exchange
    energy_exchange: EnergyExchange
    share: float


@dataclass(frozen=True, slots=True)
class EmbryosAtOnePlace:
    """What a map expects where one local current flows.

    Attributes:
        share: Of all deposited atoms.
        current_density_mA_cm2: Local.
        packing_density_g_cm3: Of all embryos here.
        sizes: Atoms, not yet whole numbers, shape ``(n_sizes,)``.
        weights: Share of the atoms here in each size, sum 1, shape ``(n_sizes,)``.
    """

    share: float
    current_density_mA_cm2: float
    packing_density_g_cm3: float
    sizes: Floats
    weights: Floats


class EmbryoShare(Settings):
    """One kind of embryo and the share of the deposited atoms that is in such embryos.

    Attributes:
        local_current_density_mA_cm2: Where it grew; None in answers of older releases.
    """

    design: EmbryoDesign
    weight: float = Field(ge=0.0, le=1.0)
    local_current_density_mA_cm2: float | None = None


class Moved(Settings):
    """What became of a field of embryos that lie outside what was sampled.

    Attributes:
        words: For people, with its unit.
        form: Format of its values.
        share: Of the atoms, in embryos outside.
        expected: Smallest and largest that the map wants, inside or not.
        sampled: Ends of what may be asked about.
    """

    words: str
    form: str
    share: float
    expected: tuple[float, float]
    sampled: tuple[float, float]

    @property
    def said(self) -> str:
        """One sentence."""
        expected, sampled = (
            " to ".join(self.form.format(end) for end in ends)
            for ends in (self.expected, self.sampled)
        )
        return (
            f"{100 * self.share:.0f} % of the atoms are in embryos outside the sampled "
            f"{self.words} ({expected} expected, {sampled} sampled); the nearest sampled value "
            "is used."
        )


class EmbryoDistribution(Settings):
    """The embryos a map expects under some conditions.

    Attributes:
        embryos: Kinds of embryo; weights sum to 1.
        clipped_share: Share of the atoms whose embryo lies outside what was sampled.
        clipped_weights: The same of each of the embryos, sum `clipped_share`; empty: none.
        left_out: One sentence for each way of exchange that was not sampled.
        moved: Of every field that may have to be moved to what was sampled.
    """

    embryos: tuple[EmbryoShare, ...]
    clipped_share: float
    clipped_weights: tuple[float, ...] = ()
    left_out: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()

    @property
    def clipped(self) -> tuple[str, ...]:
        """One sentence for each thing that is not as the map wanted it, the most atoms first."""
        moved = sorted((each for each in self.moved if each.share > 0.0), key=lambda m: -m.share)
        return (*self.left_out, *(each.said for each in moved))

    @property
    def packing_density_g_cm3(self) -> float:
        """Mean over the atoms, as asked of the model."""
        return sum(each.weight * each.design.packing_density_g_cm3 for each in self.embryos)

    @property
    def median_atoms(self) -> int:
        """Size that half of the atoms do not exceed in their embryos, as asked of the model."""
        ordered = sorted((each.design.n_atoms, each.weight) for each in self.embryos)
        reached = np.cumsum([weight for _, weight in ordered])
        return ordered[int(np.searchsorted(reached, 0.5 * reached[-1]))][0]

    @classmethod
    def mixed(cls, each: Sequence["EmbryoDistribution"]) -> "EmbryoDistribution":
        """What several maps expect that are equally probable."""
        if len(each) == 1:
            return each[0]
        n = len(each)
        return cls.model_construct(
            embryos=tuple(
                embryo.model_copy(update={"weight": embryo.weight / n})
                for one in each
                for embryo in one.embryos
            ),
            clipped_share=sum(one.clipped_share for one in each) / n,
            clipped_weights=tuple(weight / n for one in each for weight in one.clipped_weights),
            left_out=tuple(dict.fromkeys(said for one in each for said in one.left_out)),
            moved=tuple(
                of_field[0].model_copy(
                    update={
                        "share": sum(one.share for one in of_field) / n,
                        "expected": (
                            min(one.expected[0] for one in of_field),
                            max(one.expected[1] for one in of_field),
                        ),
                    }
                )
                for of_field in zip(*(one.moved for one in each), strict=True)
            ),
        )


def distribution(
    places: Sequence[EmbryosAtOnePlace],
    *,
    temperature_K: float,
    confinements: tuple[Confinement, ...],
    space: SampledSpace,
) -> EmbryoDistribution:
    """Embryos of several places, moved to the sampled space where they lie outside.

    Args:
        places: Shares sum to 1.
        temperature_K: Experiment-equivalent hold temperature.
        confinements: Ways of exchange; those that were not sampled give their share to the others.
        space: What was sampled.

    Raises:
        MisuseError: The temperature was not sampled.
    """
    space.check_temperature(temperature_K)
    hold_K = space.clip("hold_temperature_K", temperature_K)
    ways, left_out = _sampled_ways(confinements, space)
    embryos: list[EmbryoShare] = []
    clipped_weights: list[float] = []
    outside = {"n_atoms": 0.0, "packing_density_g_cm3": 0.0}
    clipped_share = 0.0
    for place in places:
        density = space.clip("packing_density_g_cm3", place.packing_density_g_cm3)
        is_density_outside = space.is_outside("packing_density_g_cm3", place.packing_density_g_cm3)
        merged: dict[int, float] = {}
        clipped: dict[int, float] = {}
        for size, share in zip(place.sizes.tolist(), place.weights.tolist(), strict=True):
            weight = place.share * share
            is_size_outside = space.is_outside("n_atoms", size)
            outside["n_atoms"] += weight * is_size_outside
            outside["packing_density_g_cm3"] += weight * is_density_outside
            weight_outside = weight * (is_size_outside or is_density_outside)
            clipped_share += weight_outside
            whole = int(np.rint(space.clip("n_atoms", size)))
            merged[whole] = merged.get(whole, 0.0) + weight
            clipped[whole] = clipped.get(whole, 0.0) + weight_outside
        embryos.extend(
            EmbryoShare(
                design=_design(size, density, hold_K, way, space),
                weight=min(1.0, weight * way.share),  # rounding may exceed 1 by a bit
                local_current_density_mA_cm2=place.current_density_mA_cm2,
            )
            for size, weight in merged.items()
            for way in ways
            if way.share > 0.0
        )
        clipped_weights.extend(
            clipped[size] * way.share for size in merged for way in ways if way.share > 0.0
        )
    return EmbryoDistribution(
        embryos=tuple(embryos),
        clipped_share=min(1.0, clipped_share),
        clipped_weights=tuple(clipped_weights),
        left_out=tuple(left_out),
        moved=_moved(places, outside, space),
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

    Those that were share alike where the map has no embryos in any of them. Where none was, all
    are kept: the applicability of every answer says so.
    """
    known: list[Confinement] = []
    unknown: list[Confinement] = []
    for way in confinements:
        is_known = (way.mass_exchange, way.energy_exchange) in space.exchanges
        (known if is_known or not space.exchanges else unknown).append(way)
    if not known or not unknown:
        return confinements, []
    total = sum(way.share for way in known)
    names = ", ".join(
        f"{way.mass_exchange}/{way.energy_exchange}" for way in unknown if way.share > 0.0
    )
    return (
        tuple(
            replace(way, share=way.share / total if total > 0.0 else 1.0 / len(known))
            for way in known
        ),
        [f"mass/energy exchange {names} was not sampled and is left out."] if names else [],
    )


def _moved(
    places: Sequence[EmbryosAtOnePlace], outside: Mapping[str, float], space: SampledSpace
) -> tuple[Moved, ...]:
    """What became of each field."""
    sizes = [size for place in places for size in place.sizes.tolist()]
    densities = [place.packing_density_g_cm3 for place in places]
    fields = (
        ("n_atoms", "sizes", "{:.0f}", sizes),
        ("packing_density_g_cm3", "packing densities, g/cm3", "{:.4g}", densities),
    )
    return tuple(
        Moved.model_construct(
            words=words,
            form=form,
            share=outside[field],
            expected=(min(values), max(values)),
            sampled=space.ends(field),
        )
        for field, words, form, values in fields
    )
