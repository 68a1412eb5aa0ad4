"""A package is followed by a sound one, and never by a damaged one."""

import shutil
from pathlib import Path

import pytest
from synthetic import QUICK_TRAINING, synthetic_designs, synthetic_package, synthetic_store

from serve.commands.serving import models_named
from serve.endpoint.held import HeldModel, proven
from serve.endpoint.packages import files_of
from serve.endpoint.tally import Tally
from simulate.errors import PackageError
from surrogate.known_answer import known_answer
from surrogate.manifest import MANIFEST, WEIGHTS, read_manifest
from surrogate.package import read_package
from surrogate.predictor import Predictor


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two models of the same records."""
    folder = tmp_path_factory.mktemp("models")
    store = synthetic_store(folder / "store", synthetic_designs(6))
    synthetic_package(folder / "old", store)
    synthetic_package(folder / "new", store, QUICK_TRAINING.model_copy(update={"seed": 7}))
    return folder / "old", folder / "new"


@pytest.fixture
def served(packages: tuple[Path, Path], tmp_path: Path) -> Path:
    shutil.copytree(packages[0], tmp_path / "served")
    return tmp_path / "served"


def replace(served: Path, package: Path) -> None:
    """As people do: the new one beside, then in place of the old one."""
    aside = served.with_name("aside")
    shutil.copytree(package, aside)
    served.rename(served.with_name("gone"))
    aside.rename(served)


def held_at(served: Path) -> HeldModel:
    return HeldModel("asked", str(served), files_of(str(served)))


def label(package: Path) -> str:
    return read_manifest(package).label


def test_a_new_package_takes_over_at_the_second_look(
    served: Path, packages: tuple[Path, Path]
) -> None:
    held, tally = held_at(served), Tally()
    before = held.model
    assert before.label == label(packages[0])
    replace(served, packages[1])
    held.refresh(tally)
    assert held.model is before
    held.refresh(tally)
    assert held.model.label == label(packages[1]) != before.label
    assert (tally.n_reloads, tally.n_refused_reloads) == (1, 0)
    taken_over = held.model
    held.refresh(tally)
    assert held.model is taken_over


def test_the_package_in_a_quickstart_folder_is_followed(
    packages: tuple[Path, Path], tmp_path: Path
) -> None:
    runs, tally = tmp_path / "runs", Tally()
    shutil.copytree(packages[0], runs / "state-1")
    held = held_at(runs)
    shutil.copytree(packages[1], tmp_path / "state-2")
    (runs / "state-1").rename(tmp_path / "gone")
    (tmp_path / "state-2").rename(runs / "state-2")
    for _ in range(2):
        held.refresh(tally)
    assert held.model.label == label(packages[1])


def test_a_link_that_leads_elsewhere_is_followed(
    packages: tuple[Path, Path], tmp_path: Path
) -> None:
    current, tally = tmp_path / "current", Tally()
    current.symlink_to(packages[0])
    (folder,) = models_named([f"asked={current}"]).values()
    held = held_at(Path(folder))
    (tmp_path / "next").symlink_to(packages[1])
    (tmp_path / "next").replace(current)
    for _ in range(2):
        held.refresh(tally)
    assert held.model.label == label(packages[1])


def test_a_damaged_package_is_refused_once_and_mended_taken(
    served: Path, packages: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    held, tally = held_at(served), Tally()
    before = held.model
    replace(served, packages[1])
    weights = (served / WEIGHTS).read_bytes()
    (served / WEIGHTS).write_bytes(weights[:-8] + b"\0" * 8)
    for _ in range(4):
        held.refresh(tally)
    assert held.model is before
    assert (tally.n_reloads, tally.n_refused_reloads) == (0, 1)
    assert "checksum" in caplog.text
    (served / WEIGHTS).write_bytes(weights)
    for _ in range(2):
        held.refresh(tally)
    assert held.model.label == label(packages[1])
    assert (tally.n_reloads, tally.n_refused_reloads) == (1, 1)


def test_a_package_on_its_way_is_waited_for(served: Path) -> None:
    held, tally = held_at(served), Tally()
    before = held.model
    (served / MANIFEST).rename(served / "elsewhere")
    for _ in range(3):
        held.refresh(tally)
    assert held.model is before
    assert tally == Tally()


def test_a_package_says_what_it_must_answer(packages: tuple[Path, Path]) -> None:
    package = read_package(packages[0])
    assert package.manifest.known_answer == known_answer(Predictor(package))


def test_another_answer_is_no_proof(served: Path) -> None:
    package = read_package(served)
    known = package.manifest.known_answer
    assert known is not None
    told = known.model_copy(update={"survival": [min(1.0, s + 2e-4) for s in known.survival]})
    manifest = package.manifest.model_copy(update={"known_answer": told})
    (served / MANIFEST).write_text(manifest.model_dump_json())
    with pytest.raises(PackageError, match="differ by"):
        proven(served)


def test_a_replica_that_starts_on_a_damaged_package_answers_with_the_deployed_one(
    served: Path, packages: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    deployed = files_of(str(served))
    replace(served, packages[1])
    weights = (served / WEIGHTS).read_bytes()
    (served / WEIGHTS).write_bytes(weights[:-1])
    held, tally = HeldModel("asked", str(served), deployed), Tally()
    assert held.model.label == label(packages[0])
    assert "checksum" in caplog.text
    (served / WEIGHTS).write_bytes(weights)
    for _ in range(2):
        held.refresh(tally)
    assert held.model.label == label(packages[1])
    with pytest.raises(PackageError):
        HeldModel("asked", str(served / "nowhere"), {})


def test_an_older_package_proves_that_it_repeats_itself(served: Path) -> None:
    package = read_package(served)
    manifest = package.manifest.model_copy(update={"known_answer": None})
    (served / MANIFEST).write_text(manifest.model_dump_json())
    assert proven(served).package.label == package.label
