"""Fitting what the atoms add to a design: the line in their descriptors, then the graph upon it.

A run counts once, however many of its frames are seen.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from surrogate.network import DescriptorLine, EmbryoNet
from train.config import TrainingConfig
from train.dataset import TrainingSet
from train.design_fit import Rows, fit_lines
from train.loss import Prior, negative_log_likelihood

Report = Callable[[int, float | None], None]
"""Called with the epochs done and the mean loss of the last; None before the first."""

GRADIENT_NORM: Final = 10.0
BIAS_SPREAD: Final = 0.3
PINNED: Final = 1.0e-3
"""Prior spread of what the line of the design has settled already."""


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


def fit_structure(
    network: EmbryoNet, frames: Frames, config: TrainingConfig, report: Report, device: str
) -> None:
    """Line and graph on top of a fixed design; the network's structure is fitted in place.

    Args:
        network: Its design is fitted.
        frames: What it may see.
        config: How.
        report: Told of every epoch.
        device: Where the graphs go.
    """
    network.structure.line = fit_line(network, frames, config)
    fit_atoms(network, frames, config, report, device)


def fit_line(network: EmbryoNet, frames: Frames, config: TrainingConfig) -> DescriptorLine:
    """The line of highest posterior density in the descriptors of the frames that wait."""
    line, data = DescriptorLine(), frames.data
    is_used = torch.isfinite(data.since_ps) & (frames.record_weights[data.owner] > 0.0)
    used = torch.nonzero(is_used).flatten()
    if not len(used):
        return line
    summary = torch.cat([frames.graphs[each].summary for each in used.tolist()])
    spread = summary.std(dim=0, correction=0)
    line.mean, line.spread = summary.mean(dim=0), torch.where(spread > 1.0e-9, spread, 1.0)
    owner = data.owner[used]
    with torch.no_grad():
        offset = network.design_outputs(data.features)[owner]
        shared = network.linear.shared.clone()
    targets = data.frame_targets.rows(used)
    # The crystalline fraction says how order ends, not when: only the design's line reads it.
    targets = replace(targets, fraction=torch.full_like(targets.fraction, torch.nan))
    weights = (frames.record_weights[data.owner] * frames.share)[used]
    inputs = line.inputs(summary, data.since_ps[used])
    rows = Rows(inputs, targets, weights, [data.keys[each] for each in owner.tolist()], offset)
    prior = Prior.for_hold(data.domain.hold_ps, config.structure_spread, inputs.shape[1])
    prior = replace(
        prior,
        bias_mean=torch.zeros_like(prior.bias_mean),
        bias_spread=torch.full_like(prior.bias_spread, BIAS_SPREAD),
        shared_mean=shared,
        shared_spread=torch.full_like(shared, PINNED),
    )
    found = fit_lines(rows, weights[None], prior[None])
    with torch.no_grad():
        line.weight.copy_(found.weight[0])
        line.bias.copy_(found.bias[0])
    return line


def fit_atoms(
    network: EmbryoNet, frames: Frames, config: TrainingConfig, report: Report, device: str
) -> None:
    """The graph on top of everything else; arguments as for `fit_structure`."""
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
