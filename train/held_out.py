"""How likely what was seen is to members that never saw its design, for each gate.

Gathered member by member, so that a choice of settings can be given up early.
"""

from dataclasses import dataclass, field
from typing import Final, Self

import torch
from torch import Tensor

from train.config import TrainingConfig
from train.crossfit import GATES
from train.dataset import TrainingSet
from train.loss import incubation_loss
from train.member import MemberFit, fold_of
from train.metrics import LEAST_PROBABILITY

MOST_LOSS: Final = -torch.tensor(LEAST_PROBABILITY).log().item()
"""Probabilities below `LEAST_PROBABILITY` count as that, as in every log score here, nats."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Of the frames of one member's left-out designs.

    Attributes:
        frames: Their numbers, shape ``(n,)``.
        by_gate: Negative log-likelihood of the incubation time under each of
            `train.crossfit.GATES`, nats, shape ``(n_gates, n)``.
    """

    frames: Tensor
    by_gate: Tensor

    @classmethod
    def of(cls, data: TrainingSet, config: TrainingConfig, fit: MemberFit) -> Self:
        """Asked of a fitted member."""
        fold = fold_of(data.keys, data.outcome_ranks, config)
        is_left = torch.tensor([fold[key] == fit.held_out for key in data.keys])
        frames = torch.nonzero(is_left[data.owner]).flatten()
        architecture = config.architecture(has_labels=data.has_labels)
        network = architecture.network(data.domain.scaling.n_features)
        network.load_state_dict(fit.state)
        with torch.no_grad():
            outputs = network.design_outputs(data.features)[data.owner[frames]]
            moved = fit.corrections[frames] if len(fit.corrections) else torch.zeros_like(outputs)
            targets = data.frame_targets.rows(frames)
            by_gate = [
                incubation_loss(outputs + gate * moved, network.linear.shared, targets)
                for gate in GATES
            ]
        return cls(frames, torch.stack(by_gate).clamp(max=MOST_LOSS))


@dataclass
class HeldOut:
    """What left-out designs said so far.

    Attributes:
        data: All records.
        heard: Of every member.
    """

    data: TrainingSet
    heard: list[Losses] = field(default_factory=list)

    def add(self, losses: Losses) -> None:
        """Of one more member."""
        self.heard.append(losses)

    @property
    def packed(self) -> float | None:
        """Mean over frames before the end of the quench, under the best gates; None without any."""
        return self._mean(is_waiting=False)

    @property
    def waiting(self) -> float | None:
        """Mean over frames at the landmarks of a wait, under the best gate, nats."""
        return self._mean(is_waiting=True)

    @property
    def loss(self) -> float | None:
        """Mean of both, or the one there is; None while no design with frames was heard."""
        parts = [each for each in (self.packed, self.waiting) if each is not None]
        return sum(parts) / len(parts) if parts else None

    @property
    def by_design(self) -> list[float]:
        """Mean loss of each design that was heard, in the order of their keys, nats."""
        asked = [self._asked(is_waiting=each) for each in (False, True)]
        owner, losses = (torch.cat(parts) for parts in zip(*asked, strict=True))
        number = self.data.design_numbers[owner]
        total, count = (torch.bincount(number, each) for each in (losses, None))
        return [float(t / n) for t, n in zip(total, count, strict=True) if n > 0]

    def _mean(self, *, is_waiting: bool) -> float | None:
        _, losses = self._asked(is_waiting=is_waiting)
        return float(losses.mean()) if len(losses) else None

    def _asked(self, *, is_waiting: bool) -> tuple[Tensor, Tensor]:
        """Record of each frame that was asked, and its loss under the best gate of its stage."""
        frames = torch.cat([each.frames for each in self.heard])
        by_gate = torch.cat([each.by_gate for each in self.heard], dim=1)
        is_asked = torch.isfinite(self.data.since_ps[frames]) == is_waiting
        owner, by_gate = self.data.owner[frames[is_asked]], by_gate[:, is_asked]
        stage = self.data.stage[frames[is_asked]]
        losses = by_gate[0].clone()
        for each in set(stage.tolist()):  # a gate a stage, as a package has them
            here = stage == each
            losses[here] = by_gate[by_gate[:, here].sum(dim=1).argmin()][here]
        return owner, losses
