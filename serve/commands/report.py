"""`glassyli report`: what a set of stores says to a question of its own."""

from pathlib import Path
from typing import Annotated

import typer

from serve.commands.options import AsJson
from serve.session import SESSION

report_app = typer.Typer(
    help="Pages about questions of their own.", no_args_is_help=True, rich_markup_mode=None
)


@report_app.callback()
def _several() -> None:
    """A verb of its own keeps its name where it is the only one."""


@report_app.command()
def paper(
    stores: Annotated[list[Path], typer.Argument(help="Record stores, of any campaigns.")],
    out: Annotated[Path, typer.Option(help="The page (.html).")] = Path("runs/paper.html"),
    as_json: AsJson = False,
) -> None:
    """Set the statements of Wang, Pawar et al. 2020 beside our trajectories.

    Each is supported, contradicted or undecided, by a number with its 90 % interval.
    """
    console = SESSION.console(as_json=as_json)
    from simulate.store import open_store

    opened = [open_store(store) for store in stores]  # refused before plots are imported

    from serve.paper_page import VERDICT_MARKS, answer, told, told_agreement, write_paper_page
    from train.paper import held_in, of_the_paper, scoreboard
    from train.rank_agreement import rank_agreements

    held = held_in(opened)
    every = of_the_paper(held)
    board, agreements = scoreboard(every), rank_agreements(record for _, record in held)
    console.result(answer(board))
    marks = ", ".join(f"{mark} {verdict}" for verdict, mark in VERDICT_MARKS.items())
    console.result(f"{marks}; each statement's rule is on the page")
    for each in board:
        console.result(f"{VERDICT_MARKS[each.verdict]} {each.claim}")
        console.result(f"    {each.measure}: {told(each.found)}, {each.n_runs} runs")
    for agreement in agreements:
        console.result(told_agreement(agreement))
    written = write_paper_page(out, board, every, agreements, opened)
    console.result(f"page in {written}")
    console.result_json(
        {
            "statements": [each.model_dump(mode="json") for each in board],
            "rank_agreements": [each.model_dump(mode="json") for each in agreements],
            "page": str(written),
        }
    )
