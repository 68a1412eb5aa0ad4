"""Records of several potentials behind one model: an offset each, shared slopes, nothing silent."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import glassyli
from synthetic import (
    QUICK_TRAINING,
    SHORT_PROTOCOL,
    Truth,
    like,
    synthetic_designs,
    synthetic_package,
    synthetic_record,
    synthetic_store,
)

from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.store import RecordStore, open_store
from surrogate.applicability import TrainingDomain
from surrogate.features import (
    FEATURE_NAMES,
    FeatureScaling,
    design_features,
    potentials_by_records,
)
from surrogate.manifest import read_manifest
from surrogate.network import OUTPUTS, EmbryoNet
from surrogate.package import Package, read_package
from surrogate.predictor import Predictor
from train.comparison import compare_package
from train.evaluate import evaluate_package
from train.panel import panel
from train.records import read_records

LITHIUM, SODIUM, POTASSIUM = (f"nichol-ackland-2016{end}" for end in ("", "-na", "-k"))
SLOWER = 4.0
"""By which sodium waits longer than lithium at an equal homologous design."""

LINES_ONLY = QUICK_TRAINING.model_copy(
    update={"n_members": 5, "slope_spreads": [0.5], "epochs": 0, "design_steps": 0}
)


def sodium_designs(n_designs: int, seed: int = 7) -> list[EmbryoDesign]:
    return [like(design, SODIUM) for design in synthetic_designs(n_designs, seed)]


def mixed_store(path: Path, n_sodium: int = 10) -> RecordStore:
    truth = Truth(median_ps=30.0, cure=0.0)
    store = synthetic_store(path, synthetic_designs(24), 3, truth, has_frames=False)
    slower = Truth(median_ps=30.0 * SLOWER, cure=0.0)
    for design in sodium_designs(n_sodium):
        for seed in (1, 2, 3):
            store.append(synthetic_record(design, seed, slower), None)
    return store


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder = tmp_path_factory.mktemp("mixed")
    package = synthetic_package(folder / "model", mixed_store(folder / "store"), LINES_ONLY)
    read = read_package(folder / "model")
    assert read.manifest.model_copy(update={"sha256": {}}) == package.manifest
    return read


@pytest.fixture(scope="module")
def pure_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pure")
    store = synthetic_store(folder / "store", synthetic_designs(8), has_frames=False)
    synthetic_package(folder / "model", store, LINES_ONLY)
    return folder / "model"


@pytest.mark.parametrize("name", [SODIUM, POTASSIUM])
def test_like_designs_of_two_metals_have_the_same_shape_of_density_and_warmth(name: str) -> None:
    designs = synthetic_designs()
    ours, theirs = design_features(designs), design_features([like(d, name) for d in designs])
    for number, feature in enumerate(FEATURE_NAMES):
        # Bulk at room temperature is less dense than at 0 K by another share for every metal.
        loosely = feature in {"log_core_atoms", "surface_share"}
        assert theirs[:, number] == pytest.approx(ours[:, number], rel=0.05 if loosely else 1e-9)


def test_data_of_one_potential_have_the_features_they_always_had() -> None:
    designs = synthetic_designs()
    plain = FeatureScaling.of(design_features(designs))
    scaling = TrainingDomain.of(designs, [200.0] * len(designs), 0.1).scaling
    assert scaling == plain
    assert (scaling.n_features, scaling.offset_potentials) == (len(FEATURE_NAMES), [])
    assert np.array_equal(scaling.places(designs), plain.standardise(design_features(designs)))


def test_the_potential_of_most_records_has_no_column() -> None:
    designs = [*synthetic_designs(3), *sodium_designs(5)]
    assert potentials_by_records(designs) == [SODIUM, LITHIUM]
    domain = TrainingDomain.of(designs, [200.0] * len(designs), 0.1)
    assert domain.potentials == (SODIUM, LITHIUM)
    assert domain.n_designs_of == {SODIUM: 5, LITHIUM: 3}
    assert domain.scaling.offset_potentials == [LITHIUM]
    columns = design_features([*designs, like(designs[0], POTASSIUM)], [LITHIUM])[:, -1]
    assert columns.tolist() == [1.0] * 3 + [0.0] * 6


def test_training_on_two_potentials_finds_how_they_differ(mixed: Package, tmp_path: Path) -> None:
    scaling, row = mixed.manifest.domain.scaling, OUTPUTS.index("log_scale")
    offsets = [
        float(member.linear.weight[row, -1]) / scaling.spread[-1] for member in mixed.members()
    ]
    # The prior holds it back, and other parameters of the law may take their part.
    assert 0.3 * math.log(SLOWER) < np.mean(offsets) < 1.5 * math.log(SLOWER)
    records = list(mixed_store(tmp_path / "store"))
    predictor, seen, found = Predictor(mixed), [], []
    for name in (LITHIUM, SODIUM):
        own = [record for record in records if record.design.potential == name]
        seen.append(np.mean([record.witnessed.lower_ps >= 60.0 for record in own]))
        found.append(predictor.survival_members([r.design for r in own], [60.0]).mean())
    assert seen[1] > seen[0] + 0.25
    assert 0.5 * (seen[1] - seen[0]) < found[1] - found[0] < 1.2 * (seen[1] - seen[0])


def test_a_package_says_which_potentials_it_learnt_from(mixed: Package) -> None:
    summary = mixed.summary()
    assert (summary["element"], summary["potential"]) == ("Li", LITHIUM)
    assert summary["n_designs_of"] == {LITHIUM: 24, SODIUM: 10}
    assert f"Na with {SODIUM} (10 designs)" in mixed.card_text
    assert "disordered Li or Na embryo" in mixed.card_text


def test_a_learnt_potential_is_inside_and_ranges_are_its_own(mixed: Package) -> None:
    domain = mixed.manifest.domain
    inside = domain.judge(sodium_designs(10), 200.0)
    assert all(each.is_inside for each in inside), [each.reasons for each in inside]
    dense = sodium_designs(1)[0].model_copy(update={"packing_density_g_cm3": 0.9})
    (judged,) = domain.judge([dense], 200.0)
    low, high = domain.ranges_of(SODIUM)["packing_density_g_cm3"]
    assert any(f"({low:g} to {high:g} g/cm3," in each for each in judged.reasons)


def test_another_potential_is_answered_as_the_usual_one_and_never_silently(mixed: Package) -> None:
    predictor = Predictor(mixed)
    usual = synthetic_designs(4, seed=3)
    foreign = [like(design, POTASSIUM) for design in usual]
    for design, answer in zip(foreign, predictor.predict_designs(foreign), strict=True):
        assert not answer.applicability.is_inside
        assert any(f"never saw K with {POTASSIUM}" in r for r in answer.applicability.reasons)
        (judged,) = mixed.manifest.domain.judge([design], 200.0)
        assert not judged.is_inside
    scaling = mixed.manifest.domain.scaling
    assert np.array_equal(scaling.places(foreign)[:, -1], scaling.places(usual)[:, -1])


def test_the_command_says_that_a_potential_was_never_seen(pure_path: Path, tmp_path: Path) -> None:
    design = like(synthetic_designs(1)[0], SODIUM)
    (tmp_path / "asked.jsonl").write_text(design.model_dump_json())
    done = glassyli(
        "predict", "--designs", tmp_path / "asked.jsonl", "--model", pure_path, "--fast"
    )
    assert done.returncode == 0, done.stderr
    assert f"never saw Na with {SODIUM}" in " ".join((done.stdout + done.stderr).split())


def test_without_homologous_temperatures_potentials_do_not_mix(
    pure_path: Path, tmp_path: Path
) -> None:
    unscaled = SHORT_PROTOCOL.model_copy(update={"temperature_scaling": "none"})
    designs = [*synthetic_designs(4), *sodium_designs(4)]
    store = synthetic_store(tmp_path / "store", designs, protocol=unscaled, has_frames=False)
    with pytest.raises(MisuseError, match="homologous"):
        read_records([store])
    manifest = read_manifest(pure_path).model_copy(update={"protocol": unscaled})
    manifest.check_substance(designs[0])
    with pytest.raises(MisuseError, match="does not scale temperatures"):
        manifest.check_substance(designs[-1])


def test_what_is_new_is_told_from_what_was_not_watched_so_long() -> None:
    designs = [*synthetic_designs(4), *sodium_designs(3)]
    domain = TrainingDomain.of(designs, [400.0] * 4 + [200.0] * 3, 0.1)
    sodium, potassium = sodium_designs(1)[0], like(synthetic_designs(1)[0], POTASSIUM)
    early, late = (domain.judge([sodium], horizon_ps)[0] for horizon_ps in (150.0, 300.0))
    assert early.is_inside
    assert "does not occur in the 4 training designs watched for so long" in late.reasons[0]
    assert not any("never saw" in each for each in late.reasons)
    assert "never saw K" in domain.judge([potassium], 300.0)[0].reasons[0]


def test_a_package_is_judged_on_records_of_a_potential_it_never_saw(
    pure_path: Path, tmp_path: Path
) -> None:
    store = synthetic_store(tmp_path / "store", sodium_designs(12))
    package = read_package(pure_path)
    judged = evaluate_package(Predictor(package), [store])
    assert (judged.n_designs, judged.n_designs_in_training) == (12, 0)
    found = compare_package([store], package)
    assert found.kind == "new"
    assert found.landmarks
    assert f"{len(list(store))} are of Na with {SODIUM}, which the model never saw." in found.notes


def test_baselines_have_the_offsets_too_and_ask_by_the_columns_of_those_they_learnt_from(
    tmp_path: Path,
) -> None:
    designs = [*synthetic_designs(4), *sodium_designs(3)]
    store = synthetic_store(tmp_path / "store", designs)
    pairs = [(store, record) for record in store]
    learnt = panel(pairs, "packing")
    assert learnt.offset_potentials == [SODIUM]
    assert learnt.design.features.shape[1] == len(FEATURE_NAMES) + 1
    of_sodium = panel([pair for pair in pairs if pair[1].design.potential == SODIUM], "packing")
    assert of_sodium.design.features.shape[1] == len(FEATURE_NAMES)
    n_sodium = len(of_sodium.asked)
    assert learnt.joined([of_sodium]).design.features[-n_sodium:, -1].tolist() == [1.0] * n_sodium
    of_lithium = panel([pair for pair in pairs if pair[1].design.potential == LITHIUM], "packing")
    assert of_lithium.joined([of_sodium]).design.features.shape[1] == len(FEATURE_NAMES)


def test_the_atoms_of_several_potentials_go_through_the_network(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", [*synthetic_designs(5), *sodium_designs(3)], 1)
    package = synthetic_package(tmp_path / "model", store)
    predictor = Predictor(read_package(tmp_path / "model"))
    for name in (LITHIUM, SODIUM, POTASSIUM):
        (answer,) = predictor.predict_designs([like(synthetic_designs(1)[0], name)])
        assert 0.0 <= answer.p_crystalline <= 1.0
    assert package.manifest.gates is not None
    assert open_store(tmp_path / "store").protocol == SHORT_PROTOCOL


def test_a_network_for_one_potential_draws_the_weights_it_always_drew() -> None:
    torch.manual_seed(0)
    usual = EmbryoNet(8, 16, 2).state_dict()
    torch.manual_seed(0)
    counted = EmbryoNet(8, 16, 2, len(FEATURE_NAMES)).state_dict()
    assert all(torch.equal(counted[name], each) for name, each in usual.items())
