"""What `glassyli serve` makes of its words."""

from pathlib import Path

import pytest

from serve.commands.serving import models_named
from serve.models import model_path
from simulate.errors import MisuseError, PackageError
from surrogate.manifest import read_manifest

SHIPPED = model_path(None)


def test_a_package_goes_by_its_own_name_or_the_one_given() -> None:
    own = read_manifest(SHIPPED).name
    assert models_named([str(SHIPPED), f"again={SHIPPED}"]) == {
        own: str(SHIPPED.absolute()),
        "again": str(SHIPPED.absolute()),
    }
    assert models_named([]) == {}


def test_a_folder_may_hold_an_equals_sign(tmp_path: Path) -> None:
    place = tmp_path / "seed=7"
    place.symlink_to(SHIPPED)
    assert list(models_named([str(place)])) == [read_manifest(SHIPPED).name]


def test_a_link_is_kept_as_it_was_named(tmp_path: Path) -> None:
    current = tmp_path / "current"
    current.symlink_to(SHIPPED)
    assert models_named([f"a={current}"]) == {"a": str(current)}
    assert list(models_named([str(current)]).values()) == [str(current)]


@pytest.mark.parametrize(
    "given", [["a=x", "a=y"], ["=x"], [str(SHIPPED), f"{read_manifest(SHIPPED).name}=x"]]
)
def test_every_model_has_a_name_of_its_own(given: list[str]) -> None:
    with pytest.raises(MisuseError, match="NAME=PATH"):
        models_named(given)


def test_a_package_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="a model package must be"):
        models_named([str(tmp_path)])
