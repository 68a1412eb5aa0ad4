"""How much of the incubation is chance? Replicas of one structure differ by their velocities only.

The variance of an outcome is split into that within parents (chance) and that between them (their
structure and their design), by a one-way analysis of variance of random effects. The share is that
of the parents chosen: parents more alike leave more to chance. With one parent a design it does not
part structure from design, so it is no ceiling for a model that knows only one of the two. How
widely times spread within a parent is another question (`train.spread`): there no time is held.

Reference:
    Searle, Casella & McCulloch, *Variance Components* (1992), section 3.6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import f as f_distribution

from simulate.record import Parent, TrajectoryRecord
from train.counting import ends, number, table
from train.metrics import Floats, scored_until_ps
from train.records import planned_follow_up_ps
from train.spread import Spread, spread_within

LEAST_PARENTS: Final = 2
LEAST_MIXED: Final = 5
"""Parents with both outcomes below which an interval of the share in the outcome says nothing."""

LEVEL: Final = 0.9

Groups = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Share:
    """Variance within parents over the whole; None where nothing varies or nothing repeats.

    Attributes:
        interval: 90 %; None where it cannot be told.
    """

    value: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Chance:
    """What iso-configurational replicas say.

    Attributes:
        horizon_ps: So long whole replicas are watched (see `train.metrics.scored_until_ps`).
        n_mixed: Parents of which some replicas ordered by the horizon and some did not.
        outcome: Of ordered by the horizon or not.
        log_time: Of the logarithm of the time, held at the horizon.
        spread_of_log_time: Within parents; None where no parent tells of it.
    """

    n_replicas: int
    n_failed: int
    n_parents: int
    n_mixed: int
    horizon_ps: float
    outcome: Share
    log_time: Share
    spread_of_log_time: Spread | None


def chance(records: Sequence[TrajectoryRecord]) -> Chance | None:
    """Share of chance in the outcome and in the logarithmic time; None without replicas.

    The time is held at the horizon: so it is known for each replica, and its variance needs no law
    of times. Order counts at the middle of its interval. What failed before the horizon without
    order is left out, and counted; only the spread within parents reads it, as a time not yet over.
    """
    replicas = [record for record in records if record.parent is not None]
    if not replicas:
        return None
    planned_ps = planned_follow_up_ps(replicas)
    known = [record for record in replicas if _is_known(record, planned_ps)]
    seen = [record.witnessed for record in known if record.witnessed is not None]
    horizon_ps = scored_until_ps(seen, planned_ps) if seen else planned_ps
    ordered, waits = _by_parent(known, horizon_ps)
    n_mixed = sum(0.0 < float(group.mean()) < 1.0 for group in ordered.values())
    outcome, log_time = (share_of_chance(list(each.values())) for each in (ordered, waits))
    return Chance(
        n_replicas=len(replicas),
        n_failed=len(replicas) - len(known),
        n_parents=len(ordered),
        n_mixed=n_mixed,
        horizon_ps=horizon_ps,
        outcome=outcome if n_mixed >= LEAST_MIXED else Share(outcome.value, None),
        log_time=log_time,
        spread_of_log_time=spread_within(_bounds_by_parent(replicas)),
    )


def share_of_chance(groups: Sequence[Floats]) -> Share:
    """Variance within groups over the whole, with the exact interval for normal variances.

    >>> share_of_chance([np.array([1.0, 1.0]), np.array([0.0, 0.0])]).value
    0.0
    """
    sizes = np.array([len(group) for group in groups])
    n_all, n_groups = int(sizes.sum()), len(groups)
    if n_groups < LEAST_PARENTS or n_all <= n_groups:
        return Share(None, None)
    means = np.array([group.mean() for group in groups])
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    within /= n_all - n_groups
    grand = float((sizes * means).sum() / n_all)
    between = float((sizes * (means - grand) ** 2).sum()) / (n_groups - 1)
    size = (n_all - float((sizes**2).sum()) / n_all) / (n_groups - 1)
    if within == between == 0.0:
        return Share(None, None)
    if within == 0.0:
        return Share(0.0, None)
    degrees = (n_groups - 1, n_all - n_groups)
    low, high = (
        _share(between / within / float(f_distribution.ppf(level, *degrees)), size)
        for level in (0.5 - 0.5 * LEVEL, 0.5 + 0.5 * LEVEL)
    )
    return Share(_share(between / within, size), (low, high))


def chance_in_words(found: Chance) -> str:
    """Markdown, without a title."""
    rows = [
        (name, number(share.value), ends(share.interval, "too few to tell"))
        for name, share in (
            ("ordered or not", found.outcome),
            ("logarithm of the time", found.log_time),
        )
    ]
    return f"""\
{found.n_replicas} runs with new velocities from {found.n_parents} parents, each a stored frame
under one design, disordered where they start; {found.n_failed} failed before the horizon and are
left out; {found.n_mixed} of the parents had both outcomes. Outcome and time are held at
{found.horizon_ps:.0f} ps. Share of the variance that is within parents (chance); the rest is
between them, their structure and their design together: parents more alike would leave more to
chance.

{_spread_in_words(found)}

{table(("variance of", "chance", "90 %"), rows)}"""


def _share(ratio: float, size: float) -> float:
    """From the ratio of mean squares; more than 1 where they would call for a negative variance."""
    return min(1.0, size / (size + ratio - 1.0)) if ratio > 1.0 else 1.0


def _spread_in_words(found: Chance) -> str:
    spread = found.spread_of_log_time
    if spread is None:
        return "How widely the times spread within a parent cannot be told."
    low, high = np.exp(spread.interval)
    return f"""\
Within a parent the times spread by a factor of {np.exp(spread.value):.1f} (90 %: {low:.1f} to \
{high:.1f}), one standard deviation
of the logarithm, by the likelihood of what was seen of each replica, normal about its parent.
{spread.n_telling} parents tell of it; {spread.n_silent} with a single replica, or with none that \
ordered, say
only where the parents lie."""


def _is_known(record: TrajectoryRecord, horizon_ps: float) -> bool:
    """Whether it ordered, or was watched to the horizon as nearly as its frames allow."""
    seen = record.witnessed
    if seen is None:
        return False
    return seen.is_observed or seen.lower_ps >= horizon_ps - record.protocol.frame_every_ps


def _by_parent(records: Sequence[TrajectoryRecord], horizon_ps: float) -> tuple[Groups, Groups]:
    """Ordered by the horizon or not (1, 0), and the logarithm of the time held at it."""
    ordered: dict[str, list[float]] = {}
    waits: dict[str, list[float]] = {}
    for record in records:
        if record.parent is not None:
            name = f"{record.parent.trajectory_id} {record.parent.frame_number} {record.design.key}"
            time_ps = _middle_ps(record)
            ordered.setdefault(name, []).append(float(time_ps <= horizon_ps))
            waits.setdefault(name, []).append(float(np.log(min(time_ps, horizon_ps))))
    return _arrays(ordered), _arrays(waits)


def _bounds_by_parent(records: Sequence[TrajectoryRecord]) -> list[Floats]:
    """Logarithms of the bounds of every time, as `train.spread.spread_within` reads them."""
    found: dict[tuple[Parent, str], list[tuple[float, float]]] = {}
    for record in records:
        seen = record.witnessed
        if seen is not None and record.parent is not None:
            upper_ps = np.inf if seen.upper_ps is None else seen.upper_ps
            if seen.ordered_in_quench:
                upper_ps = record.protocol.frame_every_ps
            bounds_ps = (seen.lower_ps, upper_ps)
            found.setdefault((record.parent, record.design.key), []).append(bounds_ps)
    with np.errstate(divide="ignore"):
        return [np.log(each) for each in found.values()]


def _arrays(groups: dict[str, list[float]]) -> Groups:
    return {name: np.array(values) for name, values in groups.items()}


def _middle_ps(record: TrajectoryRecord) -> float:
    """Middle of the interval; half a frame for order that was there at once."""
    seen = record.witnessed
    if seen is None or seen.upper_ps is None:
        return np.inf
    return max(0.5 * (seen.lower_ps + seen.upper_ps), 0.5 * record.protocol.frame_every_ps)
