"""`make bench` with the real engines: every goal has a figure."""

import json
import sys

import pytest

from benchmarks import __main__ as bench

pytestmark = pytest.mark.needs_lammps


@pytest.mark.needs_ovito
@pytest.mark.slow
def test_every_goal_has_a_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--rounds", "1", "--json"])
    bench.main()
    found = json.loads(capsys.readouterr().out)
    figures = {each["what"]: each for each in found["figures"]}
    assert all(each["value"] > 0.0 for each in figures.values())
    goals = [each["goal"] for each in found["figures"] if each["goal"] is not None]
    assert sorted(goals) == [1.0, 1.0, 1.0, 20_000.0]
    assert found["machine"]["cpu"]
    ratio = {name: each["value"] for name, each in figures.items() if "full road" in name}
    assert (
        ratio["ReaxFF trajectory over forecast, full road"]
        > (ratio["EAM trajectory over forecast, full road"])
    )
