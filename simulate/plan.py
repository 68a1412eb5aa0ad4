"""What is to be simulated: design points, a protocol and seeds become plans with content ids."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, model_validator

from simulate.design import EmbryoDesign, grid
from simulate.files import canonical_json, read_yaml, sha256_of
from simulate.potentials.registry import DEFAULT_POTENTIAL
from simulate.protocol import Protocol, Stage, stages, with_preset
from simulate.record import PHYSICS_VERSION, Parent, TrajectoryRecord
from simulate.sampling import DesignSpace
from simulate.settings import Settings, validated
from simulate.snapshot import Snapshot

RELAXED_ONLY_AFTERWARDS: Final = (
    "labelling.positions must be averaged or instantaneous while a trajectory runs, but is "
    "minimised. Relax its frames afterwards with `glassyli records relabel`."
)
"""Why no trajectory runs under a protocol whose labels are of relaxed positions."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One trajectory to be run.

    Attributes:
        parent: The frame it starts from; None: a fresh packing.
        start: That frame's atoms; needed to run, not to know the id.
        physics_version: Which physics the id is of.
    """

    design: EmbryoDesign
    protocol: Protocol
    seed: int
    parent: Parent | None = None
    start: Snapshot | None = field(default=None, compare=False)
    physics_version: int = PHYSICS_VERSION

    @classmethod
    def of(cls, record: TrajectoryRecord) -> Self:
        """The plan that a record answers."""
        return cls(
            design=record.design,
            protocol=record.protocol,
            seed=record.seed,
            parent=record.parent,
            physics_version=record.physics_version,
        )

    @property
    def trajectory_id(self) -> str:
        """Hash of all that decides the answer, and of nothing else (no host, path or date)."""
        heat, _, hold = stages(self.protocol, self.design)
        decides = {
            "physics_version": self.physics_version,
            "design": self.design.model_dump(mode="json"),
            "protocol": self.protocol.what_decides(),
            "potential_sha256": self.design.physics.coefficients_sha256,
            "time_steps_fs": [heat.time_step_fs, hold.time_step_fs],
            "seed": self.seed,
            "parent": self.parent and self.parent.model_dump(mode="json"),
        }
        if self.design.potential != DEFAULT_POTENTIAL:
            # Scales every temperature; ids of lithium are older than the second potential.
            decides["melting_temperature_K"] = self.design.physics.nominal_melting_K
        return sha256_of(canonical_json(decides))[:16]

    @property
    def is_full_length(self) -> bool:
        """Whether chance, by the id, lets it run to the horizon whatever it shows."""
        return int(self.trajectory_id, 16) / 16**16 < self.protocol.full_length_share

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What is done, in order: a trajectory with a parent is held only."""
        heat, quench, hold = stages(self.protocol, self.design)
        return (hold,) if self.parent else (heat, quench, hold)

    @property
    def atom_steps(self) -> int:
        """Atoms times time steps if the hold runs to its horizon."""
        return self.design.n_atoms * sum(stage.n_steps for stage in self.stages)


def each_once(plans: Iterable[Plan]) -> list[Plan]:
    """The plans in their order, of one id only one."""
    return list({plan.trajectory_id: plan for plan in plans}.values())


class Campaign(Settings):
    """A list of designs to be run under one protocol.

    `designs` are written out; each entry of `grids` is a mapping from a design's fields to lists of
    values, all combinations of which are run as well; `sampling` draws more from a design space.
    """

    protocol: Protocol
    designs: list[EmbryoDesign] = Field(default_factory=list)
    grids: list[dict[str, list[Any]]] = Field(default_factory=list)
    sampling: DesignSpace | None = None
    replicas: int = Field(1, ge=1, le=1000, description="Independent seeds of every design.")
    first_seed: int = Field(1, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, values: Any) -> Any:  # noqa: ANN401 - what a user wrote
        """Replace a preset's name by the preset."""
        return with_preset(values)

    @model_validator(mode="after")
    def _has_designs_that_fit(self) -> Self:
        if not self.all_designs:
            raise ValueError(
                "a campaign must hold a design under `designs`, `grids` or `sampling`; add one."
            )
        if self.protocol.labelling.positions == "minimised":
            raise ValueError(RELAXED_ONLY_AFTERWARDS)
        for design in self.all_designs:
            stages(self.protocol, design)
        return self

    @cached_property
    def all_designs(self) -> list[EmbryoDesign]:
        """Those written out, those of the grids, those drawn."""
        drawn = self.sampling.draw() if self.sampling else []
        combined = [values for choices in self.grids for values in grid(choices)]
        return [
            *self.designs,
            *(validated(EmbryoDesign, values, "grids") for values in combined),
            *(validated(EmbryoDesign, values, "sampling") for values in drawn),
        ]

    def plans(self) -> list[Plan]:
        """Every trajectory, replicas in the outer loop so that early results span the designs."""
        seeds = range(self.first_seed, self.first_seed + self.replicas)
        every = [Plan(design, self.protocol, seed) for seed in seeds for design in self.all_designs]
        return each_once(every)


def read_campaign(path: Path) -> Campaign:
    """A campaign from a YAML file; unknown keys and impossible designs are refused."""
    return validated(Campaign, read_yaml(path, "a campaign config"), str(path))
