"""Quick fits of the project's law that agree where the data speak and disagree where they do not.

Each member fits the line of the design (`train.design_fit`) to all records, weighted by a Bayesian
bootstrap over designs, with a prior anchored to a draw of its own: together they stand for the
posterior. Seconds for a hundred records, so that every round of a campaign can afford a new one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import torch

from simulate.design import EmbryoDesign
from simulate.incubation import Incubation
from surrogate.ensemble import LEAST_ODDS
from surrogate.features import FeatureScaling, design_features
from surrogate.network import forecast
from surrogate.survival import Seen, survival
from surrogate.threads import one_thread
from train.baselines import SLOPE_SPREAD
from train.design_fit import Lines, Rows, fit_lines
from train.loss import Prior, Targets
from train.metrics import Floats


@dataclass(frozen=True, eq=False)
class Answers:
    """What was asked and what came.

    Attributes:
        designs: Of each trajectory.
        incubations: What was seen of each.
    """

    designs: Sequence[EmbryoDesign]
    incubations: Sequence[Incubation]

    @cached_property
    def keys(self) -> list[str]:
        """Design of each."""
        return [design.key for design in self.designs]


@dataclass(frozen=True, eq=False)
class Committee:
    """Several lines, and the features they are lines in.

    Attributes:
        scaling: Of the space that is learnt, so that it is the same in every round.
    """

    lines: Lines
    scaling: FeatureScaling

    @classmethod
    @one_thread()
    def of(
        cls, answers: Answers, scaling: FeatureScaling, hold_ps: float, n_members: int, seed: int
    ) -> Self:
        """Fit all members at once; the same numbers give the same committee.

        Args:
            answers: To learn from; at least one.
            scaling: Of the features.
            hold_ps: Of the protocol; the prior's time scale.
            n_members: An even number: draws of the prior come in mirrored pairs.
            seed: Of the draws.
        """
        features = torch.from_numpy(scaling.places(answers.designs))
        nothing_read = torch.full((len(answers.keys),), torch.nan, dtype=torch.float64)
        is_ordered = torch.tensor([each.is_observed for each in answers.incubations])
        targets = Targets(Seen.of(answers.incubations), nothing_read, is_ordered)
        prior = Prior.for_hold(hold_ps, SLOPE_SPREAD, features.shape[1])
        anchored = [
            prior.anchored(seed * 1009 + number // 2, (1.0, -1.0)[number % 2])
            for number in range(n_members)
        ]
        weights = bootstrap_weights(answers.keys, n_members, seed)
        rows = Rows(features, targets, answers.keys)
        return cls(fit_lines(rows, torch.from_numpy(weights), Prior.stacked(anchored)), scaling)

    def p_ordered(self, designs: Sequence[EmbryoDesign], horizon_ps: float) -> Floats:
        """P(order by the horizon) by each member, shape ``(n_members, n_designs)``."""
        features = torch.from_numpy(self.scaling.places(designs))
        law = forecast(self.lines.outputs(features), self.lines.shared).law
        return np.asarray(1.0 - survival(law, torch.full_like(law.log_scale, horizon_ps)))

    def log_odds(self, designs: Sequence[EmbryoDesign], horizon_ps: float) -> Floats:
        """Log-odds of the same, shape ``(n_members, n_designs)``."""
        p = np.clip(self.p_ordered(designs, horizon_ps), LEAST_ODDS, 1.0 - LEAST_ODDS)
        return np.asarray(np.log(p) - np.log1p(-p))


def scaling_of(designs: Sequence[EmbryoDesign]) -> FeatureScaling:
    """Centre and spread of the features of a space, from designs spread evenly over it."""
    return FeatureScaling.of(design_features(designs))


def bootstrap_weights(design_keys: Sequence[str], n_draws: int, seed: int) -> Floats:
    """Bayesian bootstrap over designs: a weight for each record, equal within a design.

    Weights of designs are exponential, scaled to mean 1 over designs. No design is ever left out
    entirely, unlike in the plain bootstrap, which matters with a dozen of them.

    Returns:
        Shape ``(n_draws, n_records)``.

    Reference:
        Rubin, Ann. Stat. 9, 130 (1981), doi 10.1214/aos/1176345338.
    """
    unique, place = np.unique(np.asarray(design_keys), return_inverse=True)
    drawn = np.random.default_rng([seed, 2]).exponential(size=(n_draws, len(unique)))
    return np.asarray((drawn / drawn.mean(axis=1, keepdims=True))[:, place])
