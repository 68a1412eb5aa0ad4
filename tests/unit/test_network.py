"""The line and its corrections: zero where they must be, blind where they must be."""

import math

import pytest
import torch
from synthetic import lithium, synthetic_designs
from torch_geometric.data import Batch

from simulate.packing import pack
from simulate.snapshot import Snapshot
from surrogate.descriptors import DESCRIPTOR_NAMES
from surrogate.features import FEATURE_NAMES, FeatureScaling, design_features
from surrogate.graph import graph
from surrogate.network import N_OUTPUTS, DescriptorLine, EmbryoNet, rowwise_affine
from surrogate.surroundings import STAGES, surroundings

SCALING = FeatureScaling.of(design_features(synthetic_designs()))


def stirred_network() -> EmbryoNet:
    """Weights nowhere zero, as after training."""
    torch.manual_seed(1)
    network = EmbryoNet(design_width=8, graph_width=16, n_rounds=2)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return network.eval()


def packed_graph(n_atoms: int, seed: int = 1) -> object:
    design = lithium(n_atoms, 0.267)
    return graph(surroundings(pack(design, seed), design), design, SCALING)


def test_an_untrained_network_is_its_line() -> None:
    network = EmbryoNet(8, 16, 2)
    assert not network.structure(Batch.from_data_list([packed_graph(150)])).any()
    assert not network.design(torch.randn(5, len(FEATURE_NAMES)).double()).any()


def test_a_row_does_not_depend_on_its_company() -> None:
    torch.manual_seed(0)
    rows, weight, bias = torch.randn(333, 7).double(), torch.randn(8, 7).double(), torch.ones(8)
    together = rowwise_affine(rows, weight, bias.double())
    alone = torch.cat([rowwise_affine(row[None], weight, bias.double()) for row in rows])
    assert torch.equal(together, alone)
    torch.testing.assert_close(together, rows @ weight.T + bias)


def test_graphs_of_a_batch_do_not_hear_each_other() -> None:
    network = stirred_network()
    graphs = [packed_graph(150), packed_graph(220), packed_graph(150, seed=2)]
    together = network.structure(Batch.from_data_list(graphs))
    assert together.shape == (3, N_OUTPUTS)
    for number, each in enumerate(graphs):
        alone = network.structure(Batch.from_data_list([each]))[0]
        torch.testing.assert_close(together[number], alone, rtol=1e-5, atol=1e-5)


def test_a_mirror_image_gets_the_same_answer_and_a_moved_atom_another() -> None:
    network, design = stirred_network(), lithium(150, 0.267, "confined")
    packed = pack(design, 1)

    def answer(positions_A: object) -> torch.Tensor:
        snapshot = Snapshot(positions_A, packed.cell_A, is_periodic=False)
        data = graph(surroundings(snapshot, design), design, SCALING)
        return network.structure(Batch.from_data_list([data]))[0]

    moved = packed.positions_A.copy()
    moved[0] += 0.8
    before = answer(packed.positions_A)
    torch.testing.assert_close(answer(-packed.positions_A), before, rtol=1e-4, atol=1e-4)
    assert (answer(moved) - before).abs().max() > 1e-4


def test_the_clock_is_heard() -> None:
    network, design = stirred_network(), lithium(150, 0.267)
    packed = pack(design, 1)
    answers = []
    for time_ps in (0.0, 100.0):
        snapshot = Snapshot(packed.positions_A, packed.cell_A, True, time_ps, "hold")  # noqa: FBT003
        data = graph(surroundings(snapshot, design), design, SCALING)
        answers.append(network.structure(Batch.from_data_list([data]))[0])
    assert (answers[0] - answers[1]).abs().max() > 1e-4


def test_descriptors_speak_for_those_that_wait_and_fade_with_time() -> None:
    """What fades says less of the same atoms later, and nothing before the end of the quench."""
    design, line = lithium(150, 0.267), DescriptorLine()
    packed = pack(design, 1)
    with torch.no_grad():
        line.weight[0, -len(DESCRIPTOR_NAMES) :] = 1.0

    def said(stage: str, time_ps: float) -> float:
        snapshot = Snapshot(packed.positions_A, packed.cell_A, True, time_ps, stage)  # noqa: FBT003
        data = graph(surroundings(snapshot, design), design, SCALING)
        return float(line(Batch.from_data_list([data]))[0, 0].detach())

    assert said("packing", -60.0) == said("heat", -10.0) == 0.0
    at_once, later = said("quench", 0.0), said("hold", 50.0)
    assert at_once != 0.0
    assert later == pytest.approx(at_once / math.e)


def test_every_stage_has_a_line_of_its_own() -> None:
    design, line = lithium(150, 0.267), DescriptorLine()
    packed = pack(design, 1)
    stages = ("packing", -60.0), ("heat", -10.0), ("hold", 0.0)
    snapshots = [
        Snapshot(packed.positions_A, packed.cell_A, True, time_ps, stage)  # noqa: FBT003
        for stage, time_ps in stages
    ]
    graphs = [graph(surroundings(each, design), design, SCALING) for each in snapshots]
    inputs = line.inputs(Batch.from_data_list(graphs)).reshape(3, len(STAGES) + 1, -1)
    is_heard = inputs.abs().sum(dim=2) > 0.0
    assert is_heard.tolist() == [
        [True, False, False, False],
        [False, True, False, False],
        [False, False, True, True],
    ]
