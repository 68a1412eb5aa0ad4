"""`glassyli evaluate` as a user meets it: repeats that are kept, a page, and JSON."""

import json
from pathlib import Path

import pytest
from command_line import glassyli, is_one_clear_message
from synthetic import QUICK_TRAINING, Truth, synthetic_designs, synthetic_store

pytestmark = [pytest.mark.needs_ray, pytest.mark.slow]


def test_an_evaluation_by_repeats_goes_on_where_it_stopped(tmp_path: Path) -> None:
    synthetic_store(tmp_path / "store", synthetic_designs(24), 1, Truth(median_ps=150.0))
    config = QUICK_TRAINING.model_copy(update={"n_folds": 2, "epochs": 1}).model_dump(mode="json")
    (tmp_path / "train.yaml").write_text(json.dumps(config))
    asked = ["evaluate", "store", "--repeats", 2, "--config", "train.yaml", "--work", "work"]
    first = glassyli(*asked, "--out", "page.html", "--json", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    answer = json.loads(first.stdout)
    assert answer["parts"] == ["at_landmarks"]
    assert answer["by_design"] is answer["not_at_landmarks"] is None
    found = answer["at_landmarks"]
    assert found["kind"] == "repeats"
    assert found["n_repeats"] == 2
    assert "over all repeats" in (tmp_path / "page.html").read_text("utf-8")
    written = (tmp_path / "work" / "repeat-0" / "package.json").stat().st_mtime_ns
    again = glassyli(*asked, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "repeat 1 of 2" not in again.stderr
    assert "next: glassyli search" in again.stdout
    assert (tmp_path / "work" / "repeat-0" / "package.json").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--config", "train.yaml"], "--repeats"),
        (["--work", "elsewhere"], "--repeats"),
        (["--repeats", "2", "--model", "mine"], "--model"),
        (["--repeats", "2"], "20 embryos that wait"),
        (["--out", "page.pdf"], ".html"),
    ],
)
def test_misuse_is_said_once(words: list[str], said: str, tmp_path: Path) -> None:
    synthetic_store(tmp_path / "store", synthetic_designs(3), 1)
    ended = glassyli("evaluate", "store", *words, cwd=tmp_path)
    assert ended.returncode == 2
    assert is_one_clear_message(ended)
    assert said in ended.stderr
