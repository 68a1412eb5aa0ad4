"""`glassyli learn`: what a loop asked and found, on one self-contained page."""

from pathlib import Path

from serve.learning_plots import boundary_svg, doubt_svg
from serve.learning_words import answer, remarks, size_words
from serve.pages import template
from serve.words import percent
from simulate.files import write_atomically
from simulate.store import open_store
from train.active.rounds import LoopReport, read_round
from train.fates import fate_of


def write_learning_page(out: Path, report: LoopReport, loop: Path) -> Path:
    """Write the page.

    Args:
        out: The HTML file.
        report: Of the loop.
        loop: Its folder.

    Returns:
        The path written.
    """
    asked = [read_round(loop, each.number) for each in report.rounds]
    rounds = [each.embryos for each in asked if each is not None]
    store = open_store(loop / "records")
    fates = {each.trajectory_id: fate_of(each, report.horizon_ps) for each in store}
    ordered = {
        name: None if fate == "unseen" else fate == "ordered" for name, fate in fates.items()
    }
    page = template("learning.html").render(
        report=report,
        percent=percent,
        answer=answer(report),
        remarks=remarks(report),
        boundary_svg=boundary_svg(report, rounds, ordered),
        doubt_svg=doubt_svg(report),
        rows=[
            {"place": each.place, "size": size_words(each, report.config.space.n_atoms)}
            for each in report.rounds[-1].boundary
        ],
    )
    write_atomically(out, page)
    return out
