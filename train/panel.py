"""Everybody who can be asked at a landmark, with the atoms they had there, and what was answered.

Forecasts of a panel are turned into tables, times by rows, once; every score reads those, and the
tables of several trainings can be averaged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from simulate.incubation import Incubation
from simulate.landmarks import LANDMARKS
from surrogate.descriptors import descriptors
from surrogate.features import design_features, potentials_by_records
from surrogate.surroundings import Surroundings
from train.baselines import Asked, Choice, Survival, boosting, cox, law, nucleation
from train.cache import seen_in
from train.landmark import BEFORE_THE_HOLD, LEAST_AT_RISK, AtRisk, askable
from train.metrics import Floats, scored_until_ps, within
from train.records import Pairs
from train.scores import Answers, Forecast


@dataclass(frozen=True)
class Panel:
    """Those asked at one landmark.

    Attributes:
        asked: Who, and what came of each from there.
        atoms: Of each at that moment.
        offset_potentials: As `surrogate.features.FeatureScaling.offset_potentials`.
    """

    landmark: str
    asked: list[AtRisk]
    atoms: list[Surroundings]
    offset_potentials: Sequence[str] = ()

    @property
    def is_past_quench(self) -> bool:
        """Whether order in the quench is past for all."""
        return self.landmark not in BEFORE_THE_HOLD

    @cached_property
    def incubations(self) -> list[Incubation]:
        """From the landmark on."""
        return [each.incubation for each in self.asked]

    @cached_property
    def scored(self) -> list[Incubation]:
        """The same as far as the horizon, where all were meant to be watched."""
        return within(self.incubations, self.horizon_ps)

    @cached_property
    def keys(self) -> list[str]:
        """Design of each."""
        return [each.record.design.key for each in self.asked]

    @cached_property
    def horizon_ps(self) -> float:
        """Of the forecasts, counted from the landmark: so long whole runs are watched."""
        planned_ps = min(each.planned_follow_up_ps for each in self.asked)
        return scored_until_ps(self.incubations, planned_ps)

    @property
    def frames_ps(self) -> Floats:
        """Times from the landmark that may bound what was seen: every frame, the horizon last."""
        every_ps = self.asked[0].record.protocol.frame_every_ps
        return np.append(np.arange(0.0, self.horizon_ps, every_ps), self.horizon_ps)

    @cached_property
    def design(self) -> Asked:
        """By the features of their designs."""
        designs = [each.record.design for each in self.asked]
        return self._by(design_features(designs, self.offset_potentials))

    @cached_property
    def structure(self) -> Asked:
        """By their designs and the descriptors of their atoms."""
        seen = np.array([descriptors(each) for each in self.atoms])
        return self._by(np.column_stack([self.design.features, seen]))

    def joined(self, others: Sequence["Panel"]) -> "Panel":
        """With the rows of others after its own; the rest is as here, offsets too."""
        every = [self, *others]
        return replace(
            self,
            asked=[row for each in every for row in each.asked],
            atoms=[row for each in every for row in each.atoms],
        )

    def only(self, is_chosen: NDArray[np.bool_]) -> "Panel":
        """With some of its rows; the rest is as here.

        Args:
            is_chosen: Shape ``(n_rows,)``.
        """
        return replace(
            self,
            asked=list(compress(self.asked, is_chosen)),
            atoms=list(compress(self.atoms, is_chosen)),
        )

    def _by(self, features: Floats) -> Asked:
        hold_ps = min(each.record.protocol.hold_ps for each in self.asked)
        return Asked(features, self.incubations, self.keys, hold_ps, self.is_past_quench)


BASELINES: Final[dict[str, Callable[[Panel, Choice], Survival]]] = {
    "nucleation": lambda panel, chosen: nucleation(panel.design, chosen),
    "Weibull law (design)": lambda panel, chosen: law(panel.design, chosen, is_weibull=True),
    "law (design)": lambda panel, chosen: law(panel.design, chosen),
    "boosting (design)": lambda panel, chosen: boosting(panel.design, chosen),
    "Cox (design, structure)": lambda panel, chosen: cox(panel.structure, chosen),
    "law (design, structure)": lambda panel, chosen: law(panel.structure, chosen),
    "free law (design)": lambda panel, chosen: law(panel.design, chosen, has_one_shape=False),
    "free law (design, structure)": lambda panel, chosen: law(
        panel.structure, chosen, has_one_shape=False
    ),
}
NEEDS_SKSURV: Final = ("boosting (design)", "Cox (design, structure)")


@dataclass(frozen=True, eq=False)
class Table:
    """One forecaster's answers on a panel.

    Attributes:
        answers: At the times that scores read.
        at_frames: Survival at `Panel.frames_ps`, shape ``(n_frames, n_rows)``.
    """

    answers: Answers
    at_frames: Floats

    @classmethod
    def of(cls, forecast: Forecast, panel: Panel) -> Self:
        """Ask a forecast of everybody."""
        n_rows = len(panel.asked)
        at_frames = [forecast(np.full(n_rows, time_ps)) for time_ps in panel.frames_ps]
        answers = Answers.of(forecast, panel.scored, panel.horizon_ps)
        return cls(answers, np.array(at_frames))

    @classmethod
    def mean(cls, several: Sequence["Table"]) -> Self:
        """Of several forecasts, each as likely as the others."""
        return cls(
            Answers.mean([each.answers for each in several]),
            np.mean([each.at_frames for each in several], axis=0),
        )

    def edges(self, panel: Panel) -> list[Floats]:
        """Of each row the survival at all that might have bounded it (see `train.calibration`)."""
        found = []
        for number, each in enumerate(panel.scored):
            is_watched = panel.frames_ps <= (
                panel.horizon_ps if each.is_observed else each.lower_ps
            )
            curve = np.minimum.accumulate(self.at_frames[is_watched, number])
            found.append(np.concatenate([[1.0], curve, [0.0]]))
        return found


def panels(pairs: Pairs) -> list[Panel]:
    """Everybody who can be asked, at every landmark where at least `LEAST_AT_RISK` can.

    Args:
        pairs: Answered records, each with the store that holds its frames.
    """
    records = [record for _, record in pairs]
    by_landmark = {landmark: askable(records, landmark) for landmark in LANDMARKS}
    enough = {name: asked for name, asked in by_landmark.items() if len(asked) >= LEAST_AT_RISK}
    return _with_atoms(pairs, enough)


def panel(pairs: Pairs, landmark: str) -> Panel:
    """Everybody who can be asked at a landmark.

    Args:
        pairs: Records, each with the store that holds its frames.
        landmark: One of `simulate.landmarks.LANDMARKS`.
    """
    asked = askable([record for _, record in pairs], landmark)
    return _with_atoms(pairs, {landmark: asked})[0]


def _with_atoms(pairs: Pairs, by_landmark: Mapping[str, list[AtRisk]]) -> list[Panel]:
    """Panels of those asked; the frames of a record are read at once, if they are not cached."""
    wanted: dict[str, set[int]] = {}
    for asked in by_landmark.values():
        for each in asked:
            wanted.setdefault(each.record.trajectory_id, set()).add(each.frame_number)
    atoms: dict[tuple[str, int], Surroundings] = {}
    for store, record in pairs:
        if numbers := sorted(wanted.get(record.trajectory_id, ())):
            seen = seen_in(store, record, numbers)
            atoms |= {
                (record.trajectory_id, number): each
                for number, each in zip(numbers, seen, strict=True)
            }
    others = potentials_by_records([record.design for _, record in pairs])[1:]
    return [
        Panel(
            name,
            asked,
            [atoms[each.record.trajectory_id, each.frame_number] for each in asked],
            others,
        )
        for name, asked in by_landmark.items()
    ]
