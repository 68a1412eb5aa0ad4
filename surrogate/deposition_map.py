"""From deposition conditions to embryos: the declared assumption between a cell and a simulation.

Nobody has measured which embryos a current makes. A deposition map is a guess at it, written down,
returned with every answer, and swappable: maps are found by name in `DEPOSITION_MAPS`.

Nanoseconds are not minutes. A deposit waits minutes, a trajectory nanoseconds, and with any rate of
order at all everything would order in the end. So what follows from a map is the glassy share *at
a declared MD horizon* (`horizon_statement`), never a share of a real deposit.
"""

import functools
import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from pydantic import Field

from simulate.potentials.registry import potential_named
from simulate.settings import Settings
from simulate.units import AVOGADRO_per_mol, FARADAY_C_per_mol
from surrogate.embryo_distribution import (
    Confinement,
    EmbryoDistribution,
    Floats,
    SampledSpace,
    distribution,
)

MIN_PER_H: Final = 60.0
C_PER_mAh: Final = 3.6
NM2_PER_CM2: Final = 1.0e14


class DepositionConditions(Settings):
    """What is set at the bench. Capacity and current are per area of the cell's footprint.

    >>> conditions = DepositionConditions(current_density_mA_cm2=0.5, deposition_time_min=120.0)
    >>> conditions.capacity_mAh_cm2
    1.0
    >>> round(conditions.deposited_atoms_per_nm2)
    224694
    """

    current_density_mA_cm2: float = Field(ge=0.02, le=10.0, description="Of the footprint, mA/cm2.")
    deposition_time_min: float = Field(ge=0.1, le=600.0, description="Plating time, min.")
    area_factor: float = Field(
        1.0, ge=1.0, le=100.0, description="Surface of a 3D collector over its footprint."
    )
    temperature_K: float = Field(
        300.0, ge=100.0, le=450.0, description="Experiment-equivalent temperature, K."
    )

    @property
    def local_current_density_mA_cm2(self) -> float:
        """Current through the collector's own surface, mA/cm²."""
        return self.current_density_mA_cm2 / self.area_factor

    @property
    def capacity_mAh_cm2(self) -> float:
        """Charge plated per footprint area, mAh/cm²."""
        return self.current_density_mA_cm2 * self.deposition_time_min / MIN_PER_H

    @property
    def deposited_atoms_per_nm2(self) -> float:
        """Li atoms plated per area of the collector's own surface, 1/nm² (one electron each)."""
        charge_C_cm2 = self.capacity_mAh_cm2 * C_PER_mAh / self.area_factor
        return charge_C_cm2 / FARADAY_C_per_mol * AVOGADRO_per_mol / NM2_PER_CM2


class DepositionMap(Protocol):
    """What every map promises; `tests/unit/test_deposition_map.py` holds each one to it.

    Weights sum to 1; designs are valid and inside the sampled space; packing density and mean size
    never fall when the local current rises; every condition in range has an answer.
    """

    @property
    def name(self) -> str:
        """The key in `DEPOSITION_MAPS`."""

    @property
    def assumption(self) -> str:
        """What is assumed, in words and numbers; shown with every answer."""

    def embryos(self, conditions: DepositionConditions, space: SampledSpace) -> EmbryoDistribution:
        """The embryos expected under these conditions."""


@dataclass(frozen=True, slots=True)
class PaperMap:
    """Faster plating packs atoms denser and makes larger embryos; longer plating makes them larger.

    Read off the direction of effects in Wang, Pawar et al., Nature Materials 19, 1339 (2020), doi
    10.1038/s41563-020-0729-1. **The numbers are an uncalibrated first guess**: density starts at
    the paper's 0.0534 g/cm³ and saturates at bulk over the current at which its 1 mAh/cm² deposits
    turned ~80 % crystalline (2.5 mA/cm²); sizes are 300 atoms at 0.5 mA/cm² and 5 min, where its
    deposit was amorphous, with exponents chosen so that its deposits that crystallised have larger
    embryos than those that did not. With j the local current density and t the plating time,

        density = base + (bulk - base) (1 - exp(-j / saturation_current))
        median size = reference_atoms (j / 0.5 mA/cm²)^current_exponent (t / 5 min)^time_exponent

    Sizes are log-normal over atoms (weights are shares of deposited atoms, not of embryos). How
    embryos in a deposit exchange mass and energy is unknown: each is open for half of the atoms.
    """

    base_density_g_cm3: float = 0.0534
    saturation_current_mA_cm2: float = 2.5
    reference_atoms: float = 300.0
    reference_current_mA_cm2: float = 0.5
    reference_time_min: float = 5.0
    current_exponent: float = 0.5
    time_exponent: float = 0.25
    log_size_spread: float = 0.4
    n_sizes: int = 5
    confinements: tuple[Confinement, ...] = (
        Confinement("open", "open", 0.25),
        Confinement("open", "confined", 0.25),
        Confinement("confined", "open", 0.25),
        Confinement("confined", "confined", 0.25),
    )

    @property
    def name(self) -> str:
        """The key in `DEPOSITION_MAPS`."""
        return "paper"

    @property
    def assumption(self) -> str:
        """What is assumed, in words and numbers; shown with every answer."""
        return (
            "Assumed, after the trends in Wang, Pawar et al. 2020 and not calibrated: packing "
            f"density grows from {self.base_density_g_cm3:g} g/cm3 towards bulk as 1 - exp(-j / "
            f"{self.saturation_current_mA_cm2:g} mA/cm2) with the local current density j; median "
            f"embryo size is {self.reference_atoms:g} atoms x (j / "
            f"{self.reference_current_mA_cm2:g} mA/cm2)^{self.current_exponent:g} x (t / "
            f"{self.reference_time_min:g} min)^{self.time_exponent:g}, log-normal over atoms with "
            f"spread {self.log_size_spread:g}; mass and energy exchange open or confined with "
            "equal shares, as far as the model was trained on each."
        )

    def packing_density_g_cm3(
        self, conditions: DepositionConditions, bulk_density_g_cm3: float
    ) -> float:
        """Packing density of the embryos, g/cm³."""
        current = conditions.local_current_density_mA_cm2
        approach = -math.expm1(-current / self.saturation_current_mA_cm2)
        return self.base_density_g_cm3 + (bulk_density_g_cm3 - self.base_density_g_cm3) * approach

    def median_atoms(self, conditions: DepositionConditions) -> float:
        """Embryo size that splits the deposited atoms in halves."""
        current = conditions.local_current_density_mA_cm2 / self.reference_current_mA_cm2
        time = conditions.deposition_time_min / self.reference_time_min
        return float(
            self.reference_atoms * current**self.current_exponent * time**self.time_exponent
        )

    def embryos(self, conditions: DepositionConditions, space: SampledSpace) -> EmbryoDistribution:
        """The embryos expected under these conditions."""
        bulk = potential_named(space.potential).bulk_density_g_cm3
        nodes, node_weights = _normal_quadrature(self.n_sizes)
        sizes = self.median_atoms(conditions) * np.exp(self.log_size_spread * nodes)
        return distribution(
            sizes,
            node_weights,
            packing_density_g_cm3=self.packing_density_g_cm3(conditions, bulk),
            temperature_K=conditions.temperature_K,
            confinements=self.confinements,
            space=space,
        )


@functools.cache
def _normal_quadrature(n_nodes: int) -> tuple[Floats, Floats]:
    """Gauss-Hermite nodes and weights of the standard normal distribution."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    return nodes, weights / weights.sum()


def horizon_statement(horizon_ps: float) -> str:
    """What a glassy share at this horizon says, and what it does not."""
    return (
        f"glassy_share is the share of atoms in embryos still disordered (glass or undercooled "
        f"liquid) {horizon_ps:g} ps into the hold of the simulated protocol. It ranks conditions; "
        "it is not the glassy share of a deposit, which waits for minutes."
    )


DEPOSITION_MAPS: Final[dict[str, DepositionMap]] = {"paper": PaperMap()}
"""Every map by its name."""
