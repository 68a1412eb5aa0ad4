"""The deposition map after classical nucleation at an overpotential."""

import math
from typing import ClassVar, Final, Literal

import numpy as np
from pydantic import Field

from simulate.units import FARADAY_C_per_mol, GAS_J_per_mol_K
from surrogate.deposition.conditions import LocalPlating
from surrogate.deposition.maps import (
    REFERENCE_TIME_MIN,
    DepositionMap,
    MapParameter,
    Prior,
    REFERENCE_CURRENT_mA_cm2,
)
from surrogate.deposition.quadrature import Floats
from surrogate.deposition.rounding import figures

REFERENCE_TEMPERATURE_K: Final = 300.0
"""Where the reference size and density hold."""

DENSEST: Final = 1.0 - 1.0e-9
"""Share of bulk that stands for all of it, whose empty rest still has a power."""

PACKING_POWER: Final = 1.5
"""Share of bulk in the cell of a nucleus, r³ / d³, where r ~ 1/η and the distance d of nuclei on
the surface ~ (η³)^(-1/2)."""


class OverpotentialMap(DepositionMap):
    r"""Faster plating needs a higher overpotential, at which nuclei are smaller and closer.

    Pei et al., Nano Letters 17, 1132 (2017), doi 10.1021/acs.nanolett.6b04755, found on copper that
    the radius of lithium nuclei goes as :math:`1/\eta` and their number per area as
    :math:`\eta^3`. The overpotential follows from the local current density by the symmetric
    Butler-Volmer equation with a declared exchange current density, interphase included:

    .. math:: \eta = \frac{2RT}{F} \operatorname{asinh} \frac{j}{2 j_0}, \quad
        N = N_{ref} (\eta / \eta_{ref})^{-3} (t / t_{ref})^{\gamma}

    Nuclei at distance :math:`d \sim (\eta^3)^{-1/2}` with radius :math:`r \sim 1/\eta` fill their
    cells to a share :math:`r^3 / d^3 \sim \eta^{3/2}`; where they overlap, as Avrami counts it:

    .. math:: \rho = \rho_{bulk} [1 - (1 - \rho_{ref} / \rho_{bulk})^{(\eta / \eta_{ref})^{3/2}}]

    The reference is 0.5 mA/cm², 5 min, 300 K. The overpotential is that at 300 K whatever the
    temperature: with :math:`j_0` constant it would rise with warmth, where in a cell the exchange
    current, thermally activated, grows faster and lets it fall; how much faster is not declared, so
    this map says nothing of warmth. That the exponents, found on nuclei that a scanning
    microscope sees, hold for embryos of some hundred atoms is assumed, as are the defaults.

    Reference:
        Avrami, J. Chem. Phys. 8, 212 (1940), doi 10.1063/1.1750631.
    """

    trends: ClassVar = {"packing_density_g_cm3": 1, "n_atoms": -1}
    fitted: ClassVar = (
        MapParameter(
            "reference_atoms",
            "atoms",
            "median embryo size at 0.5 mA/cm2 and 5 min",
            Prior("log-uniform", 10.0, 1000.0),
        ),
        MapParameter(
            "reference_density_g_cm3",
            "g/cm3",
            "packing density at 0.5 mA/cm2",
            Prior("log-uniform", 0.0534, 0.5),
        ),
        MapParameter(
            "growth_exponent",
            "",
            "power of the plating time that the size follows",
            Prior("uniform", 0.0, 1.0),
        ),
    )
    source: ClassVar = "Pei et al., Nano Letters 2017, doi 10.1021/acs.nanolett.6b04755"

    name: Literal["overpotential"] = "overpotential"
    exchange_current_density_mA_cm2: float = Field(0.03, gt=0.0)
    reference_atoms: float = Field(300.0, gt=0.0)
    reference_density_g_cm3: float = Field(0.14, gt=0.0)
    growth_exponent: float = Field(0.25, ge=0.0)

    @property
    def assumption(self) -> str:
        """What is assumed, in words and numbers; shown with every answer."""
        return (
            f"Assumed, after the trends in {self.source}: overpotential by Butler-Volmer with an "
            f"exchange current density of {self.exchange_current_density_mA_cm2:g} mA/cm2, at "
            f"{REFERENCE_TEMPERATURE_K:g} K whatever the temperature; median "
            f"embryo size {figures(self.reference_atoms)} atoms at {REFERENCE_CURRENT_mA_cm2:g} "
            f"mA/cm2 and {REFERENCE_TIME_MIN:g} min, falling as overpotential^-3 and growing as "
            f"time^{self.growth_exponent:.2g}; packing density "
            f"{self.reference_density_g_cm3:.3g} g/cm3 there, growing as "
            f"overpotential^{PACKING_POWER:g} until bulk; {self.shared_assumption}"
        )

    def overpotential_V(self, plating: LocalPlating) -> float:
        """Overpotential that drives the local current at the reference temperature, V, > 0."""
        thermal_V = GAS_J_per_mol_K * REFERENCE_TEMPERATURE_K / FARADAY_C_per_mol
        ratio = plating.current_density_mA_cm2 / self.exchange_current_density_mA_cm2
        return 2.0 * thermal_V * math.asinh(0.5 * ratio)

    def packing_density_g_cm3(
        self, plating: LocalPlating, bulk_density_g_cm3: float
    ) -> float | Floats:
        """Packing density of the embryos at one place, g/cm³."""
        empty = 1.0 - np.minimum(self.reference_density_g_cm3 / bulk_density_g_cm3, DENSEST)
        power = self._relative_overpotential(plating) ** PACKING_POWER
        covered: float | Floats = 1.0 - empty**power
        return bulk_density_g_cm3 * covered

    def median_atoms(self, plating: LocalPlating) -> float | Floats:
        """Embryo size that splits the atoms deposited at one place in halves."""
        grown: float | Floats = (plating.time_min / REFERENCE_TIME_MIN) ** self.growth_exponent
        return self.reference_atoms * self._relative_overpotential(plating) ** -3 * grown

    def _relative_overpotential(self, plating: LocalPlating) -> float:
        reference = LocalPlating(
            REFERENCE_CURRENT_mA_cm2, REFERENCE_TIME_MIN, REFERENCE_TEMPERATURE_K
        )
        return self.overpotential_V(plating) / self.overpotential_V(reference)
