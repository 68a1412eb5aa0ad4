"""`glassyli simulate`: design points become records."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.commands.options import Address, AsJson
from serve.session import SESSION

if TYPE_CHECKING:
    from serve.console import Console
    from simulate.plan import Plan
    from simulate.store import RecordStore
    from simulate.workers import Terms


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
        typer.Option(help="reference, quickstart, paper or a YAML file. Default: the store's own."),
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
    every_confinement: Annotated[
        bool,
        typer.Option(
            "--every-confinement",
            help="Each parent goes on under all four exchanges of mass and energy: the same atoms "
            "and velocities, other walls and heat.",
        ),
    ] = False,
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
        float,
        typer.Option(
            min=0.0, help="At least this long, and ten frames, between its restart files, s."
        ),
    ] = 15.0,
    stall_after_s: Annotated[
        float | None,
        typer.Option(
            min=1.0,
            help="A worker silent for so long hangs and is replaced, s. Default: 20 times what a "
            "frame should take, and 300 s at least.",
        ),
    ] = None,
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
    from serve.plan_making import Asked, asked_plans

    asked = Asked(
        config, designs, protocol, parents, parent or [], at_ps, replicas, first_seed,
        every_confinement,
    )  # fmt: skip
    plans, chosen = asked_plans(asked, out)
    if dry_run:
        from serve.price_view import tell_price

        tell_price(console, plans, out, chosen)
        return
    from simulate.cluster import require_cluster
    from simulate.store import create_or_open
    from simulate.workers import Terms

    if not (out / "store.json").exists():
        require_cluster(address)  # no store is made for a campaign that cannot start
    store = create_or_open(out, chosen)
    terms = Terms(checkpoint_every_s, stall_after_s)
    _run(console, plans, store, events, address, workers, terms)


def _run(
    console: "Console", plans: "list[Plan]", store: "RecordStore", events: Path | None,
    address: str | None, workers: int | None, terms: "Terms",
) -> None:  # fmt: skip
    """Run what is waiting, watched, and tell what came of it."""
    from serve.campaign_view import campaign_view
    from serve.views import tell_campaign
    from serve.words import count
    from simulate.campaign import run_campaign

    waiting = sum(plan.trajectory_id not in store for plan in plans)
    console.say(
        f"simulate  {count(len(plans), 'trajectory')} under protocol {store.protocol.name}, "
        f"{len(plans) - waiting} already in {store.path}"
    )
    with campaign_view(console, waiting, events) as view:
        summary = run_campaign(
            plans,
            store,
            address=address,
            n_workers=workers,
            terms=terms,
            on_progress=view.show,
        )
    tell_campaign(console, summary, store)
