"""The bare input does what a trajectory does; else their times could not be compared."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import overhead
from simulate.plan import Plan
from simulate.trajectory import run_trajectory

pytestmark = [pytest.mark.needs_lammps, pytest.mark.needs_ovito]


def test_steps_and_temperatures_are_those_of_a_trajectory(tmp_path: Path) -> None:
    design = overhead.embryo(overhead.SMALL)
    protocol = overhead.shortened().model_copy(update={"heat_ps": 10.0})
    plan = Plan(design, protocol, overhead.SEED)
    assert overhead.lmp_s(tmp_path, list(overhead.script(design, protocol, tmp_path))) > 0.0
    log = (tmp_path / "log.lammps").read_text("utf-8")
    steps = [int(n) for n in re.findall(r"for (\d+) steps with 100 atoms", log)]
    assert steps[-3:] == [stage.n_steps for stage in plan.stages]
    record, _ = run_trajectory(plan, tmp_path)
    hold = [frame for frame in record.frames if frame.stage == "hold"]
    told = re.findall(r"^ +\d+ +([\d.]+) +([-\d.]+) ", log, re.MULTILINE)[-len(hold) :]
    temperature_K, pair_eV = np.array(told, dtype=float).mean(axis=0)
    assert temperature_K == pytest.approx(np.mean([f.temperature_K for f in hold]), rel=0.15)
    ours_eV = np.mean([f.potential_eV_per_atom for f in hold])
    assert pair_eV / overhead.SMALL == pytest.approx(ours_eV, abs=0.03)
