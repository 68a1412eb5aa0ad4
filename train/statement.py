"""A statement beside data: one number with its interval, and a rule that judges it."""

from collections.abc import Callable, Hashable, Sequence
from typing import Final, Literal

import numpy as np

from simulate.settings import Settings
from train.hazards import resampled
from train.metrics import Floats
from train.resampling import Estimate

Verdict = Literal["supported", "contradicted", "undecided"]
Rule = Callable[[float, float], bool]
"""Of the two ends of an interval."""

NOTHING: Final = Estimate(value=None, interval=None)
LEAST_RUNS: Final = 5


class Statement(Settings):
    """One statement of a paper beside our data.

    Attributes:
        claim: What the paper says, in our words, and where.
        measure: What the number is, with its unit.
        found: The number.
        n_runs: Trajectories it comes from.
        rule: When it counts as supported and when as contradicted.
        remark: What a reader should know before believing it.
    """

    claim: str
    verdict: Verdict
    measure: str
    found: Estimate
    n_runs: int
    rule: str
    remark: str = ""


def judged(found: Estimate, is_so: Rule, is_not: Rule) -> Verdict:
    """The verdict of a rule on an interval."""
    if found.interval is None:
        return "undecided"
    if is_so(*found.interval):
        return "supported"
    return "contradicted" if is_not(*found.interval) else "undecided"


def above(found: Estimate, level: float) -> Verdict:
    """Supported where the interval lies above a level, contradicted below it."""
    return judged(found, lambda low, _: low > level, lambda _, high: high < level)


def below(found: Estimate, level: float) -> Verdict:
    """Supported where the interval lies below a level, contradicted above it."""
    return judged(found, lambda _, high: high < level, lambda low, _: low > level)


def mean_of(values: Sequence[float]) -> Estimate:
    """The mean over runs; nothing of too few."""
    array = np.array(values)
    return drawn([0] * len(array), lambda weights: float(np.average(array, weights=weights)))


def drawn(groups: Sequence[Hashable], value: Callable[[Floats], float]) -> Estimate:
    """As `train.hazards.resampled`; nothing of too few runs."""
    return resampled(groups, value) if len(groups) >= LEAST_RUNS else NOTHING
