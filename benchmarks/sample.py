"""Records as questions to forecasters that know the design alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from simulate.incubation import Incubation
from simulate.record import TrajectoryRecord
from surrogate.features import FeatureScaling, design_features
from train.baselines import Asked
from train.metrics import Floats, scored_until_ps
from train.records import planned_follow_up_ps


@dataclass(frozen=True)
class Sample:
    """Independent trajectories that say something of the incubation."""

    records: Sequence[TrajectoryRecord]

    @cached_property
    def keys(self) -> list[str]:
        """Design of each record."""
        return [record.design.key for record in self.records]

    @cached_property
    def incubations(self) -> list[Incubation]:
        """What was seen of each."""
        return [record.witnessed for record in self.records if record.witnessed is not None]

    @cached_property
    def features(self) -> Floats:
        """Of the designs, shape ``(n_records, n_features)``."""
        return design_features([record.design for record in self.records])

    @cached_property
    def scaling(self) -> FeatureScaling:
        """Centre and spread of the designs; knows nothing of what came of them."""
        return FeatureScaling.of(self.features)

    @property
    def hold_ps(self) -> float:
        """Hold of the protocol."""
        return min(record.protocol.hold_ps for record in self.records)

    @property
    def horizon_ps(self) -> float:
        """Of the forecasts: so long whole runs are watched."""
        return scored_until_ps(self.incubations, planned_follow_up_ps(self.records))

    @property
    def asked(self) -> Asked:
        """Every record, asked from its start by the features of its design."""
        return Asked(self.features, self.incubations, self.keys, self.hold_ps)

    @property
    def asked_by_size(self) -> Asked:
        """The same by the logarithm of the number of atoms alone."""
        size = np.log([[record.design.n_atoms] for record in self.records])
        return Asked(size, self.incubations, self.keys, self.hold_ps)

    @classmethod
    def of(cls, records: Sequence[TrajectoryRecord]) -> Self:
        """Leave out replicas of a parent, and what was not watched into the hold."""
        return cls([r for r in records if r.parent is None and r.witnessed is not None])
