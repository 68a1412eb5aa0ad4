"""What the atoms tell is learnt where they tell something, and only from frames one may see."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from synthetic import QUICK_TRAINING, Truth, synthetic_designs, synthetic_store
from torch_geometric.data import Batch

from surrogate.network import forecast
from surrogate.survival import log_waiting_survival
from train.dataset import TrainingSet
from train.graph_fit import Frames
from train.loss import Prior
from train.records import read_records
from train.structure_fit import fit_line

TOLD = 3
"""Column of a structure's atoms that shall tell the end: averaged q6."""


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """Runs of one law whose atoms, unlike any atoms, show whether they will order."""
    path = tmp_path_factory.mktemp("telling") / "store"
    truth = Truth(quench_logit=-50.0, median_ps=60.0, cure=0.5)
    store = synthetic_store(path, synthetic_designs(30), 1, truth)
    data = TrainingSet.of(read_records([store]), 4)
    is_ordered = data.targets.is_ordered[data.owner].numpy()
    atoms = []
    for each, orders in zip(data.atoms, is_ordered, strict=True):
        changed = each.atoms.copy()
        changed[:, TOLD] += 0.2 * float(orders)
        atoms.append(replace(each, atoms=changed))
    return replace(data, atoms=atoms)


def moved_by_line(data: TrainingSet, is_own: np.ndarray) -> torch.Tensor:
    """What a line fitted to these records adds to every frame."""
    torch.manual_seed(0)
    network = QUICK_TRAINING.architecture(has_labels=data.has_labels).network()
    with torch.no_grad():  # a design that tells nothing
        network.linear.bias.copy_(Prior.for_hold(data.domain.hold_ps, 1.0).bias_mean)
    graphs = data.graphs
    frames = Frames(data, graphs, torch.from_numpy(is_own))
    line = fit_line(network, frames, QUICK_TRAINING)
    with torch.no_grad():
        return line(Batch.from_data_list(graphs))


def test_atoms_that_show_order_make_it_likelier(telling: TrainingSet) -> None:
    moved = moved_by_line(telling, np.ones(len(telling.designs), dtype=bool))
    waits = torch.isfinite(telling.since_ps)
    orders = telling.targets.is_ordered[telling.owner]
    prior = Prior.for_hold(telling.domain.hold_ps, 1.0)
    law = forecast(moved + prior.bias_mean, prior.shared_mean).law
    waiting = log_waiting_survival(law, torch.full_like(law.log_scale, 150.0)).exp()
    assert waiting[waits & orders].mean() < waiting[waits & ~orders].mean() - 0.15


def test_runs_of_others_are_not_seen(telling: TrainingSet) -> None:
    half = np.arange(len(telling.designs)) % 2 == 0
    hidden = telling.owner.numpy()[:, None] == np.flatnonzero(~half)
    spoilt = [
        replace(each, atoms=each.atoms * 2.0) if is_hidden else each
        for each, is_hidden in zip(telling.atoms, hidden.any(axis=1), strict=True)
    ]
    other = replace(telling, atoms=spoilt)
    first, second = (moved_by_line(data, half) for data in (telling, other))
    seen = torch.from_numpy(~hidden.any(axis=1))
    assert torch.equal(first[seen], second[seen])


def test_without_a_frame_that_waits_there_is_no_line(telling: TrainingSet) -> None:
    nobody = moved_by_line(telling, np.zeros(len(telling.designs), dtype=bool))
    assert not nobody.any()
