"""Records sorted into classes and counted, for the people who read about them."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from simulate.design import EmbryoDesign
from simulate.neighbours import label_ceiling
from simulate.record import TrajectoryRecord

Records = Sequence[TrajectoryRecord]
Key = TypeVar("Key", bound=Any)

SIZE_EDGES: Final = (178, 316, 562)
"""Quarters of 100 to 1000 atoms in the logarithm."""

SHARE_OF_BULK_EDGES: Final = (4.0 * math.pi / 81.0, 1.0 / math.pi, 1.0 - 1.0 / math.pi)
"""In a periodic cube least area makes a droplet a rod, a sheet and a network above these."""


def size_class(design: EmbryoDesign) -> str:
    """Bin of the number of atoms, in words.

    >>> size_class(EmbryoDesign(n_atoms=316, packing_density_g_cm3=0.0534,
    ...                         mass_exchange="open", energy_exchange="open"))
    '316 to 561'
    """
    place = bisect_right(SIZE_EDGES, design.n_atoms)
    bounds = (None, *SIZE_EDGES, None)
    return _between(bounds[place], None if (top := bounds[place + 1]) is None else top - 1, "d")


def density_class(design: EmbryoDesign) -> str:
    """Bin of the packing density, g/cm3, in words."""
    edges = [share * design.physics.bulk_density_g_cm3 for share in SHARE_OF_BULK_EDGES]
    place = bisect_right(edges, design.packing_density_g_cm3)
    bounds = (None, *edges, None)
    return _between(bounds[place], bounds[place + 1], ".3f")


def smallest_that_can_order(onset_cluster_atoms: int) -> int:
    """Atoms below which no perfect crystal sphere shows as many crystalline ones as count as order.

    >>> smallest_that_can_order(30)
    116
    """
    sizes = range(12 * onset_cluster_atoms)  # four atoms need 45, the least favourable case
    return sizes[bisect_left(sizes, onset_cluster_atoms, key=label_ceiling)]


def watched(records: Records) -> list[TrajectoryRecord]:
    """Those that say something of the incubation; failed ones until they were last sound."""
    return [record for record in records if record.witnessed is not None]


def is_ordered(record: TrajectoryRecord) -> bool:
    """Whether lasting order was seen, in the quench or in the hold."""
    return record.witnessed is not None and record.witnessed.is_observed


def wait_ps(record: TrajectoryRecord) -> float | None:
    """First labelled time of lasting order in the hold, ps; None without, or in the quench."""
    seen = record.witnessed
    return None if seen is None or seen.ordered_in_quench else seen.upper_ps


def counts(records: Records) -> tuple[int, int, int, int]:
    """How many were watched; ordered in the quench, in the hold; not seen to order."""
    seen = watched(records)
    n_ordered = sum(map(is_ordered, seen))
    n_in_hold = sum(wait_ps(record) is not None for record in seen)
    return len(seen), n_ordered - n_in_hold, n_in_hold, len(seen) - n_ordered


def grouped(
    records: Records, key: Callable[[TrajectoryRecord], Key]
) -> list[tuple[Key, list[TrajectoryRecord]]]:
    """Records by what `key` says of them, in its order."""
    groups: dict[Key, list[TrajectoryRecord]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return sorted(groups.items())


def table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def number(value: float | None) -> str:
    """Two decimals, or that there is none.

    >>> number(0.126), number(None)
    ('0.13', 'undefined')
    """
    return "undefined" if value is None else f"{value:.2f}"


def ends(interval: Sequence[float] | None, unknown: str = "undefined") -> str:
    """An interval from end to end.

    >>> ends((0.1, 0.25)), ends(None)
    ('0.10 to 0.25', 'undefined')
    """
    return unknown if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}"


def listed(words: Iterable[object]) -> str:
    """Words in their order, with commas."""
    return ", ".join(sorted(str(word) for word in words))


def _between(low: float | None, high: float | None, form: str) -> str:
    if low is None:
        return f"up to {high:{form}}"
    return f"{low:{form}} and more" if high is None else f"{low:{form}} to {high:{form}}"
