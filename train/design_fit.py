"""Fitting the design-only part of a member: the line first, then the curve upon it.

How far slopes may go and how much of the curve counts is decided on designs left out within the
member's own data. All these fits differ only in weights and priors, so they are done at once: a
leading axis ``n_fits`` goes through everything.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from surrogate.network import DesignCorrection, LinearPath
from train.config import TrainingConfig
from train.loss import Prior, Targets, incubation_loss, negative_log_likelihood
from train.split import folds

N_INNER_FOLDS: Final = 4
DESIGN_GATES: Final = (0.0, 0.5, 1.0)
DESIGN_LEARNING_RATE: Final = 0.02
MOST_ITERATIONS: Final = 300
LEAST_GRADIENT: Final = 1.0e-3
LEAST_CHANGE: Final = 1.0e-6
"""In nats and prior spreads: a thousandth of either is far below the noise of any data."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Records a member may use.

    Attributes:
        features: Standardised, shape ``(n_records, n_features)``.
        weights: Shape ``(n_records,)``.
        keys: Design of each record.
    """

    features: Tensor
    targets: Targets
    weights: Tensor
    keys: list[str]

    @classmethod
    def used(cls, everything: "Rows", is_used: NDArray[np.bool_]) -> Self:
        """Only some of the records."""
        index = torch.from_numpy(np.flatnonzero(is_used))
        keys = [key for key, chosen in zip(everything.keys, is_used, strict=True) if chosen]
        return cls(
            everything.features[index],
            everything.targets.rows(index),
            everything.weights[index],
            keys,
        )

    def per_design(self) -> Tensor:
        """Weights under which every design counts once, shape ``(n_records,)``."""
        counts = {key: self.keys.count(key) for key in set(self.keys)}
        return torch.tensor([1.0 / counts[key] for key in self.keys], dtype=torch.float64)

    def inner_folds(self, seed: int) -> Tensor:
        """Which records are left out of each inner fit, shape ``(n_folds, n_records)``, bool."""
        fold = folds(self.keys, N_INNER_FOLDS, seed)
        numbers = torch.tensor([fold[key] for key in self.keys])
        return torch.arange(len(set(fold.values())))[:, None] == numbers


@dataclass(frozen=True, slots=True)
class Lines:
    """Linear paths; parameters as in `LinearPath` with a leading axis ``n_fits``."""

    weight: Tensor
    bias: Tensor
    shared: Tensor

    def outputs(self, features: Tensor) -> Tensor:
        """Shape ``(n_fits, n_records, n_outputs)``."""
        return torch.einsum("bof,nf->bno", self.weight, features) + self.bias[:, None, :]

    def module(self, number: int) -> LinearPath:
        """One of them as a part of a network."""
        line = LinearPath()
        with torch.no_grad():
            line.weight.copy_(self.weight[number])
            line.bias.copy_(self.bias[number])
            line.shared.copy_(self.shared[number])
        return line


@dataclass(frozen=True, slots=True)
class Curves:
    """Design corrections; parameters as in `DesignCorrection` with a leading axis ``n_fits``."""

    parameters: dict[str, Tensor]

    @classmethod
    def fresh(cls, n_fits: int, width: int) -> Self:
        """Untrained, each with inner weights of its own; all zero in effect."""
        made = [DesignCorrection(width).state_dict() for _ in range(n_fits)]
        return cls({name: torch.stack([each[name] for each in made]) for name in made[0]})

    def moved(self, features: Tensor) -> Tensor:
        """What is added to the outputs, shape ``(n_fits, n_records, n_outputs)``."""
        inner, inner_bias = self.parameters["inner.weight"], self.parameters["inner.bias"]
        outer, outer_bias = self.parameters["outer.weight"], self.parameters["outer.bias"]
        hidden = torch.tanh(torch.einsum("bwf,nf->bnw", inner, features) + inner_bias[:, None, :])
        return torch.einsum("bow,bnw->bno", outer, hidden) + outer_bias[:, None, :]

    def module(self, number: int, width: int, gate: float) -> DesignCorrection:
        """One of them as a part of a network, taken `gate` far."""
        curve = DesignCorrection(width)
        state = {name: each[number].detach() for name, each in self.parameters.items()}
        for name in ("outer.weight", "outer.bias"):
            state[name] = gate * state[name]
        curve.load_state_dict(state)
        return curve


def fit_design_parts(
    rows: Rows, hold_ps: float, anchor: tuple[int, float], config: TrainingConfig
) -> tuple[LinearPath, DesignCorrection]:
    """Line and curve of one member.

    Args:
        rows: What it may use.
        hold_ps: Hold of the protocol, ps; the prior's time scale.
        anchor: Seed and sign of the prior draw it is anchored to.
        config: How.
    """
    is_left = rows.inner_folds(config.seed)
    prior, inner = _chosen_prior(rows, is_left, hold_ps, config)
    line = fit_lines(rows, rows.weights[None], prior.anchored(*anchor)[None])
    both = Lines(
        torch.cat([inner.weight, line.weight]),
        torch.cat([inner.bias, line.bias]),
        torch.cat([inner.shared, line.shared]),
    )
    weights = torch.cat([rows.weights * ~is_left, rows.weights[None]])
    curves = fit_curves(rows, weights, both, config)
    moved = curves.moved(rows.features)[:-1]
    losses = [
        float(_held_out_loss(rows, is_left, inner, gate * moved).sum()) for gate in DESIGN_GATES
    ]
    gate = DESIGN_GATES[int(np.argmin(losses))]
    return line.module(0), curves.module(len(is_left), config.design_width, gate)


def fit_lines(rows: Rows, weights: Tensor, priors: Prior) -> Lines:
    """The lines of highest posterior density, one for each row of `weights`.

    Args:
        rows: Features and targets.
        weights: Shape ``(n_fits, n_records)``; 0 leaves a record out.
        priors: With the leading axis ``n_fits``.
    """
    means = (priors.weight_mean, priors.bias_mean, priors.shared_mean)
    spreads = (priors.weight_spread, priors.bias_spread, priors.shared_spread)
    # In units of the prior all directions are alike, and a quasi-Newton method soon done.
    variables = [torch.zeros_like(each, requires_grad=True) for each in means]
    optimiser = torch.optim.LBFGS(
        variables,
        max_iter=MOST_ITERATIONS,
        history_size=20,
        tolerance_grad=LEAST_GRADIENT,
        tolerance_change=LEAST_CHANGE,
        line_search_fn="strong_wolfe",
    )

    def lines() -> Lines:
        return Lines(*(m + s * z for m, s, z in zip(means, spreads, variables, strict=True)))

    def objective() -> Tensor:
        optimiser.zero_grad()
        line = lines()
        loss = negative_log_likelihood(line.outputs(rows.features), line.shared, rows.targets)
        total = (weights * loss).sum() + 0.5 * sum(each.square().sum() for each in variables)
        total.backward()  # type: ignore[no-untyped-call]
        return total.detach()

    optimiser.step(objective)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        return lines()


def fit_curves(rows: Rows, weights: Tensor, lines: Lines, config: TrainingConfig) -> Curves:
    """Curves upon fixed lines, one for each; every design pays once for what it is moved.

    Args:
        rows: Features and targets.
        weights: Shape ``(n_fits, n_records)``; 0 leaves a record out.
        lines: What the curves are added to.
        config: How.
    """
    curves = Curves.fresh(len(weights), config.design_width)
    variables = [each.requires_grad_() for each in curves.parameters.values()]
    optimiser = torch.optim.AdamW(
        variables, lr=DESIGN_LEARNING_RATE, weight_decay=config.weight_decay
    )
    base, per_design = lines.outputs(rows.features), rows.per_design() * (weights > 0.0)
    n_used = (weights > 0.0).sum(dim=1, keepdim=True)
    for _ in range(config.design_steps):
        moved = curves.moved(rows.features)
        loss = negative_log_likelihood(base + moved, lines.shared, rows.targets)
        cost = (moved / config.correction_spread).square().sum(dim=2)
        total = ((weights * loss + 0.5 * per_design * cost) / n_used).sum()
        optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return Curves({name: each.detach() for name, each in curves.parameters.items()})


def _chosen_prior(
    rows: Rows, is_left: Tensor, hold_ps: float, config: TrainingConfig
) -> tuple[Prior, Lines]:
    """The spread of slopes under which left-out designs are most likely, and its inner lines."""
    spreads = sorted(config.slope_spreads)
    priors = [Prior.for_hold(hold_ps, spread) for spread in spreads]
    n_folds = len(is_left)
    every = Prior.stacked([prior for prior in priors for _ in range(n_folds)])
    tried = fit_lines(rows, (rows.weights * ~is_left).repeat(len(spreads), 1), every)
    losses = _held_out_loss(rows, is_left.repeat(len(spreads), 1), tried)
    best = int(losses.view(len(spreads), -1).sum(dim=1).argmin())
    inner = slice(best * n_folds, (best + 1) * n_folds)
    return priors[best], Lines(tried.weight[inner], tried.bias[inner], tried.shared[inner])


def _held_out_loss(
    rows: Rows, is_left: Tensor, lines: Lines, moved: Tensor | None = None
) -> Tensor:
    """Loss of the incubation times of the left-out records of each fit, shape ``(n_fits,)``."""
    outputs = lines.outputs(rows.features)
    loss = incubation_loss(
        outputs if moved is None else outputs + moved, lines.shared, rows.targets
    )
    return (loss * is_left).sum(dim=1)
