"""Nanoseconds are not minutes: what is assumed about the time between a simulation and a cell.

A deposit waits minutes, a trajectory nanoseconds, and with any rate of order at all everything
would order in the end. `HorizonBridge` makes no claim about minutes; `GrowthBridge` follows an
embryo through them.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

import simulate.protocol
from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.settings import Settings
from surrogate.applicability import TrainingDomain
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.embryos import EmbryoDistribution
from surrogate.deposition.growth import Grown, grown
from surrogate.deposition.quadrature import Floats

GLASSY_WORDS: Final = (
    "glassy_share is the share of atoms in embryos still disordered (glass or undercooled liquid)"
)


MOST_HOLDS: Final = 100.0
"""Beyond so many times the longest hold of its records a model's horizon says nothing: what has not
ordered by then, it takes for what never will."""


class ManifestFacts(Protocol):
    """The part of a package's manifest that a forecast reads."""

    @property
    def domain(self) -> TrainingDomain:
        """What the model has seen."""


class PackageFacts(Protocol):
    """The part of `surrogate.package.Package` that a forecast reads."""

    @property
    def protocol(self) -> simulate.protocol.Protocol:
        """The protocol its predictions are for."""

    @property
    def label(self) -> str:
        """Name and short hash of the weights."""

    @property
    def manifest(self) -> ManifestFacts:
        """What `package.json` says."""


class FastPredictor(Protocol):
    """The part of `surrogate.predictor.Predictor` that a forecast calls."""

    @property
    def package(self) -> PackageFacts:
        """The model package."""

    def glass_index_members(self, designs: Sequence[EmbryoDesign], horizon_ps: float) -> Floats:
        """P(not ordered by the horizon) by each member, shape ``(n_members, n_designs)``."""

    def survival_members(self, designs: Sequence[EmbryoDesign], times_ps: ArrayLike) -> Floats:
        """The same at several times, shape ``(n_members, n_designs, n_times)``."""


@dataclass(frozen=True, slots=True)
class Bridged:
    """What becomes of the embryos of some conditions in the time of a cell.

    Attributes:
        glassy: P(still disordered) of each embryo, shape ``(n_members, n_embryos)``.
        damkohler: Damköhler number, the time in which the next atom arrives over the time that
            ordering waits, geometric mean over atoms and members: ordering is fast where it is
            large. None where the bridge has no arrivals.
    """

    glassy: Floats
    damkohler: float | None = None


class TimeBridge(Settings, ABC):
    """From the waiting of an embryo in a simulation to what is left of it in a cell."""

    kind: str

    @property
    @abstractmethod
    def named(self) -> str:
        """Which it is, in a few words that "at" may come before."""

    @abstractmethod
    def statement(self, hold_ps: float) -> str:
        """What a glassy share by this bridge says, and what it does not.

        Args:
            hold_ps: Of the model's training protocol.
        """

    @abstractmethod
    def bridged(
        self,
        predictor: FastPredictor,
        asked: Sequence[tuple[DepositionConditions, EmbryoDistribution]],
    ) -> list[Bridged]:
        """What becomes of the embryos of each of several conditions."""


class HorizonBridge(TimeBridge):
    """The glass index at a declared horizon of the simulation's clock, and no claim about minutes.

    Assumes that the order of conditions is that of a deposit: whatever stops embryos from ordering
    in a cell (they are consumed, merged or passivated first) does so alike under all conditions.

    Attributes:
        horizon_ps: None: the model's training hold.
    """

    kind: Literal["horizon"] = "horizon"
    horizon_ps: float | None = Field(None, gt=0.0, description="MD horizon, ps; empty: the hold.")

    @property
    def named(self) -> str:
        """Its horizon."""
        return f"{self.horizon_ps:g} ps" if self.horizon_ps else "the end of the hold"

    def statement(self, hold_ps: float) -> str:
        """What a glassy share by this bridge says, and what it does not."""
        return (
            f"{GLASSY_WORDS} {self.horizon_ps or hold_ps:g} ps into the hold of the simulated "
            "protocol. It ranks conditions; it is not the glassy share of a deposit, which waits "
            "for minutes."
        )

    def bridged(
        self,
        predictor: FastPredictor,
        asked: Sequence[tuple[DepositionConditions, EmbryoDistribution]],
    ) -> list[Bridged]:
        """What becomes of the embryos of each of several conditions, from one call of the model."""
        designs = [embryo.design for _, expected in asked for embryo in expected.embryos]
        horizon_ps = self.horizon_ps or predictor.package.protocol.hold_ps
        # Embryos moved to what was sampled are often the same ones.
        places = {design: place for place, design in enumerate(dict.fromkeys(designs))}
        each = predictor.glass_index_members(list(places), horizon_ps)
        index = each[:, [places[design] for design in designs]]
        ends = np.cumsum([len(expected.embryos) for _, expected in asked])[:-1]
        return [Bridged(part) for part in np.split(index, ends, axis=1)]


class GrowthBridge(TimeBridge):
    r"""Survival along the growth of an embryo, :math:`E[\exp(-\int k\,dt)]`, over minutes.

    An embryo starts at the smallest sampled size, takes up the atoms that arrive on the footprint
    of its cell, and at its final size waits until plating ends or until it is consumed, merged or
    passivated (`exposure_s`). How likely it orders next depends on its past only through how many
    of its like are still disordered: the cumulative exposure model of accelerated life testing. The
    expectation over what differs between embryos of one design (frailty, cure) is in the model's
    law of incubation times.

    An atom arrives every millisecond or so; embryos that can order do so in nanoseconds. So the
    Damköhler number, arrival over waiting, is far above 1, and what survives is what *never* orders
    at the final size: the cure fraction, which holds of some nanoseconds cannot tell from a long
    tail. Every number by this bridge extrapolates the law from some nanoseconds to minutes and
    hours, over ten to thirteen decades.

    Attributes:
        slowdown: How many times slower a deposit waits than the simulated metal does (interphase,
            impurities, another potential): 1 unless there is a reason. Nothing measures it.
        exposure_s: Time at the final size after which an embryo can order no more; None: until the
            end of plating.

    Reference:
        Nelson, IEEE Trans. Reliab. R-29, 103 (1980), doi 10.1109/TR.1980.5220742.
    """

    kind: Literal["growth"] = "growth"
    slowdown: float = Field(1.0, ge=1.0e-18, le=1.0e18)
    exposure_s: float | None = Field(None, gt=0.0)

    @property
    def named(self) -> str:
        """Growth, and what is not usual of it."""
        slower = "" if self.slowdown == 1.0 else f", {self.slowdown:.3g} times slower"
        until = "" if self.exposure_s is None else f", {self.exposure_s:g} s at full size"
        return f"the minutes of plating (bridge growth{slower}{until})"

    def statement(self, hold_ps: float) -> str:
        """What a glassy share by this bridge says, and what it does not."""
        slower = "" if self.slowdown == 1.0 else f", waiting {self.slowdown:.3g} times slower"
        until = "plating ends" if self.exposure_s is None else f"{self.exposure_s:g} s at full size"
        return (
            f"{GLASSY_WORDS} after growing atom by atom until {until}{slower}. Waiting is "
            f"extrapolated by the model's law from holds of {hold_ps:g} ps and little more: what "
            "is left after so long is its fraction that never orders."
        )

    def bridged(
        self,
        predictor: FastPredictor,
        asked: Sequence[tuple[DepositionConditions, EmbryoDistribution]],
    ) -> list[Bridged]:
        """What becomes of the embryos of each of several conditions, from one call of the model."""
        smallest = predictor.package.manifest.domain.ranges["n_atoms"][0]
        found: list[Grown] = grown(
            predictor.survival_members,
            asked,
            smallest_atoms=smallest,
            slowdown=self.slowdown,
            exposure_s=self.exposure_s,
        )
        return [Bridged(each.glassy, each.damkohler) for each in found]


def longest_horizon_ps(domain: TrainingDomain) -> float:
    """Of a deposition question: `MOST_HOLDS` times the longest hold of the records, ps."""
    return MOST_HOLDS * domain.longest_hold_ps


def check_horizon(bridge: TimeBridge, domain: TrainingDomain) -> None:
    """Refuse a horizon of a deposition question that no hold of the model comes near.

    Raises:
        MisuseError: It is longer than `longest_horizon_ps`.
    """
    named = bridge.horizon_ps if isinstance(bridge, HorizonBridge) else None
    most = longest_horizon_ps(domain)
    if named is not None and named > most:
        raise MisuseError(
            f"the horizon of a glassy share must be at most {most:g} ps, {MOST_HOLDS:g} times the "
            f"longest hold of the model's records, but got {named:g} ps. Ask for a shorter one, or "
            "by the growth bridge (--growth, or --bridge growth of `glassyli map`; bridge: {kind: "
            "growth} elsewhere), which extrapolates to the minutes of plating and says so."
        )


AnyBridge = Annotated[HorizonBridge | GrowthBridge, Field(discriminator="kind")]
