"""A package is whole, checked and inert, or it is refused with a remedy."""

import json
import pickle
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from command_line import glassyli
from synthetic import synthetic_designs, synthetic_package, synthetic_store

from simulate.errors import MisuseError, PackageError
from simulate.files import sha256_of
from simulate.record import PHYSICS_VERSION
from surrogate.manifest import CARD, MANIFEST, SCHEMA_VERSION, WEIGHTS, read_manifest
from surrogate.package import read_package


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    store = synthetic_store(folder / "store", synthetic_designs(5), n_replicas=1)
    synthetic_package(folder / "model", store)
    return folder / "model"


@pytest.fixture
def package_path(original: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "model"
    copied.mkdir()
    for path in original.iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    return copied


def edit_manifest(path: Path, **changes: object) -> None:
    values = json.loads((path / MANIFEST).read_text())
    (path / MANIFEST).write_text(json.dumps(values | changes))


def test_what_is_written_is_read_back(package_path: Path) -> None:
    package = read_package(package_path)
    again = package_path.parent / "again"
    package.write(again)
    copy = read_package(again)
    assert copy.manifest == package.manifest
    assert copy.card_text == package.card_text
    assert copy.label == package.label == read_manifest(again).label
    assert all(torch.equal(copy.weights[name], each) for name, each in package.weights.items())
    assert sorted(path.name for path in package_path.parent.iterdir()) == ["again", "model"]
    assert {path.name for path in again.iterdir()} == {MANIFEST, WEIGHTS, CARD}


def test_nothing_is_overwritten(package_path: Path) -> None:
    with pytest.raises(MisuseError, match="must not replace"):
        read_package(package_path).write(package_path)


@pytest.mark.parametrize("name", [WEIGHTS, CARD])
def test_one_changed_byte_is_noticed(package_path: Path, name: str) -> None:
    content = bytearray((package_path / name).read_bytes())
    content[-1] ^= 1
    (package_path / name).write_bytes(bytes(content))
    with pytest.raises(PackageError, match=r"checksum.*anew"):
        read_package(package_path)


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS, CARD])
def test_missing_and_truncated_files_are_refused(package_path: Path, name: str) -> None:
    content = (package_path / name).read_bytes()
    (package_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(PackageError):
        read_package(package_path)
    (package_path / name).unlink()
    with pytest.raises(PackageError):
        read_package(package_path)


def test_a_newer_schema_says_update(package_path: Path) -> None:
    edit_manifest(package_path, schema_version=99, something_new=1)
    with pytest.raises(PackageError, match="Update glassyli"):
        read_package(package_path)


@pytest.mark.parametrize("schema", [1, SCHEMA_VERSION - 1])
def test_an_older_schema_says_train_anew(package_path: Path, schema: int) -> None:
    edit_manifest(package_path, schema_version=schema)
    with pytest.raises(PackageError, match=r"older release.*glassyli train"):
        read_package(package_path)


def test_a_model_of_other_physics_says_train_anew(package_path: Path) -> None:
    assert read_manifest(package_path).physics_version == PHYSICS_VERSION
    edit_manifest(package_path, physics_version=PHYSICS_VERSION - 1)
    with pytest.raises(PackageError, match=r"physics version.*glassyli train"):
        read_package(package_path)


@pytest.mark.parametrize("key", ["hold_ps", "labelling", "labelling.positions"])
def test_an_unsaid_protocol_is_not_filled_with_today_s(package_path: Path, key: str) -> None:
    protocol = json.loads((package_path / MANIFEST).read_text())["protocol"]
    inner = protocol
    *outer, last = key.split(".")
    for name in outer:
        inner = inner[name]
    del inner[last]
    edit_manifest(package_path, protocol=protocol)
    # Every key that was left out has a default, so nothing else would refuse it.
    with pytest.raises(PackageError, match=f"leaves out {re.escape(key)}:"):
        read_package(package_path)


def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="glassyli train"):
        read_package(tmp_path)
    (tmp_path / MANIFEST).write_text('{"name": "other"}')
    with pytest.raises(PackageError, match="not a model package"):
        read_package(tmp_path)


class Exploit:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (open, ("executed", "w"))


def test_loading_executes_nothing(package_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(package_path)
    evil = pickle.dumps(Exploit())
    (package_path / WEIGHTS).write_bytes(evil)
    sums = {WEIGHTS: sha256_of(evil), CARD: sha256_of((package_path / CARD).read_bytes())}
    edit_manifest(package_path, sha256=sums)
    with pytest.raises(PackageError, match="damaged"):
        read_package(package_path)
    assert not Path("executed").exists()


def test_weights_of_another_architecture_are_refused(package_path: Path) -> None:
    architecture = {"design_width": 3, "graph_width": 5, "n_rounds": 1}
    edit_manifest(package_path, architecture=architecture)
    with pytest.raises(PackageError, match="architecture"):
        read_package(package_path).members()


def test_summary_is_json_and_says_what_it_is_for(package_path: Path) -> None:
    summary = read_package(package_path).summary()
    json.dumps(summary, allow_nan=False)
    assert summary["protocol"]["hold_ps"] == summary["horizon_ps"] == 200.0
    assert summary["n_designs"] == 5
    assert set(summary["design_ranges"]) >= {"n_atoms", "packing_density_g_cm3"}


def test_a_sound_package_is_said_to_be_so(package_path: Path) -> None:
    label = read_manifest(package_path).label
    said = glassyli("model", "verify", package_path)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith(f"{label} in {package_path} is whole")


def test_weights_that_are_no_numbers_are_refused(package_path: Path, tmp_path: Path) -> None:
    sound = read_package(package_path)
    name = "members.0.linear.shared"
    spoilt = {**sound.weights, name: sound.weights[name] * float("nan")}
    replace(sound, weights=spoilt).write(tmp_path / "spoilt")
    said = glassyli("model", "verify", tmp_path / "spoilt")
    assert said.returncode == 1
    assert f"must be finite, but {name} is not" in said.stderr


def test_a_package_is_described_by_what_it_says_of_itself(package_path: Path) -> None:
    manifest = read_manifest(package_path)
    said = glassyli("model", "inspect", package_path).stdout
    assert f"{manifest.n_records} trajectories of 5 designs of Li" in said
    assert "full road" in said
    assert f"note: {manifest.warnings[0]}" in said
    shown = json.loads(glassyli("model", "inspect", package_path, "--json").stdout)
    assert shown == json.loads(json.dumps(read_package(package_path).summary()))
    card = glassyli("model", "inspect", package_path, "--card").stdout
    assert card.strip() == (package_path / CARD).read_text(encoding="utf-8").strip()
