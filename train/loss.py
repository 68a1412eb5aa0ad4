"""What training minimises: the likelihood of what was seen, and priors that hold it steady.

The priors are those of a user who knows the hold and little else. A member is anchored to a draw
from them, not to their centre: where data are silent the members disagree as the prior does
(Pearce, Leibfried & Brintrup, AISTATS 2020, arXiv 1810.05546).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, Self

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch_geometric.data import Data
from torch_geometric.utils import scatter

from simulate.record import TrajectoryRecord
from surrogate.network import N_FEATURES, N_LAW, N_OUTPUTS, forecast
from surrogate.surroundings import UNLABELLED
from surrogate.survival import Seen, log_likelihood

SLOPE_SCALES: Final = (1.0, 1.5, 1.0, 0.4, 0.5, 0.5)
"""Of slopes, for each output, in units of the chosen spread: whether an embryo ever orders varies
most with the design, the shape of the law least."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What was seen, row by row.

    Attributes:
        seen: Incubation times.
        fraction: Crystalline fraction; nan where none was read. Shape ``(n,)``.
        is_ordered: Whether lasting order was seen, shape ``(n,)``.
    """

    seen: Seen
    fraction: Tensor
    is_ordered: Tensor

    @classmethod
    def of(cls, records: Sequence[TrajectoryRecord]) -> Self:
        """Of answered records, each asked from its start."""
        incubations = [record.witnessed for record in records if record.witnessed is not None]
        fractions = [
            math.nan
            if record.is_failed or record.crystalline_fraction is None
            else record.crystalline_fraction
            for record in records
        ]
        return cls(
            seen=Seen.of(incubations),
            fraction=torch.tensor(fractions, dtype=torch.float64),
            is_ordered=torch.tensor([item.is_observed for item in incubations]),
        )

    @property
    def outcome_ranks(self) -> list[int]:
        """As `train.split.outcome_ranks`."""
        ranks: list[int] = (self.is_ordered.int() + self.seen.in_quench.int()).tolist()
        return ranks

    def rows(self, index: Tensor) -> "Targets":
        """Some of the rows."""
        return Targets(self.seen.rows(index), self.fraction[index], self.is_ordered[index])

    @property
    def as_column(self) -> "Targets":
        """The same of shape ``(n, 1)``: rows that have shared parameters of their own."""
        column = {each.name: getattr(self.seen, each.name)[:, None] for each in fields(self.seen)}
        return Targets(Seen(**column), self.fraction[:, None], self.is_ordered[:, None])

    def waiting_since(self, since_ps: Tensor) -> "Targets":
        """The same, known to be waiting at a time of the hold clock; nan: asked from the start.

        Order that came between the frames about that time counts from it.
        """
        is_waiting = torch.isfinite(since_ps)
        start_ps = torch.where(is_waiting, since_ps, torch.zeros_like(since_ps))
        started = replace(
            self.seen,
            lower_ps=self.seen.lower_ps.maximum(start_ps),
            since_ps=start_ps,
            is_past_quench=is_waiting,
        )
        return replace(self, seen=started)


def negative_log_likelihood(outputs: Tensor, shared: Tensor, targets: Targets) -> Tensor:
    """Of the incubation time and of the crystalline fraction, each row, shape ``(n,)``."""
    return incubation_loss(outputs, shared, targets) + fraction_loss(outputs, shared, targets)


def incubation_loss(outputs: Tensor, shared: Tensor, targets: Targets) -> Tensor:
    """Negative log-likelihood of the incubation times alone, shape ``(n,)``."""
    return -log_likelihood(forecast(outputs, shared).law, targets.seen)


def fraction_loss(outputs: Tensor, shared: Tensor, targets: Targets) -> Tensor:
    """Negative log-density of the crystalline fraction, normal about its mean; 0 where not read."""
    embryos = forecast(outputs, shared)
    mean = torch.where(targets.is_ordered, embryos.fraction_ordered, embryos.fraction_disordered)
    spread = torch.where(targets.is_ordered, embryos.spread_ordered, embryos.spread_disordered)
    is_read = torch.isfinite(targets.fraction)
    fraction = torch.where(is_read, targets.fraction, mean)
    loss = 0.5 * ((fraction - mean) / spread) ** 2 + spread.log()
    return torch.where(is_read, loss, torch.zeros_like(loss))


def label_loss(log_odds: Tensor, graphs: Data) -> Tensor:
    """Cross entropy of the labels of atoms, mean over those of each graph, nats.

    Args:
        log_odds: Of each atom being crystalline, shape ``(n_atoms,)``.
        graphs: A batch that holds these atoms.

    Returns:
        Shape ``(n_graphs,)``, float64: a large embryo counts as a small one; 0 where nobody
        labelled the atoms.
    """
    is_known = (graphs.labels != UNLABELLED).to(log_odds)
    of_atoms = binary_cross_entropy_with_logits(
        log_odds, graphs.labels.clamp(min=0).to(log_odds), weight=is_known, reduction="none"
    )
    n_graphs = len(graphs.context)
    result: Tensor = scatter(of_atoms.double(), graphs.batch, dim_size=n_graphs, reduce="mean")
    return result


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal priors of the linear path, each parameter on its own; or of several at once.

    Attributes:
        bias_mean, bias_spread: Of `OUTPUTS` at the centre of the designs, shape ``(n_outputs,)``.
        shared_mean, shared_spread: Of `GLOBALS`, shape ``(n_globals,)``.
        weight_mean, weight_spread: Of slopes, shape ``(n_outputs, n_features)``.
    """

    bias_mean: Tensor
    bias_spread: Tensor
    shared_mean: Tensor
    shared_spread: Tensor
    weight_mean: Tensor
    weight_spread: Tensor

    @classmethod
    def for_hold(cls, hold_ps: float, slope_spread: float, n_features: int = N_FEATURES) -> Self:
        """About one in five orders in the quench or never; times of the order of the hold."""

        def row(*values: float) -> Tensor:
            return torch.tensor(values, dtype=torch.float64)

        scales = slope_spread * row(*SLOPE_SCALES)[:, None]
        return cls(
            bias_mean=row(-1.5, -1.5, math.log(hold_ps), 0.0, -0.5, -3.0),
            bias_spread=row(2.0, 1.5, 2.0, 0.4, 1.0, 1.0),
            shared_mean=row(math.log(0.08), math.log(0.02), 0.0),
            shared_spread=row(0.7, 0.7, 0.7),
            weight_mean=torch.zeros(N_OUTPUTS, n_features, dtype=torch.float64),
            weight_spread=scales.repeat(1, n_features),
        )

    @property
    def means(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of slopes, biases and shared parameters."""
        return self.weight_mean, self.bias_mean, self.shared_mean

    @property
    def spreads(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of slopes, biases and shared parameters."""
        return self.weight_spread, self.bias_spread, self.shared_spread

    def anchored(self, seed: int, sign: float) -> "Prior":
        """The same spreads about a draw from the prior; opposite signs give mirrored draws.

        Mirrored pairs leave the mean of the ensemble where the prior's is. The crystalline fraction
        and the shared parameters keep their centres: nobody asks how unsure spreads are. Members
        agree on the frailty more than they should.
        """
        generator = torch.Generator().manual_seed(seed)

        def moved(mean: Tensor, spread: Tensor) -> Tensor:
            return mean + sign * spread * torch.randn(
                mean.shape, generator=generator, dtype=torch.float64
            )

        bias, weight = (
            moved(self.bias_mean, self.bias_spread),
            moved(self.weight_mean, self.weight_spread),
        )
        bias[N_LAW:], weight[N_LAW:] = self.bias_mean[N_LAW:], self.weight_mean[N_LAW:]
        return replace(self, bias_mean=bias, weight_mean=weight)

    def __getitem__(self, index: None) -> "Prior":
        """``prior[None]``: the prior with a leading axis ``n_fits`` of 1."""
        return Prior(*(getattr(self, each.name)[index] for each in fields(self)))

    @classmethod
    def stacked(cls, priors: Sequence["Prior"]) -> Self:
        """Priors of several fits along a leading axis ``n_fits``."""
        return cls(
            *(torch.stack([getattr(prior, each.name) for prior in priors]) for each in fields(cls))
        )
