"""What a forecast is worth to a question: the objectives, and how far each requirement is missed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.forecast import Forecast, Question
from surrogate.deposition.maps import DepositionMap
from surrogate.deposition.registry import ChosenMap
from surrogate.prediction import INTERVAL_LEVEL
from surrogate.search.confidence import Floats, interval, p_at_least, share_at
from surrogate.search.config import SearchConfig
from surrogate.search.sampling import Answer
from surrogate.study import Direction

CALIBRATED_DRAWS: Final = 16
"""Draws of a calibrated map that a search runs over: enough for a spread, at 16 times the cost."""


ROUNDING: Final = 1.0e-12
"""A capacity fixed at the least one may miss it by so much."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One objective.

    Attributes:
        name: With unit, as shown beside a study.
        direction: Which way is better.
    """

    name: str
    direction: Direction


SPEED: Final = Metric("current density, mA/cm2", "maximize")
NET_SPEED: Final = Metric("current density less area cost, mA/cm2", "maximize")
SHARE: Final = Metric("assured glassy share", "maximize")
COST: Final = Metric("cost of collector area, mA/cm2", "minimize")


def metrics_of(config: SearchConfig) -> tuple[Metric, ...]:
    """The objectives of a question, in order."""
    if config.objective == "glassy_share":
        return (SHARE,)
    if config.objective == "fastest_plating":
        return (NET_SPEED,) if _has_cost(config) else (SPEED,)
    return (SHARE, SPEED, COST) if _has_cost(config) else (SHARE, SPEED)


@dataclass(frozen=True, slots=True)
class Judged:
    """A forecast beside what is asked.

    Attributes:
        forecast: By the map itself.
        shares: Glassy share by each member, shape ``(n_members,)``, or by each draw of the map and
            each member, shape ``(n_draws, n_members)``.
        assured_share: The glassy share that is reached with the asked confidence.
        p_enough: P(glassy share >= what is asked); None where nothing is.
        cost_mA_cm2: Of collector area beyond the footprint.
        violations: How far each requirement is missed; at most 0 where it holds. All are shares of
            order 1.
    """

    forecast: Forecast
    shares: Floats
    assured_share: float
    p_enough: float | None
    cost_mA_cm2: float
    violations: Mapping[str, float]

    @property
    def conditions(self) -> DepositionConditions:
        """What was asked about."""
        return self.forecast.conditions

    @property
    def glassy_share(self) -> float:
        """Mean over members and draws."""
        return float(self.shares.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """90 %, of members and of draws."""
        return interval(self.shares, INTERVAL_LEVEL)

    @property
    def is_feasible(self) -> bool:
        """Whether every requirement holds."""
        return all(missed <= 0.0 for missed in self.violations.values())

    def value(self, metric: Metric) -> float:
        """Of one objective."""
        current = self.conditions.current_density_mA_cm2
        return {
            SHARE: self.assured_share,
            SPEED: current,
            NET_SPEED: current - self.cost_mA_cm2,
            COST: self.cost_mA_cm2,
        }[metric]


@dataclass(frozen=True, slots=True)
class Judge:
    """Asks about conditions and judges the answers.

    Attributes:
        question: The model, the map and the bridge.
        draws: Maps that could be as well, over which a share must be sure; empty: the map is taken
            as given.
        config: What is asked.
    """

    question: Question
    draws: tuple[DepositionMap, ...]
    config: SearchConfig

    def judged(self, conditions: Sequence[DepositionConditions]) -> list[Judged]:
        """Each of several conditions.

        Raises:
            MisuseError: A temperature was not sampled.
        """
        forecasts = self.question.forecasts(conditions)
        if not self.draws:
            return [self._judged(each, each.members) for each in forecasts]
        drawn = [self.question.under(each).forecasts(conditions) for each in self.draws]
        return [
            self._judged(forecast, np.stack([one[number].members for one in drawn]))
            for number, forecast in enumerate(forecasts)
        ]

    def answers(self, proposed: Sequence[Mapping[str, float]]) -> list[Answer]:
        """What proposed values of the searched variables are worth."""
        metrics = metrics_of(self.config)
        return [
            Answer(
                values=tuple(each.value(metric) for metric in metrics),
                constraints=each.violations,
                facts=_facts(each),
            )
            for each in self.judged([self.config.conditions(values) for values in proposed])
        ]

    def _judged(self, forecast: Forecast, shares: Floats) -> Judged:
        config, conditions = self.config, forecast.conditions
        assured = share_at(shares, config.confidence)
        missed = {"max_clipped_share": forecast.expected.clipped_share - config.max_clipped_share}
        if config.min_capacity_mAh_cm2 is not None:
            plated = conditions.capacity_mAh_cm2
            missed["min_capacity_mAh_cm2"] = 1.0 - plated / config.min_capacity_mAh_cm2 - ROUNDING
        least = config.least_share
        if least is not None:
            missed["min_glassy_share"] = least - assured
        return Judged(
            forecast=forecast,
            shares=shares,
            assured_share=assured,
            p_enough=None if least is None else p_at_least(shares, least),
            cost_mA_cm2=config.area_cost_mA_cm2 * (conditions.area_factor - 1.0),
            violations=missed,
        )


def drawn_maps(chosen: ChosenMap, config: SearchConfig) -> tuple[DepositionMap, ...]:
    """Maps over which a share must be sure: as many as asked, from the first draw to the last."""
    usual = CALIBRATED_DRAWS if chosen.is_calibrated else 0
    n = usual if config.n_map_draws is None else config.n_map_draws
    return spread_out(chosen.draws, n)


def spread_out(draws: Sequence[DepositionMap], n: int) -> tuple[DepositionMap, ...]:
    """`n` of the draws, evenly from first to last; all where there are fewer."""
    if n >= len(draws):
        return tuple(draws)
    return tuple(draws[len(draws) * number // n] for number in range(n))


def _facts(judged: Judged) -> dict[str, float]:
    """What is shown beside a trial, units in the names."""
    conditions = judged.conditions
    facts = {
        "glassy share, mean": judged.glassy_share,
        "glassy share, assured": judged.assured_share,
        "capacity, mAh/cm2": conditions.capacity_mAh_cm2,
        "plating time, min": conditions.deposition_time_min,
        "local current density, mA/cm2": conditions.local_current_density_mA_cm2,
        "share of atoms outside the data": judged.forecast.expected.clipped_share,
    }
    if judged.p_enough is not None:
        facts["P(glassy share is enough)"] = judged.p_enough
    return facts


def _has_cost(config: SearchConfig) -> bool:
    """Whether conditions differ in what their collector costs."""
    return config.area_cost_mA_cm2 > 0.0 and not config.area_factor.is_fixed
