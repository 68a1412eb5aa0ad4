"""What a campaign would run and cost on this machine, told before anything is run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from serve.console import MOST_ROWS, Console, duration
from serve.words import count
from simulate.cluster import available_cores
from simulate.plan import Plan
from simulate.potentials.registry import DEFAULT_POTENTIAL, potential_named
from simulate.pricing import Calibration, Price, calibrate, price, times_default
from simulate.protocol import Protocol
from simulate.store import create_or_open


@dataclass(frozen=True, slots=True)
class Priced:
    """What is waiting, and what it costs here.

    Attributes:
        n_planned: All that was asked for, done or not.
        measured: Of this machine.
        cost: Of what is waiting, at most.
    """

    n_planned: int
    waiting: tuple[Plan, ...]
    measured: Calibration
    cost: Price

    @property
    def as_json(self) -> dict[str, Any]:
        """All of it, trajectory by trajectory."""
        return {
            "n_planned": self.n_planned,
            "n_waiting": len(self.waiting),
            "at_most": asdict(self.cost),
            "measured": asdict(self.measured),
            "trajectories": [
                {"id": plan.trajectory_id, "seed": plan.seed, "design": plan.design.model_dump()}
                for plan in self.waiting
            ],
        }


def priced(console: Console, plans: Sequence[Plan], out: Path, protocol: Protocol) -> Priced:
    """Measure this machine, and price what is not done.

    Args:
        console: Where to say that it takes a moment.
        plans: What was asked for.
        out: Store of the records; not made.
        protocol: Of the plans, and of the store if it exists.

    Raises:
        StoreMismatchError: The store was written under another protocol.
    """
    store = create_or_open(out, protocol) if (out / "store.json").exists() else None
    waiting = [plan for plan in plans if store is None or plan.trajectory_id not in store]
    console.say("measuring this machine for a moment")
    measured = calibrate()
    return Priced(len(plans), tuple(waiting), measured, price(waiting, measured))


def tell_price(console: Console, plans: Sequence[Plan], out: Path, protocol: Protocol) -> None:
    """Say what is waiting, trajectory by trajectory, and what it costs here; args as `priced`.

    Raises:
        StoreMismatchError: The store was written under another protocol.
    """
    found = priced(console, plans, out, protocol)
    console.result_json(found.as_json)
    console.table(
        ["id", "seed", "design"],
        [
            [plan.trajectory_id, plan.seed, plan.design.sentence]
            for plan in found.waiting[:MOST_ROWS]
        ],
    )
    if len(found.waiting) > MOST_ROWS:
        console.result(f"... and {len(found.waiting) - MOST_ROWS} more; --json has all")
    tell_cost(console, found)


def tell_cost(console: Console, found: Priced) -> None:
    """The whole cost, and what it was reckoned from."""
    waiting, cost, measured = found.waiting, found.cost, found.measured
    n_cores = max(1, min(available_cores(), len(waiting)))
    wall_s = 3600.0 * cost.core_hours / n_cores
    console.result(
        f"{len(waiting)} of {count(found.n_planned, 'trajectory')} would be run. At most, if every "
        f"hold runs to its horizon: {cost.atom_steps:.3g} atom-steps, {cost.core_hours:.2g} "
        f"core-hours ({duration(wall_s)} on {count(n_cores, 'core')}), {cost.disk_MB:.0f} MB."
    )
    console.result(
        f"measured here: {measured.us_per_atom_step:.2g} µs an atom and step, "
        f"{measured.ms_per_frame:.0f} ms a labelled frame"
    )
    others = sorted({plan.design.physics.name for plan in waiting} - {DEFAULT_POTENTIAL})
    if others:
        console.result(
            f"measured with {DEFAULT_POTENTIAL}; "
            + ", ".join(f"{name} {times_default(potential_named(name)):.2g}" for name in others)
            + " times as dear by what is on record (`glassyli potentials`)"
        )
