"""One plan becomes one record: pack, heat, quench, hold, label, judge. Plain Python, no Ray.

A trajectory is stopped early only on what was observed (order that lasted), never on a forecast:
anything else would bias the incubation times.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Final

import numpy as np

from simulate.checkpoint import Checkpoints, Progress, Saved
from simulate.confinement import cell_of
from simulate.engine import EngineFrame, Lammps
from simulate.errors import GlassyLiError, TrajectoryFailure
from simulate.judgement import is_settled, judge
from simulate.labels import label
from simulate.lammps_library import log_tail
from simulate.mobility import mobility, since_a_window_ago
from simulate.neighbours import (
    clusters,
    label_ceiling,
    least_distance_A,
    neighbours,
    percolation_dimension,
)
from simulate.packing import pack
from simulate.plan import Plan
from simulate.protocol import Stage, stages, temperature_scale
from simulate.provenance import now, provenance
from simulate.record import (
    DRIFT_LIMIT_meV_per_atom,
    EnergyBalance,
    Failure,
    Frame,
    Morphology,
    SimulatedConditions,
    StageName,
    TrajectoryRecord,
)
from simulate.snapshot import Snapshot, extended_xyz

logger = logging.getLogger(__name__)

RESTART_EVERY_FRAMES: Final = 10
"""Fixed, since a restart file changes a trajectory in its last bit."""


@dataclass(slots=True)
class _Observed:
    """What has been seen of a trajectory so far: its atoms, and the fields of a `Progress`."""

    frames: list[Frame] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    timings_s: dict[str, float] = field(default_factory=dict)
    stage: StageName = "packing"
    n_in_stage: int = 0
    reference_eV: float = 0.0
    after_quench: Morphology | None = None
    resumed_at_ps: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, saved: Saved, *, is_resumed: bool) -> "_Observed":
        """What had been seen when a checkpoint was written."""
        seen = cls(snapshots=saved.snapshots, **dict(saved.progress))
        if is_resumed:
            seen.resumed_at_ps.append(seen.frames[-1].time_ps)
        return seen

    @property
    def progress(self) -> Progress:
        """For a checkpoint."""
        return Progress(**{name: getattr(self, name) for name in Progress.model_fields})

    def spend(self, name: str, seconds: float) -> None:
        """Count wall time."""
        self.timings_s[name] = self.timings_s.get(name, 0.0) + seconds


def run_trajectory(
    plan: Plan,
    folder: Path,
    checkpoints: Checkpoints | None = None,
    on_progress: Callable[[], None] = lambda: None,
) -> tuple[TrajectoryRecord, bytes | None]:
    """Bring one plan to a record.

    Args:
        plan: What to run.
        folder: Scratch, for the log and the potential's table.
        checkpoints: Where to go on from, and to write to, in case this process is killed.
        on_progress: Called once the atoms are ready and after every frame.

    Returns:
        The record, failed or not, and its frames as gzipped extended XYZ; None if it was never
        packed.

    Raises:
        EngineError: LAMMPS or OVITO cannot be used at all.
    """
    began = now()
    saved = checkpoints.latest() if checkpoints else None
    seen = _Observed.of(saved, is_resumed=True) if saved else _Observed()
    failure = None
    try:
        try:
            engine = _prepared(plan, folder, seen, saved)
        except TrajectoryFailure as error:
            if saved is None:
                raise
            logger.warning("the checkpoint of %s is of no use: %s", plan.trajectory_id, error)
            saved, seen = None, _Observed()
            engine = _prepared(plan, folder, seen, saved)
        with engine:
            on_progress()
            for _ in _simulated(plan, engine, seen, checkpoints):
                on_progress()
    except TrajectoryFailure as error:
        failure = Failure(
            cause=error.cause,
            message=str(error),
            stage=seen.stage,
            log_tail=log_tail(folder / "log.lammps"),
        )
    record = _record(plan, seen, began, failure)
    frames = extended_xyz(seen.snapshots, plan.design.element) if seen.snapshots else None
    return _with_binding_energy_balance(record), frames


def failed_record(plan: Plan, failure: Failure, saved: Saved | None = None) -> TrajectoryRecord:
    """The record of a trajectory that never came back from its worker.

    Args:
        plan: What was run.
        failure: Why it did not come back.
        saved: Its last checkpoint: what had been seen is kept.
    """
    seen = _Observed.of(saved, is_resumed=False) if saved else _Observed()
    return _record(plan, seen, now(), failure.model_copy(update={"stage": seen.stage}))


def _record(plan: Plan, seen: _Observed, began: str, failure: Failure | None) -> TrajectoryRecord:
    return TrajectoryRecord(
        physics_version=plan.physics_version,
        trajectory_id=plan.trajectory_id,
        design=plan.design,
        protocol=plan.protocol,
        seed=plan.seed,
        is_full_length=plan.is_full_length,
        parent=plan.parent,
        simulated=_simulated_conditions(plan, seen),
        label_ceiling=label_ceiling(plan.design.n_atoms),
        frames=seen.frames,
        timings_s={name: round(spent, 3) for name, spent in seen.timings_s.items()},
        provenance=provenance(plan, began, seen.resumed_at_ps),
        **(_judged(plan, seen) if failure is None else {"failure": failure}),
    )


def _simulated(
    plan: Plan, engine: Lammps, seen: _Observed, checkpoints: Checkpoints | None
) -> Iterator[None]:
    """Run the stages that are left; fills `seen` frame by frame."""
    names = [stage.name for stage in plan.stages]
    begun = names.index(seen.stage) if seen.stage in names else 0
    for stage in plan.stages[begun:]:
        if stage.name != seen.stage:
            seen.stage, seen.n_in_stage = stage.name, 0
        yield from _watched(plan, engine, stage, seen, checkpoints)
        if stage.name == "quench":
            seen.after_quench = _morphology(plan, seen)


def _prepared(plan: Plan, folder: Path, seen: _Observed, saved: Saved | None) -> Lammps:
    """The engine at the beginning of the first stage that is left."""
    if saved:
        return Lammps(plan.design, saved.restart, plan.seed, folder)
    clock = time.perf_counter()
    first = plan.stages[0]
    atoms = plan.start or pack(plan.design, plan.seed)
    seen.snapshots.append(replace(atoms, time_ps=_begins_ps(plan, first)))
    engine = Lammps(plan.design, atoms, plan.seed, folder)
    try:
        if plan.parent is None:
            engine.relax()
        engine.set_temperature(first.start_K)
        if plan.parent:
            engine.settle(first.start_K)
            seen.after_quench = _morphology(plan, seen)
    except BaseException:
        engine.close()
        raise
    seen.spend("packing", time.perf_counter() - clock)
    return engine


def _watched(
    plan: Plan, engine: Lammps, stage: Stage, seen: _Observed, checkpoints: Checkpoints | None
) -> Iterator[None]:
    """Run and watch one stage, to its end or to lasting order, and stop at each frame."""
    begins_ps = _begins_ps(plan, stage)
    may_stop = stage.name == "hold" and plan.protocol.stop_early and not plan.is_full_length
    clock = kept_at = time.perf_counter()
    for state in engine.run(stage, seen.n_in_stage):
        simulated = time.perf_counter()
        seen.spend(stage.name, simulated - clock)
        if seen.n_in_stage == 0:
            seen.reference_eV = state.conserved_eV_per_atom
        seen.n_in_stage += 1
        _observe(plan, seen, stage, state, begins_ps)
        clock = time.perf_counter()
        seen.spend("labels", clock - simulated)
        if may_stop and is_settled(seen.frames, plan.protocol.labelling):
            return
        if seen.n_in_stage % RESTART_EVERY_FRAMES == 0:
            restart = engine.restart_file()
            if checkpoints and clock - kept_at >= checkpoints.every_s:
                _keep(checkpoints, seen, restart)
                kept_at = clock
        yield


def _keep(checkpoints: Checkpoints, seen: _Observed, restart: bytes) -> None:
    """Write a checkpoint; a trajectory can do without."""
    try:
        checkpoints.save(seen.progress, seen.snapshots, restart)
    except GlassyLiError as error:
        logger.warning("going on without a checkpoint: %s", error)


def _begins_ps(plan: Plan, stage: Stage) -> float:
    """Hold clock at the beginning of a stage, ps."""
    if stage.name == "hold":
        return 0.0
    heat, quench, _ = plan.stages
    return -(quench.length_ps + (heat.length_ps if stage.name == "heat" else 0.0))


def _observe(
    plan: Plan, seen: _Observed, stage: Stage, state: EngineFrame, begins_ps: float
) -> None:
    """Label one frame and keep it."""
    cell = cell_of(plan.design)
    snapshot = Snapshot(
        positions_A=state.positions_A,
        cell_A=np.full(3, cell.edge_A),
        is_periodic=cell.is_periodic,
        time_ps=round(begins_ps + state.time_ps, 6),  # without the dust of floating-point sums
        stage=stage.name,
    )
    labels = label(snapshot, plan.design.physics, plan.protocol.labelling)
    seen.frames.append(
        Frame(
            time_ps=snapshot.time_ps,
            stage=stage.name,
            temperature_K=state.temperature_K,
            potential_eV_per_atom=state.potential_eV_per_atom,
            conserved_meV_per_atom=1000.0 * (state.conserved_eV_per_atom - seen.reference_eV),
            pressure_bar=state.pressure_bar,
            **labels.of_frame,
            **since_a_window_ago(seen.snapshots, snapshot, plan.design.physics),
        )
    )
    seen.snapshots.append(replace(snapshot, structure=labels.structure))


def _judged(plan: Plan, seen: _Observed) -> dict[str, object]:
    """Everything a record says of a trajectory that ran to its end."""
    labelling = plan.protocol.labelling
    moved = mobility(seen.frames, seen.snapshots[1:], labelling, plan.design.physics)
    judged = judge(seen.frames, labelling, moved)
    return {
        "mobility": moved,
        **{each.name: getattr(judged, each.name) for each in fields(judged)},
        "morphology_after_quench": seen.after_quench,
        "morphology_at_end": _morphology(plan, seen),
        "energy_balance": EnergyBalance(
            drift_meV_per_atom=seen.frames[-1].conserved_meV_per_atom,
            limit_meV_per_atom=DRIFT_LIMIT_meV_per_atom,
            is_binding=plan.design.energy_exchange != "open",
        ),
    }


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


def _morphology(plan: Plan, seen: _Observed) -> Morphology:
    """Of the last snapshot."""
    found = neighbours(seen.snapshots[-1], plan.design.physics)
    grouped = clusters(found)
    return Morphology(
        n_clusters=len(grouped),
        largest_cluster=len(grouped[0]),
        percolation_dimension=percolation_dimension(found, grouped[0]),
        n_surface=int((~found.is_core).sum()),
        pressure_bar=seen.frames[-1].pressure_bar if seen.frames else None,
    )


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
