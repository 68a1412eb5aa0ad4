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


Config = Annotated[
    Path | None, typer.Argument(help="Campaign (YAML): protocol, designs, replicas.")
]
Designs = Annotated[
    Path | None, typer.Option(help="Design points, one JSON object a line (proposals too).")
]
Out = Annotated[Path, typer.Option(help="Record store; made if it is not there.")]
ProtocolName = Annotated[
    str | None,
    typer.Option(help="reference, quickstart, paper or a YAML file. Default: the store's own."),
]
Parents = Annotated[
    Path | None,
    typer.Option(help="Store of finished trajectories to start from, with new velocities."),
]
ParentIds = Annotated[list[str] | None, typer.Option(help="Id of such a parent; may be repeated.")]
AtPs = Annotated[
    float, typer.Option(help="Frame to start from, ps on the hold clock; 0: end of the quench.")
]
EveryConfinement = Annotated[
    bool,
    typer.Option(
        "--every-confinement",
        help="Each parent goes on under all four exchanges of mass and energy: the same atoms "
        "and velocities, other walls and heat.",
    ),
]
Replicas = Annotated[
    int, typer.Option(min=1, max=1000, help="Trajectories per design or parent, a seed each.")
]
FirstSeed = Annotated[int, typer.Option(min=0, help="First seed; not with a config.")]
NWorkers = Annotated[
    int | None, typer.Option(min=1, help="Trajectories at a time. Default: one a core.")
]
CheckpointEveryS = Annotated[
    float,
    typer.Option(min=0.0, help="At least this long, and ten frames, between its restart files, s."),
]
StallAfterS = Annotated[
    float | None,
    typer.Option(
        min=1.0,
        help="A worker silent for so long hangs and is replaced, s. Default: 20 times what a "
        "frame should take, and 300 s at least.",
    ),
]
Events = Annotated[Path | None, typer.Option(help="Add one JSON line an event to this file.")]
DryRun = Annotated[
    bool, typer.Option(help="Say what would be run and what it costs here, and stop.")
]


def simulate(
    config: Config = None,
    designs: Designs = None,
    out: Out = Path("runs/records"),
    protocol: ProtocolName = None,
    parents: Parents = None,
    parent: ParentIds = None,
    at_ps: AtPs = 0.0,
    every_confinement: EveryConfinement = False,
    replicas: Replicas = 1,
    first_seed: FirstSeed = 1,
    workers: NWorkers = None,
    address: Address = None,
    checkpoint_every_s: CheckpointEveryS = 15.0,
    stall_after_s: StallAfterS = None,
    events: Events = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Run and label LAMMPS trajectories on all cores.

    What is in the store stays and is not run again; stop at any time and go on later.
    """
    console = SESSION.console(as_json=as_json)
    from serve.plan_making import Asked, asked_plans
    from serve.potentials_view import warn_of_failed

    asked = Asked(
        config, designs, protocol, parents, parent or [], at_ps, replicas, first_seed,
        every_confinement,
    )  # fmt: skip
    plans, chosen = asked_plans(asked, out)
    warn_of_failed(console, (plan.design.potential for plan in plans))
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
