"""One finished trajectory, with everything needed to judge or repeat it."""

import itertools
import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from simulate.design import EmbryoDesign
from simulate.files import canonical_json, sha256_of
from simulate.incubation import Incubation, incubation, onset
from simulate.protocol import Protocol, follow_up_ps
from simulate.settings import Settings

SCHEMA_VERSION: Final = 3

DRIFT_LIMIT_meV_per_atom = 1.0
"""Most that the conserved quantity of an isolated or leaking hold may drift."""

PHYSICS_VERSION: int = 2
"""Raised when the same design, protocol and seed would give another trajectory or label."""

Outcome = Literal["crystalline", "ordering", "glassy", "liquid"]
"""`ordering`: crystalline clusters linger at the end, but no lasting crystal fills the embryo."""
FailureCause = Literal[
    "lost_atoms", "not_finite", "energy_drift", "engine_error", "packing", "lost_worker"
]
StageName = Literal["packing", "heat", "quench", "hold"]


class Frame(Settings):
    """What one frame showed. Energies per atom; temperatures simulated.

    Attributes:
        time_ps: Hold clock, ps: negative before the hold starts.
        conserved_meV_per_atom: Conserved quantity of the stage relative to its first frame.
        pressure_bar: Mean over the averaging time. In a walled cell of the volume accessible to
            atom centres and without the forces of the wall: what the atoms exert on it.
        largest_cluster: Atoms in the largest crystalline cluster.
        cluster_depth_A: Mean distance of its atoms from the nearest surface atom, Å.
        n_core, n_core_crystalline: Fully coordinated atoms, and those labelled crystalline.
        bond_persistence: Share of neighbour pairs of some 10 ps before that are still together;
            None at the beginning.
        diffusivity_cm2_s: Cage-relative, over the same time (vibration is a small part of it).
    """

    time_ps: float
    stage: StageName
    temperature_K: float
    potential_eV_per_atom: float
    conserved_meV_per_atom: float
    pressure_bar: float
    n_bcc: int
    n_fcc: int
    n_hcp: int
    n_icosahedral: int
    n_other: int
    largest_cluster: int
    cluster_depth_A: float | None = None
    n_core: int
    n_core_crystalline: int
    bond_persistence: float | None = None
    diffusivity_cm2_s: float | None = None

    @property
    def n_crystalline(self) -> int:
        """Atoms labelled bcc, fcc or hcp."""
        return self.n_bcc + self.n_fcc + self.n_hcp

    @property
    def crystalline_fraction(self) -> float:
        """Share of all atoms labelled bcc, fcc or hcp (raw: surfaces count as disordered)."""
        n_atoms = self.n_crystalline + self.n_icosahedral + self.n_other
        return self.n_crystalline / n_atoms

    @property
    def core_fraction(self) -> float | None:
        """Crystalline share of fully coordinated atoms; None where there are none."""
        return self.n_core_crystalline / self.n_core if self.n_core else None


class Morphology(Settings):
    """Shape of the embryo in its cell.

    Attributes:
        percolation_dimension: 0 droplet, 1 rod, 2 sheet, 3 network.
        n_surface: Atoms with too few neighbours to be inside.
        pressure_bar: As in `Frame`; None where the trajectory started with this shape.
    """

    n_clusters: int
    largest_cluster: int
    percolation_dimension: int = Field(ge=0, le=3)
    n_surface: int
    pressure_bar: float | None

    def is_in_pieces(self, n_atoms: int) -> bool:
        """Whether the largest piece holds less than nine tenths of the atoms."""
        return 10 * self.largest_cluster < 9 * n_atoms

    @property
    def name(self) -> str:
        """The word for the percolation dimension."""
        return ("droplet", "rod", "sheet", "network")[self.percolation_dimension]


class Mobility(Settings):
    """Do the atoms of the disordered embryo flow? Blind to rotation and drift of the whole.

    Over its hold until the onset, or until the end without one.

    Attributes:
        window_ps: Time between the two frames of a window, ps.
        n_windows: How many windows were averaged.
        bond_persistence: Share of neighbour pairs that are still together after a window.
        diffusivity_cm2_s: Cage-relative mean-square displacement over 6 `window_ps`.
        half_ps: Half of the disordered hold, ps.
        persistence_over_half: Share of neighbour pairs still together after half of the hold, mean
            over `n_origins` times to start from, less the share that meets by chance in a mixed
            embryo; 1 for a solid, 0 for what has mixed.
        persistence_spread: Standard deviation over those times.
        n_origins: Frames to start from; their halves overlap.
    """

    window_ps: float
    n_windows: int
    bond_persistence: float = Field(ge=0, le=1)
    diffusivity_cm2_s: float
    half_ps: float
    persistence_over_half: float = Field(ge=0, le=1)
    persistence_spread: float = Field(ge=0)
    n_origins: int = Field(ge=1)


class EnergyBalance(Settings):
    """Drift of the conserved quantity over the hold.

    Attributes:
        is_binding: Whether the limit decides: in isolated and leaking holds heat that integration
            makes would stay; a thermostat takes it away.
    """

    drift_meV_per_atom: float
    limit_meV_per_atom: float
    is_binding: bool


class Failure(Settings):
    """Why there is no answer. Kept, because dropping failures would bias the times."""

    cause: FailureCause
    message: str
    stage: StageName
    log_tail: str = ""


class SimulatedConditions(Settings):
    """What LAMMPS was told, in simulated kelvin; beside the experiment-equivalent design."""

    temperature_scale: float
    heat_temperature_K: float
    hold_temperature_K: float
    time_step_fs: float
    hold_time_step_fs: float
    cell_volume_A3: float
    wall_radius_A: float | None = None
    packing_distance_A: float | None = Field(None, description="Least distance of two atoms.")


class Provenance(Settings):
    """Who made this record, with what."""

    glassyli: str
    lammps: str
    ovito: str
    python: str
    potential_sha256: str
    git_commit: str | None = None
    git_dirty: bool | None = None
    host: str
    started_at: str
    resumed_at_ps: list[float] = Field(
        default_factory=list, description="Hold clock of each frame a lost run was resumed from."
    )


class FramesFile(Settings):
    """Where the positions are: gzipped extended XYZ, readable by OVITO and ASE.

    Attributes:
        kept: Numbers of the frames in the file, in order; None: the packing (number 0) and every
            frame of the series (from 1).
    """

    name: str
    sha256: str
    size_bytes: int
    kept: list[int] | None = None


def checksum_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of a record's JSON without its checksum, as it was written and not as it is read.

    So that a field added in a later release, with a default, does not break the seal of old ones.
    """
    return sha256_of(canonical_json(content))


class Parent(Settings):
    """The frame of another trajectory from which this one started, with new velocities.

    Such iso-configurational replicas tell what the structure decides from what is chance
    (A. Widmer-Cooper, P. Harrowell, H. Fynewever, PRL 93, 135701 (2004),
    doi 10.1103/PhysRevLett.93.135701).
    """

    trajectory_id: str
    frame_number: int = Field(ge=0)
    time_ps: float = Field(description="Hold clock of that frame in the parent, ps.")
    start_sha256: str = Field(description="Of its positions: a thinned store rounds them.")


class TrajectoryRecord(Settings):
    """One trajectory: its question, its answer, or why there is none.

    Attributes:
        is_full_length: Drawn to run to the horizon whatever it shows.
        parent: Where it started from, if not from a packing.
        relabelled_from: Id under which it was simulated, if it was relabelled since.
    """

    schema_version: Literal[3] = SCHEMA_VERSION
    physics_version: int = Field(description="Under which its id was made; see `PHYSICS_VERSION`.")
    trajectory_id: str
    design: EmbryoDesign
    protocol: Protocol
    seed: int
    is_full_length: bool = False
    parent: Parent | None = None
    relabelled_from: str | None = None
    simulated: SimulatedConditions
    frames: list[Frame] = Field(default_factory=list)
    incubation: Incubation | None = None
    outcome: Outcome | None = None
    crystalline_fraction: float | None = Field(
        None, description="Raw, at onset + fraction_after_onset_ps, or at the end without onset."
    )
    core_fraction: float | None = None
    label_ceiling: int = Field(
        description="Atoms that a perfect bcc sphere of this size would show as crystalline."
    )
    morphology_after_quench: Morphology | None = None
    morphology_at_end: Morphology | None = None
    mobility: Mobility | None = None
    energy_balance: EnergyBalance | None = None
    failure: Failure | None = None
    timings_s: dict[str, float] = Field(default_factory=dict)
    frames_file: FramesFile | None = None
    provenance: Provenance
    checksum: str | None = Field(None, description="SHA-256 of all the rest; set by the store.")

    @model_validator(mode="after")
    def _answered_or_failed(self) -> Self:
        answered = self.outcome is not None and self.incubation is not None
        if answered == (self.failure is not None):
            raise ValueError(
                "a record must hold either an outcome with its incubation or a failure, but got "
                f"outcome={self.outcome!r}, failure={self.failure!r}."
            )
        return self

    def sealed(self) -> Self:
        """The same record with its checksum."""
        content = self.model_dump(mode="json", exclude={"checksum"})
        return self.model_copy(update={"checksum": checksum_of(content)})

    @property
    def witnessed(self) -> Incubation | None:
        """What was surely seen of the incubation, in failed trajectories too; None: nothing.

        A trajectory that failed in its hold had not ordered before: it is censored there, or where
        its energy balance ran out. Leaving it out would favour those that order early.
        """
        if self.failure is None or self.incubation is not None:
            return self.incubation
        limit = DRIFT_LIMIT_meV_per_atom if self.design.energy_exchange != "open" else math.inf
        trusted = list(
            itertools.takewhile(
                lambda f: f.stage != "hold" or abs(f.conserved_meV_per_atom) <= limit, self.frames
            )
        )
        # Order that was there when the hold began shows itself only after the persistence time.
        if not trusted or trusted[-1].time_ps <= self.protocol.labelling.persistence_ps:
            return None
        return incubation(trusted, self.protocol.labelling)

    @property
    def planned_follow_up_ps(self) -> float:
        """As `simulate.protocol.follow_up_ps`."""
        return follow_up_ps(self.protocol, self.design)

    @property
    def mean_hold_temperature_K(self) -> float | None:
        """Of the disordered embryo in its hold, experiment-equivalent, K.

        An isolated hold starts from the energy of one instant and so misses its nominal temperature
        by some per cent; ordering then heats it.
        """
        found = onset(self.frames, self.protocol.labelling)
        until = self.frames[: found.index] if found else self.frames
        held_K = [frame.temperature_K for frame in until if frame.stage == "hold"]
        return fmean(held_K) / self.simulated.temperature_scale if held_K else None

    @property
    def order_lost_at_ps(self) -> float | None:
        """When the crystal of an ordered embryo was first gone again, ps; None: never seen."""
        found = onset(self.frames, self.protocol.labelling)
        later = self.frames[found.index :] if found and self.failure is None else []
        least = self.protocol.labelling.onset_cluster_atoms
        return next((f.time_ps for f in later if f.largest_cluster < least), None)

    @property
    def frame_numbers(self) -> Sequence[int]:
        """Frames whose positions are kept: 0 is the packing, n + 1 is `frames[n]`."""
        if self.frames_file is None:
            return ()
        kept = self.frames_file.kept
        return range(len(self.frames) + 1) if kept is None else kept

    @property
    def is_decidable(self) -> bool:
        """Whether order could be told from a fluctuation: a perfect sphere would show 2 n_c.

        Sheets and networks have fewer surface atoms and show more.
        """
        return self.label_ceiling >= 2 * self.protocol.labelling.onset_cluster_atoms

    @property
    def is_failed(self) -> bool:
        """Whether the trajectory ended without an answer."""
        return self.failure is not None


def outcome_of(record: TrajectoryRecord) -> str:
    """The outcome, or `failed: cause`, in one word or two."""
    if record.failure is not None:
        return f"failed: {record.failure.cause}"
    return str(record.outcome)
