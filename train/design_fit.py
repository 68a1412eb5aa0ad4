"""Fitting the design-only part of a member: the line first, then the curve upon it.

How far slopes may go and how much of the curve counts is decided on designs left out within the
member's own data. All these fits differ only in weights and priors, so they are done at once: a
leading axis ``n_fits`` goes through everything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import grad, vmap

from surrogate.network import N_OUTPUTS, DesignCorrection, LinearPath
from train.config import TrainingConfig
from train.loss import Prior, Targets, incubation_loss, negative_log_likelihood
from train.split import folds

N_INNER_FOLDS: Final = 4
DESIGN_GATES: Final = (0.0, 0.5, 1.0)
DESIGN_LEARNING_RATE: Final = 0.02
MOST_ITERATIONS: Final = 60
MOST_DAMPINGS: Final = 8
LEAST_GAIN: Final = 1.0e-6
"""Nats in a step; far below the noise of any data."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Records a member may use.

    Attributes:
        features: Standardised, shape ``(n_records, n_features)``.
        keys: Design of each record.
        offset: What lines are added to, shape ``(n_records, n_outputs)`` or a scalar.
    """

    features: Tensor
    targets: Targets
    keys: list[str]
    offset: Tensor | float = 0.0

    @classmethod
    def used(cls, everything: "Rows", is_used: NDArray[np.bool_]) -> Self:
        """Only some of the records."""
        index = torch.from_numpy(np.flatnonzero(is_used))
        keys = [key for key, chosen in zip(everything.keys, is_used, strict=True) if chosen]
        return cls(everything.features[index], everything.targets.rows(index), keys)

    @property
    def everyone(self) -> Tensor:
        """Weights under which every record counts once, shape ``(n_records,)``."""
        return torch.ones(len(self.keys), dtype=torch.float64)

    def per_design(self) -> Tensor:
        """Weights under which every design counts once, shape ``(n_records,)``."""
        counts = {key: self.keys.count(key) for key in set(self.keys)}
        return torch.tensor([1.0 / counts[key] for key in self.keys], dtype=torch.float64)

    def inner_folds(self, seed: int) -> Tensor:
        """Which records are left out of each inner fit, shape ``(n_folds, n_records)``, bool."""
        fold = folds(self.keys, N_INNER_FOLDS, seed, self.targets.outcome_ranks)
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
        line = LinearPath(self.weight.shape[-1])
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
    def fresh(cls, n_fits: int, width: int, n_features: int) -> Self:
        """Untrained, each with inner weights of its own; all zero in effect."""
        made = [DesignCorrection(width, n_features).state_dict() for _ in range(n_fits)]
        return cls({name: torch.stack([each[name] for each in made]) for name in made[0]})

    def moved(self, features: Tensor) -> Tensor:
        """What is added to the outputs, shape ``(n_fits, n_records, n_outputs)``."""
        inner, inner_bias = self.parameters["inner.weight"], self.parameters["inner.bias"]
        outer, outer_bias = self.parameters["outer.weight"], self.parameters["outer.bias"]
        hidden = torch.tanh(torch.einsum("bwf,nf->bnw", inner, features) + inner_bias[:, None, :])
        return torch.einsum("bow,bnw->bno", outer, hidden) + outer_bias[:, None, :]

    def module(self, number: int, width: int, gate: float) -> DesignCorrection:
        """One of them as a part of a network, taken `gate` far."""
        curve = DesignCorrection(width, self.parameters["inner.weight"].shape[-1])
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
    line = fit_lines(rows, rows.everyone[None], prior.anchored(*anchor)[None])
    both = Lines(
        torch.cat([inner.weight, line.weight]),
        torch.cat([inner.bias, line.bias]),
        torch.cat([inner.shared, line.shared]),
    )
    weights = torch.cat([rows.everyone * ~is_left, rows.everyone[None]])
    curves = fit_curves(rows, weights, both, config)
    moved = curves.moved(rows.features)[:-1]
    losses = [
        float(_held_out_loss(rows, is_left, inner, gate * moved).sum()) for gate in DESIGN_GATES
    ]
    gate = DESIGN_GATES[int(np.argmin(losses))]
    return line.module(0), curves.module(len(is_left), config.design_width, gate)


def fit_lines(rows: Rows, weights: Tensor, priors: Prior) -> Lines:
    """The lines of highest posterior density, one for each row of `weights`.

    Newton's method in units of the prior. Curvature is taken as positive and damped until the loss
    falls, each fit on its own: the likelihood of a mixture is not concave everywhere. No step goes
    farther than a spread of the prior: a leap may land in a valley that nothing leads out of.

    Args:
        rows: Features and targets.
        weights: Shape ``(n_fits, n_records)``; 0 leaves a record out.
        priors: With the leading axis ``n_fits``.

    Reference:
        Dauphin et al., NeurIPS 2014, arXiv 1406.2572 (saddle-free Newton).
    """
    means = torch.cat([each.flatten(1) for each in priors.means], dim=1)
    spreads = torch.cat([each.flatten(1) for each in priors.spreads], dim=1)
    sizes = [each[0].numel() for each in priors.means]
    shapes = [each.shape[1:] for each in priors.means]

    def parameters(units: Tensor, mean: Tensor, spread: Tensor) -> list[Tensor]:
        parts = torch.split(mean + spread * units, sizes, dim=-1)
        lead = units.shape[:-1]
        return [part.reshape(*lead, *shape) for part, shape in zip(parts, shapes, strict=True)]

    def outputs_of(units: Tensor, mean: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
        slopes, bias, shared = parameters(units, mean, spread)
        return rows.offset + rows.features @ slopes.mT + bias[..., None, :], shared

    def loss(units: Tensor, weight: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
        seen = negative_log_likelihood(*outputs_of(units, mean, spread), rows.targets)
        return (weight * seen).sum() + 0.5 * units.square().sum()

    def curvature(units: Tensor, weights: Tensor, means: Tensor, spreads: Tensor) -> Tensor:
        of_rows = _curvature_of_rows(*outputs_of(units, means, spreads), rows.targets)
        inner = _curvature_of_line(weights[..., None, None] * of_rows, rows.features)
        identity = torch.eye(units.shape[1], dtype=units.dtype)
        return spreads[:, :, None] * inner * spreads[:, None, :] + identity

    units = _newton(loss, curvature, torch.zeros_like(means), (weights, means, spreads))
    return Lines(*parameters(units, means, spreads))


def _curvature_of_rows(outputs: Tensor, shared: Tensor, targets: Targets) -> Tensor:
    """Second derivatives of the loss of each row in its own outputs and the shared parameters.

    Rows do not mix: as many passes as a row has numbers give the curvature of all, where one for
    each unknown of a line would be needed otherwise.

    Args:
        outputs: Shape ``(n_fits, n_records, n_outputs)``.
        shared: Shape ``(n_fits, n_globals)``.
        targets: Of the records.

    Returns:
        Shape ``(n_fits, n_records, n_numbers, n_numbers)``, outputs first.
    """
    n_fits, n_records, n_outputs = outputs.shape
    own = shared[:, None, :].expand(n_fits, n_records, -1)
    numbers = torch.cat([outputs, own], dim=-1).detach().requires_grad_()
    by_row = numbers[..., None, :n_outputs], numbers[..., n_outputs:]
    seen = negative_log_likelihood(*by_row, targets.as_column)
    (slope,) = torch.autograd.grad(seen.sum(), numbers, create_graph=True)
    n_numbers = numbers.shape[-1]
    each = torch.eye(n_numbers, dtype=numbers.dtype)[:, None, None, :].expand(-1, *slope.shape)
    (curves,) = torch.autograd.grad(slope, numbers, each, is_grads_batched=True)
    return curves.movedim(0, -2)


def _curvature_of_line(of_rows: Tensor, features: Tensor) -> Tensor:
    """The same in the parameters of a line: slopes, biases, shared; summed over the records.

    Args:
        of_rows: Shape ``(n_fits, n_records, n_numbers, n_numbers)``.
        features: Shape ``(n_records, n_features)``.

    Returns:
        Shape ``(n_fits, n_unknowns, n_unknowns)``, in the order of `LinearPath`.
    """
    n_fits, n_features = len(of_rows), features.shape[1]
    outs, shared = slice(0, N_OUTPUTS), slice(N_OUTPUTS, None)
    both = of_rows[:, :, outs, outs]
    slopes = torch.einsum("bnij,nf,ng->bifjg", both, features, features)
    slopes = slopes.reshape(n_fits, N_OUTPUTS * n_features, N_OUTPUTS * n_features)
    by_bias = torch.einsum("bnij,nf->bifj", both, features).flatten(1, 2)
    by_shared = torch.einsum("bnis,nf->bifs", of_rows[:, :, outs, shared], features).flatten(1, 2)
    rest = of_rows.sum(dim=1)  # biases and shared parameters enter every row as they are
    beside = torch.cat([by_bias, by_shared], dim=2)
    return torch.cat(
        [torch.cat([slopes, beside], dim=2), torch.cat([beside.mT, rest], dim=2)], dim=1
    )


def _newton(
    loss: Callable[..., Tensor],
    curvature: Callable[..., Tensor],
    start: Tensor,
    others: tuple[Tensor, ...],
) -> Tensor:
    """Least losses of several problems at once.

    Args:
        loss: Of one problem: its unknowns and its part of `others` to a scalar.
        curvature: Of all of them, shape ``(n_problems, n_unknowns, n_unknowns)``.
        start: Shape ``(n_problems, n_unknowns)``.
        others: Each with the leading axis ``n_problems``.
    """
    value, gradient = vmap(loss), vmap(grad(loss))
    place, least = start, value(start, *others)
    damping = torch.ones(len(start), 1, dtype=start.dtype)
    for _ in range(MOST_ITERATIONS):
        sizes, axes = torch.linalg.eigh(curvature(place, *others))
        slope = torch.einsum("bij,bi->bj", axes, gradient(place, *others))
        gain = torch.zeros_like(least)
        for _ in range(MOST_DAMPINGS):
            step = torch.einsum("bij,bj->bi", axes, slope / (sizes.abs() + damping))
            step = step / step.abs().amax(dim=1, keepdim=True).clamp_min(1.0)
            found = value(place - step, *others)
            is_lower = (found < least) & (gain == 0.0)
            gain = torch.where(is_lower, least - found, gain)
            place = torch.where(is_lower[:, None], place - step, place)
            least = torch.where(is_lower, found, least)
            damping = torch.where(gain[:, None] > 0.0, damping, 10.0 * damping)
            if (gain > 0.0).all():
                break
        damping = 0.1 * damping
        if gain.max() < LEAST_GAIN:
            break
    return place


def fit_curves(rows: Rows, weights: Tensor, lines: Lines, config: TrainingConfig) -> Curves:
    """Curves upon fixed lines, one for each; every design pays once for what it is moved.

    Args:
        rows: Features and targets.
        weights: Shape ``(n_fits, n_records)``; 0 leaves a record out.
        lines: What the curves are added to.
        config: How.
    """
    curves = Curves.fresh(len(weights), config.design_width, rows.features.shape[1])
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
    n_features = rows.features.shape[1]
    priors = [Prior.for_hold(hold_ps, spread, n_features) for spread in spreads]
    n_folds = len(is_left)
    every = Prior.stacked([prior for prior in priors for _ in range(n_folds)])
    tried = fit_lines(rows, (rows.everyone * ~is_left).repeat(len(spreads), 1), every)
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
