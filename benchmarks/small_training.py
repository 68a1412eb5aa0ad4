"""Small models trained for a study, and questions at landmarks to those they never saw.

Fewer members and passes than the model that ships: what is compared here differs in the data alone.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.landmarks import Panel, model_forecast
from simulate.files import read_yaml
from simulate.record import TrajectoryRecord
from simulate.settings import validated
from simulate.store import RecordStore
from surrogate.package import Package
from surrogate.surroundings import surroundings
from train.baselines import Survival, kaplan_meier, law
from train.config import TrainingConfig
from train.dataset import TrainingSet
from train.fit import assemble
from train.landmark import at_risk
from train.member import fit_member, fold_of, left_out
from train.records import Records
from train.scores import Forecast, Scores, scores

SMALL: Final = TrainingConfig(n_members=5, n_folds=5, epochs=4, n_packings=1)
MODEL: Final = "this model"
LAW: Final = "design law"
OF_NO_PART: Final = -1

Pairs = Sequence[tuple[RecordStore, TrajectoryRecord]]


@dataclass(frozen=True)
class Small:
    """A model made for a study, and who of its members may judge which design.

    Attributes:
        fold: Part of each design; those of no part are judged by all.
        left_out: Part that each member never saw, shape ``(n_members,)``.
    """

    package: Package
    fold: dict[str, int]
    left_out: NDArray[np.int64]

    def part(self, keys: Sequence[str]) -> NDArray[np.int64]:
        """Part of each row, shape ``(n_rows,)``; -1 for designs of no part."""
        return np.array([self.fold.get(key, OF_NO_PART) for key in keys])

    def forecast(self, asked: Panel) -> Forecast:
        """By the members that never saw a row's design."""
        part = self.part(asked.keys)
        judged = replace(asked, fold=part, left_out=self.left_out)
        if (part == OF_NO_PART).all():
            judged = replace(judged, left_out=np.full_like(self.left_out, OF_NO_PART))
        return model_forecast(judged, self.package)


def every_member(package: Package) -> Small:
    """All members of a package, as judges of designs that none of them saw."""
    return Small(package, {}, np.arange(package.manifest.n_members))


def config_option(asked: argparse.ArgumentParser) -> None:
    """Lets a user choose how the small models are trained."""
    asked.add_argument("--config", type=Path, help="training config (YAML); default: a small one")


def config_of(options: argparse.Namespace) -> TrainingConfig:
    """What was chosen."""
    if options.config is None:
        return SMALL
    return validated(
        TrainingConfig, read_yaml(options.config, "a training config"), str(options.config)
    )


def trained(
    records: Records,
    config: TrainingConfig,
    change: Callable[[TrainingSet], TrainingSet] | None = None,
) -> Small:
    """Train on all these records, here and now.

    Args:
        records: What to learn from.
        config: How.
        change: Done to what the members read.
    """
    data = TrainingSet.of(records, config.snapshots_per_run)
    data = change(data) if change else data
    fits = [fit_member(data, config, number) for number in range(config.n_members)]
    fold = fold_of(data.keys, data.outcome_ranks, config)
    members = np.array([left_out(number, fold) for number in range(config.n_members)])
    return Small(assemble(records, data, fits, config, "small"), fold, members)


def chosen(records: Records, is_chosen: Callable[[TrajectoryRecord], bool]) -> Records:
    """Some of the records."""
    return replace(records, answered=[pair for pair in records.answered if is_chosen(pair[1])])


def panel(pairs: Pairs, landmark: str) -> Panel:
    """Everybody who can be asked at a landmark."""
    home = {record.trajectory_id: store for store, record in pairs}
    asked = [
        each
        for each in at_risk([record for _, record in pairs], landmark)
        if each.frame_number in each.record.frame_numbers
    ]
    atoms = [
        surroundings(
            home[each.record.trajectory_id].frames(each.record, [each.frame_number])[0],
            each.record.design,
        )
        for each in asked
    ]
    nobody = np.full(len(asked), OF_NO_PART)
    return Panel(landmark, asked, atoms, nobody, np.zeros(1, dtype=np.int64))


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of the rows of a panel: the model, the law on the design, and no design at all."""

    panel: Panel
    model: Forecast
    law: Forecast
    kaplan_meier: Forecast

    @classmethod
    def of(cls, learnt: Panel, judged: Panel, judges: Small) -> "Forecasts":
        """Baselines are fitted to the rows that the judges of each row were trained on.

        Args:
            learnt: Rows to learn from.
            judged: Rows that are asked.
            judges: The model.
        """
        both = replace(
            learnt, asked=[*learnt.asked, *judged.asked], atoms=[*learnt.atoms, *judged.atoms]
        )
        n_learnt, n_judged = len(learnt.asked), len(judged.asked)
        parts, fit = np.unique(judges.part(judged.keys), return_inverse=True)
        may_use = judges.part(learnt.keys) != parts[:, None]
        may_use |= parts[:, None] == OF_NO_PART
        may_use = np.hstack([may_use, np.zeros((len(parts), n_judged), dtype=bool)])
        row = n_learnt + np.arange(n_judged)

        def of(found: Survival) -> Forecast:
            return lambda times_ps: found(fit, row, times_ps)

        return cls(
            judged,
            judges.forecast(judged),
            of(law(both.design, may_use)),
            of(kaplan_meier(both.design, may_use)),
        )

    def over_kaplan_meier(self) -> dict[str, Scores]:
        """Scores beside the Kaplan-Meier curve."""
        return {
            name: self.scores(each, self.kaplan_meier)
            for name, each in ((MODEL, self.model), (LAW, self.law))
        }

    def scores(self, forecast: Forecast, beside: Forecast) -> Scores:
        """Of one forecast beside another, on the rows of the panel."""
        return scores(forecast, beside, self.panel.incubations, self.panel.keys)
