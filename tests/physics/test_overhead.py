"""The bare input does what a trajectory does; else their times could not be compared."""

import re
from pathlib import Path

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
    told_K = [float(each) for each in re.findall(r"^ +\d+ +([\d.]+) ", log, re.MULTILINE)]
    assert len(told_K) >= len(record.frames)
    assert told_K[-1] == pytest.approx(record.frames[-1].temperature_K, rel=0.4)
