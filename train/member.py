"""One member of the ensemble, fitted step by step: the line, the curve, the atoms.

A member never sees the designs of its own fold, so that they can judge it. Its data are weighted by
a bootstrap over designs and its prior is anchored to a draw of its own. Plain PyTorch, no Ray.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from surrogate.network import EmbryoNet
from surrogate.threads import one_thread
from train.config import TrainingConfig
from train.dataset import TrainingSet
from train.design_fit import Rows, fit_design_parts
from train.loss import negative_log_likelihood
from train.split import bootstrap_weights, folds

Report = Callable[[int, float | None], None]
"""Called with the epochs done and the mean loss of the last; None before the first."""

GRADIENT_NORM: Final = 10.0


@dataclass(frozen=True, slots=True)
class MemberFit:
    """A fitted member.

    Attributes:
        held_out: The fold it never saw.
        state: Its weights.
        corrections: Its structure correction of every frame, shape ``(n_frames, n_outputs)``.
    """

    held_out: int
    state: dict[str, Tensor]
    corrections: Tensor


@dataclass(frozen=True, slots=True)
class _Frames:
    """Frames as graphs; a record of weight 0 must not be seen."""

    data: TrainingSet
    graphs: Sequence[Data]
    record_weights: Tensor


def fold_of(data: TrainingSet, config: TrainingConfig) -> dict[str, int]:
    """Fold of each design; member m never sees fold m (modulo their number)."""
    return folds(data.keys, min(config.n_folds, config.n_members), config.seed)


@one_thread()
def fit_member(
    data: TrainingSet, config: TrainingConfig, number: int, report: Report, device: str = "cpu"
) -> MemberFit:
    """Fit member `number`; the same numbers give the same member.

    Args:
        data: All records; those of the member's own fold are left out.
        config: How.
        number: From 0.
        report: Told of every epoch.
        device: For the graphs.
    """
    fold = fold_of(data, config)
    held_out = number % len(set(fold.values()))
    is_used = np.array([fold[key] != held_out for key in data.keys])
    seed = config.seed * 1009 + number
    weights = torch.from_numpy(bootstrap_weights(data.keys, seed))
    rows = Rows.used(Rows(data.features, data.targets, weights, data.keys), is_used)
    # Mirrored anchors come in pairs of members with one seed and opposite signs.
    anchor = (config.seed * 1009 + number // 2, (1.0, -1.0)[number % 2])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = config.architecture.network()
        network.linear, network.design = fit_design_parts(rows, data.domain.hold_ps, anchor, config)
        report(0, None)
        graphs = data.graphs() if config.epochs else []
        is_used_frame = torch.from_numpy(is_used)[data.owner]
        if config.epochs and is_used_frame.any():
            frames = _Frames(data, graphs, weights * torch.from_numpy(is_used))
            fit_structure(network, frames, config, report, device)
        return MemberFit(held_out, network.state_dict(), _corrections(network, graphs, config))


def fit_structure(
    network: EmbryoNet, frames: _Frames, config: TrainingConfig, report: Report, device: str
) -> None:
    """The atoms on top of a fixed line and curve; a run counts once, however many its frames.

    Args:
        network: Its structure correction is fitted in place.
        frames: What it may see.
        config: How.
        report: Told of every epoch.
        device: Where the graphs go.
    """
    data, graphs = frames.data, frames.graphs
    n_frames = torch.bincount(data.owner, minlength=len(data.designs)).clamp_min(1)
    share = 1.0 / n_frames[data.owner]
    weights = frames.record_weights[data.owner] * share
    used = torch.nonzero(weights > 0.0).flatten()
    with torch.no_grad():
        base = network.design_outputs(data.features)[data.owner]
        shared = network.linear.shared.clone()
    structure = network.structure.to(device)
    optimiser = torch.optim.AdamW(
        structure.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    for epoch in range(config.epochs):
        total_loss = 0.0
        order = used[torch.randperm(len(used))].tolist()
        for index in _batches(order, graphs, config.max_atoms_per_batch):
            batch = Batch.from_data_list([graphs[each] for each in index]).to(device)
            chosen = torch.tensor(index)
            moved = structure(batch).cpu()
            loss = negative_log_likelihood(
                base[chosen] + moved, shared, data.frame_targets.rows(chosen)
            )
            cost = (moved / config.correction_spread).square().sum(dim=1)
            total = (weights[chosen] * loss + 0.5 * share[chosen] * cost).sum()
            optimiser.zero_grad()
            (total / share[chosen].sum()).backward()
            nn.utils.clip_grad_norm_(structure.parameters(), GRADIENT_NORM)
            optimiser.step()
            total_loss += float(total.detach())
        report(epoch + 1, total_loss / float(share[used].sum()))
    network.structure = structure.cpu()


def _batches(order: Sequence[int], graphs: Sequence[Data], most_atoms: int) -> Iterator[list[int]]:
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


def _corrections(network: EmbryoNet, graphs: Sequence[Data], config: TrainingConfig) -> Tensor:
    """What the structure adds to every frame, held-out ones included."""
    if not graphs:
        return torch.zeros(0, len(network.linear.bias), dtype=torch.float64)
    with torch.inference_mode():
        parts = [
            network.structure(Batch.from_data_list([graphs[each] for each in index]))
            for index in _batches(range(len(graphs)), graphs, config.max_atoms_per_batch)
        ]
    return torch.cat(parts)
