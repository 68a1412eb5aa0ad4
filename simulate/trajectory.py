"""One plan becomes one record: pack, heat, quench, hold, label, judge. Plain Python, no Ray.

A trajectory is stopped early only on what was observed (order that lasted), never on a forecast:
anything else would bias the incubation times.
"""

import platform
import socket
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from simulate.confinement import cell_of
from simulate.engine import EngineFrame, Lammps, lammps_version, log_tail
from simulate.errors import TrajectoryFailure
from simulate.incubation import Onset, incubation, onset
from simulate.labels import label, ovito_version
from simulate.neighbours import (
    bond_persistence,
    clusters,
    label_ceiling,
    least_distance_A,
    neighbours,
    percolation_dimension,
)
from simulate.packing import pack
from simulate.plan import Plan
from simulate.potentials.registry import Potential
from simulate.protocol import Stage, stages, temperature_scale
from simulate.record import (
    DRIFT_LIMIT_meV_per_atom,
    EnergyBalance,
    Failure,
    Frame,
    Mobility,
    Morphology,
    Outcome,
    Provenance,
    SimulatedConditions,
    StageName,
    TrajectoryRecord,
)
from simulate.snapshot import Snapshot, extended_xyz

MOBILITY_WINDOW_PS = 10.0
ARRESTED_ABOVE = 0.9
"""Bond persistence over the window above which a disordered embryo counts as arrested (glassy)."""


@dataclass(slots=True)
class _Observed:
    """What has been seen of a trajectory so far."""

    frames: list[Frame] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    timings_s: dict[str, float] = field(default_factory=dict)
    stage: StageName = "packing"
    after_quench: Morphology | None = None
    pressure_bar: float = 0.0


def run_trajectory(plan: Plan, folder: Path) -> tuple[TrajectoryRecord, bytes]:
    """Bring one plan to a record.

    Args:
        plan: What to run.
        folder: Scratch, for the log and the potential's table.

    Returns:
        The record, failed or not, and its frames as gzipped extended XYZ.

    Raises:
        EngineError: LAMMPS or OVITO cannot be used at all.
    """
    began = datetime.now(UTC).isoformat(timespec="seconds")
    seen = _Observed()
    failure = None
    try:
        _simulate(plan, folder, seen)
    except TrajectoryFailure as error:
        failure = Failure(
            cause=error.cause,
            message=str(error),
            stage=seen.stage,
            log_tail=log_tail(folder / "log.lammps"),
        )
    record = TrajectoryRecord(
        trajectory_id=plan.trajectory_id,
        design=plan.design,
        protocol=plan.protocol,
        seed=plan.seed,
        simulated=_simulated_conditions(plan, seen),
        label_ceiling=label_ceiling(plan.design.n_atoms),
        frames=seen.frames,
        timings_s={name: round(spent, 3) for name, spent in seen.timings_s.items()},
        provenance=provenance(plan, began),
        **(_judged(plan, seen) if failure is None else {"failure": failure}),
    )
    return _with_binding_energy_balance(record), extended_xyz(seen.snapshots, plan.design.element)


def failed_record(plan: Plan, failure: Failure) -> TrajectoryRecord:
    """The record of a trajectory that never came back from its worker."""
    return TrajectoryRecord(
        trajectory_id=plan.trajectory_id,
        design=plan.design,
        protocol=plan.protocol,
        seed=plan.seed,
        simulated=_simulated_conditions(plan, _Observed()),
        label_ceiling=label_ceiling(plan.design.n_atoms),
        failure=failure,
        provenance=provenance(plan, datetime.now(UTC).isoformat(timespec="seconds")),
    )


def _simulate(plan: Plan, folder: Path, seen: _Observed) -> None:
    """Heat, quench, hold; fills `seen` frame by frame."""
    heat, quench, hold = stages(plan.protocol, plan.design)
    clock = time.perf_counter()
    packed = pack(plan.design, plan.seed)
    seen.snapshots.append(_stamped(packed, -(heat.length_ps + quench.length_ps), "packing"))
    with Lammps(plan.design, packed, plan.seed, folder) as engine:
        seen.timings_s["packing"] = time.perf_counter() - clock
        engine.set_temperature(heat.start_K)
        for stage, begins_ps in (
            (heat, -(heat.length_ps + quench.length_ps)),
            (quench, -quench.length_ps),
            (hold, 0.0),
        ):
            seen.stage = stage.name
            clock, spent_labelling = time.perf_counter(), 0.0
            reference_eV = None
            for state in engine.run(stage):
                labelling_began = time.perf_counter()
                if reference_eV is None:
                    reference_eV = state.conserved_eV_per_atom
                _observe(plan, seen, stage, state, begins_ps, reference_eV)
                spent_labelling += time.perf_counter() - labelling_began
                if stage.name == "hold" and _is_settled(plan, seen):
                    break
            seen.timings_s[stage.name] = time.perf_counter() - clock - spent_labelling
            seen.timings_s["labels"] = seen.timings_s.get("labels", 0.0) + spent_labelling
            if stage.name == "quench":
                seen.after_quench = _morphology(seen.snapshots[-1], plan, seen.pressure_bar)


def _observe(
    plan: Plan, seen: _Observed, stage: Stage, state: EngineFrame, begins_ps: float,
    reference_eV: float,
) -> None:  # fmt: skip
    """Label one frame and keep it."""
    cell = cell_of(plan.design)
    snapshot = Snapshot(
        positions_A=state.positions_A,
        cell_A=np.full(3, cell.edge_A),
        is_periodic=cell.is_periodic,
        time_ps=_whole_fs(begins_ps + state.time_ps),
        stage=stage.name,
    )
    labels = label(snapshot, plan.design.physics, plan.protocol.labelling)
    counts = {f"n_{name}": count for name, count in labels.counts.items()}
    seen.frames.append(
        Frame(
            time_ps=snapshot.time_ps,
            stage=stage.name,
            temperature_K=state.temperature_K,
            potential_eV_per_atom=state.potential_eV_per_atom,
            conserved_meV_per_atom=1000.0 * (state.conserved_eV_per_atom - reference_eV),
            **counts,
            largest_cluster=labels.largest_cluster,
            n_core=labels.n_core,
            n_core_crystalline=labels.n_core_crystalline,
        )
    )
    seen.pressure_bar = state.pressure_bar
    seen.snapshots.append(_stamped(snapshot, snapshot.time_ps, stage.name, labels.structure))


def _is_settled(plan: Plan, seen: _Observed) -> bool:
    """Whether lasting order has been seen, and its crystalline fraction can be read."""
    found = _onset(plan, seen)
    if found is None or not plan.protocol.stop_early:
        return False
    return seen.frames[-1].time_ps >= _fraction_read_at_ps(plan, found)


def _judged(plan: Plan, seen: _Observed) -> dict[str, object]:
    """Outcome, incubation and measures of a trajectory that ran to its end."""
    frames, last = seen.frames, seen.snapshots[-1]
    found = _onset(plan, seen)
    read_at_ps = frames[-1].time_ps if found is None else _fraction_read_at_ps(plan, found)
    read = min(frames, key=lambda frame: abs(frame.time_ps - read_at_ps))
    mobility = _mobility(seen, plan.design.physics)
    return {
        "incubation": incubation(*_series(seen), plan.protocol.labelling),
        "outcome": "crystalline" if found else _outcome_without_onset(plan, frames[-1], mobility),
        "crystalline_fraction": read.crystalline_fraction,
        "core_fraction": read.core_fraction,
        "morphology_after_quench": seen.after_quench,
        "morphology_at_end": _morphology(last, plan, seen.pressure_bar),
        "mobility": mobility,
        "energy_balance": EnergyBalance(
            drift_meV_per_atom=frames[-1].conserved_meV_per_atom,
            limit_meV_per_atom=DRIFT_LIMIT_meV_per_atom,
            is_binding=plan.design.energy_exchange != "open",
        ),
    }


def _outcome_without_onset(plan: Plan, last: Frame, mobility: Mobility) -> Outcome:
    """Arrest is a glass only where no crystal is growing: a crystal keeps its neighbours too."""
    if last.largest_cluster >= plan.protocol.labelling.onset_cluster_atoms:
        return "ordering"
    return "glassy" if mobility.bond_persistence >= ARRESTED_ABOVE else "liquid"


def _with_binding_energy_balance(record: TrajectoryRecord) -> TrajectoryRecord:
    """A hold that should have kept its energy and did not is a failed record, data and all."""
    balance = record.energy_balance
    if (
        balance is None
        or not balance.is_binding
        or abs(balance.drift_meV_per_atom) <= balance.limit_meV_per_atom
    ):
        return record
    failure = Failure(
        cause="energy_drift",
        message=(
            f"|drift| <= {balance.limit_meV_per_atom:g} meV/atom must hold over the hold, but was "
            f"{balance.drift_meV_per_atom:+.2f}. Shorten isolated_time_step_fs."
        ),
        stage="hold",
    )
    judged = {"outcome": None, "incubation": None, "failure": failure}
    return TrajectoryRecord.model_validate(record.model_copy(update=judged).model_dump())


def _series(seen: _Observed) -> tuple[list[float], list[int]]:
    return [f.time_ps for f in seen.frames], [f.largest_cluster for f in seen.frames]


def _onset(plan: Plan, seen: _Observed) -> Onset | None:
    return onset(*_series(seen), plan.protocol.labelling)


def _fraction_read_at_ps(plan: Plan, found: Onset) -> float:
    """When the crystalline fraction is read; for order in the quench, counted from the hold."""
    return max(found.time_ps, 0.0) + plan.protocol.labelling.fraction_after_onset_ps


def _morphology(snapshot: Snapshot, plan: Plan, pressure_bar: float) -> Morphology:
    found = neighbours(snapshot, plan.design.physics)
    grouped = clusters(found)
    return Morphology(
        n_clusters=len(grouped),
        largest_cluster=len(grouped[0]),
        percolation_dimension=percolation_dimension(found, grouped[0]),
        n_surface=int((~found.is_core).sum()),
        pressure_bar=pressure_bar,
    )


def _mobility(seen: _Observed, potential: Potential) -> Mobility:
    """Bond persistence over the last window of the hold."""
    held = [snapshot for snapshot in seen.snapshots if snapshot.stage in ("quench", "hold")]
    last = held[-1]
    before = min(held[:-1], key=lambda s: abs(last.time_ps - s.time_ps - MOBILITY_WINDOW_PS))
    return Mobility(
        window_ps=_whole_fs(last.time_ps - before.time_ps),
        bond_persistence=bond_persistence(before, last, potential),
    )


def _stamped(
    snapshot: Snapshot, time_ps: float, stage: str, structure: np.ndarray | None = None
) -> Snapshot:
    return Snapshot(
        snapshot.positions_A, snapshot.cell_A, snapshot.is_periodic, time_ps, stage, structure
    )


def _whole_fs(time_ps: float) -> float:
    """Times without the dust of floating-point sums."""
    return round(time_ps, 6)


def _simulated_conditions(plan: Plan, seen: _Observed) -> SimulatedConditions:
    heat, _, hold = stages(plan.protocol, plan.design)
    return SimulatedConditions(
        temperature_scale=temperature_scale(plan.protocol, plan.design),
        heat_temperature_K=heat.start_K,
        hold_temperature_K=hold.start_K,
        time_step_fs=heat.time_step_fs,
        hold_time_step_fs=hold.time_step_fs,
        cell_volume_A3=plan.design.cell_volume_A3,
        wall_radius_A=cell_of(plan.design).wall_radius_A,
        packing_distance_A=least_distance_A(seen.snapshots[0]) if seen.snapshots else None,
    )


def provenance(plan: Plan, started_at: str) -> Provenance:
    """Who makes this record, with what."""
    commit, is_dirty = _git_state()
    return Provenance(
        glassyli=version("glassyli"),
        lammps=lammps_version(),
        ovito=ovito_version(),
        python=platform.python_version(),
        potential_sha256=plan.design.physics.coefficients_sha256,
        git_commit=commit,
        git_dirty=is_dirty,
        host=socket.gethostname(),
        started_at=started_at,
    )


@cache
def _git_state() -> tuple[str | None, bool | None]:
    """Commit of the source tree and whether it was changed; nothing for an installed wheel."""
    here = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here), *arguments]
        return subprocess.run(  # noqa: S603 - fixed words
            command, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")) != here.parent:
            return None, None  # installed inside somebody else's repository
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", str(here)))
    except (OSError, subprocess.SubprocessError):
        return None, None
