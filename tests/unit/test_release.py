"""A worker of another release is refused, whatever the difference is."""

import pickle
from dataclasses import fields, replace
from pathlib import Path

import pytest

from simulate.errors import EngineError
from simulate.release import Release, must_equal, release, source_sha256


def test_the_same_release_is_welcome_after_its_journey_to_a_worker() -> None:
    arrived = pickle.loads(pickle.dumps(release()))  # noqa: S301 - our own
    assert arrived is not release()
    assert arrived == release()
    must_equal(arrived)


@pytest.mark.parametrize("what", [each.name for each in fields(Release)])
def test_any_difference_is_refused_and_named(what: str) -> None:
    with pytest.raises(EngineError, match=rf"{what} other there and .* Install the same release"):
        must_equal(replace(release(), **{what: "other"}))


def test_a_changed_number_of_a_potential_changes_the_source(tmp_path: Path) -> None:
    (tmp_path / "potentials").mkdir()
    file = tmp_path / "potentials" / "one.toml"
    file.write_text("depth_eV = 1.0")
    before = source_sha256(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "code.cpython-311.pyc.4711").touch()  # while Python compiles
    (tmp_path / "potentials" / "one.json").write_text("{}")  # what a check found
    assert source_sha256(tmp_path) == before
    file.write_text("depth_eV = 1.1")
    assert source_sha256(tmp_path) != before
