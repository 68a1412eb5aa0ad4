"""What became of an embryo by a time, and shares of such fates with their intervals."""

import math
from typing import Literal

from simulate.record import TrajectoryRecord
from simulate.settings import Settings
from train.hazards import proportion

Fate = Literal["glassy", "ordered", "unseen", "waiting"]
"""Of an embryo at the judged horizon: still disordered; ordered by then; it failed, or its frames
lie about that moment; it is yet to be simulated."""


class Share(Settings):
    """A share of embryos with its 90 % interval."""

    value: float
    interval: tuple[float, float]


def fate_of(record: TrajectoryRecord, judged_ps: float) -> Fate:
    """Of a trajectory at a time of the hold clock.

    Disordered counts only as far as it was watched: a run that failed before is unseen, and so is
    one that ordered between two frames of which one lies before that time and one after.
    """
    seen = record.witnessed
    if seen is None:
        return "unseen"
    if seen.ordered_in_quench or (seen.upper_ps is not None and seen.upper_ps <= judged_ps):
        return "ordered"
    return "glassy" if seen.lower_ps >= judged_ps else "unseen"


def share_of(n_glassy: float, n_ordered: float, n_unseen: float) -> Share | None:
    """Glassy share of those seen; the ends of its interval take the unseen as all one or other."""
    n_seen = n_glassy + n_ordered
    if n_seen == 0:
        return None
    as_ordered = proportion(n_glassy, n_seen + n_unseen).interval
    as_glassy = proportion(n_glassy + n_unseen, n_seen + n_unseen).interval
    if as_ordered is None or as_glassy is None:
        raise ValueError(f"a share of {n_seen + n_unseen} embryos must have an interval.")
    return Share(value=n_glassy / n_seen, interval=(as_ordered[0], as_glassy[1]))


def difference(minuend: Share, subtrahend: Share) -> Share:
    """Of two independent shares; its interval is made of theirs, each end of the two ends apart.

    Reference:
        Newcombe, Stat. Med. 17, 873 (1998), method 10,
        doi 10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
    """
    value = minuend.value - subtrahend.value
    (a, b), (c, d) = minuend.interval, subtrahend.interval
    return Share(
        value=value,
        interval=(
            value - math.hypot(minuend.value - a, d - subtrahend.value),
            value + math.hypot(b - minuend.value, subtrahend.value - c),
        ),
    )
