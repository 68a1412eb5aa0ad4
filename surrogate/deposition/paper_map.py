"""The deposition map after the trends of the paper this project follows."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

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


class PaperMap(DepositionMap):
    r"""Faster plating packs atoms denser and makes larger embryos; longer plating larger ones, too.

    Read off the direction of effects in Wang, Pawar et al., Nature Materials 19, 1339 (2020), doi
    10.1038/s41563-020-0729-1: packing density grows with the current density, embryos grow with
    current density and time. Plain proportionality would exceed the density of bulk lithium within
    the studied range, so density saturates there. With j the local current density and t the
    plating time,

    .. math:: \rho = \rho_0 + (\rho_{bulk} - \rho_0) (1 - e^{-j / j_{sat}}), \quad
        N = N_{ref} (j / j_{ref})^a (t / t_{ref})^b

    with :math:`\rho_0` the paper's density and the reference 0.5 mA/cm² and 5 min, where its
    deposit was amorphous. The power of time is declared, not fitted: few observations speak of it.
    The defaults are an uncalibrated first guess; `glassyli map fit` says what the observations make
    of them.
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
            "median embryo size at 0.5 mA/cm2 and 5 min",
            Prior("log-uniform", 10.0, 1000.0),
        ),
        MapParameter(
            "current_exponent",
            "",
            "power of the local current density that the size follows",
            Prior("uniform", 0.0, 2.0),
        ),
    )
    source: ClassVar = "Wang, Pawar et al., Nature Materials 2020, doi 10.1038/s41563-020-0729-1"

    name: Literal["paper"] = "paper"
    base_density_g_cm3: float = Field(0.0534, gt=0.0, description="Without current, g/cm3.")
    saturation_current_mA_cm2: float = Field(2.5, gt=0.0)
    reference_atoms: float = Field(300.0, gt=0.0)
    current_exponent: float = Field(0.5, ge=0.0)
    time_exponent: float = Field(0.25, ge=0.0)

    @property
    def assumption(self) -> str:
        """What is assumed, in words and numbers; shown with every answer."""
        return (
            f"Assumed, after the trends in {self.source}: packing density grows from "
            f"{self.base_density_g_cm3:g} g/cm3 towards bulk as 1 - exp(-j / "
            f"{self.saturation_current_mA_cm2:.3g} mA/cm2) with the local current density j; "
            f"median embryo size is {figures(self.reference_atoms)} atoms x (j / "
            f"{REFERENCE_CURRENT_mA_cm2:g} mA/cm2)^{self.current_exponent:.2g} x (t / "
            f"{REFERENCE_TIME_MIN:g} min)^{self.time_exponent:.2g}; {self.shared_assumption}"
        )

    def packing_density_g_cm3(
        self, plating: LocalPlating, bulk_density_g_cm3: float
    ) -> float | Floats:
        """Packing density of the embryos at one place, g/cm³."""
        approach = -np.expm1(-plating.current_density_mA_cm2 / self.saturation_current_mA_cm2)
        gained: float | Floats = (bulk_density_g_cm3 - self.base_density_g_cm3) * approach
        return self.base_density_g_cm3 + gained

    def median_atoms(self, plating: LocalPlating) -> float | Floats:
        """Embryo size that splits the atoms deposited at one place in halves."""
        faster = plating.current_density_mA_cm2 / REFERENCE_CURRENT_mA_cm2
        longer = plating.time_min / REFERENCE_TIME_MIN
        grown: float | Floats = faster**self.current_exponent * longer**self.time_exponent
        return self.reference_atoms * grown
