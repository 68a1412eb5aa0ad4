"""When does the embryo first turn crystalline, and how surely do we know?

A trajectory is seen only at its frames. Order that lasts from frame k on began after frame k - 1,
so the incubation time is an interval; order that never comes leaves it open above. Order that came
during the quench is its own class: no waiting at the hold temperature was seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import model_validator

from simulate.protocol import Labelling
from simulate.settings import Settings


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
                    f"{self.lower_ps=}, {self.upper_ps=}."
                )
        elif not 0.0 <= self.lower_ps < (math.inf if self.upper_ps is None else self.upper_ps):
            raise ValueError(
                f"0 <= lower_ps < upper_ps must hold, but got {self.lower_ps=}, {self.upper_ps=}."
            )
        return self

    @property
    def is_observed(self) -> bool:
        """Whether lasting order was seen at all, in the quench or in the hold."""
        return self.upper_ps is not None


@dataclass(frozen=True, slots=True)
class Onset:
    """Lasting order: the frame at which it began."""

    index: int
    time_ps: float


def onset(
    times_ps: Sequence[float], largest_clusters: Sequence[int], labelling: Labelling
) -> Onset | None:
    """First frame from which the largest crystalline cluster stays at `n_c` or above.

    Order counts once it has been seen for `persistence_ps` without a break.

    Args:
        times_ps: Frame times on the hold clock (negative in the quench), rising, ps.
        largest_clusters: Atoms in the largest crystalline cluster of each frame.
        labelling: Thresholds.
    """
    began: int | None = None
    for index, (time_ps, size) in enumerate(zip(times_ps, largest_clusters, strict=True)):
        if size < labelling.onset_cluster_atoms:
            began = None
            continue
        began = index if began is None else began
        if time_ps - times_ps[began] >= labelling.persistence_ps:
            return Onset(began, times_ps[began])
    return None


def incubation(
    times_ps: Sequence[float], largest_clusters: Sequence[int], labelling: Labelling
) -> Incubation:
    """The incubation interval of a finished trajectory; arguments as for `onset`."""
    found = onset(times_ps, largest_clusters, labelling)
    if found is None:
        return Incubation(lower_ps=max(0.0, times_ps[-1] - labelling.persistence_ps))
    if found.time_ps <= 0.0:
        return Incubation(lower_ps=0.0, upper_ps=0.0, ordered_in_quench=True)
    return Incubation(lower_ps=max(0.0, times_ps[found.index - 1]), upper_ps=found.time_ps)
