"""What a learning loop is after: the space, how it asks, and when it may stop."""

from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, model_validator

from simulate.design import EmbryoDesign
from simulate.files import read_yaml
from simulate.plan import RELAXED_ONLY_AFTERWARDS
from simulate.protocol import Protocol, stages, with_preset
from simulate.sampling import DesignSpace
from simulate.settings import Settings, validated
from train.active.acquisition import Acquisition
from train.config import TrainingConfig

LEAST_BEGINNING: Final = 4
"""Trajectories before anything can be learnt: a model needs three designs, and one may fail."""

LEAST_INSIDE: Final = 0.5
"""Share of the places judged whose boundary must lie within the sizes before a loop may stop by
precision: what is said of the space must hold of most of it."""


class StopRule(Settings):
    """A loop stops at the end of the first round that meets any of these."""

    boundary_spread: float = Field(
        0.1,
        gt=0,
        le=5,
        description="Spread of the committee, not an error: standard deviation of the logarithm of "
        "the boundary size, mean over the places whose boundary lies within the sizes, which must "
        f"be {100 * LEAST_INSIDE:.0f} % of them; 0.1 is 10 % in size.",
    )
    max_trajectories: int = Field(
        100, ge=1, le=100_000, description="Of the loop itself; those of `stores` cost nothing."
    )
    max_core_hours: float | None = Field(
        None, gt=0, description="Spent on trajectories; a round that has begun is ended."
    )


class LearnConfig(Settings):
    """A loop that asks for the embryos that tell most of the boundary between glass and crystal.

    All but `stop` is part of the loop's identity: a folder goes on with it and refuses another.
    """

    space: DesignSpace = Field(
        description="Where candidates lie; `n_designs` is their number, in one Sobol sequence."
    )
    protocol: Protocol
    acquisition: Acquisition = Field(
        "boundary",
        description="boundary: lowers the doubt of the boundary size most. straddle: much doubt at "
        "even odds. disagreement: members differ most. random, sobol: without a model.",
    )
    n_initial: int = Field(16, ge=0, le=10_000, description="First of the sequence, before all.")
    batch: int = Field(8, ge=1, le=1000, description="Trajectories a round.")
    horizon_ps: float | None = Field(
        None, gt=0, description="By which order counts; empty: the last that a hold can show, ps."
    )
    n_members: int = Field(16, ge=4, le=128, multiple_of=2, description="Of the committee.")
    n_places: int = Field(24, ge=2, le=1000, description="At which the boundary is judged.")
    seed: int = Field(0, ge=0, description="Of the committee and of random choices.")
    trajectory_seed: int = Field(1, ge=0, description="Of every trajectory.")
    stores: list[Path] = Field(
        default_factory=list, description="Records to begin with, of this protocol."
    )
    stop: StopRule = StopRule()
    training: TrainingConfig = Field(
        TrainingConfig(epochs=0, structure_spread=0.0),
        description="Of the model package that every round leaves, fitted in this process.",
    )

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, values: Any) -> Any:  # noqa: ANN401 - what a user wrote
        """Replace a preset's name by the preset."""
        return with_preset(values)

    @model_validator(mode="after")
    def _can_begin(self) -> Self:
        if not self.stores and self.n_initial < LEAST_BEGINNING:
            raise ValueError(
                f"n_initial >= {LEAST_BEGINNING} must hold where no stores are named, but got "
                f"{self.n_initial}. Raise it, or name records to begin with under `stores`."
            )
        if self.stop.max_trajectories < self.n_initial:
            raise ValueError(
                "n_initial <= stop.max_trajectories must hold, but got "
                f"{self.n_initial} and {self.stop.max_trajectories}. Raise the budget."
            )
        if self.space.n_designs < self.n_initial:
            raise ValueError(
                "n_initial <= space.n_designs must hold, but got "
                f"{self.n_initial} and {self.space.n_designs}. Raise space.n_designs."
            )
        if self.asked_ps > self._longest_ps:
            raise ValueError(
                f"horizon_ps <= hold_ps - persistence_ps ({self._longest_ps:g} ps) must hold, but "
                f"got {self.asked_ps:g}: order later than that is never seen. Lengthen the hold."
            )
        if self.protocol.labelling.positions == "minimised":
            raise ValueError(RELAXED_ONLY_AFTERWARDS)
        for design in self.candidates()[:1]:
            stages(self.protocol, design)
        return self

    @property
    def asked_ps(self) -> float:
        """The horizon by which order counts, ps."""
        return self._longest_ps if self.horizon_ps is None else self.horizon_ps

    @property
    def _longest_ps(self) -> float:
        return self.protocol.hold_ps - self.protocol.labelling.persistence_ps

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that decides what is asked, as JSON."""
        return self.model_dump(mode="json", exclude={"stop"})

    def candidates(self) -> list[EmbryoDesign]:
        """All of the space that may be asked, in the order of its sequence.

        Raises:
            MisuseError: A design that cannot be.
        """
        return [validated(EmbryoDesign, values, "space") for values in self.space.draw()]


def read_learn_config(path: Path) -> LearnConfig:
    """A loop from a YAML file; stores are named relative to the working folder.

    Raises:
        MisuseError: An unknown key, a contradiction, or no readable file.
    """
    return validated(LearnConfig, read_yaml(path, "a learning config"), str(path))
