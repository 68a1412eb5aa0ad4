"""Fitting what the atoms add to a design: the line in their descriptors, then the graph upon it.

Every frame counts once, however many a run has. Runs that order early have few: weighed by one over
their number they would outweigh those that waited beside them at the same moment, and forecasts
would promise too much order.
"""

from dataclasses import replace
from typing import Final

import torch
from torch import Tensor
from torch_geometric.data import Batch

from surrogate.network import DescriptorLine, EmbryoNet
from surrogate.surroundings import STAGES
from train.config import TrainingConfig
from train.course import Course
from train.design_fit import Rows, fit_lines
from train.graph_fit import Frames, fit_atoms
from train.label_fit import fit_label_line
from train.loss import Prior

PINNED: Final = 1.0e-3
"""Prior spread of what the line of the design has settled already."""

LEAST_SPREAD: Final = 1.0e-9
"""A descriptor that varies less never varied."""


def fit_structure(
    network: EmbryoNet, frames: Frames, config: TrainingConfig, course: Course
) -> None:
    """Line and graph on top of a fixed design; the network's structure is fitted in place.

    Args:
        network: Its design is fitted.
        frames: What it may see.
        config: How.
        course: What goes with the fit.
    """
    if config.structure_spread:
        network.structure.line = fit_line(network, frames, config)
    if network.structure.atoms.labels is not None:
        fit_label_line(network.structure.atoms.labels, frames)
    if config.epochs:
        fit_atoms(network, frames, config, course)


def fit_line(network: EmbryoNet, frames: Frames, config: TrainingConfig) -> DescriptorLine:
    """The line of highest posterior density in the descriptors of the frames."""
    line, data = DescriptorLine(), frames.data
    used = torch.nonzero(frames.is_own[data.owner]).flatten()
    if not len(used):
        return line
    batch = Batch.from_data_list([frames.graphs[each] for each in used.tolist()])
    line.mean, line.spread = _by_stage(batch.summary, data.stage[used])
    owner = data.owner[used]
    with torch.no_grad():
        offset = network.design_outputs(data.features)[owner]
        shared = network.linear.shared.clone()
    targets = data.frame_targets.rows(used)
    # The crystalline fraction says how order ends, not when: only the design's line reads it.
    targets = replace(targets, fraction=torch.full_like(targets.fraction, torch.nan))
    inputs = line.inputs(batch)
    rows = Rows(inputs, targets, [data.keys[each] for each in owner.tolist()], offset)
    prior = Prior.for_hold(data.domain.hold_ps, config.structure_spread, inputs.shape[1])
    prior = replace(  # the design's line has settled what all frames share
        prior,
        bias_mean=torch.zeros_like(prior.bias_mean),
        bias_spread=torch.full_like(prior.bias_spread, PINNED),
        shared_mean=shared,
        shared_spread=torch.full_like(shared, PINNED),
    )
    found = fit_lines(rows, rows.everyone[None], prior[None])
    with torch.no_grad():
        line.weight.copy_(found.weight[0])
    return line


def _by_stage(summary: Tensor, stage: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and spread of descriptors at every stage; 0 and 1 where nobody was seen."""
    mean = torch.zeros(len(STAGES), summary.shape[1], dtype=summary.dtype)
    spread = torch.ones_like(mean)
    for number in range(len(STAGES)):
        seen = summary[stage == number]
        if not len(seen):
            continue
        mean[number] = seen.mean(dim=0)
        found = seen.std(dim=0, correction=0)
        spread[number] = torch.where(found > LEAST_SPREAD, found, 1.0)
    return mean, spread
