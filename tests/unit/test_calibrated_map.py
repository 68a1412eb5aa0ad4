"""Calibrated maps as files: kept, chosen by name or path, refused, and read from older releases."""

import json
import math
from pathlib import Path

import pytest
from nucleation import WaitingModel

import surrogate
from simulate.errors import MisuseError
from surrogate.deposition.bridge import HorizonBridge
from surrogate.deposition.fitting import calibrated, write_calibrated_map
from surrogate.deposition.paper_map import PaperMap
from surrogate.deposition.registry import (
    DEPOSITION_MAPS,
    CalibratedMap,
    MapDraw,
    bridge_or_default,
    choose_map,
    read_calibrated_map,
)
from surrogate.manifest import read_manifest

LIKE = "nichol-ackland-2016"
BRIDGE = HorizonBridge(horizon_ps=250.0)


@pytest.fixture(scope="module")
def kept() -> CalibratedMap:
    return calibrated(WaitingModel(n_members=2, disagreement=math.log(1.05)), PaperMap(), BRIDGE)


def test_a_calibrated_map_is_kept_and_chosen(kept: CalibratedMap, tmp_path: Path) -> None:
    found = kept
    path = tmp_path / "map.json"
    write_calibrated_map(path, found)
    assert read_calibrated_map(path) == found
    chosen = choose_map(path, "closed-form", [LIKE])
    assert chosen.numbers == "calibrated"
    assert chosen.deposition_map == found.deposition_map
    assert chosen.bridge == BRIDGE
    assert len(chosen.draws) == len(found.draws) == 200
    assert [each.member for each in chosen.draws] == [0, 1] * 100
    assert chosen.n_members == 2
    assert bridge_or_default(chosen, None) == BRIDGE
    assert bridge_or_default(chosen, 77.0) == HorizonBridge(horizon_ps=77.0)
    assert "closed-form" in chosen.said


def test_a_file_of_schema_1_is_read_and_knows_no_members(
    kept: CalibratedMap, tmp_path: Path
) -> None:
    path = tmp_path / "map.json"
    values = kept.model_dump(mode="json", exclude={"draw_members"}) | {"schema_version": 1}
    path.write_text(json.dumps(values))
    chosen = choose_map(path, "closed-form", [LIKE])
    assert chosen.n_members == 0
    assert [each.deposition_map.values for each in chosen.draws] == list(kept.draws)
    for changed in ({"schema_version": 2}, {"schema_version": 2, "draw_members": [0] * 199}):
        path.write_text(json.dumps(values | changed))
        with pytest.raises(MisuseError, match="draw_members must"):
            choose_map(path, "closed-form", [LIKE])
    path.write_text(json.dumps(values | {"schema_version": 2, "draw_members": [0, 0, 1, 1] * 50}))
    with pytest.raises(MisuseError, match="every member once"):
        choose_map(path, "closed-form", [LIKE])


def test_the_map_that_is_kept_is_a_draw_of_its_posterior(kept: CalibratedMap) -> None:
    assert kept.deposition_map.values in kept.draws


def test_a_map_of_another_model_or_metal_is_refused(kept: CalibratedMap, tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    write_calibrated_map(path, kept)
    with pytest.raises(MisuseError, match="calibrated with, closed-form, but another is asked"):
        choose_map(path, "another", [LIKE])
    with pytest.raises(MisuseError, match="potential, nichol-ackland-2016-na, but"):
        choose_map(path, "closed-form", ["nichol-ackland-2016-na"])
    with pytest.raises(MisuseError, match="must be one of paper, overpotential or the file"):
        choose_map("magic", "closed-form", [LIKE])
    path.write_text("{}")
    with pytest.raises(MisuseError, match="is required"):
        choose_map(path, "closed-form", [LIKE])
    path.write_text("not json")
    with pytest.raises(MisuseError, match="valid JSON"):
        choose_map(path, "closed-form", [LIKE])


def test_a_name_is_the_first_guess_for_a_model_nothing_was_calibrated_with() -> None:
    for name, guess in DEPOSITION_MAPS.items():
        chosen = choose_map(name, "closed-form", [LIKE])
        assert chosen.deposition_map == guess
        assert chosen.numbers == "first guess"
        assert chosen.bridge is None
        assert "uncalibrated first guess" in chosen.said
        prior = guess.prior_draws(len(chosen.draws))
        assert chosen.draws == tuple(map(MapDraw, prior))
        assert bridge_or_default(chosen, None) == HorizonBridge()


def test_what_ships_was_calibrated_with_the_model_that_ships() -> None:
    """Train the one anew, and the other must follow: docs/deposition.md says how."""
    package = Path(surrogate.__file__).parent / "pretrained"
    manifest = read_manifest(package)
    chosen = choose_map("paper", manifest.label, manifest.domain.potentials)
    assert chosen.is_calibrated
    assert isinstance(chosen.bridge, HorizonBridge)
    assert len(set(chosen.draws)) > 100
    assert chosen.n_members == manifest.n_members
    assert "where the readings do not refute it (posterior predictive p = 0.31)" in chosen.said
    elsewhere = choose_map("paper", "another-model", manifest.domain.potentials)
    assert not elsewhere.is_calibrated
    assert manifest.label in elsewhere.said
