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
echo "${SRUN_CPUS_PER_TASK:-none}" >> "$HOME/srun_cpus"
exec "$@"
"""
RAY = """#!/bin/sh
if [ "$1" = start ]; then exec sleep 60 > /dev/null 2>&1; fi
"""
HOSTNAME = """#!/bin/sh
printf '10.0.0.1 fd00::1\\n10.0.0.2\\n'
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


def test_the_slurm_recipe_asks_for_all_cores_and_starts_at_the_first_address(
    tmp_path: Path,
) -> None:
    """Every command that the recipe calls is stood in for."""
    commands = {"srun": SRUN, "scontrol": SCONTROL, "hostname": HOSTNAME, "ray": RAY}
    put_commands(tmp_path, commands | {"glassyli": "#!/bin/sh\necho $*\n"})
    environment = slurm_job(tmp_path, port=6379) | {"SLURM_CPUS_PER_TASK": "16"}
    ended = subprocess.run(
        ["bash", RECIPES / "slurm.sh", "campaign.yaml", "store"],
        cwd=tmp_path, env=os.environ | environment,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    asked = "simulate campaign.yaml --out store --address 10.0.0.1:6379 --workers 32"
    assert ended.stdout.split("\n")[:1] == [asked]
    assert set((tmp_path / "srun_cpus").read_text().split()) == {"16"}


@pytest.mark.needs_ray
@pytest.mark.needs_lammps
@pytest.mark.needs_ovito
@pytest.mark.slow
def test_the_slurm_recipe_runs_a_campaign_on_two_nodes(tmp_path: Path) -> None:
    """Slurm's own commands are stood in for; Ray's nodes are two on this machine."""
    put_commands(tmp_path, {"srun": SRUN, "scontrol": SCONTROL})
    protocol = SHORT_PROTOCOL.model_copy(update={"hold_ps": 40.0}).model_dump(mode="json")
    values = {"protocol": protocol, "designs": [lithium(n_atoms=120).model_dump(mode="json")]}
    (tmp_path / "campaign.yaml").write_text(yaml.safe_dump(values | {"replicas": 4}))
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    environment = slurm_job(tmp_path, port)
    ended = subprocess.run(
        ["bash", RECIPES / "slurm.sh", "campaign.yaml", "store", "--json"],
        cwd=tmp_path, env=os.environ | environment,
        capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(next(line for line in ended.stdout.splitlines() if line.startswith("{")))
    assert summary["n_simulated"] == 4
    assert (tmp_path / ".ray" / "auth_token").is_file()
    assert not nodes_at(port)  # Slurm would end them with the job; the recipe need not rely on it


def put_commands(folder: Path, commands: dict[str, str]) -> None:
    """Scripts that stand in for commands."""
    for name, text in commands.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)


def slurm_job(folder: Path, port: int) -> dict[str, str]:
    """The environment of a job on two nodes, with a folder for its home and its commands."""
    return {
        "HOME": str(folder),  # Ray's token is made there
        "PATH": f"{folder}:{Path(GLASSYLI).parent}:{os.environ['PATH']}",
        "SLURM_JOB_NODELIST": "x[1-2]",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_CPUS_PER_TASK": "1",
        "RAY_PORT": str(port),
    }


def nodes_at(port: int) -> list[psutil.Process]:
    """Ray nodes of the cluster at a port that are still there."""
    found = psutil.process_iter(["cmdline"])
    return [each for each in found if str(port) in " ".join(each.info["cmdline"] or [])]
