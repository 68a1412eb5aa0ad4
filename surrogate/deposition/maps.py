"""What every deposition map promises.

Nobody has measured which embryos a current makes. A deposition map is a guess at it, written down,
returned with every answer, and swappable: maps are found by name in `registry.DEPOSITION_MAPS`, and
`tests/unit/test_deposition_map.py` holds each one to the promise.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from simulate.design import Exchange
from simulate.errors import MisuseError
from simulate.settings import Settings, validated
from surrogate.deposition.conditions import DepositionConditions, LocalPlating
from surrogate.deposition.embryos import (
    Confinement,
    EmbryoDistribution,
    EmbryosAtOnePlace,
    distribution,
)
from surrogate.deposition.quadrature import Floats, normal_quadrature
from surrogate.deposition.sampled_space import SampledSpace

REFERENCE_CURRENT_mA_cm2: Final = 0.5
REFERENCE_TIME_MIN: Final = 5.0
"""Where the paper's deposit was amorphous: reference sizes and densities of the maps hold there."""

N_SIZES: Final = 5
"""Nodes that stand for the distribution of sizes."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of a parameter before any observation: nothing but a range.

    Attributes:
        law: `uniform` between the ends, or `log-uniform`.
        low, high: The ends; nothing beyond them is allowed.
    """

    law: Literal["uniform", "log-uniform"]
    low: float
    high: float

    def quantile(self, share: Floats) -> Floats:
        """The value below which a share of the prior lies, same shape.

        >>> Prior("log-uniform", 1.0, 100.0).quantile(np.array([0.0, 0.5, 1.0])).round(6)
        array([  1.,  10., 100.])
        """
        if self.law == "uniform":
            return self.low + share * (self.high - self.low)
        # Rounding must not lead beyond the ends.
        return np.clip(self.low * (self.high / self.low) ** share, self.low, self.high)

    def share(self, values: Floats) -> Floats:
        """Share of the prior below each value, same shape: undoes `quantile`."""
        if self.law == "uniform":
            return (values - self.low) / (self.high - self.low)
        return np.asarray(np.log(values / self.low) / np.log(self.high / self.low))


@dataclass(frozen=True, slots=True)
class MapParameter:
    """A number of a map that observations may move.

    Attributes:
        name: Field of the map.
        unit: Empty: none.
        meaning: A phrase.
        prior: Before any observation.
    """

    name: str
    unit: str
    meaning: str
    prior: Prior


OPENNESS_DIFFERENCE: Final = MapParameter(
    "openness_difference",
    "",
    "openness of exchange in the baseline electrolyte less that in the advanced one",
    Prior("uniform", -0.5, 0.5),
)


class DepositionMap(Settings, ABC):
    """From deposition conditions to embryos: the declared assumption between a cell and a model.

    Weights sum to 1; designs are valid and inside the sampled space; packing density and size move
    with the local current as `trends` says; every condition in range has an answer.

    How embryos exchange mass and energy with their surroundings is unknown in every map: each
    exchange is open with a probability, the openness, independently of the other. The presets of
    the electrolyte differ in it by `openness_difference`.
    """

    trends: ClassVar[Mapping[str, int]]
    """Sign of the change of `packing_density_g_cm3` and `n_atoms` with the local current at equal
    plating time."""

    fitted: ClassVar[tuple[MapParameter, ...]]
    """At most three, of this map alone; `OPENNESS_DIFFERENCE` is fitted beside them."""

    source: ClassVar[str]
    """Whose trends these are, with DOI."""

    name: str
    baseline_openness: float = Field(0.5, ge=0.0, le=1.0)
    openness_difference: float = Field(0.25, ge=-1.0, le=1.0)
    log_size_spread: float = Field(0.4, ge=0.0, le=2.0, description="Of log N over the atoms.")

    @model_validator(mode="after")
    def _openness_is_a_share(self) -> Self:
        advanced = self.baseline_openness - self.openness_difference
        if not 0.0 <= advanced <= 1.0:
            raise ValueError(
                "0 <= baseline_openness - openness_difference <= 1 must hold, but got "
                f"{self.baseline_openness} - {self.openness_difference}."
            )
        return self

    @property
    @abstractmethod
    def assumption(self) -> str:
        """What is assumed, in words and numbers; shown with every answer."""

    @abstractmethod
    def packing_density_g_cm3(
        self, plating: LocalPlating, bulk_density_g_cm3: float
    ) -> float | Floats:
        """Packing density of the embryos at one place, g/cm³; see `with_arrays`."""

    @abstractmethod
    def median_atoms(self, plating: LocalPlating) -> float | Floats:
        """Embryo size that splits the atoms deposited at one place in halves; as above."""

    @property
    def shared_assumption(self) -> str:
        """The part of the assumption that all maps make."""
        return (
            f"sizes are log-normal over atoms with spread {self.log_size_spread:g}; mass and "
            f"energy exchange are each open for {self.baseline_openness:.2g} of the atoms in the "
            f"baseline electrolyte, for {self.baseline_openness - self.openness_difference:.2g} in "
            "the advanced one. Nothing observed speaks of temperature or of a collector's area."
        )

    @classmethod
    def parameters(cls) -> tuple[MapParameter, ...]:
        """Everything that a calibration may move."""
        return (*cls.fitted, OPENNESS_DIFFERENCE)

    @property
    def values(self) -> dict[str, float]:
        """The `parameters` as they are."""
        return {each.name: float(getattr(self, each.name)) for each in self.parameters()}

    def with_parameters(self, values: Mapping[str, float]) -> Self:
        """The same map with some of its `parameters` changed.

        Raises:
            MisuseError: One is not a parameter, or lies outside its prior.
        """
        known = {each.name: each.prior for each in self.parameters()}
        for name, value in values.items():
            if name not in known:
                raise MisuseError(
                    f"a parameter of the map {self.name} must be one of {', '.join(known)}, but "
                    f"got {name}."
                )
            if not known[name].low <= value <= known[name].high:
                raise MisuseError(
                    f"{name} must lie within its prior, {known[name].low:g} to "
                    f"{known[name].high:g}, but got {value:g}."
                )
        return validated(type(self), self.model_dump() | dict(values), f"map {self.name}")

    def prior_draws(self, n: int, seed: int = 1) -> tuple[Self, ...]:
        """Maps that could be, before any observation: evenly spread over the prior (Sobol)."""
        from scipy.stats import qmc  # slow to import

        parameters = self.parameters()
        cube = qmc.Sobol(len(parameters), rng=np.random.default_rng(seed)).random(n)
        columns = [
            each.prior.quantile(share) for each, share in zip(parameters, cube.T, strict=True)
        ]
        names = [each.name for each in parameters]
        return tuple(
            self.with_parameters(dict(zip(names, row, strict=True)))
            for row in np.stack(columns, axis=1).tolist()
        )

    def with_arrays(self, values: Mapping[str, Floats]) -> Self:
        """Many maps in one: parameters are arrays, shape ``(n,)``, and so is what it computes.

        For thousands of maps at once; nothing is checked.
        """
        return self.model_copy(update=dict(values))

    def openness(self, conditions: DepositionConditions) -> float:
        """Probability that an exchange of an embryo is open."""
        if conditions.openness is not None:
            return conditions.openness
        lowered = self.openness_difference if conditions.electrolyte == "advanced" else 0.0
        return self.baseline_openness - lowered

    def embryos(self, conditions: DepositionConditions, space: SampledSpace) -> EmbryoDistribution:
        """The embryos expected under these conditions.

        Sizes are log-normal over atoms: weights are shares of deposited atoms, not of embryos.

        Raises:
            MisuseError: The temperature was not sampled.
        """
        nodes, weights = normal_quadrature(N_SIZES)
        spread = np.exp(self.log_size_spread * nodes)
        places = [
            EmbryosAtOnePlace(
                share=share,
                current_density_mA_cm2=plating.current_density_mA_cm2,
                packing_density_g_cm3=float(
                    self.packing_density_g_cm3(plating, space.bulk_density_g_cm3)
                ),
                sizes=float(self.median_atoms(plating)) * spread,
                weights=weights,
            )
            for plating, share in conditions.local
        ]
        return distribution(
            places,
            temperature_K=conditions.temperature_K,
            confinements=confinements(self.openness(conditions)),
            space=space,
        )


def exchange_shares(openness: Floats | float) -> Floats:
    """Shares of `EXCHANGES` where mass and energy are open independently, ``(4, ...)``.

    >>> exchange_shares(0.5).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    is_open = np.asarray(openness, dtype=np.float64)
    closed = 1.0 - is_open
    return np.stack([is_open * is_open, is_open * closed, closed * is_open, closed * closed])


EXCHANGES: Final[tuple[tuple[Exchange, Exchange], ...]] = (
    ("open", "open"),
    ("open", "confined"),
    ("confined", "open"),
    ("confined", "confined"),
)
"""Ways of exchanging mass and energy."""


def confinements(openness: float) -> tuple[Confinement, ...]:
    """The ways of exchange, each with its share of the deposited atoms."""
    return tuple(
        Confinement(mass, energy, share)
        for (mass, energy), share in zip(EXCHANGES, exchange_shares(openness).tolist(), strict=True)
    )
