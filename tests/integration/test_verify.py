"""`glassyli verify` and `glassyli learn` with every real part: LAMMPS, OVITO, Ray, tiny embryos."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from command_line import GLASSYLI, glassyli, is_one_clear_message, wait_for
from synthetic import QUICK_TRAINING, lithium, synthetic_package, synthetic_store

from simulate.protocol import Labelling, Protocol

pytestmark = [
    pytest.mark.needs_lammps, pytest.mark.needs_ovito, pytest.mark.needs_ray, pytest.mark.slow,
]  # fmt: skip

TINY = Protocol(
    name="tiny",
    heat_ps=2.0,
    quench_rate_K_per_ps=40.0,
    hold_ps=20.0,
    frame_every_ps=2.0,
    labelling=Labelling(persistence_ps=6.0, fraction_after_onset_ps=4.0),
)
LEARN: dict[str, Any] = {
    "space": {
        "n_designs": 32,
        "n_atoms": [100, 250],
        "packing_density_g_cm3": [0.0534, 0.3],
        "hold_temperature_K": [240.0, 240.0],
        "share_at_300_K": 0.0,
        "energy_exchange": ["open"],
    },
    "protocol": TINY.model_dump(mode="json"),
    "n_initial": 4,
    "batch": 2,
    "n_members": 4,
    "n_places": 4,
    "stop": {"boundary_spread": 0.001, "max_trajectories": 6},
    "training": {"n_members": 2, "epochs": 0, "structure_spread": 0.0, "design_steps": 0},
}


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of a tiny protocol and a search that asked it."""
    folder = tmp_path_factory.mktemp("verify")
    designs = [
        lithium(n, density, energy_exchange="open")
        for n in (100, 150, 250)
        for density in (0.0534, 0.3)
    ]
    store = synthetic_store(folder / "store", designs, 1, protocol=TINY, has_frames=False)
    quick = QUICK_TRAINING.model_copy(update={"epochs": 0, "structure_spread": 0.0})
    synthetic_package(folder / "model", store, quick)
    config = {
        "objective": "glassy_share",
        "n_trials": 10,
        "max_clipped_share": 1.0,
        "also_maps": [],
    }
    (folder / "search.yaml").write_text(yaml.safe_dump(config))
    ended = glassyli("search", "search.yaml", "--model", "model", "--out", "search", cwd=folder)
    assert ended.returncode == 0, ended.stderr
    return folder


def verify(folder: Path, *more: object) -> subprocess.CompletedProcess[str]:
    return glassyli("verify", "search", "--model", "model", "--top", 1, *more, cwd=folder)


def test_a_search_is_verified_by_fresh_dynamics(searched: Path) -> None:
    ended = verify(searched, "--embryos", 3, "--dry-run", "--json")
    assert ended.returncode == 0, ended.stderr
    assert 4 <= json.loads(ended.stdout)["n_waiting"] <= 6
    out = searched / "search/verification"
    assert not out.exists()

    ended = verify(searched, "--embryos", 3, "--json")
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert [each["group"] for each in found["groups"]] == ["top", "random"]
    assert found["n_done"] == found["n_trajectories"] >= 4
    assert found["n_begun_before"] == 0
    for each in found["conditions"]:
        seen = each["simulated"]
        assert seen["n_glassy"] + seen["n_ordered"] + seen["n_unseen"] == 3
    assert (out / "verification.html").exists()

    frozen = (out / "forecasts.json").read_bytes()
    again = verify(searched, "--embryos", 3, "--json")
    assert json.loads(again.stdout) == found
    assert (out / "forecasts.json").read_bytes() == frozen

    other = verify(searched, "--embryos", 4)
    assert other.returncode == 2
    assert "verifies one question" in other.stderr
    assert is_one_clear_message(other)

    records = json.loads(
        glassyli(
            "records", "merge", out / "records", "--out", "merged", "--json", cwd=searched
        ).stdout
    )
    assert records["n_added"] == found["n_trajectories"]


def test_a_search_of_another_model_is_not_verified(searched: Path) -> None:
    ended = glassyli("verify", "search", "--out", "elsewhere", cwd=searched)
    assert ended.returncode == 2
    assert "with the model that it asked" in ended.stderr
    assert is_one_clear_message(ended)
    assert not (searched / "elsewhere").exists()


def test_a_loop_learns_is_killed_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "learn.yaml").write_text(yaml.safe_dump(LEARN))
    words = ["learn", "learn.yaml", "--out", "out", "--json"]
    running = subprocess.Popen(
        [GLASSYLI, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: any((tmp_path / "out/records/records").glob("*.json")), running, 400.0)
    children = psutil.Process(running.pid).children(recursive=True)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    for child in children:
        if child.is_running():
            child.kill()
    asked = (tmp_path / "out/rounds/000/asked.json").read_bytes()

    ended = glassyli(*words, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["stopped_by"] == "trajectories"
    assert [each["n_asked"] for each in found["rounds"]] == [4, 6]
    assert (tmp_path / "out/rounds/000/asked.json").read_bytes() == asked
    assert len(list((tmp_path / "out/records/records").glob("*.json"))) == 6
    assert (tmp_path / "out/report.html").exists()
    (tmp_path / "designs.jsonl").write_text(
        lithium(200, hold_temperature_K=240.0).model_dump_json()
    )
    predicted = glassyli(
        "predict", "--designs", "designs.jsonl", "--fast", "--model", "out/rounds/001/model",
        "--json", cwd=tmp_path,
    )  # fmt: skip
    assert predicted.returncode == 0, predicted.stderr
    assert json.loads(predicted.stdout)["model"] == found["rounds"][1]["model"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stop": {"max_trajectories": 0}}, "max_trajectories"),
        ({"acquisition": "greedy"}, "acquisition"),
        ({"stores": ["nowhere"]}, "no folder nowhere"),
    ],
)
def test_a_loop_that_cannot_begin_leaves_nothing(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    (tmp_path / "learn.yaml").write_text(yaml.safe_dump(LEARN | changed))
    ended = glassyli("learn", "learn.yaml", "--out", "out", cwd=tmp_path)
    assert ended.returncode == 2, ended.stderr
    assert message in ended.stderr
    assert is_one_clear_message(ended)
    assert not (tmp_path / "out").exists()
