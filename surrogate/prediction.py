"""What is said about one embryo: an estimate and an interval for everything, and where it holds."""

from typing import Literal, Self

from pydantic import Field, model_validator

from simulate.design import EmbryoDesign
from simulate.settings import Settings

Road = Literal["full", "fast"]

INTERVAL_LEVEL = 0.9
"""Level of every interval."""


class SurvivalCurve(Settings):
    """Probability of not having ordered, over the hold clock.

    Attributes:
        time_ps: Rising, from 0 to the horizon, ps. For a structure of the hold: time from now.
        probability: P(not ordered by then); at 0 it is one minus the chance of order in the quench.
        lower, upper: Epistemic interval at each time.
    """

    time_ps: list[float]
    probability: list[float]
    lower: list[float]
    upper: list[float]


class Applicability(Settings):
    """Is the question inside what the model was trained on?

    Attributes:
        is_inside: Nothing speaks against it.
        distance: To the nearest training design, in standardised features, relative to the widest
            gap between neighbouring training designs: about 1 and above is outside.
        reasons: One sentence for each thing that speaks against it.
        looks_ordered: The atoms look as if they had ordered already: the forecast is of those that
            wait, and does not apply.
    """

    is_inside: bool
    distance: float = Field(ge=0)
    reasons: list[str]
    looks_ordered: bool = False


class Prediction(Settings):
    """The forecast for one design, or for one structure of a design.

    Attributes:
        p_crystalline: Probability of lasting order by the horizon, order in the quench included.
        p_crystalline_interval: Epistemic: what other training data could have said.
        incubation_ps: Quantiles 0.1, 0.5 and 0.9 of the time before order on the hold clock, of the
            whole population: 0 where that share orders in the quench, None where the law expects
            fewer to order at all. Beyond the horizon they are extrapolations.
        incubation_ps_interval: Predictive: 5 and 95 % quantiles of one embryo's time, in the same
            convention.
        crystalline_fraction: Expected raw share of bcc, fcc and hcp atoms over all embryos, ordered
            and not; compares with the mean of `TrajectoryRecord.crystalline_fraction`.
        crystalline_fraction_interval: Predictive: for one embryo.
        glass_index: Probability of not having ordered by the horizon. Not a share of a deposit.
        road: `full`: the atoms went through the network. `fast`: the design alone.
        model: Name and short hash of the package.
    """

    design: EmbryoDesign
    horizon_ps: float = Field(gt=0)
    p_crystalline: float = Field(ge=0, le=1)
    p_crystalline_interval: tuple[float, float]
    incubation_ps: dict[str, float | None]
    incubation_ps_interval: tuple[float | None, float | None]
    crystalline_fraction: float = Field(ge=0, le=1)
    crystalline_fraction_interval: tuple[float, float]
    survival: SurvivalCurve
    glass_index: float = Field(ge=0, le=1)
    applicability: Applicability
    road: Road
    model: str

    @model_validator(mode="after")
    def _interval_holds_the_estimate(self) -> Self:
        low, high = self.p_crystalline_interval
        if not 0.0 <= low <= self.p_crystalline <= high <= 1.0:
            raise ValueError(
                "0 <= lower <= p_crystalline <= upper <= 1 must hold, but got "
                f"{self.p_crystalline=}, {self.p_crystalline_interval=}."
            )
        return self
