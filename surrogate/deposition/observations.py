"""What the paper saw of deposits, as data: few, coarse, and of different kinds.

All are of a deposit after minutes and at room temperature, on a flat collector. None speaks of
temperature or of a collector's area.

Reference:
    X. Wang, G. Pawar et al., Nat. Mater. 19, 1339 (2020), doi 10.1038/s41563-020-0729-1.
"""

from typing import Final

from surrogate.deposition.conditions import DepositionConditions, Electrolyte
from surrogate.deposition.likelihoods import (
    AreaShare,
    Observation,
    RibbonCount,
    Rising,
    Statement,
)


def _plated(
    current_mA_cm2: float,
    *,
    time_min: float | None = None,
    capacity_mAh_cm2: float | None = None,
    electrolyte: Electrolyte = "baseline",
) -> DepositionConditions:
    return DepositionConditions.model_validate(
        {
            "current_density_mA_cm2": current_mA_cm2,
            "deposition_time_min": time_min,
            "capacity_mAh_cm2": capacity_mAh_cm2,
            "electrolyte": electrolyte,
        }
    )


AREA_TOLERANCE: Final = 0.1
"""Of a share read off micrographs as "about 30 %": declared, since the paper gives no error."""

MOSTLY_AMORPHOUS: Final = 0.1
"""Crystalline share below which a deposit counts as mostly amorphous."""

SOME_ORDER: Final = 0.05
"""Crystalline share above which domains are seen."""

STATEMENT_TOLERANCE: Final = 0.05

N_RIBBONS: Final = 95
"""The paper says about 100. Of all numbers from 80 to 120 only 95 makes both printed shares, 76.8
and 48.4 %, shares of whole ribbons (73 and 46; and 49 of 95 are 51.6 %, printed as 52.6)."""


OBSERVATIONS: Final[tuple[Observation, ...]] = (
    Statement(
        name="1 mAh/cm2 at 0.1", series="current", seen="mostly amorphous", citation="Fig. 3",
        conditions=(_plated(0.1, capacity_mAh_cm2=1.0),),
        at_most=MOSTLY_AMORPHOUS, tolerance=STATEMENT_TOLERANCE,
    ),
    AreaShare(
        name="1 mAh/cm2 at 0.5", series="current", seen="about 30 % crystalline", citation="Fig. 3",
        conditions=(_plated(0.5, capacity_mAh_cm2=1.0),),
        crystalline_share=0.3, tolerance=AREA_TOLERANCE,
    ),
    AreaShare(
        name="1 mAh/cm2 at 2.5", series="current", seen="about 80 % crystalline", citation="Fig. 3",
        conditions=(_plated(2.5, capacity_mAh_cm2=1.0),),
        crystalline_share=0.8, tolerance=AREA_TOLERANCE,
    ),
    Statement(
        name="0.1 for 25 min", series="capacity", seen="mostly amorphous", citation="Fig. 1g-l",
        conditions=(_plated(0.1, time_min=25.0),),
        at_most=MOSTLY_AMORPHOUS, tolerance=STATEMENT_TOLERANCE,
    ),
    Statement(
        name="1.0 for 2.5 min", series="capacity", citation="Fig. 1g-l",
        seen="partly crystalline, 5 nm near the surface",
        conditions=(_plated(1.0, time_min=2.5),),
        at_least=SOME_ORDER, at_most=0.5, tolerance=STATEMENT_TOLERANCE,
    ),
    Statement(
        name="2.5 for 1 min", series="capacity", seen="highly crystalline", citation="Fig. 1g-l",
        conditions=(_plated(2.5, time_min=1.0),),
        at_least=0.5, tolerance=STATEMENT_TOLERANCE,
    ),
    Statement(
        name="0.5 for 5 min", series="time", seen="amorphous", citation="Fig. 1a-c",
        conditions=(_plated(0.5, time_min=5.0),),
        at_most=MOSTLY_AMORPHOUS, tolerance=STATEMENT_TOLERANCE,
    ),
    Statement(
        name="0.5 for 10 min", series="time", citation="Fig. 1a-c",
        seen="domains of 5 nm near the surface",
        conditions=(_plated(0.5, time_min=10.0),),
        at_least=SOME_ORDER, tolerance=STATEMENT_TOLERANCE,
    ),
    Rising(
        name="0.5 for 5, 10, 20 min", series="time", citation="Fig. 1a-c",
        seen="ever larger domains, above 50 nm in the end",
        conditions=tuple(_plated(0.5, time_min=time_min) for time_min in (5.0, 10.0, 20.0)),
        tolerance=STATEMENT_TOLERANCE,
    ),
    RibbonCount(
        name="ribbons, baseline", series="electrolyte", seen="48.4 % glassy", citation="Fig. 5",
        conditions=(_plated(0.5, capacity_mAh_cm2=1.0),), n_glassy=46, n_ribbons=N_RIBBONS,
    ),
    RibbonCount(
        name="ribbons, advanced", series="electrolyte", seen="76.8 % glassy", citation="Fig. 5",
        conditions=(_plated(0.5, capacity_mAh_cm2=1.0, electrolyte="advanced"),),
        n_glassy=73, n_ribbons=N_RIBBONS,
    ),
)  # fmt: skip
"""Of the electrolyte series the conditions are assumed: 0.5 mA/cm² and 1 mAh/cm²."""
