"""Which atoms are crystalline: labels travel, are learnt beside the times, and change no input."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk
from ase.io import read
from command_line import glassyli
from synthetic import (
    QUICK_TRAINING,
    SHORT_PROTOCOL,
    lithium,
    synthetic_frames,
    synthetic_record,
    synthetic_store,
)
from torch_geometric.data import Batch

from simulate.errors import MisuseError
from simulate.labels import CRYSTALLINE
from simulate.packing import pack
from simulate.snapshot import STRUCTURE_NAMES, Snapshot, extended_xyz
from simulate.store import RecordStore, create_or_open
from surrogate.manifest import MANIFEST
from surrogate.network import AtomLabels, EmbryoNet
from surrogate.package import Package
from surrogate.predictor import Predictor
from surrogate.surroundings import UNLABELLED, surroundings
from train.checkpoint import Checkpoint
from train.course import Course
from train.dataset import TrainingSet
from train.fit import assemble
from train.graph_fit import Frames
from train.label_fit import fit_label_line
from train.loss import label_loss
from train.member import MemberFit, fit_member, fold_of
from train.records import Records, read_records

N_ATOMS = 250
DESIGNS = [lithium(N_ATOMS, 0.05 + 0.01 * number) for number in range(20)]
TAUGHT = QUICK_TRAINING.model_copy(
    update={
        "label_weight": 1.0, "validation_share": 0.0, "epochs": 6, "learning_rate": 0.03,
        "max_atoms_per_batch": 1000, "snapshots_per_run": 3,
    }
)  # fmt: skip
HEAD = "structure.atoms.labels."


def half_crystal(seed: int, share: float = 0.3) -> Snapshot:
    """A crystal of lithium, warm up to a plane and shaken to pieces beyond it."""
    rng = np.random.default_rng(seed)
    atoms = bulk("Li", "bcc", a=lithium().physics.bcc_lattice_constant_A, cubic=True).repeat(5)
    cell_A = atoms.cell.lengths()
    is_crystal = atoms.positions[:, 0] < share * cell_A[0]
    spread_A = np.where(is_crystal, 0.15, 0.9)[:, None]
    positions_A = atoms.positions + spread_A * rng.normal(size=(N_ATOMS, 3))
    bcc, other = STRUCTURE_NAMES.index("bcc"), STRUCTURE_NAMES.index("other")
    labels = np.where(is_crystal, bcc, other)
    return Snapshot(positions_A % cell_A, cell_A, is_periodic=True, structure=labels)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    path = tmp_path_factory.mktemp("labels") / "store"
    return read_records([synthetic_store(path, DESIGNS, 1)])


@pytest.fixture(scope="module")
def data(records: Records) -> TrainingSet:
    """Frames that are half crystals, labelled unless they are packings."""
    plain = TrainingSet.of(records, TAUGHT.snapshots_per_run)
    atoms = []
    for seed, each in enumerate(plain.atoms):
        seen = surroundings(half_crystal(seed), DESIGNS[0])
        labels = np.full_like(seen.labels, UNLABELLED) if each.stage == "packed" else seen.labels
        atoms.append(replace(seen, labels=labels, stage=each.stage, time_ps=each.time_ps))
    return replace(plain, atoms=atoms)


@pytest.fixture(scope="module")
def fits(data: TrainingSet) -> list[MemberFit]:
    return [fit_member(data, TAUGHT, number) for number in range(TAUGHT.n_members)]


@pytest.fixture(scope="module")
def predictor(records: Records, data: TrainingSet, fits: list[MemberFit]) -> Predictor:
    return Predictor(assemble(records, data, fits, TAUGHT, "taught"))


@pytest.fixture(scope="module")
def untaught(records: Records, data: TrainingSet) -> Package:
    """The same without labels."""
    plain = TAUGHT.model_copy(update={"label_weight": 0.0})
    members = [fit_member(data, plain, number) for number in range(plain.n_members)]
    return assemble(records, data, members, plain, "untaught")


def labelled_store(path: Path, structure: np.ndarray) -> RecordStore:
    """Three records whose atoms bear these labels in all frames but the packing."""
    store = create_or_open(path, SHORT_PROTOCOL)
    for design in DESIGNS[:3]:
        record = synthetic_record(design, 1)
        packing, *others = synthetic_frames(record)
        frames = [packing, *(replace(each, structure=structure) for each in others)]
        store.append(record, extended_xyz(frames, design.element))
    return store


def test_labels_travel_from_frames_to_graphs(tmp_path: Path) -> None:
    structure = np.arange(N_ATOMS) % len(STRUCTURE_NAMES)
    expected = np.isin(structure, CRYSTALLINE)
    assert 0 < expected.sum() < N_ATOMS
    records = read_records([labelled_store(tmp_path / "store", structure)])
    looked_for, kept = (TrainingSet.of(records, 3) for _ in range(2))
    kept.write(tmp_path)
    for data in (looked_for, kept, TrainingSet.read(tmp_path)):
        assert data.has_labels
        assert {each.stage for each in data.atoms} >= {"packed", "waiting"}
        for each, seen in zip(data.graphs, data.atoms, strict=True):
            is_packed = seen.stage == "packed"
            assert (each.labels.numpy() == (UNLABELLED if is_packed else expected)).all()


def test_relabelled_frames_are_not_found_in_the_cache(tmp_path: Path) -> None:
    shares = []
    for label in ("bcc", "other"):
        structure = np.full(N_ATOMS, STRUCTURE_NAMES.index(label))
        records = read_records([labelled_store(tmp_path / label, structure)])
        waiting = [e for e in TrainingSet.of(records, 3).atoms if e.stage == "waiting"]
        shares.append(np.mean([each.labels for each in waiting]))
    assert shares == [1.0, 0.0]


def of_held_out(data: TrainingSet, fit: MemberFit) -> tuple[np.ndarray, np.ndarray]:
    """Answers and labels of atoms of designs that a member never saw."""
    fold = fold_of(data.keys, data.outcome_ranks, TAUGHT)
    is_left = torch.tensor([fold[key] == fit.held_out for key in data.keys])[data.owner]
    batch = Batch.from_data_list([data.graphs[n] for n in torch.nonzero(is_left).flatten()])
    network = TAUGHT.architecture(has_labels=True).network()
    network.load_state_dict(fit.state)
    with torch.no_grad():
        log_odds = network.structure.atoms(batch).log_odds
    is_known = batch.labels != UNLABELLED
    return log_odds[is_known].sigmoid().numpy(), batch.labels[is_known].numpy()


def test_crystal_is_told_from_melt_in_designs_never_seen(
    data: TrainingSet, fits: list[MemberFit]
) -> None:
    for fit in fits:
        p_crystalline, label = of_held_out(data, fit)
        majority = max(label.mean(), 1.0 - label.mean())
        assert 0.6 < majority < 0.8
        is_right = (p_crystalline > 0.5) == label
        assert is_right.mean() > majority + 0.1
        assert is_right[label == 1].mean() > 0.7


def test_the_answer_of_an_atom_does_not_know_where_or_in_what_row_it_stands(
    predictor: Predictor,
) -> None:
    design, seen = lithium(N_ATOMS, 0.1, "confined"), half_crystal(1)
    seen = replace(seen, is_periodic=False)
    before = predictor.p_crystalline_atoms(seen, design)
    assert before.shape == (N_ATOMS,)
    assert before.std() > 0.1
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    turned = replace(seen, positions_A=seen.positions_A @ turn + 3.0)
    np.testing.assert_allclose(predictor.p_crystalline_atoms(turned, design), before, atol=1e-4)
    order = np.random.default_rng(0).permutation(N_ATOMS)
    renamed = replace(seen, positions_A=seen.positions_A[order])
    answer = predictor.p_crystalline_atoms(renamed, design)
    np.testing.assert_allclose(answer, before[order], atol=1e-5)


def test_its_own_labels_do_not_change_the_answer(predictor: Predictor) -> None:
    seen = half_crystal(1)
    unlabelled = replace(seen, structure=None)
    answers = [predictor.p_crystalline_atoms(each, DESIGNS[0]) for each in (seen, unlabelled)]
    assert np.array_equal(*answers)
    one, other = (predictor.predict_structure(each, DESIGNS[0]) for each in (seen, unlabelled))
    assert one == other


def test_a_freshly_packed_structure_is_answered_for(predictor: Predictor) -> None:
    answer = predictor.p_crystalline_atoms(pack(DESIGNS[0], 1), DESIGNS[0])
    assert np.isfinite(answer).all()
    assert (answer >= 0.0).all()
    assert (answer <= 1.0).all()


def test_a_package_from_before_the_head_forecasts_as_ever_and_says_what_it_lacks(
    untaught: Package, tmp_path: Path
) -> None:
    path, seen = tmp_path / "older", half_crystal(1)
    untaught.write(path)
    text = (path / MANIFEST).read_text(encoding="utf-8")
    named = ',\n  "has_labels": false'
    assert named in text
    (path / MANIFEST).write_text(text.replace(named, ""), encoding="utf-8")
    older = Predictor.load(path)
    expected = Predictor(untaught).predict_structure(seen, DESIGNS[0])
    assert older.predict_structure(seen, DESIGNS[0]) == expected
    with pytest.raises(MisuseError, match="has none"):
        older.p_crystalline_atoms(seen, DESIGNS[0])


def test_all_else_begins_alike_with_the_head_and_without() -> None:
    begun = []
    for has_labels in (False, True):
        torch.manual_seed(3)
        begun.append((EmbryoNet(8, 16, 2, has_labels=has_labels).state_dict(), torch.rand(())))
    (plain, drawn), (taught, drawn_after) = begun
    assert set(taught) - set(plain) == {f"{HEAD}{name}" for name in ("heard", "slope", "level")}
    assert all(torch.equal(taught[name], each) for name, each in plain.items())
    assert drawn == drawn_after


@pytest.mark.parametrize("change", ["weight 0", "no labels"])
def test_what_is_not_taught_leaves_the_member_as_it_was(data: TrainingSet, change: str) -> None:
    """To the last bit as a member fitted to frames that nobody labelled."""
    blank = [replace(e, labels=np.full_like(e.labels, UNLABELLED)) for e in data.atoms]
    unlabelled = replace(data, atoms=blank)
    weight_0 = TAUGHT.model_copy(update={"label_weight": 0.0})
    plain = fit_member(unlabelled, weight_0, 0)
    asked = (data, weight_0) if change == "weight 0" else (unlabelled, TAUGHT)
    found = fit_member(*asked, 0)
    assert found.state.keys() == plain.state.keys()
    assert not any(name.startswith(HEAD) for name in found.state)
    assert all(torch.equal(found.state[name], each) for name, each in plain.state.items())
    assert torch.equal(found.corrections, plain.corrections)


def test_labels_change_the_messages(data: TrainingSet, fits: list[MemberFit]) -> None:
    weight_0 = TAUGHT.model_copy(update={"label_weight": 0.0})
    name = "structure.atoms.embed.weight"
    assert not torch.equal(fit_member(data, weight_0, 0).state[name], fits[0].state[name])


def test_every_labelled_frame_counts_once_and_others_nothing(data: TrainingSet) -> None:
    graphs = data.graphs[:3]
    assert [each.stage for each in data.atoms[:3]] == ["packed", "waiting", "waiting"]
    batch = Batch.from_data_list(graphs)
    log_odds = torch.linspace(-3.0, 3.0, batch.num_nodes)
    losses = label_loss(log_odds, batch)
    assert losses.dtype == torch.float64
    assert losses.tolist()[0] == 0.0
    parts = log_odds.split([each.num_nodes for each in graphs])
    for each, part, loss in list(zip(graphs, parts, losses, strict=True))[1:]:
        p = part.double().sigmoid()
        right = torch.where(each.labels == 1, p, 1.0 - p)
        assert float(loss) == pytest.approx(float(-right.log().mean()), rel=1e-5)


def test_atoms_that_a_line_parts_fully_leave_it_finite(data: TrainingSet) -> None:
    """And designs that a member may not see leave no trace in its line."""
    is_own = torch.tensor([number % 2 == 0 for number in range(len(data.designs))])
    atoms = []
    for owner, each in zip(data.owner.tolist(), data.atoms, strict=True):
        changed = each.atoms.copy()
        changed[:, 0] = each.labels if is_own[owner] else 1 - each.labels
        atoms.append(replace(each, atoms=changed))
    parted = replace(data, atoms=atoms)
    line = AtomLabels(8)
    fit_label_line(line, Frames(parted, parted.graphs, is_own))
    answers = parted.graphs[1].x @ line.slope + line.level
    assert answers.isfinite().all()
    assert ((answers > 0.0) == (parted.graphs[1].labels == 1)).all()


class Killed(Exception):  # noqa: N818 - what a signal does to a real one
    """The process is gone."""


class Fragile(Checkpoint):
    """The process dies after so many checkpoints."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, every_s=0.0)
        self._n_left = 7

    def save(self, state) -> None:
        super().save(state)
        self._n_left -= 1
        if self._n_left == 0:
            raise Killed


def test_a_taught_member_goes_on_where_it_was_killed(
    data: TrainingSet, fits: list[MemberFit], tmp_path: Path
) -> None:
    found, n_lives = None, 0
    while found is None:
        n_lives += 1
        with suppress(Killed):
            found = fit_member(data, TAUGHT, 0, Course(checkpoint=Fragile(tmp_path / "checkpoint")))
    assert n_lives > 1
    assert all(torch.equal(found.state[name], each) for name, each in fits[0].state.items())


def test_the_command_writes_them_beside_the_atoms(
    predictor: Predictor, untaught: Package, tmp_path: Path
) -> None:
    predictor.package.write(tmp_path / "model")
    untaught.write(tmp_path / "untaught")
    seen, written = half_crystal(1), tmp_path / "atoms.xyz.gz"
    (tmp_path / "seen.xyz.gz").write_bytes(extended_xyz([seen, half_crystal(2)], "Li"))
    design = DESIGNS[0].model_copy(update={"packing_density_g_cm3": 0.533})  # as its cell says
    asked = [
        "predict", "--structure", tmp_path / "seen.xyz.gz", "--design",
        design.model_dump_json(), "--json", "--per-atom",
    ]  # fmt: skip
    ended = glassyli(*asked, written, "--model", tmp_path / "model")
    assert (ended.returncode, len(ended.stdout.splitlines())) == (0, 2), ended.stderr
    assert "atoms" not in json.loads(ended.stdout.splitlines()[0])
    first, _ = read(written, index=":", format="extxyz")
    expected = predictor.p_crystalline_atoms(seen, design)
    np.testing.assert_allclose(first.arrays["p_crystalline"], expected, atol=1e-6)
    refused = glassyli(*asked, tmp_path / "atoms.csv", "--model", tmp_path / "model")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert ".xyz.gz" in refused.stderr
    lacking = glassyli(*asked, written, "--model", tmp_path / "untaught")
    assert (lacking.returncode, lacking.stdout) == (2, "")
    assert "has none. Train it anew" in lacking.stderr
