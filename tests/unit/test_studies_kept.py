"""Benchmarks publish nothing of other data, and nothing that flatters."""

import json
from pathlib import Path

import numpy as np
import pytest
from synthetic import SHORT_PROTOCOL, Truth, lithium, synthetic_store

from benchmarks import active_curves, active_truth
from benchmarks.active import verdict
from benchmarks.active_curves import ACTIVE_AT, PLAIN_AT, Curves, kept, made_from
from benchmarks.search import fewer_line, needed_for, times_fewer
from simulate.errors import MisuseError

NEVER_THERE = np.inf


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return synthetic_store(tmp_path / "store", [lithium()], 1, Truth(), has_frames=False).path


def test_kept_seeds_are_of_the_same_store_and_constants(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, path = made_from(store), tmp_path / "kept.jsonl"
    assert kept(path, made) == {}
    seeds = {"synthetic-0": {"boundary": {"8": 0.5}}}
    path.write_text("".join(f"{json.dumps(each)}\n" for each in (made, *seeds.items())))
    assert kept(path, made_from(store)) == seeds
    with monkeypatch.context() as changed:
        changed.setattr(active_truth, "STEEPNESS", 3.0)
        with pytest.raises(MisuseError, match="another --keep"):
            kept(path, made_from(store))
    with monkeypatch.context() as changed:
        changed.setattr(active_curves, "REPLAY_PS", 900.0)
        with pytest.raises(MisuseError, match="another --keep"):
            kept(path, made_from(store))
    synthetic_store(store, [lithium(500)], 1, Truth(), SHORT_PROTOCOL, has_frames=False)
    with pytest.raises(MisuseError, match="another --keep"):
        kept(path, made_from(store))


def test_kept_seeds_that_do_not_say_are_refused(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_text('["synthetic-0", {}]\n')
    with pytest.raises(MisuseError, match="another --keep"):
        kept(path, made_from(store))


def curves(boundary: float) -> Curves:
    """Of one seed: `boundary` has an error from 56 trajectories on, the grid 0.2."""
    return {
        "boundary": {str(n): 0.5 if n < 56 else boundary for n in ACTIVE_AT},
        "sobol": {str(n): 0.5 if n < 64 else 0.4 for n in PLAIN_AT},
        "random": {str(n): 0.5 if n < 48 else 0.4 for n in PLAIN_AT},
        "grid": {"144": 0.2},
    }


def test_the_mean_curve_decides_and_not_the_first_passage_of_some_seeds() -> None:
    some = verdict([curves(0.1), curves(0.1), curves(0.5)])
    assert "never reaches the error of a grid of 144 (0.200) by 64 trajectories" in some
    assert "(0.233 at 56, 0.233 at 64)" in some
    assert "1 of 3 were not there" in some
    assert "random choice needs 48" in some
    every = verdict([curves(0.1)] * 3)
    assert "never" not in every
    assert "reaches the error of a grid of 144 (0.200) at 5" in every


def test_seeds_that_never_come_there_are_counted_and_do_not_flatter() -> None:
    chance = np.full(10, 100.0)
    ours = np.array([50.0] * 4 + [NEVER_THERE] * 6)
    assert times_fewer(chance, ours)[0] == 0.0
    line = fewer_line("hills", "tpe", chance, ours)
    assert "never there: 6 of 10 seeds, by chance 0 of 10" in line.what
    assert line.is_met is False


def test_the_goal_of_a_search_is_an_interval_above_one() -> None:
    chance = np.full(10, 100.0)
    assert fewer_line("hills", "tpe", chance, np.full(10, 50.0)).is_met is True
    assert fewer_line("hills", "tpe", chance, chance).is_met is False
    wide = np.array([20.0] * 6 + [400.0] * 4)
    ratio, low, _ = times_fewer(chance, wide)
    assert ratio == 5.0
    assert low < 1.0
    assert fewer_line("hills", "tpe", chance, wide).is_met is False


def test_trials_are_counted_to_the_first_that_is_good_enough() -> None:
    runs = {
        "random": [np.array([0.1, 0.2, 0.96]), np.array([0.1, 0.1, 0.95])],
        "tpe": [np.array([0.97]), np.array([0.99])],
    }
    lines = needed_for("hill", "0.95 x the best", 0.95, runs)
    assert [line.value for line in lines[:2]] == [3.0, 1.0]
    assert "times fewer by tpe than by chance 3" in lines[2].what
    assert len(needed_for("hill", "all", 2.0, runs)) == 2  # neither came there
