"""What a forecast is worth to a question: the objectives, and how far requirements are missed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.confidence import Floats, interval, p_at_least, share_at
from surrogate.deposition.drawn import Drawn, by_member, drawn, has_own
from surrogate.deposition.embryos import EmbryoDistribution
from surrogate.deposition.forecast import Forecast, Question
from surrogate.deposition.registry import MapDraw
from surrogate.prediction import INTERVAL_LEVEL
from surrogate.search.config import SearchConfig
from surrogate.search.objectives import COST, NET_SPEED, SHARE, SPEED, Metric, metrics_of
from surrogate.search.sampling import Answer

ROUNDING: Final = 1.0e-12
"""A capacity fixed at the least one may miss it by so much."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A forecast beside what is asked.

    Attributes:
        forecast: By the map itself.
        shares: Glassy share by each member, shape ``(n_members,)``, or by draws of the map and each
            member, shape ``(n_draws, n_members)``.
        clipped_share: Of the atoms, in embryos outside what was sampled; mean over the draws.
        own_draws: Whether a column holds draws of that member's own; see `share_at`.
        assured_share: The glassy share that is reached with the asked confidence.
        p_enough: P(glassy share >= what is asked); None where nothing is.
        cost_mA_cm2: Of collector area beyond the footprint.
        violations: How far each requirement is missed; at most 0 where it holds. All are shares of
            order 1.
    """

    forecast: Forecast
    shares: Floats
    clipped_share: float
    own_draws: bool
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
        return interval(self.shares, INTERVAL_LEVEL, own_draws=self.own_draws)

    @property
    def is_feasible(self) -> bool:
        """Whether every requirement holds."""
        return all(missed <= 0.0 for missed in self.violations.values())

    @property
    def lies_outside_only(self) -> bool:
        """Whether every requirement holds but that its embryos are like those simulated."""
        missed = {name for name, by in self.violations.items() if by > 0.0}
        return missed == {"max_clipped_share"}

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
            as given. Those that know their member come in whole rounds, one of each.
        config: What is asked.
    """

    question: Question
    draws: tuple[MapDraw, ...]
    config: SearchConfig
    _known: dict[DepositionConditions, Judged] = field(default_factory=dict, compare=False)

    def judged(self, conditions: Sequence[DepositionConditions]) -> list[Judged]:
        """Each of several conditions; what was asked before is remembered.

        Raises:
            MisuseError: A temperature was not sampled.
        """
        new = [each for each in dict.fromkeys(conditions) if each not in self._known]
        forecasts = self.question.forecasts(new)
        over = drawn(self.question, self.draws, forecasts)
        for each, forecast, here in zip(new, forecasts, over, strict=True):
            self._known[each] = self._judged(forecast, here.shares, here.clipped_share)
        return [self._known[each] for each in conditions]

    def judged_at(
        self, judged: Sequence[Judged], horizons_ps: Sequence[float]
    ) -> list[list[Judged]]:
        """The same conditions at several horizons: for each horizon, all of them.

        One call of the model a map, whatever the number of horizons.
        """
        conditions = [each.conditions for each in judged]
        space = self.question.space
        expected = [each.forecast.expected for each in judged]
        ours = self._shares_at(expected, horizons_ps)
        of_draws = [
            self._shares_at(
                [each.deposition_map.embryos(one, space) for one in conditions], horizons_ps
            )
            for each in self.draws
        ]
        shares = by_member(self.draws, np.stack(of_draws, axis=-2)) if of_draws else ours
        return [
            [
                self._judged(replace(one.forecast, members=members), shares_here, one.clipped_share)
                for one, members, shares_here in zip(
                    judged, ours[:, number], shares[:, number], strict=True
                )
            ]
            for number in range(len(horizons_ps))
        ]

    def _shares_at(
        self, expected: Sequence[EmbryoDistribution], horizons_ps: Sequence[float]
    ) -> Floats:
        """Glassy shares by each member, shape ``(n_conditions, n_horizons, n_members)``."""
        designs = [embryo.design for each in expected for embryo in each.embryos]
        weights = np.array([embryo.weight for each in expected for embryo in each.embryos])
        index = self.question.predictor.survival_members(designs, horizons_ps)
        ends = np.cumsum([len(each.embryos) for each in expected])[:-1]
        parts = np.split(index * weights[:, None], ends, axis=1)
        summed = np.stack([part.sum(axis=1).T for part in parts])
        return np.asarray(np.clip(summed, 0.0, 1.0))

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

    def over(self, judged: Judged) -> Drawn:
        """What the draws say of judged conditions, their embryos made anew."""
        conditions, space = judged.conditions, self.question.space
        expected = [each.deposition_map.embryos(conditions, space) for each in self.draws]
        return Drawn(judged.shares, tuple(expected) or (judged.forecast.expected,))

    def _judged(self, forecast: Forecast, shares: Floats, clipped_share: float) -> Judged:
        config, conditions = self.config, forecast.conditions
        own_draws = has_own(self.draws)
        assured = share_at(shares, config.confidence, own_draws=own_draws)
        missed = {"max_clipped_share": clipped_share - config.max_clipped_share}
        if config.min_capacity_mAh_cm2 is not None:
            plated = conditions.capacity_mAh_cm2
            missed["min_capacity_mAh_cm2"] = 1.0 - plated / config.min_capacity_mAh_cm2 - ROUNDING
        least = config.least_share
        if least is not None:
            missed["min_glassy_share"] = least - assured
        return Judged(
            forecast=forecast,
            shares=shares,
            clipped_share=clipped_share,
            own_draws=own_draws,
            assured_share=assured,
            p_enough=None if least is None else p_at_least(shares, least, own_draws=own_draws),
            cost_mA_cm2=config.area_cost_mA_cm2 * (conditions.area_factor - 1.0),
            violations=missed,
        )


def _facts(judged: Judged) -> dict[str, float]:
    """What is shown beside a trial, units in the names."""
    conditions = judged.conditions
    facts = {
        "glassy share, mean": judged.glassy_share,
        "glassy share, assured": judged.assured_share,
        "capacity, mAh/cm2": conditions.capacity_mAh_cm2,
        "plating time, min": conditions.deposition_time_min,
        "local current density, mA/cm2": conditions.local_current_density_mA_cm2,
        "share of atoms outside the data": judged.clipped_share,
    }
    if judged.p_enough is not None:
        facts["P(glassy share is enough)"] = judged.p_enough
    return facts
