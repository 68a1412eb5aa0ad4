"""`glassyli simulate`: design points become records."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.commands.options import Address, AsJson
from serve.session import SESSION

LEAST_FOR_A_GUESS = 4
"""Finished trajectories before the time left is worth saying."""

if TYPE_CHECKING:
    from serve.console import Console, ProgressBar
    from simulate.campaign import CampaignProgress, CampaignSummary
    from simulate.plan import Campaign, Plan
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
    replicas: Annotated[
        int, typer.Option(min=1, max=1000, help="Trajectories per design, each with its own seed.")
    ] = 1,
    first_seed: Annotated[int, typer.Option(min=0, help="First seed, with --designs.")] = 1,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Trajectories at a time. Default: one a core.")
    ] = None,
    address: Address = None,
    dry_run: Annotated[bool, typer.Option(help="Say what would be run, and stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run and label LAMMPS trajectories on all cores.

    What is in the store stays and is not run again; stop at any time and go on later.
    """
    console = SESSION.console(as_json=as_json)
    from serve.words import count
    from simulate.campaign import run_campaign
    from simulate.cluster import require_cluster
    from simulate.store import create_or_open

    campaign = _campaign(config, designs, out, protocol, replicas, first_seed)
    plans = campaign.plans()
    if dry_run:
        is_store = (out / "store.json").exists()
        _price(console, plans, create_or_open(out, campaign.protocol) if is_store else None)
        return
    if not (out / "store.json").exists():
        require_cluster(address)  # no store is made for a campaign that cannot start
    store = create_or_open(out, campaign.protocol)
    waiting = sum(plan.trajectory_id not in store for plan in plans)
    console.say(
        f"simulate  {count(len(plans), 'trajectory')} under protocol {store.protocol.name}, "
        f"{len(plans) - waiting} already in {out}"
    )
    with console.progress("simulate", max(waiting, 1)) as bar:
        summary = run_campaign(
            plans,
            store,
            address=address,
            n_workers=workers,
            on_progress=lambda progress: show(bar, progress),
        )
    report(console, summary, store)


def show(bar: "ProgressBar", progress: "CampaignProgress") -> None:
    """Move a campaign's bar."""
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(progress.outcomes.items()))
    is_known = progress.n_done >= LEAST_FOR_A_GUESS
    left = progress.seconds_left if is_known else None
    bar.at(progress.n_done, counts or "first trajectories running", left)


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


def _campaign(
    config: Path | None, designs: Path | None, out: Path, protocol: str | None, replicas: int,
    first_seed: int,
) -> "Campaign":  # fmt: skip
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
        return read_campaign(config)
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
    return validated(Campaign, values, str(designs))


def _price(console: "Console", plans: list["Plan"], store: "RecordStore | None") -> None:
    waiting = [plan for plan in plans if store is None or plan.trajectory_id not in store]
    atom_steps = sum(plan.atom_steps for plan in waiting)
    console.result_json(
        {
            "n_planned": len(plans),
            "n_waiting": len(waiting),
            "atom_steps": atom_steps,
            "trajectories": [
                {"id": plan.trajectory_id, "seed": plan.seed, "design": plan.design.model_dump()}
                for plan in waiting
            ],
        }
    )
    from serve.words import count

    console.result(
        f"{len(waiting)} of {count(len(plans), 'trajectory')} would be run: "
        f"{atom_steps:.3g} atom-steps if every hold runs to its horizon"
    )
    console.table(
        ["id", "seed", "design"],
        [[plan.trajectory_id, plan.seed, plan.design.sentence] for plan in waiting],
    )
