"""What the choices of the engine gain: pair style, neighbour skin, sorting, labelling interval.

    python -m benchmarks.engine_choices [--rounds N] [--json]

Every alternative differs from the engine in one choice. Steps of the melt, interleaved, in time of
the processor; a time step is chosen by what it conserves, not here (`python -m benchmarks.drift`).
"""

import argparse
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import overhead
from benchmarks.md_speed import melted
from benchmarks.timing import Line, Task, medians, timed
from simulate.design import EmbryoDesign
from simulate.engine import NEIGHBOUR_SKIN_A
from simulate.labels import label
from simulate.lammps_library import new_instance
from simulate.protocol import protocol_named
from simulate.units import FS_PER_PS

SIZES: Final = (100, 330, 1000)
N_STEPS: Final = 3000
SETTLE_STEPS: Final = 300
AS_IS: Final = "as it is"
ALTERNATIVES: Final[dict[str, Callable[[str], str]]] = {
    AS_IS: lambda line: line,
    "pair_style eam/fs/opt": lambda line: line.replace(
        "pair_style eam/fs", "pair_style eam/fs/opt"
    ),
    **{
        f"skin {skin_A:g} Å": partial(re.sub, r"^neighbor .*", f"neighbor {skin_A} bin")
        for skin_A in (0.5, 0.75, 1.5, 2.0)
    },
    "no sorting": lambda line: re.sub(r"^(atom_modify .*)", r"\1 sort 0 0.0", line),
    "sorting every 100 steps": lambda line: re.sub(r"^(atom_modify .*)", r"\1 sort 100 0.0", line),
}
INTERVALS_PS: Final = (2.0, 5.0, 10.0, 20.0)


def step(design: EmbryoDesign, change: Callable[[str], str]) -> Callable[[], float]:
    """Times a step of the melt with one choice changed, s."""
    protocol = overhead.shortened()

    def work() -> float:
        with tempfile.TemporaryDirectory(prefix="glassyli-") as named:
            folder = Path(named)
            instance = new_instance(folder / "log.lammps")
            try:
                for line in overhead.script(design, protocol, folder):
                    if line.startswith("run "):
                        break
                    read = line.replace("read_data ", f"read_data {folder}/")
                    instance.command(change(read))
                instance.command(f"run {SETTLE_STEPS} post no")
                began = time.process_time()
                instance.command(f"run {N_STEPS} post no")
                return (time.process_time() - began) / N_STEPS
            finally:
                instance.close()

    return work


def tasks() -> Iterator[Task]:
    """Every choice at every size, and a label."""
    for n_atoms in SIZES:
        design = overhead.embryo(n_atoms)
        for name, change in ALTERNATIVES.items():
            yield Task(f"{name} {n_atoms}", step(design, change))
        atoms, thresholds = melted(design), protocol_named("reference").labelling
        yield Task(
            f"label {n_atoms}",
            timed(partial(label, atoms, design.physics, thresholds)),
        )


def lines(took_s: dict[str, float]) -> Iterator[Line]:
    """Time beyond the engine's choice; below 0 the alternative is quicker."""
    for n_atoms in SIZES:
        own_s = took_s[f"{AS_IS} {n_atoms}"]
        what = f"{n_atoms} atoms, skin {NEIGHBOUR_SKIN_A:g} Å, eam/fs"
        yield Line(what, 1.0e6 * own_s / n_atoms, "µs/atom/step")
        for name in ALTERNATIVES:
            if name != AS_IS:
                share = took_s[f"{name} {n_atoms}"] / own_s - 1.0
                yield Line(f"{n_atoms} atoms, {name}", 100.0 * share, "% longer")
        steps_per_ps = FS_PER_PS / overhead.embryo(n_atoms).physics.time_step_fs
        for every_ps in INTERVALS_PS:
            share = took_s[f"label {n_atoms}"] / (own_s * steps_per_ps * every_ps)
            yield Line(f"{n_atoms} atoms, labels every {every_ps:g} ps", 100.0 * share, "% of MD")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--rounds", type=int, default=5, help="repeats of every task")
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    found = list(lines(medians(list(tasks()), options.rounds)))
    if options.json:
        print(json.dumps([asdict(line) for line in found], indent=1))
        return
    for line in found:
        print(line)


if __name__ == "__main__":
    main()
