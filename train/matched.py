"""Matched experiments: the same atoms and velocities under several confinements.

See `simulate.branching`: a stored frame goes on with mass and energy exchange open and confined.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from simulate.branching import Exchanges
from simulate.incubation import Incubation
from simulate.record import Parent, TrajectoryRecord

Pair = tuple[Incubation, Incubation]
"""What was seen of the confined and of the open one, all else alike."""


@dataclass(slots=True)
class Trial:
    """One structure and one seed under several confinements.

    Attributes:
        parent: What all of them started from.
        density_g_cm3: Packing density of all of them.
        runs: By exchange of mass and energy.
    """

    parent: Parent
    density_g_cm3: float
    runs: dict[Exchanges, TrajectoryRecord] = field(default_factory=dict)


def trials(records: Sequence[TrajectoryRecord]) -> list[Trial]:
    """Those among the records that went on under at least two confinements."""
    found: dict[tuple[Parent, int, float], Trial] = {}
    for record in records:
        if record.parent is None or record.design.energy_exchange == "partial":
            continue
        start = record.parent, record.seed, record.protocol.hold_ps
        trial = found.setdefault(start, Trial(record.parent, record.design.packing_density_g_cm3))
        trial.runs[record.design.mass_exchange, record.design.energy_exchange] = record
    return [trial for trial in found.values() if len(trial.runs) > 1]


def pairs_of(matched: Sequence[Trial], of: Literal["mass", "energy"]) -> list[list[Pair]]:
    """Pairs that differ in one exchange alone, together by the structure they started from."""
    pairs: dict[str, list[Pair]] = defaultdict(list)
    for trial in matched:
        for (mass, energy), confined in trial.runs.items():
            if (mass if of == "mass" else energy) != "confined":
                continue
            other: Exchanges = ("open", energy) if of == "mass" else (mass, "open")
            opened = trial.runs.get(other)
            if opened and confined.witnessed is not None and opened.witnessed is not None:
                pairs[trial.parent.trajectory_id].append((confined.witnessed, opened.witnessed))
    return list(pairs.values())
