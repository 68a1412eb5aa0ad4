"""`glassyli learn`: which embryos tell most of the boundary? Ask, simulate, learn, and again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.commands.options import Address, AsJson
from serve.session import SESSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulate.plan import Plan
    from simulate.store import RecordStore


def learn(
    config: Annotated[
        Path, typer.Argument(help="Space, acquisition, budget and precision (YAML).")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the loop; the same one resumes it.")] = Path(
        "runs/learn"
    ),
    workers: Annotated[
        int | None, typer.Option(min=1, help="Trajectories at a time. Default: one a core.")
    ] = None,
    address: Address = None,
    dry_run: Annotated[
        bool, typer.Option(help="Say what the whole budget costs here at most, and stop.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Learn where glass ends and crystal begins.

    Round after round the embryos are simulated that tell most of it, until it is known as well as
    the config asks or the budget is spent. Stop at any time and go on later; of the config only
    `stop` may change.
    """
    console = SESSION.console(as_json=as_json)
    from train.active.config import read_learn_config

    settings = read_learn_config(config)
    if dry_run:
        from serve.price_view import tell_price
        from simulate.plan import Plan

        most = settings.candidates()[: settings.stop.max_trajectories]
        plans = [Plan(each, settings.protocol, settings.trajectory_seed) for each in most]
        console.say("which embryos are asked is decided on the way; these are of the same space")
        tell_price(console, plans, out / "records", settings.protocol)
        return

    from serve.campaign_view import campaign_view
    from serve.learning_page import write_learning_page
    from serve.learning_view import tell_learning, tell_round
    from simulate.campaign import run_campaign
    from train.active.loop import run_loop

    def simulate(plans: "Sequence[Plan]", store: "RecordStore") -> None:
        waiting = sum(plan.trajectory_id not in store for plan in plans)
        if waiting:
            with campaign_view(console, waiting) as view:
                run_campaign(
                    plans, store, address=address, n_workers=workers, on_progress=view.show
                )

    report = run_loop(settings, out, simulate, lambda each: tell_round(console, each))
    page = write_learning_page(out / "report.html", report, out)
    console.result_json(report.model_dump(mode="json") | {"page": str(page)})
    tell_learning(console, report)
    console.result(f"page in {page}; model of the last round in {out}/rounds")
    console.result(f"next: glassyli train {out}/records --out {out}/model")
