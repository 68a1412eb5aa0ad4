"""What a campaign would run and cost on this machine, told before anything is run."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from serve.console import Console, duration
from serve.words import count
from simulate.cluster import available_cores
from simulate.plan import Plan
from simulate.potentials.registry import DEFAULT_POTENTIAL, potential_named
from simulate.pricing import calibrate, price, times_default
from simulate.protocol import Protocol
from simulate.store import create_or_open


def tell_price(console: Console, plans: Sequence[Plan], out: Path, protocol: Protocol) -> None:
    """Say what is waiting, and what it costs here.

    Args:
        console: Where to say it.
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
    cost = price(waiting, measured)
    console.result_json(
        {
            "n_planned": len(plans),
            "n_waiting": len(waiting),
            "at_most": asdict(cost),
            "measured": asdict(measured),
            "trajectories": [
                {"id": plan.trajectory_id, "seed": plan.seed, "design": plan.design.model_dump()}
                for plan in waiting
            ],
        }
    )
    console.table(
        ["id", "seed", "design"],
        [[plan.trajectory_id, plan.seed, plan.design.sentence] for plan in waiting],
    )
    n_cores = max(1, min(available_cores(), len(waiting)))
    wall_s = 3600.0 * cost.core_hours / n_cores
    console.result(
        f"{len(waiting)} of {count(len(plans), 'trajectory')} would be run. At most, if every hold "
        f"runs to its horizon: {cost.atom_steps:.3g} atom-steps, {cost.core_hours:.2g} core-hours "
        f"({duration(wall_s)} on {count(n_cores, 'core')}), {cost.disk_MB:.0f} MB."
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
