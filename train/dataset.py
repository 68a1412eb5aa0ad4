"""From record stores to what training reads: designs, targets, and a few frames of each run.

Neighbour lists are made once, or found in the cache, and handed to the workers as one file.
"""

import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import torch
from safetensors.torch import load_file, save
from torch import Tensor
from torch_geometric.data import Data

from simulate.design import EmbryoDesign
from simulate.files import write_atomically
from simulate.landmarks import LANDMARKS
from simulate.record import TrajectoryRecord
from surrogate.applicability import TrainingDomain
from surrogate.graph import graph
from surrogate.surroundings import STAGES, UNLABELLED, Surroundings
from surrogate.survival import Seen
from train.cache import ATOM_TENSORS, seen_in
from train.landmark import askable
from train.loss import Targets
from train.records import Records

TENSORS: Final = "data.safetensors"
DESCRIPTION: Final = "data.json"


def chosen_frames(record: TrajectoryRecord, n_frames: int) -> list[int]:
    """Numbers of frames to learn from: the landmarks at which it had not ordered yet.

    Fixed by the clock: frames spread over the wait would lie where its end put them, and what is
    asked would tell the answer.
    """
    asked = [each for landmark in LANDMARKS for each in askable([record], landmark)]
    return [each.frame_number for each in asked][:n_frames]


@dataclass(frozen=True)
class TrainingSet:
    """Everything training reads, and nothing else.

    Attributes:
        designs: One for each record.
        targets: One row for each record.
        atoms: What the network sees of each chosen frame.
        owner: Record of each frame, shape ``(n_frames,)``.
        since_ps: Hold clock of each frame, nan before the end of the quench, ``(n_frames,)``.
        domain: Of all designs.
    """

    designs: list[EmbryoDesign]
    targets: Targets
    atoms: list[Surroundings]
    owner: Tensor
    since_ps: Tensor
    domain: TrainingDomain

    @classmethod
    def of(cls, records: Records, snapshots_per_run: int) -> Self:
        """Read frames, make neighbour lists."""
        atoms, owner = [], []
        for number, (store, record) in enumerate(records.answered):
            if record.frames_file is not None:
                chosen = chosen_frames(record, snapshots_per_run)
                atoms += seen_in(store, record, chosen)
                owner += [number] * len(chosen)
        answered = [record for _, record in records.answered]
        designs = [record.design for record in answered]
        waiting = [each.solid_share for each in atoms if each.is_past_quench]
        return cls(
            designs=designs,
            targets=Targets.of(answered),
            atoms=atoms,
            owner=torch.tensor(owner, dtype=torch.int64),
            since_ps=torch.tensor(
                [each.time_ps if each.is_past_quench else math.nan for each in atoms],
                dtype=torch.float64,
            ),
            domain=TrainingDomain.of(
                designs,
                [record.protocol.hold_ps for record in answered],
                max(waiting, default=0.0),
                records.protocol.labelling.onset_cluster_atoms,
            ),
        )

    @cached_property
    def keys(self) -> list[str]:
        """Design key of each record."""
        return [design.key for design in self.designs]

    @cached_property
    def design_numbers(self) -> Tensor:
        """Place of the design of each record in the order of their keys, ``(n_records,)``."""
        place = {key: number for number, key in enumerate(sorted(set(self.keys)))}
        return torch.tensor([place[key] for key in self.keys], dtype=torch.int64)

    @cached_property
    def outcome_ranks(self) -> list[int]:
        """Of each record, as `train.split.outcome_ranks`."""
        return self.targets.outcome_ranks

    @cached_property
    def stage(self) -> Tensor:
        """Stage of each frame, by its place in `STAGES`, shape ``(n_frames,)``."""
        return torch.tensor([STAGES.index(each.stage) for each in self.atoms], dtype=torch.int64)

    @cached_property
    def has_labels(self) -> bool:
        """Whether the atoms of any frame are labelled."""
        return any((each.labels != UNLABELLED).any() for each in self.atoms)

    @cached_property
    def features(self) -> Tensor:
        """Standardised design features of each record, float64, ``(n_records, n_features)``."""
        return torch.from_numpy(self.domain.scaling.places(self.designs))

    @cached_property
    def frame_targets(self) -> Targets:
        """One row for each frame."""
        return self.targets.rows(self.owner).waiting_since(self.since_ps)

    @cached_property
    def graphs(self) -> list[Data]:
        """The tensors of every frame; made once for all members fitted here."""
        return [
            graph(each, self.designs[record], self.domain.scaling)
            for each, record in zip(self.atoms, self.owner.tolist(), strict=True)
        ]

    def write(self, folder: Path) -> None:
        """Write two files that `read` understands, for workers elsewhere."""
        seen = self.targets.seen
        numbers = {
            "lower_ps": seen.lower_ps,
            "upper_ps": seen.upper_ps,
            "in_quench": seen.in_quench,
            "fraction": self.targets.fraction,
            "is_ordered": self.targets.is_ordered,
            "owner": self.owner,
            "since_ps": self.since_ps,
            "stage": self.stage,
        }
        for number, each in enumerate(self.atoms):
            for name in ATOM_TENSORS:
                numbers[f"{name}.{number}"] = torch.from_numpy(getattr(each, name))
        write_atomically(folder / TENSORS, save(numbers))
        description = {
            "designs": [design.model_dump(mode="json") for design in self.designs],
            "domain": self.domain.model_dump(mode="json"),
        }
        write_atomically(folder / DESCRIPTION, json.dumps(description))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What `write` wrote."""
        numbers = load_file(folder / TENSORS)
        description = json.loads((folder / DESCRIPTION).read_text("utf-8"))
        lower_ps, since_ps = numbers["lower_ps"], numbers["since_ps"]
        seen = Seen(
            lower_ps,
            numbers["upper_ps"],
            numbers["in_quench"],
            torch.zeros_like(lower_ps),
            torch.zeros_like(numbers["in_quench"]),
        )
        return cls(
            designs=[EmbryoDesign.model_validate(each) for each in description["designs"]],
            targets=Targets(seen, numbers["fraction"], numbers["is_ordered"]),
            atoms=[
                Surroundings(
                    **{name: numbers[f"{name}.{number}"].numpy() for name in ATOM_TENSORS},
                    time_ps=max(time_ps, 0.0) if math.isfinite(time_ps) else 0.0,
                    stage=STAGES[stage],
                )
                for number, (time_ps, stage) in enumerate(
                    zip(since_ps.tolist(), numbers["stage"].tolist(), strict=True)
                )
            ],
            owner=numbers["owner"],
            since_ps=since_ps,
            domain=TrainingDomain.model_validate(description["domain"]),
        )
