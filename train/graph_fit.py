"""Fitting the message passing over the atoms, on top of everything else."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from surrogate.network import EmbryoNet
from train.config import TrainingConfig
from train.dataset import TrainingSet
from train.loss import negative_log_likelihood

Report = Callable[[int, float | None], None]
"""Called with the epochs done and the mean loss of the last; None before the first."""

GRADIENT_NORM: Final = 10.0


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames as graphs; a record of weight 0 must not be seen."""

    data: TrainingSet
    graphs: Sequence[Data]
    record_weights: Tensor

    @property
    def share(self) -> Tensor:
        """Of each frame in its run, shape ``(n_frames,)``."""
        n_frames = torch.bincount(self.data.owner, minlength=len(self.data.designs)).clamp_min(1)
        return 1.0 / n_frames[self.data.owner]


def fit_atoms(
    network: EmbryoNet, frames: Frames, config: TrainingConfig, report: Report, device: str
) -> None:
    """The graph on top of everything else; arguments as for `train.structure_fit.fit_structure`."""
    data, graphs, share = frames.data, frames.graphs, frames.share
    weights = frames.record_weights[data.owner] * share
    used = torch.nonzero(weights > 0.0).flatten()
    with torch.no_grad():
        base = network.design_outputs(data.features)[data.owner]
        base = base + torch.cat([network.structure.line(each) for each in graphs])
        shared = network.linear.shared.clone()
    atoms = network.structure.atoms.to(device)
    optimiser = torch.optim.AdamW(
        atoms.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    for epoch in range(config.epochs):
        total_loss = 0.0
        order = used[torch.randperm(len(used))].tolist()
        for index in batches(order, graphs, config.max_atoms_per_batch):
            batch = Batch.from_data_list([graphs[each] for each in index]).to(device)
            chosen = torch.tensor(index)
            moved = atoms(batch).cpu()
            loss = negative_log_likelihood(
                base[chosen] + moved, shared, data.frame_targets.rows(chosen)
            )
            cost = (moved / config.correction_spread).square().sum(dim=1)
            total = (weights[chosen] * loss + 0.5 * share[chosen] * cost).sum()
            optimiser.zero_grad()
            (total / share[chosen].sum()).backward()
            nn.utils.clip_grad_norm_(atoms.parameters(), GRADIENT_NORM)
            optimiser.step()
            total_loss += float(total.detach())
        report(epoch + 1, total_loss / float(share[used].sum()))
    network.structure.atoms = atoms.cpu()


def batches(order: Sequence[int], graphs: Sequence[Data], most_atoms: int) -> Iterator[list[int]]:
    """Frames in order, so many that their atoms stay within the limit; at least one."""
    batch: list[int] = []
    n_atoms = 0
    for index in order:
        size = int(graphs[index].num_nodes)
        if batch and n_atoms + size > most_atoms:
            yield batch
            batch, n_atoms = [], 0
        batch.append(index)
        n_atoms += size
    if batch:
        yield batch
