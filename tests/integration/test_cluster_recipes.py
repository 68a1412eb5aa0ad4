"""The recipes under `configs/cluster` are what Ray and a shell understand, and one of them runs."""

import json
import os
import shlex
import socket
import subprocess
from pathlib import Path

import psutil
import pytest
import yaml
from command_line import GLASSYLI
from synthetic import SHORT_PROTOCOL, lithium

RECIPES = Path(__file__).parents[2] / "configs" / "cluster"

SRUN = """#!/bin/sh
while case "$1" in --*) true;; *) false;; esac; do shift; done
exec "$@"
"""
SCONTROL = """#!/bin/sh
printf 'one\\ntwo\\n'
"""


@pytest.mark.parametrize("path", sorted(RECIPES.iterdir()), ids=lambda path: path.name)
def test_each_says_first_how_it_is_run(path: Path) -> None:
    first = next(line for line in path.read_text().splitlines() if not line.startswith("#!"))
    assert first.startswith("# ")
    assert f"configs/cluster/{path.name}" in first


@pytest.mark.needs_ray
def test_ray_accepts_its_recipe() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    recipe = yaml.safe_load((RECIPES / "ray.yaml").read_text())
    validate_config(prepare_config(recipe))
    for command in recipe["head_start_ray_commands"] + recipe["worker_start_ray_commands"]:
        assert shlex.split(command)[:3] == ["cd", "glassyli", "&&"]


@pytest.mark.needs_ray
@pytest.mark.needs_lammps
@pytest.mark.needs_ovito
@pytest.mark.slow
def test_the_slurm_recipe_runs_a_campaign_on_two_nodes(tmp_path: Path) -> None:
    """Slurm's own commands are stood in for; Ray's nodes are two on this machine."""
    for name, text in {"srun": SRUN, "scontrol": SCONTROL}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    protocol = SHORT_PROTOCOL.model_copy(update={"hold_ps": 40.0}).model_dump(mode="json")
    values = {"protocol": protocol, "designs": [lithium(n_atoms=120).model_dump(mode="json")]}
    (tmp_path / "campaign.yaml").write_text(yaml.safe_dump(values | {"replicas": 4}))
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": f"{tmp_path}:{Path(GLASSYLI).parent}:{os.environ['PATH']}",
        "SLURM_JOB_NODELIST": "x[1-2]",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_CPUS_PER_TASK": "1",
        "RAY_PORT": str(port),
    }
    ended = subprocess.run(
        ["bash", RECIPES / "slurm.sh", "campaign.yaml", "store", "--json"],
        cwd=tmp_path, env=os.environ | environment,
        capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(next(line for line in ended.stdout.splitlines() if line.startswith("{")))
    assert summary["n_simulated"] == 4
    assert not nodes_at(port)  # Slurm would end them with the job; the recipe need not rely on it


def nodes_at(port: int) -> list[psutil.Process]:
    """Ray nodes of the cluster at a port that are still there."""
    found = psutil.process_iter(["cmdline"])
    return [each for each in found if str(port) in " ".join(each.info["cmdline"] or [])]
