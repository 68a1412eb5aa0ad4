"""The deposition map after the trends of the paper this project follows."""

import math
from typing import ClassVar, Final, Literal

from pydantic import Field

from surrogate.deposition.conditions import LocalPlating, capacity_mAh_cm2
from surrogate.deposition.maps import DepositionMap, MapParameter, Prior

REFERENCE_mAh_cm2: Final = capacity_mAh_cm2(0.5, 5.0)
"""0.5 mA/cm² for 5 min, where the paper's deposit was amorphous."""


class PaperMap(DepositionMap):
    r"""Faster plating packs atoms denser; more charge makes larger embryos.

    Read off the direction of effects in Wang, Pawar et al., Nature Materials 19, 1339 (2020), doi
    10.1038/s41563-020-0729-1: packing density grows with the current density, embryos grow with
    current density and time. Plain proportionality would exceed the density of bulk lithium within
    the studied range, so it saturates there; size goes by the charge passed, so that current and
    time count alike. With j the local current density and q the charge at that place,

    .. math:: \rho = \rho_0 + (\rho_{bulk} - \rho_0) (1 - e^{-j / j_{sat}}), \quad
        N = N_{ref} (q / q_{ref})^{\gamma}

    with :math:`\rho_0` the paper's density and :math:`q_{ref}` = 0.0417 mAh/cm². The defaults are
    an uncalibrated first guess; `glassyli map fit` says what the paper's observations make of them.
    """

    trends: ClassVar = {"packing_density_g_cm3": 1, "n_atoms": 1}
    fitted: ClassVar = (
        MapParameter(
            "saturation_current_mA_cm2",
            "mA/cm2",
            "local current density at which packing has gone 63 % of its way to bulk",
            Prior("log-uniform", 0.3, 100.0),
        ),
        MapParameter(
            "reference_atoms",
            "atoms",
            "median embryo size at a charge of 0.0417 mAh/cm2",
            Prior("log-uniform", 100.0, 1000.0),
        ),
        MapParameter(
            "growth_exponent",
            "",
            "power of the charge that the size follows; 1: no new embryos form",
            Prior("uniform", 0.0, 1.0),
        ),
    )
    source: ClassVar = "Wang, Pawar et al., Nature Materials 2020, doi 10.1038/s41563-020-0729-1"

    name: Literal["paper"] = "paper"
    base_density_g_cm3: float = Field(0.0534, gt=0.0, description="Without current, g/cm3.")
    saturation_current_mA_cm2: float = Field(2.5, gt=0.0)
    reference_atoms: float = Field(300.0, gt=0.0)
    growth_exponent: float = Field(0.25, ge=0.0)

    @property
    def assumption(self) -> str:
        """What is assumed, in words and numbers; shown with every answer."""
        return (
            f"Assumed, after the trends in {self.source}: packing density grows from "
            f"{self.base_density_g_cm3:g} g/cm3 towards bulk as 1 - exp(-j / "
            f"{self.saturation_current_mA_cm2:.3g} mA/cm2) with the local current density j; "
            f"median embryo size is {self.reference_atoms:.3g} atoms x (q / "
            f"{REFERENCE_mAh_cm2:.3g} mAh/cm2)^{self.growth_exponent:.2g} with the charge q, "
            f"log-normal over atoms with spread {self.log_size_spread:g}; mass and energy "
            f"exchange are each open for {self.baseline_openness:.2g} of the atoms in the baseline "
            f"electrolyte, for {self.baseline_openness - self.openness_difference:.2g} in the "
            "advanced one."
        )

    def packing_density_g_cm3(self, plating: LocalPlating, bulk_density_g_cm3: float) -> float:
        """Packing density of the embryos at one place, g/cm³."""
        approach = -math.expm1(-plating.current_density_mA_cm2 / self.saturation_current_mA_cm2)
        return self.base_density_g_cm3 + (bulk_density_g_cm3 - self.base_density_g_cm3) * approach

    def median_atoms(self, plating: LocalPlating) -> float:
        """Embryo size that splits the atoms deposited at one place in halves."""
        charge = plating.capacity_mAh_cm2 / REFERENCE_mAh_cm2
        return float(self.reference_atoms * charge**self.growth_exponent)
