"""A predictor in closed form: it forecasts the very truth that synthetic records are drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from synthetic import Truth

from simulate.design import EmbryoDesign
from surrogate.prediction import Applicability, Prediction, Road, SurvivalCurve


def forecast(
    design: EmbryoDesign, truth: Truth, horizon_ps: float, road: Road = "fast"
) -> Prediction:
    """The forecast that knows the truth of synthetic records."""
    times_ps = np.linspace(0.0, horizon_ps, 25)
    probability = truth.survival(design, times_ps)
    p_crystalline = 1.0 - float(probability[-1])
    return Prediction(
        design=design,
        horizon_ps=horizon_ps,
        p_crystalline=p_crystalline,
        p_crystalline_interval=(0.9 * p_crystalline, min(1.0, 1.1 * p_crystalline)),
        incubation_ps={"0.1": None, "0.5": None, "0.9": None},
        incubation_ps_interval=(None, None),
        crystalline_fraction=0.4 * p_crystalline,
        crystalline_fraction_interval=(0.0, 0.5),
        survival=SurvivalCurve(
            time_ps=times_ps.tolist(),
            probability=probability.tolist(),
            lower=(0.9 * probability).tolist(),
            upper=np.minimum(1.0, 1.1 * probability).tolist(),
        ),
        glass_index=1.0 - p_crystalline,
        applicability=Applicability(is_inside=True, distance=0.1, reasons=[]),
        road=road,
        model="truth",
    )


@dataclass(frozen=True)
class TruthPackage:
    n_designs: int = 12
    card_text: str = "# truth\n\n| road | skill |\n| --- | --- |\n| full | 0.47 |\n"

    def summary(self) -> dict[str, Any]:
        return {"model": "truth-0", "n_members": 4, "n_records": 24, "n_designs": self.n_designs}


@dataclass(frozen=True)
class TruthForecaster:
    truth: Truth = field(default_factory=Truth)
    package: TruthPackage = field(default_factory=TruthPackage)

    def predict_designs(
        self,
        designs: Sequence[EmbryoDesign],
        horizon_ps: float | None = None,
        road: Road = "full",
    ) -> list[Prediction]:
        return [forecast(design, self.truth, horizon_ps or 200.0, road) for design in designs]
