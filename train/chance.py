"""How much of the incubation is chance? Replicas of one structure differ by their velocities only.

The variance of an outcome is split into that within parents (chance) and that between them (their
structure and their design), by a one-way analysis of variance of random effects.

Reference:
    Searle, Casella & McCulloch, *Variance Components* (1992), section 3.6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulate.record import TrajectoryRecord
from train.counting import table
from train.metrics import Floats, bootstrap_interval

LEAST_PARENTS: Final = 2

Groups = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Share:
    """Variance within parents over the whole; None where nothing varies or nothing repeats.

    Attributes:
        interval: 90 %, resampling parents.
    """

    value: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Chance:
    """What iso-configurational replicas say.

    Attributes:
        horizon_ps: The longest hold time to which every replica that did not fail was followed.
        outcome: Of ordered by the horizon or not.
        log_time: Of the logarithm of the time, held at the horizon.
    """

    n_replicas: int
    n_failed: int
    n_parents: int
    horizon_ps: float
    outcome: Share
    log_time: Share


def chance(records: Sequence[TrajectoryRecord]) -> Chance | None:
    """Share of chance in the outcome and in the logarithmic time; None without replicas.

    The time is held at the horizon, the longest hold time to which every replica that did not fail
    was followed: so it is known for each of them, and its variance needs no law of times. Order
    counts at the middle of its interval. Replicas that failed are left out, and counted.
    """
    replicas = [record for record in records if record.parent is not None]
    if not replicas:
        return None
    sound = [record for record in replicas if not record.is_failed]
    hold_ps = replicas[0].protocol.hold_ps
    horizon_ps = min((_followed_ps(record) for record in sound), default=hold_ps)
    horizon_ps = min(horizon_ps, hold_ps)
    ordered, waits = _by_parent(sound, horizon_ps)
    return Chance(
        n_replicas=len(replicas),
        n_failed=len(replicas) - len(sound),
        n_parents=len(ordered),
        horizon_ps=horizon_ps,
        outcome=_share(ordered),
        log_time=_share(waits),
    )


def chance_in_words(found: Chance) -> str:
    """Markdown, without a title."""
    rows = [
        (name, _number(share.value), _ends(share.interval))
        for name, share in (
            ("ordered or not", found.outcome),
            ("logarithm of the time", found.log_time),
        )
    ]
    return f"""\
{found.n_replicas} runs with new velocities from {found.n_parents} stored frames; {found.n_failed}
failed and are left out. Outcome and time are held at {found.horizon_ps:.0f} ps. Share of the
variance that is within parents (chance); the rest is their structure and their design. The interval
resamples parents.

{table(("variance of", "chance", "90 %"), rows)}"""


def share_of_chance(groups: Sequence[Floats]) -> float | None:
    """Variance within groups over the whole; None where nothing varies or nothing repeats.

    >>> share_of_chance([np.array([1.0, 1.0]), np.array([0.0, 0.0])])
    0.0
    """
    sizes = np.array([len(group) for group in groups])
    n_all, n_groups = int(sizes.sum()), len(groups)
    if n_groups < LEAST_PARENTS or n_all <= n_groups:
        return None
    means = np.array([group.mean() for group in groups])
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    within /= n_all - n_groups
    grand = float((sizes * means).sum() / n_all)
    between = float((sizes * (means - grand) ** 2).sum()) / (n_groups - 1)
    size = (n_all - float((sizes**2).sum()) / n_all) / (n_groups - 1)
    structure = max(0.0, (between - within) / size)
    return within / (within + structure) if within + structure > 0.0 else None


def _share(groups: Groups) -> Share:
    whole = list(groups.values())

    def resampled(drawn: Floats) -> float:
        share = share_of_chance([whole[number] for number in drawn.astype(int)])
        return 1.0 if share is None else share  # where nothing varies no structure is seen

    places = {name: [number] for number, name in enumerate(groups)}
    return Share(share_of_chance(whole), bootstrap_interval(places, 0, statistic=resampled))


def _by_parent(records: Sequence[TrajectoryRecord], horizon_ps: float) -> tuple[Groups, Groups]:
    """Ordered by the horizon or not (1, 0), and the logarithm of the time held at it."""
    ordered: dict[str, list[float]] = {}
    waits: dict[str, list[float]] = {}
    for record in records:
        if record.parent is not None:
            name = f"{record.parent.trajectory_id} {record.parent.frame_number}"
            time_ps = _middle_ps(record)
            ordered.setdefault(name, []).append(float(time_ps <= horizon_ps))
            waits.setdefault(name, []).append(float(np.log(min(time_ps, horizon_ps))))
    return _arrays(ordered), _arrays(waits)


def _arrays(groups: dict[str, list[float]]) -> Groups:
    return {name: np.array(values) for name, values in groups.items()}


def _middle_ps(record: TrajectoryRecord) -> float:
    """Middle of the interval; half a frame for order that was there at once."""
    seen = record.witnessed
    if seen is None or seen.upper_ps is None:
        return np.inf
    return max(0.5 * (seen.lower_ps + seen.upper_ps), 0.5 * record.protocol.frame_every_ps)


def _followed_ps(record: TrajectoryRecord) -> float:
    seen = record.witnessed
    return np.inf if seen is None or seen.is_observed else seen.lower_ps


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.2f}"


def _ends(interval: tuple[float, float] | None) -> str:
    return "undefined" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}"
