"""What goes with a fit: whom it tells, where it leaves what a killed one goes on from, who helps.

A fit with none of these is the plain one: alone, silent, from the start.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor, nn

from train.checkpoint import Checkpoint

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Epoch:
    """How far a member is.

    Attributes:
        number: Passes over the graphs that are done; 0: the design is fitted.
        loss: Of the pass: mean over the frames fitted to, nats, with the penalties.
        validation_loss: Mean over the frames that only tell when to stop, nats; None without.
        learning_rate: Of the pass.
    """

    number: int
    loss: float | None = None
    validation_loss: float | None = None
    learning_rate: float | None = None


class Team:
    """Workers that fit one graph together, each on its part of every batch; here: one alone.

    Attributes:
        rank: Number of this worker, from 0; the first one writes.
        size: How many.
    """

    rank = 0
    size = 1

    def part(self, batch: Sequence[int]) -> list[int]:
        """What this worker takes of a batch, which may be nothing."""
        return list(batch[self.rank :: self.size])

    def shared(self, module: nn.Module) -> nn.Module:
        """The module whose gradients are the mean over the workers."""
        return module

    def sums(self, values: Tensor) -> Tensor:
        """Values summed over the workers."""
        return values

    def agreed(self, value: Value) -> Value:
        """What the first worker says."""
        return value


class ProcessGroup(Team):
    """Workers of torch's default process group, such as Ray Train sets up.

    Args:
        device: Where this worker computes; tensors travel from there.
    """

    def __init__(self, device: str) -> None:
        from torch import distributed

        self._device = torch.device(device)
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()

    def shared(self, module: nn.Module) -> nn.Module:
        """The module under `DistributedDataParallel`."""
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(module)

    def sums(self, values: Tensor) -> Tensor:
        """Values summed over the workers."""
        from torch import distributed

        travelling = values.to(self._device)
        distributed.all_reduce(travelling)
        return travelling.to(values.device)

    def agreed(self, value: Value) -> Value:
        """What the first worker says."""
        from torch import distributed

        said = [value]
        distributed.broadcast_object_list(said, src=0, device=self._device)
        return said[0]


@dataclass(frozen=True)
class Course:
    """What goes with the fit of one member.

    Attributes:
        tell: Called after the design and after every epoch.
        device: Where the graphs go.
        checkpoint: Where it leaves what a killed fit goes on from.
        team: Who fits it together.
    """

    tell: Callable[[Epoch], None] = lambda _: None
    device: str = "cpu"
    checkpoint: Checkpoint | None = None
    team: Team = field(default_factory=Team)
