"""One member of the ensemble, fitted step by step: the line, the curve, the atoms.

A member never sees the designs of its own fold, so that they can judge it, and its prior is
anchored to a draw of its own. Plain PyTorch, no Ray.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import Batch, Data

from surrogate.network import EmbryoNet
from surrogate.threads import one_thread
from train.config import TrainingConfig
from train.course import Course, Epoch
from train.dataset import TrainingSet
from train.design_fit import Rows, fit_design_parts
from train.graph_fit import Frames, batches
from train.split import folds
from train.structure_fit import fit_structure

LEAST_DESIGNS_TO_WATCH: Final = 10
"""With fewer of its own a member spares none: what they said of when to stop would be chance."""


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


def fold_of(keys: Sequence[str], ranks: Sequence[int], config: TrainingConfig) -> dict[str, int]:
    """Fold of each design; what a member never sees is `left_out`.

    Args:
        keys: Design of each record.
        ranks: `train.split.outcome_ranks` of the same records.
        config: How many folds, and the seed.
    """
    return folds(keys, min(config.n_folds, config.n_members), config.seed, ranks)


def left_out(number: int, fold: Mapping[str, int]) -> int:
    """The fold that member `number` never sees."""
    return number % len(set(fold.values()))


@one_thread()
def fit_member(
    data: TrainingSet, config: TrainingConfig, number: int, course: Course | None = None
) -> MemberFit:
    """Fit member `number`; the same numbers give the same member.

    Args:
        data: All records; those of the member's own fold are left out.
        config: How.
        number: From 0.
        course: What goes with the fit; None: nothing, it is fitted here and in silence.
    """
    course = course or Course()
    fold = fold_of(data.keys, data.outcome_ranks, config)
    held_out = left_out(number, fold)
    is_used = np.array([fold[key] != held_out for key in data.keys])
    seed = config.seed * 1009 + number
    rows = Rows.used(Rows(data.features, data.targets, data.keys), is_used)
    anchor = _anchor(number, len(set(fold.values())), config.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        architecture = config.architecture(has_labels=data.has_labels)
        network = architecture.network(data.domain.scaling.n_features)
        network.linear, network.design = fit_design_parts(rows, data.domain.hold_ps, anchor, config)
        course.tell(Epoch(0))
        graphs = data.graphs if config.has_structure else []
        is_own = torch.from_numpy(is_used)
        if config.has_structure and is_own[data.owner].any():
            watching = torch.from_numpy(_watching(data, config, is_used, seed))
            frames = Frames(data, graphs, is_own, watching)
            fit_structure(network, frames, config, course)
        return MemberFit(held_out, network.state_dict(), _corrections(network, graphs, config))


def _anchor(number: int, n_folds: int, seed: int) -> tuple[int, float]:
    """Seed and sign of a member's prior draw: mirrored pairs left out the same designs.

    So the draws cancel in what the judges of a design forecast together, as they do in the whole.

    >>> [_anchor(number, 2, seed=0) for number in range(5)]
    [(0, 1.0), (1, 1.0), (0, -1.0), (1, -1.0), (2, 1.0)]
    """
    turn, part = divmod(number, n_folds)
    return seed * 1009 + turn // 2 * n_folds + part, (1.0, -1.0)[turn % 2]


def _watching(
    data: TrainingSet, config: TrainingConfig, is_used: NDArray[np.bool_], seed: int
) -> NDArray[np.bool_]:
    """Records of the member's own designs that only tell when to stop, shape ``(n_records,)``."""
    own = np.flatnonzero(is_used)
    keys, ranks = [data.keys[each] for each in own], [data.outcome_ranks[each] for each in own]
    if not config.validation_share or len(set(keys)) < LEAST_DESIGNS_TO_WATCH:
        return np.zeros_like(is_used)
    part = folds(keys, round(1.0 / config.validation_share), seed, ranks)
    return np.array([part.get(key) == 0 for key in data.keys])


def _corrections(network: EmbryoNet, graphs: Sequence[Data], config: TrainingConfig) -> Tensor:
    """What the structure adds to every frame, held-out ones included."""
    if not graphs:
        return torch.zeros(0, len(network.linear.bias), dtype=torch.float64)
    with torch.inference_mode():
        parts = [
            network.structure(Batch.from_data_list([graphs[each] for each in index]))
            for index in batches(range(len(graphs)), graphs, config.max_atoms_per_batch)
        ]
    return torch.cat(parts)
