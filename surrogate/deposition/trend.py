"""The null model: the crystalline share as a trend in what is set at the bench, without any embryo.

A deposition map earns its embryos, its clock and its model only if it says more of what was seen
than a logistic regression does, under the same likelihoods and a prior as wide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit

from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.evidence import Evidence, conditions_of, posterior
from surrogate.deposition.likelihoods import Observation
from surrogate.deposition.maps import (
    REFERENCE_TIME_MIN,
    MapParameter,
    Prior,
    REFERENCE_CURRENT_mA_cm2,
)
from surrogate.deposition.observations import OBSERVATIONS
from surrogate.deposition.quadrature import Floats

TREND: Final = "logistic trend"
TREND_STATEMENT: Final = (
    "No embryos and no clock: log-odds of the crystalline share, linear in the logarithms of "
    "current density and plating time, another constant in each electrolyte."
)

N_CHAINS: Final = 4
"""Independent samples of the one posterior: where a map has one a member, there is no member."""

N_STAGES: Final = 12
"""Of each: eleven readings pin four plain numbers down to a hundredth of their priors."""

POWER: Final = Prior("uniform", -2.0, 2.0)
"""As far as the power of current in the `paper` map goes, in either direction."""

PARAMETERS: Final = (
    MapParameter(
        "reference_odds",
        "",
        "odds of crystalline at 0.5 mA/cm2 and 5 min in the baseline electrolyte",
        Prior("log-uniform", 0.01, 100.0),
    ),
    MapParameter("current_power", "", "power of the current density that the odds follow", POWER),
    MapParameter("time_power", "", "power of the plating time that the odds follow", POWER),
    MapParameter(
        "advanced_odds_ratio",
        "",
        "odds in the advanced electrolyte over those in the baseline one",
        Prior("log-uniform", 0.1, 10.0),
    ),
)


def weigh_trend(
    observations: Sequence[Observation] = OBSERVATIONS,
    seed: int = 1,
    parameters: Sequence[MapParameter] = PARAMETERS,
) -> Evidence:
    """Weigh the trend by the observations; the same seed gives the same.

    Args:
        observations: What was seen, on flat collectors at one temperature.
        seed: Of the draws.
        parameters: Those of `PARAMETERS`, perhaps with other priors.
    """
    conditions = conditions_of(observations)
    glassy = _Trend(conditions).glassy
    return Evidence(
        parameters=tuple(parameters),
        observations=tuple(observations),
        conditions=conditions,
        members=tuple(
            posterior(parameters, observations, glassy, chain, seed, N_STAGES)
            for chain in range(N_CHAINS)
        ),
        glassy=glassy,
    )


@dataclass(frozen=True, slots=True)
class _Trend:
    conditions: tuple[DepositionConditions, ...]

    def glassy(self, values: dict[str, Floats], _: int) -> Floats:
        """Shares under every condition, shape ``(n, n_conditions)``."""
        return np.stack([glassy_by_trend(values, each) for each in self.conditions], axis=1)


def glassy_by_trend(values: dict[str, Floats], asked: DepositionConditions) -> Floats:
    """Glassy share under some conditions, shape of the parameters."""
    log_odds = (
        np.log(values["reference_odds"])
        + values["current_power"] * np.log(asked.current_density_mA_cm2 / REFERENCE_CURRENT_mA_cm2)
        + values["time_power"] * np.log(asked.deposition_time_min / REFERENCE_TIME_MIN)
    )
    if asked.electrolyte == "advanced":
        log_odds = log_odds + np.log(values["advanced_odds_ratio"])
    return np.asarray(expit(-log_odds))
