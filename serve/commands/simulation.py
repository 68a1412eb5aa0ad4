"""`glassyli simulate`: design points become records."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.commands.options import Address, AsJson
from serve.session import SESSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serve.console import Console
    from simulate.campaign import CampaignSummary
    from simulate.plan import Plan
    from simulate.protocol import Protocol
    from simulate.store import RecordStore


def simulate(
    config: Annotated[
        Path | None, typer.Argument(help="Campaign (YAML): protocol, designs, replicas.")
    ] = None,
    designs: Annotated[
        Path | None, typer.Option(help="Design points, one JSON object a line (proposals too).")
    ] = None,
    out: Annotated[Path, typer.Option(help="Record store; made if it is not there.")] = Path(
        "runs/records"
    ),
    protocol: Annotated[
        str | None,
        typer.Option(help="reference, quickstart or a YAML file. Default: the store's own."),
    ] = None,
    parents: Annotated[
        Path | None,
        typer.Option(help="Store of finished trajectories to start from, with new velocities."),
    ] = None,
    parent: Annotated[
        list[str] | None, typer.Option(help="Id of such a parent; may be repeated.")
    ] = None,
    at_ps: Annotated[
        float, typer.Option(help="Frame to start from, ps on the hold clock; 0: end of the quench.")
    ] = 0.0,
    replicas: Annotated[
        int,
        typer.Option(min=1, max=1000, help="Trajectories per design or parent, a seed each."),
    ] = 1,
    first_seed: Annotated[int, typer.Option(min=0, help="First seed; not with a config.")] = 1,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Trajectories at a time. Default: one a core.")
    ] = None,
    address: Address = None,
    checkpoint_every_s: Annotated[
        float, typer.Option(min=0.0, help="Between restart files of a running trajectory, s.")
    ] = 15.0,
    events: Annotated[
        Path | None, typer.Option(help="Add one JSON line an event to this file.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would be run and what it costs here, and stop.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run and label LAMMPS trajectories on all cores.

    What is in the store stays and is not run again; stop at any time and go on later.
    """
    console = SESSION.console(as_json=as_json)
    from serve.campaign_view import campaign_view
    from serve.words import count
    from simulate.campaign import run_campaign
    from simulate.cluster import require_cluster
    from simulate.store import create_or_open

    if parents is not None or parent:
        _refuse_other_sources(config, designs, protocol)
        plans, chosen = _branches(parents, parent or [], at_ps, replicas, first_seed)
    else:
        plans, chosen = _fresh(config, designs, out, protocol, replicas, first_seed)
    if dry_run:
        is_store = (out / "store.json").exists()
        _price(console, plans, create_or_open(out, chosen) if is_store else None)
        return
    if not (out / "store.json").exists():
        require_cluster(address)  # no store is made for a campaign that cannot start
    store = create_or_open(out, chosen)
    waiting = sum(plan.trajectory_id not in store for plan in plans)
    console.say(
        f"simulate  {count(len(plans), 'trajectory')} under protocol {store.protocol.name}, "
        f"{len(plans) - waiting} already in {out}"
    )
    with campaign_view(console, waiting, events) as view:
        summary = run_campaign(
            plans,
            store,
            address=address,
            n_workers=workers,
            checkpoint_every_s=checkpoint_every_s,
            on_progress=view.show,
        )
    report(console, summary, store)


def report(console: "Console", summary: "CampaignSummary", store: "RecordStore") -> None:
    """The closing lines of a campaign."""
    console.result_json(summary_of(summary, store))
    if not summary.n_simulated:
        console.result(f"nothing to simulate: all {summary.n_planned} are in {store.path}")
        return
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(summary.outcomes.items()))
    per_day = summary.simulated_ns / summary.wall_s * 86_400.0
    from serve.console import duration
    from serve.words import count

    console.result(
        f"simulated {summary.n_simulated} ({counts}) in {duration(summary.wall_s)} on "
        f"{count(summary.n_workers, 'worker')}: {summary.simulated_ns:.2f} ns, {per_day:.0f} ns/day"
    )
    if summary.worker_losses:
        console.result(f"lost and replaced: {count(summary.worker_losses, 'worker')}")
    console.result(f"records in {store.path}    next: {_next_step(store)}")


def _next_step(store: "RecordStore") -> str:
    """The model that ships can be judged by records of its own protocol only."""
    from simulate.protocol import protocol_named

    is_reference = store.protocol.what_decides() == protocol_named("reference").what_decides()
    if is_reference:
        return f"glassyli evaluate {store.path}"
    return f"glassyli train {store.path} --out {store.path}-model"


def summary_of(summary: "CampaignSummary", store: "RecordStore") -> dict[str, Any]:
    """A campaign's summary as JSON."""
    return {
        "store": str(store.path),
        "n_planned": summary.n_planned,
        "n_already_present": summary.n_present,
        "n_simulated": summary.n_simulated,
        "outcomes": dict(summary.outcomes),
        "worker_losses": summary.worker_losses,
        "simulated_ns": round(summary.simulated_ns, 6),
        "wall_s": round(summary.wall_s, 3),
        "trajectory_ids": summary.ids,
    }


def _refuse_other_sources(config: Path | None, designs: Path | None, protocol: str | None) -> None:
    from simulate.errors import MisuseError

    if config is not None or designs is not None or protocol is not None:
        raise MisuseError(
            "with --parents, designs and protocol are those of the parents; leave out the config, "
            "--designs and --protocol."
        )


def _branches(
    parents: Path | None, ids: "Sequence[str]", at_ps: float, replicas: int, first_seed: int
) -> "tuple[list[Plan], Protocol]":
    """Replicas of stored frames."""
    from simulate.branching import branches
    from simulate.errors import MisuseError
    from simulate.store import open_store

    if parents is None or not ids:
        raise MisuseError(
            "a store (--parents STORE) and at least one id in it (--parent ID) must be given "
            "together. See `glassyli records list STORE`."
        )
    store = open_store(parents)
    seeds = range(first_seed, first_seed + replicas)
    return branches(store, ids, at_ps, seeds), store.protocol


def _fresh(
    config: Path | None, designs: Path | None, out: Path, protocol: str | None, replicas: int,
    first_seed: int,
) -> "tuple[list[Plan], Protocol]":  # fmt: skip
    """What was asked for, from a config or from a list of designs."""
    from simulate.design import read_designs
    from simulate.errors import MisuseError
    from simulate.plan import Campaign, read_campaign
    from simulate.protocol import protocol_named
    from simulate.settings import validated
    from simulate.store import open_store

    if (config is None) == (designs is None):
        raise MisuseError(
            "either a campaign config or --designs must be given, and not both. "
            "Try `glassyli simulate --designs designs.jsonl --out STORE`."
        )
    if config is not None:
        if protocol is not None:
            raise MisuseError("a campaign config names its own protocol; leave out --protocol.")
        campaign = read_campaign(config)
        return campaign.plans(), campaign.protocol
    if protocol is None and (out / "store.json").exists():
        chosen = open_store(out).protocol
    else:
        chosen = protocol_named(protocol or "reference")
    values = {
        "protocol": chosen.model_dump(),
        "designs": [design.model_dump() for design in read_designs(designs)] if designs else [],
        "replicas": replicas,
        "first_seed": first_seed,
    }
    campaign = validated(Campaign, values, str(designs))
    return campaign.plans(), campaign.protocol


def _price(console: "Console", plans: list["Plan"], store: "RecordStore | None") -> None:
    """Say what is waiting, and what it costs on this machine."""
    from dataclasses import asdict

    from serve.console import duration
    from serve.words import count
    from simulate.cluster import available_cores
    from simulate.pricing import calibrate, price

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
