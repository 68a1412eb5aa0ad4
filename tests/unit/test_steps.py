"""The quickstart's steps keep the time of the run that did them."""

import json
from pathlib import Path

import pytest

from serve.steps import StepLog, Work
from simulate.errors import MisuseError


def test_a_step_done_earlier_keeps_its_time_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "steps.json"
    done = Work("24 trajectories", "abc", is_new=True, result=7)
    assert StepLog(path).timed("simulate", lambda: done) == 7
    held = json.loads(path.read_text())
    held["steps"][0]["wall_s"] = 199.5
    path.write_text(json.dumps(held))
    for _ in range(2):
        log = StepLog(path)
        log.timed("simulate", lambda: Work("all there", "abc", is_new=False, result=7))
        (row,) = log.rows
        assert row["wall_s"] == 199.5
        assert row["what"] == "24 trajectories (done in an earlier run)"


@pytest.mark.parametrize(("made_from", "is_new"), [("other", False), ("abc", True)])
def test_the_time_of_other_work_is_not_kept(
    tmp_path: Path, *, made_from: str, is_new: bool
) -> None:
    path = tmp_path / "steps.json"
    step = {"name": "train", "wall_s": 199.5, "what": "8 members", "made_from": "abc"}
    path.write_text(json.dumps({"steps": [step]}))
    log = StepLog(path)
    log.timed("train", lambda: Work("a package", made_from, is_new=is_new, result=None))
    (row,) = log.rows
    assert row["wall_s"] < 100.0
    assert row["what"].startswith("a package")
    assert ("earlier" in row["what"]) is not is_new


def test_a_step_survives_the_failure_of_the_next(tmp_path: Path) -> None:
    log = StepLog(tmp_path / "steps.json")
    log.timed("simulate", lambda: Work("2 trajectories", "abc", is_new=True, result=None))
    with pytest.raises(ZeroDivisionError):
        log.timed("train", lambda: 1 / 0)
    (held,) = json.loads((tmp_path / "steps.json").read_text())["steps"]
    assert held["name"] == "simulate"


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "steps.json"
    path.write_text("[]")
    with pytest.raises(MisuseError, match=r"steps\.json"):
        StepLog(path)
