"""Records of embryos whose truth is known: real record classes, real packings, invented times."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate.design import EmbryoDesign
from simulate.incubation import Incubation
from simulate.neighbours import label_ceiling
from simulate.packing import pack
from simulate.plan import Plan
from simulate.potentials.registry import potential_named
from simulate.protocol import Labelling, Protocol
from simulate.record import (
    PHYSICS_VERSION,
    Failure,
    Frame,
    Parent,
    Provenance,
    SimulatedConditions,
    TrajectoryRecord,
)
from simulate.snapshot import Snapshot, extended_xyz
from simulate.store import RecordStore, create_or_open
from surrogate.manifest import MANIFEST, Gates, read_manifest
from surrogate.package import Package
from train.config import TrainingConfig
from train.fit import fit_in_place
from train.records import read_records

SHORT_PROTOCOL = Protocol(
    name="synthetic",
    heat_ps=10.0,
    quench_rate_K_per_ps=10.0,
    hold_ps=200.0,
    frame_every_ps=10.0,
    labelling=Labelling(persistence_ps=20.0, fraction_after_onset_ps=20.0),
)


QUICK_TRAINING = TrainingConfig(
    n_members=2,
    slope_spreads=[0.3],
    design_steps=20,
    graph_width=8,
    epochs=2,
    snapshots_per_run=2,
    n_packings=2,
)


@dataclass(frozen=True, slots=True)
class Truth:
    """Larger and denser embryos order sooner; `q`, cure and Weibull parameters by formula.

    Attributes:
        median_ps: Median waiting time of 300 atoms at 0.0534 g/cm3, ps.
        size_exponent: The waiting time falls as this power of the size.
        quench_logit: Log-odds of order in the quench at a tenth of the bulk density.
        cure: Share that never orders.
        shape: Weibull shape.
    """

    median_ps: float = 100.0
    size_exponent: float = 1.5
    quench_logit: float = -3.0
    cure: float = 0.1
    shape: float = 1.2

    def p_quench(self, design: EmbryoDesign) -> float:
        walled = 1.5 * (design.mass_exchange == "confined")
        logit = self.quench_logit + 2.0 * math.log(design.share_of_bulk / 0.1) - walled
        return 1.0 / (1.0 + math.exp(-logit))

    def scale_ps(self, design: EmbryoDesign) -> float:
        median_ps = self.median_ps * (design.n_atoms / 300.0) ** -self.size_exponent
        return median_ps / math.log(2.0) ** (1.0 / self.shape)

    def survival(self, design: EmbryoDesign, times_ps: ArrayLike) -> NDArray[np.float64]:
        """P(not ordered by t) on the hold clock, shape of `times_ps`."""
        times = np.asarray(times_ps, dtype=np.float64)
        waiting = np.exp(-((times / self.scale_ps(design)) ** self.shape))
        result: NDArray[np.float64] = (1.0 - self.p_quench(design)) * (
            self.cure + (1.0 - self.cure) * waiting
        )
        return result

    def onset_ps(self, design: EmbryoDesign, rng: np.random.Generator) -> float:
        """A drawn onset: 0 for order in the quench, infinite for never."""
        if rng.random() < self.p_quench(design):
            return 0.0
        if rng.random() < self.cure:
            return math.inf
        return self.scale_ps(design) * float(rng.weibull(self.shape))


ALWAYS = Truth(quench_logit=50.0)
NEVER = Truth(quench_logit=-50.0, cure=1.0)


def lithium(
    n_atoms: int = 300,
    packing_density_g_cm3: float = 0.0534,
    mass_exchange: str = "open",
    energy_exchange: str = "open",
    hold_temperature_K: float = 300.0,
) -> EmbryoDesign:
    """A design point; the usual one by default."""
    return EmbryoDesign.model_validate(
        {
            "n_atoms": n_atoms,
            "packing_density_g_cm3": packing_density_g_cm3,
            "mass_exchange": mass_exchange,
            "energy_exchange": energy_exchange,
            "hold_temperature_K": hold_temperature_K,
        }
    )


def like(design: EmbryoDesign, name: str) -> EmbryoDesign:
    """The design of another potential at the same share of bulk and of the melting point."""
    ours, theirs = design.physics, potential_named(name)
    return EmbryoDesign.model_validate(
        design.model_dump()
        | {
            "element": theirs.element,
            "potential": name,
            "packing_density_g_cm3": design.packing_density_g_cm3
            * theirs.bulk_density_g_cm3
            / ours.bulk_density_g_cm3,
            "hold_temperature_K": theirs.temperature_at(
                ours.share_of_melting(design.hold_temperature_K)
            ),
        }
    )


def synthetic_designs(n_designs: int = 12, seed: int = 0) -> list[EmbryoDesign]:
    """Different designs in the range of a first campaign, small enough for quick graphs."""
    rng = np.random.default_rng(seed)
    return [
        lithium(
            n_atoms=int(rng.integers(220, 600)),
            packing_density_g_cm3=round(float(np.exp(rng.uniform(-3.5, -1.2))), 4),
            mass_exchange=("open", "confined")[index % 2],
            energy_exchange=("open", "confined")[index // 2 % 2],
        )
        for index in range(n_designs)
    ]


def synthetic_record(
    design: EmbryoDesign,
    seed: int = 1,
    truth: Truth | None = None,
    protocol: Protocol = SHORT_PROTOCOL,
    *,
    is_failed: bool = False,
) -> TrajectoryRecord:
    """One finished trajectory, drawn from the truth by its seed."""
    # Not from the design's key: a new field of designs should not draw other records.
    rng = np.random.default_rng([seed, design.n_atoms, round(1.0e4 * design.packing_density_g_cm3)])
    onset_ps = (truth or Truth()).onset_ps(design, rng)
    times_ps = _frame_times_ps(design, protocol)
    frames = [_frame(time_ps, time_ps >= onset_ps, design) for time_ps in times_ps]
    incubation = _seen(onset_ps, protocol)
    fraction = 0.4 if incubation.is_observed else 0.02
    answer = {
        "incubation": incubation,
        "outcome": "crystalline" if incubation.is_observed else "liquid",
        "crystalline_fraction": float(np.clip(fraction + 0.02 * rng.normal(), 0.0, 1.0)),
        "core_fraction": float(np.clip(2.0 * fraction, 0.0, 1.0)),
        "frames": frames,
    }
    failed = {"failure": Failure(cause="lost_atoms", message="atoms were lost", stage="hold")}
    return TrajectoryRecord.model_validate(
        {
            "physics_version": PHYSICS_VERSION,
            "trajectory_id": Plan(design, protocol, seed).trajectory_id,
            "design": design,
            "protocol": protocol,
            "seed": seed,
            "simulated": _conditions(design, protocol),
            "label_ceiling": label_ceiling(design.n_atoms),
            "provenance": _provenance(design),
            **(failed if is_failed else answer),
        }
    )


def replicas(waits_ps: Sequence[Sequence[float]]) -> list[TrajectoryRecord]:
    """Replicas of several parents; a wait beyond 180 ps is censored there."""
    return [
        _replica(
            Incubation(lower_ps=180.0)
            if wait_ps > 180.0
            else Incubation(lower_ps=wait_ps - 5.0, upper_ps=wait_ps + 5.0),
            parent,
            100 * parent + seed,
        )
        for parent, waits in enumerate(waits_ps)
        for seed, wait_ps in enumerate(waits)
    ]


def _replica(incubation: Incubation, parent: int, seed: int) -> TrajectoryRecord:
    start = Parent(
        trajectory_id=f"{parent:08x}{0:08x}", frame_number=5, time_ps=0.0, start_sha256="0"
    )
    outcome = "crystalline" if incubation.is_observed else "liquid"
    record = synthetic_record(lithium(), seed, NEVER)
    answer = {"parent": start, "incubation": incubation, "outcome": outcome}
    return record.model_copy(update=answer)


def synthetic_store(
    path: Path,
    designs: Sequence[EmbryoDesign] | None = None,
    n_replicas: int = 2,
    truth: Truth | None = None,
    protocol: Protocol = SHORT_PROTOCOL,
    *,
    n_failed: int = 0,
    first_seed: int = 1,
    has_frames: bool = True,
) -> RecordStore:
    """A store of drawn records, each with frames of freshly packed atoms unless told otherwise."""
    store = create_or_open(path, protocol)
    chosen = synthetic_designs() if designs is None else designs
    for seed in range(first_seed, first_seed + n_replicas):
        for design in chosen:
            record = synthetic_record(design, seed, truth, protocol)
            store.append(record, _xyz(design, seed, protocol) if has_frames else None)
    for number in range(n_failed):
        store.append(
            synthetic_record(chosen[0], 1000 + number, truth, protocol, is_failed=True), None
        )
    return store


@lru_cache(maxsize=300)
def _xyz(design: EmbryoDesign, seed: int, protocol: Protocol) -> bytes:
    """Frames as a store keeps them, the same whatever the truth; many stores hold the same."""
    record = synthetic_record(design, seed, protocol=protocol)
    return extended_xyz(synthetic_frames(record), design.element)


def synthetic_package(
    path: Path, store: RecordStore, config: TrainingConfig | None = None, name: str = "synthetic"
) -> Package:
    """A trained model package in `path`, fitted here and now without Ray."""
    chosen = config or QUICK_TRAINING
    package = fit_in_place(read_records([store]), chosen, name)
    package.write(path)
    return package


def set_apart(path: Path) -> None:
    """Make another package of one: other gates and another calibration, the same weights."""
    manifest = read_manifest(path)
    gates = Gates(packed=1.0 - manifest.gates.packed)
    packed = manifest.calibration.packed
    packed = packed.model_copy(update={"log_factor": packed.log_factor + 0.5})
    calibration = manifest.calibration.model_copy(update={"packed": packed})
    # What it must answer would be another number too, and is made anew when it is read.
    other = {"gates": gates, "calibration": calibration, "known_answer": None}
    (path / MANIFEST).write_text(manifest.model_copy(update=other).model_dump_json())


def synthetic_frames(record: TrajectoryRecord) -> list[Snapshot]:
    """The packing, and atoms for every frame: as freshly packed, since nothing moved them."""
    packed = pack(record.design, record.seed)
    instants = [("packing", _start_ps(record.design, record.protocol))]
    instants += [(frame.stage, frame.time_ps) for frame in record.frames]
    return [
        Snapshot(packed.positions_A, packed.cell_A, packed.is_periodic, time_ps, stage)
        for stage, time_ps in instants
    ]


def _start_ps(design: EmbryoDesign, protocol: Protocol) -> float:
    cooled_K = protocol.heat_temperature_K - design.hold_temperature_K
    return -(protocol.heat_ps + cooled_K / protocol.quench_rate_K_per_ps)


def _frame_times_ps(design: EmbryoDesign, protocol: Protocol) -> Iterable[float]:
    every = protocol.frame_every_ps
    return np.arange(_start_ps(design, protocol) + every, protocol.hold_ps + 1.0e-6, every).tolist()


def _seen(onset_ps: float, protocol: Protocol) -> Incubation:
    """What the frames show of an onset."""
    every, last_ps = protocol.frame_every_ps, protocol.hold_ps - protocol.labelling.persistence_ps
    if onset_ps <= 0.0:
        return Incubation(lower_ps=0.0, upper_ps=0.0, ordered_in_quench=True)
    if onset_ps >= last_ps:
        return Incubation(lower_ps=last_ps)
    index = math.ceil(onset_ps / every)
    return Incubation(lower_ps=(index - 1) * every, upper_ps=index * every)


def _frame(time_ps: float, is_ordered: bool, design: EmbryoDesign) -> Frame:  # noqa: FBT001
    n_bcc = int(0.4 * design.n_atoms) if is_ordered else 0
    return Frame(
        time_ps=time_ps,
        stage="hold" if time_ps > 0.0 else "quench",
        temperature_K=364.0,
        potential_eV_per_atom=-1.5,
        conserved_meV_per_atom=0.0,
        pressure_bar=0.0,
        n_bcc=n_bcc,
        n_fcc=0,
        n_hcp=0,
        n_icosahedral=0,
        n_other=design.n_atoms - n_bcc,
        largest_cluster=n_bcc,
        n_core=design.n_atoms // 2,
        n_core_crystalline=n_bcc,
    )


def _conditions(design: EmbryoDesign, protocol: Protocol) -> SimulatedConditions:
    scale = design.physics.temperature_scale
    return SimulatedConditions(
        temperature_scale=scale,
        heat_temperature_K=protocol.heat_temperature_K * scale,
        hold_temperature_K=design.hold_temperature_K * scale,
        time_step_fs=3.0,
        hold_time_step_fs=3.0,
        cell_volume_A3=design.cell_volume_A3,
    )


def _provenance(design: EmbryoDesign) -> Provenance:
    return Provenance(
        glassyli="0.1.0",
        lammps="none",
        ovito="none",
        python="3.11",
        potential_sha256=design.physics.coefficients_sha256,
        host="synthetic",
        started_at="2026-11-22T00:00:00+00:00",
    )
