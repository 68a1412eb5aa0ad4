"""The ablation: what is blind sees no angle, and all variants answer for the same embryos."""

import json
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk
from synthetic import (
    QUICK_TRAINING,
    Truth,
    lithium,
    synthetic_designs,
    synthetic_package,
    synthetic_store,
)
from torch_geometric.data import Batch

from benchmarks import ablation
from benchmarks.ablation import (
    ALL,
    DESIGN,
    LINE,
    NO_ANGLES,
    NO_LABELS,
    PAIRS,
    STUDY,
    blinded,
    without_angles,
    without_graph,
)
from simulate.snapshot import Snapshot
from simulate.store import open_store
from surrogate.descriptors import DESCRIPTOR_NAMES, descriptors
from surrogate.surroundings import UNLABELLED, Surroundings, surroundings
from train.dataset import TrainingSet
from train.landmark import LEAST_AT_RISK
from train.records import read_records

ANGULAR = [name for name in DESCRIPTOR_NAMES if "averaged" in name or "solid" in name]


def crystal(lattice: str) -> Surroundings:
    """A periodic crystal of lithium at the nearest-neighbour distance of the potential."""
    cells = {"bcc": 5, "fcc": 4}[lattice]
    nearest_A = lithium().physics.nearest_neighbour_A
    constant_A = nearest_A * {"bcc": 2.0 / np.sqrt(3.0), "fcc": np.sqrt(2.0)}[lattice]
    atoms = bulk("Li", lattice, a=constant_A, cubic=True).repeat(cells)
    snapshot = Snapshot(atoms.positions, atoms.cell.lengths(), is_periodic=True)
    return surroundings(snapshot, lithium(n_atoms=len(atoms)))


def test_the_blind_cannot_tell_crystals_by_angles_but_count_neighbours() -> None:
    seen = {lattice: crystal(lattice) for lattice in ("bcc", "fcc")}
    blind = {lattice: without_angles(each) for lattice, each in seen.items()}

    def of(which: dict[str, Surroundings], names: list[str]) -> list[list[float]]:
        place = [DESCRIPTOR_NAMES.index(name) for name in names]
        return [descriptors(each)[place].tolist() for each in which.values()]

    bcc, fcc = of(seen, ANGULAR)
    assert bcc != pytest.approx(fcc, abs=0.01)
    assert of(blind, ANGULAR) == [[0.0] * len(ANGULAR)] * 2
    bcc, fcc = of(blind, ["mean_coordination"])
    assert (bcc, fcc) == (pytest.approx([1.0]), pytest.approx([12.0 / 14.0]))
    for lattice, each in blind.items():
        assert np.array_equal(each.distances, seen[lattice].distances)
        assert np.array_equal(each.edge_index, seen[lattice].edge_index)
        assert not each.likeness.any()


def test_no_other_field_could_tell_an_angle() -> None:
    """A new field of `Surroundings` must be looked at: the blind might see it."""
    known = {"atoms", "edge_index", "distances", "likeness", "labels", "time_ps", "stage"}
    assert {each.name for each in fields(Surroundings)} == known
    assert crystal("bcc").atoms.shape[1] == ablation.N_ANGULAR + 2


def test_a_blinded_training_set_is_blind_throughout(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", synthetic_designs(4), 1)
    data = TrainingSet.of(read_records([store]), 2)
    labels = [np.ones_like(each.labels) for each in data.atoms]
    labelled = [replace(e, labels=each) for e, each in zip(data.atoms, labels, strict=True)]
    data = replace(data, atoms=labelled)
    for whole, blind in zip(data.graphs, blinded(data).graphs, strict=True):
        assert whole.x[:, : ablation.N_ANGULAR].any()
        assert not blind.x[:, : ablation.N_ANGULAR].any()
        assert (whole.edge_attr[:, :-1] == blind.edge_attr[:, :-1]).all()
        assert not blind.edge_attr[:, -1].any()
        assert (blind.labels == UNLABELLED).all()


def test_without_the_graph_the_line_is_left_as_it_was_fitted(tmp_path: Path) -> None:
    """What the structure adds is then the line alone, and with the graph it is more."""
    store = synthetic_store(tmp_path / "store", synthetic_designs(6), 1, Truth(median_ps=150.0))
    package = synthetic_package(tmp_path / "model", store)
    data = TrainingSet.of(read_records([store]), 2)
    batch = Batch.from_data_list(data.graphs[:4])
    members = zip(package.members(), without_graph(package).members(), strict=True)
    with torch.inference_mode():
        for whole, bare in members:
            assert torch.equal(bare.structure(batch), whole.structure.line(batch))
            assert bare.structure(batch).any()
            assert not torch.equal(bare.structure(batch), whole.structure(batch))
            features = data.features[:3]
            assert torch.equal(bare.design_outputs(features), whole.design_outputs(features))


def test_the_command_compares_all_variants_on_the_same_embryos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    designs = [lithium(120 + 5 * n, packing_density_g_cm3=0.1) for n in range(LEAST_AT_RISK)]
    store = synthetic_store(tmp_path / "store", designs, 1, Truth(median_ps=150.0))
    tiny = QUICK_TRAINING.model_copy(update={"epochs": 1, "design_steps": 2, "n_packings": 1})
    config = tmp_path / "tiny.yaml"
    config.write_text(json.dumps(tiny.model_dump(mode="json")), encoding="utf-8")
    monkeypatch.setattr(
        sys, "argv", ["ablation", str(store.path), "--json", "--config", str(config)]
    )
    ablation.main()
    printed = json.loads(capsys.readouterr().out)
    assert set(printed["gates"]) == {ALL, NO_LABELS, NO_ANGLES}
    found = printed["landmarks"]
    assert found[0]["landmark"] == "packing"
    for each in found:
        assert set(each["over_kaplan_meier"]) == {ALL, LINE, NO_LABELS, NO_ANGLES, DESIGN}
        assert set(each["over_each_other"]) == {f"{one} over {other}" for one, other in PAIRS}
        assert len({one["n_records"] for one in each["over_kaplan_meier"].values()}) == 1
        assert len({one["log"]["kaplan_meier"] for one in each["over_kaplan_meier"].values()}) == 1
    assert "## Packing" in (open_store(store.path).path / STUDY).read_text(encoding="utf-8")
