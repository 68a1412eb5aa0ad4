"""How a model is trained: every choice, with its reason where it is not obvious."""

from typing import Any, Final, Literal

from pydantic import Field

from simulate.settings import Settings
from surrogate.manifest import Architecture


class TrainingConfig(Settings):
    """Settings of one training. The defaults suit 20 to a few hundred trajectories."""

    seed: int = Field(0, ge=0, description="Of splits, anchors and first weights.")
    n_members: int = Field(10, ge=2, le=64, description="Members of the ensemble.")
    n_folds: int = Field(
        5,
        ge=2,
        le=64,
        description="Parts of the designs. Each member leaves one out; those that left out the "
        "same judge it together.",
    )
    snapshots_per_run: int = Field(
        7, ge=1, le=7, description="Most frames of each trajectory that enter the network."
    )
    n_packings: int = Field(4, ge=1, le=64, description="Packings averaged by the full road.")

    slope_spreads: list[float] = Field(
        [0.5],
        min_length=1,
        description="Prior spreads of slopes in standardised features; of several, the best on "
        "held-out designs is taken (with a dozen designs that choice is mostly noise).",
    )
    design_width: int = Field(8, ge=1, le=256, description="Width of the design correction.")
    design_steps: int = Field(150, ge=0, description="Steps of its fit; 0 leaves it out.")
    graph_width: int = Field(16, ge=4, le=256, description="Width of the structure correction.")
    n_rounds: int = Field(2, ge=1, le=6, description="Rounds of message passing.")
    epochs: int = Field(
        24, ge=0, description="Most passes over all graphs; 0 leaves message passing out."
    )
    validation_share: float = Field(
        0.2,
        ge=0,
        le=0.5,
        description="Of a member's own designs: they only tell when to stop. 0: all passes are "
        "made, and their last weights kept.",
    )
    patience: int = Field(
        5, ge=1, description="Passes without gain on those designs before the best are kept."
    )
    learning_rate: float = Field(0.01, gt=0, le=1.0)
    weight_decay: float = Field(1.0e-3, ge=0, description="Of both corrections.")
    structure_spread: float = Field(
        0.3,
        ge=0,
        description="Prior spread of slopes in the descriptors of a structure; 0 leaves them out.",
    )
    correction_spread: float = Field(
        0.5, gt=0, description="Prior spread of what a correction may add to an output."
    )
    label_weight: float = Field(
        0.1,
        ge=0,
        description="Of telling which atoms are crystalline, learnt by the graph beside the "
        "incubation time; 0 leaves it out. It gives an answer for every atom: forecasts of times "
        "were no better for it at any weight tried (0.1 to 30 on the reference records).",
    )
    max_atoms_per_batch: int = Field(8000, ge=100, description="A larger embryo goes alone.")

    n_workers: int = Field(1, ge=1, le=64, description="Ray workers.")
    workers_share: Literal["members", "batches"] = Field(
        "members",
        description="What they share out: members, each fitted whole by one of them; or the "
        "batches of each member, which all fit together (more workers than members pay then).",
    )
    max_worker_losses: int = Field(
        3, ge=0, description="Times that lost workers are replaced before a training gives up."
    )
    checkpoint_every_s: float = Field(
        10.0, ge=0, description="Least time between checkpoints of a member under way, s."
    )
    use_gpu: bool = Field(default=False, description="Give every worker a GPU for the graphs.")
    ray_start_timeout_s: float = Field(120.0, gt=0, description="Wait for free cores, s.")

    @property
    def deciding(self) -> dict[str, Any]:
        """The fields that decide what comes of a training, as JSON; the others say who does it."""
        return self.model_dump(mode="json", exclude=_MEANS)

    @property
    def has_structure(self) -> bool:
        """Whether atoms count at all."""
        return bool(self.epochs or self.structure_spread)

    def architecture(self, *, has_labels: bool) -> Architecture:
        """Sizes of the networks.

        Args:
            has_labels: Whether the atoms of any frame are labelled: nobody learns from none.
        """
        return Architecture(
            design_width=self.design_width,
            graph_width=self.graph_width,
            n_rounds=self.n_rounds,
            has_labels=has_labels and bool(self.epochs and self.label_weight),
        )


_MEANS: Final = {
    "n_workers", "workers_share", "use_gpu", "ray_start_timeout_s", "max_worker_losses",
    "checkpoint_every_s",
}  # fmt: skip
