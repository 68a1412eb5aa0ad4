"""When does the embryo first turn crystalline, and how surely do we know?

A trajectory is seen only at its frames. Order that lasts from frame k on began after frame k - 1,
so the incubation time is an interval; order that never comes leaves it open above. Order that came
during the quench is its own class: no waiting at the hold temperature was seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median_low
from typing import Protocol, Self

from pydantic import model_validator

from simulate.protocol import Labelling
from simulate.settings import Settings
from simulate.units import CLOCK_ROUNDING_PS


class Incubation(Settings):
    """Time before lasting order on the hold clock, as closely as the frames allow.

    Attributes:
        lower_ps: Last labelled time without lasting order, ps.
        upper_ps: First labelled time with it, ps. None when the hold ended first.
        ordered_in_quench: Lasting order began at or before the start of the hold; both bounds are
            then 0 (left-censored).

    >>> Incubation(lower_ps=120.0, upper_ps=125.0).is_observed
    True
    >>> Incubation(lower_ps=5000.0).is_observed
    False
    """

    lower_ps: float
    upper_ps: float | None = None
    ordered_in_quench: bool = False

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.ordered_in_quench:
            if (self.lower_ps, self.upper_ps) != (0.0, 0.0):
                raise ValueError(
                    "an embryo ordered in the quench must have lower_ps = upper_ps = 0, but got "
                    f"lower_ps={self.lower_ps}, upper_ps={self.upper_ps}."
                )
        elif not 0.0 <= self.lower_ps < (math.inf if self.upper_ps is None else self.upper_ps):
            raise ValueError(
                f"0 <= lower_ps < upper_ps must hold, but got "
                f"lower_ps={self.lower_ps}, upper_ps={self.upper_ps}."
            )
        return self

    @property
    def is_observed(self) -> bool:
        """Whether lasting order was seen at all, in the quench or in the hold."""
        return self.upper_ps is not None


class Ordering(Protocol):
    """What of a frame decides whether it is ordered."""

    @property
    def time_ps(self) -> float:
        """Hold clock, negative in the quench, ps."""

    @property
    def largest_cluster(self) -> int:
        """Atoms in the largest crystalline cluster."""

    @property
    def core_fraction(self) -> float | None:
        """Crystalline share of fully coordinated atoms; None where there are none."""


@dataclass(frozen=True, slots=True)
class Onset:
    """Lasting order: the frame at which it began."""

    index: int
    time_ps: float


def onset(series: Sequence[Ordering], labelling: Labelling) -> Onset | None:
    """The beginning of the first `persistence_ps` in which order lasts and fills the core.

    It lasts if the largest crystalline cluster is at `n_c` or above in every frame of that time; it
    fills the core by the mean over it: a cluster near the critical size may linger and flicker, but
    does not grow. Lingering of any length before is waiting still, so that what a series shows up
    to a time never depends on what came later than `persistence_ps` after it.

    Args:
        series: The frames, in time.
        labelling: Thresholds.
    """
    began: int | None = None
    for index, seen in enumerate(series):
        if seen.largest_cluster < labelling.onset_cluster_atoms:
            began = None
            continue
        began = index if began is None else began
        latest_ps = seen.time_ps - labelling.persistence_ps + CLOCK_ROUNDING_PS
        lasting = (n for n in range(index, began - 1, -1) if series[n].time_ps <= latest_ps)
        first = next(lasting, None)
        if first is not None and _fills_the_core(series[first : index + 1], labelling):
            return Onset(first, series[first].time_ps)
    return None


def _fills_the_core(ordered: Sequence[Ordering], labelling: Labelling) -> bool:
    return fmean(seen.core_fraction or 0.0 for seen in ordered) >= labelling.confirmed_core_fraction


def incubation(series: Sequence[Ordering], labelling: Labelling) -> Incubation:
    """The incubation interval of a finished trajectory; arguments as for `onset`."""
    found = onset(series, labelling)
    if found is None:
        return Incubation(lower_ps=_censored_at_ps(series, labelling))
    if found.time_ps <= 0.0:
        return Incubation(lower_ps=0.0, upper_ps=0.0, ordered_in_quench=True)
    before_ps = series[found.index - 1].time_ps if found.index else 0.0
    return Incubation(lower_ps=max(0.0, before_ps), upper_ps=found.time_ps)


def is_ordering(series: Sequence[Ordering], labelling: Labelling) -> bool:
    """Whether clusters of `n_c` are there at the last frame, by the median of a persistence time.

    The median, because clusters near the critical size flicker: what becomes of a trajectory should
    not hang on its last frame.
    """
    since_ps = series[-1].time_ps - labelling.persistence_ps
    lately = [seen.largest_cluster for seen in series if seen.time_ps >= since_ps]
    return median_low(lately) >= labelling.onset_cluster_atoms


def _censored_at_ps(series: Sequence[Ordering], labelling: Labelling) -> float:
    """Until when there was surely no onset, in a trajectory that showed none.

    Order that began in the last `persistence_ps` might have become one. Clusters that linger at the
    end change nothing: censoring what is about to order would favour what orders late.
    """
    return max(0.0, series[-1].time_ps - labelling.persistence_ps)
