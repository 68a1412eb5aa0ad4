"""Small models trained for a study, and questions at landmarks to those they never saw.

Fewer members and passes than the model that ships: what is compared here differs in the data alone.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from simulate.files import read_yaml
from simulate.record import TrajectoryRecord
from simulate.settings import validated
from surrogate.package import Package
from train.config import TrainingConfig
from train.dataset import TrainingSet
from train.fit import fit_in_place
from train.judges import Judges
from train.panel import BASELINES, Panel
from train.records import Records
from train.scores import Forecast, Scores, scores
from train.standing import MODEL
from train.unseen import Unseen

SMALL: Final = TrainingConfig(n_members=5, n_folds=5, epochs=4, n_packings=1)
LAW: Final = "design law"
LAW_OF_DESIGN: Final = "law (design)"
"""Its name among all baselines."""


def every_member(package: Package) -> Judges:
    """All members of a package, as judges of designs that none of them saw."""
    return Judges(package, {}, np.arange(package.manifest.n_members))


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
) -> Judges:
    """Train on all these records, here and now.

    Args:
        records: What to learn from.
        config: How.
        change: Done to what the members read.
    """
    return Judges.of(fit_in_place(records, config, "small", change))


def chosen(records: Records, is_chosen: Callable[[TrajectoryRecord], bool]) -> Records:
    """Some of the records."""
    return replace(records, answered=[pair for pair in records.answered if is_chosen(pair[1])])


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of the rows of a panel: the model, the law on the design, and no design at all."""

    panel: Panel
    model: Forecast
    law: Forecast
    kaplan_meier: Forecast

    @classmethod
    def of(cls, learnt: Panel, judged: Panel, judges: Judges) -> "Forecasts":
        """Baselines are fitted to the rows that the judges of each row were trained on.

        Args:
            learnt: Rows to learn from.
            judged: Rows that are asked.
            judges: The model.
        """
        unseen = Unseen.beside(learnt, judged, judges)
        return cls(
            judged,
            judges.forecast(judged),
            unseen.forecast(BASELINES[LAW_OF_DESIGN]),
            unseen.kaplan_meier(),
        )

    def over_kaplan_meier(self) -> dict[str, Scores]:
        """Scores beside the Kaplan-Meier curve."""
        return {
            name: self.scores(each, self.kaplan_meier)
            for name, each in ((MODEL, self.model), (LAW, self.law))
        }

    def scores(self, forecast: Forecast, beside: Forecast) -> Scores:
        """Of one forecast beside another, on the rows of the panel."""
        asked = self.panel
        return scores(forecast, beside, asked.incubations, asked.keys, planned_ps=asked.horizon_ps)
