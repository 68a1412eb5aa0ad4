"""Rows asked of baselines that never saw their designs, as the judges of a model never did."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from train.baselines import Choice, Survival, Whole, kaplan_meier
from train.judges import OF_EVERY_JUDGE, Judges
from train.panel import Panel
from train.scores import Forecast


@dataclass(frozen=True, eq=False)
class Unseen:
    """Rows of a panel, and what baselines may learn from before they are asked about them.

    Attributes:
        rows: Those to learn from, and those that are asked.
        may_use: Rows that each fit may use, shape ``(n_fits, n_rows)``.
        fit: Of which fit each asked row is asked, shape ``(n_asked,)``.
        place: Where each is among `rows`, likewise.
    """

    rows: Panel
    may_use: Choice
    fit: Whole
    place: Whole

    @classmethod
    def within(cls, panel: Panel, judges: Judges) -> Self:
        """All rows of a panel, each of a fit to the parts of the data that it is not in."""
        part = judges.part(panel.keys)
        return cls(panel, judges.training_rows(panel.keys), part, np.arange(len(panel.asked)))

    @classmethod
    def beside(cls, learnt: Panel, asked: Panel, judges: Judges) -> Self:
        """Rows of one panel, of fits to those of another that the judges of each learnt from."""
        n_learnt, n_asked = len(learnt.asked), len(asked.asked)
        parts, fit = np.unique(judges.part(asked.keys), return_inverse=True)
        may_use = judges.part(learnt.keys) != parts[:, None]
        may_use |= parts[:, None] == OF_EVERY_JUDGE
        nobody = np.zeros((len(parts), n_asked), dtype=bool)
        place = n_learnt + np.arange(n_asked)
        return cls(learnt.joined([asked]), np.hstack([may_use, nobody]), fit, place)

    def forecast(self, baseline: Callable[[Panel, Choice], Survival]) -> Forecast:
        """Of the asked rows, by a baseline of `train.panel.BASELINES` or one like them."""
        found = baseline(self.rows, self.may_use)
        return lambda times_ps: found(self.fit, self.place, times_ps)

    def kaplan_meier(self) -> Forecast:
        """Of the asked rows, by no design at all."""
        return self.forecast(lambda rows, may_use: kaplan_meier(rows.design, may_use))
