"""Fitting what the atoms add to a design: the line in their descriptors, then the graph upon it.

A run counts once, however many of its frames are seen.
"""

from dataclasses import replace
from typing import Final

import torch

from surrogate.network import DescriptorLine, EmbryoNet
from train.config import TrainingConfig
from train.course import Course
from train.design_fit import Rows, fit_lines
from train.graph_fit import Frames, fit_atoms
from train.loss import Prior

BIAS_SPREAD: Final = 0.3
PINNED: Final = 1.0e-3
"""Prior spread of what the line of the design has settled already."""


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
    network.structure.line = fit_line(network, frames, config)
    fit_atoms(network, frames, config, course)


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
