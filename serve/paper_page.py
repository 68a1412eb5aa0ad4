"""`glassyli report paper`: the statements of the paper beside our data, on one page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from serve import words
from serve.embryo_picture import data_uri, pictured_frames, view_of
from serve.pages import template
from serve.paper_plots import matched_svg, pathways_svg, ranks_svg, size_svg
from serve.report_sections import SCALE_BAR_A, legend, limits
from simulate.errors import GlassyLiError
from simulate.files import write_atomically
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore
from train.matched import trials
from train.paper import Held
from train.paper_size import size_series
from train.rank_agreement import RankAgreement
from train.resampling import Estimate
from train.statement import Statement

PIXELS: Final = 300


def write_paper_page(
    out: Path,
    board: Sequence[Statement],
    every: Sequence[Held],
    agreements: Sequence[RankAgreement],
    stores: Sequence[RecordStore],
) -> Path:
    """Write the page.

    Args:
        out: The HTML file.
        board: What `train.paper.scoreboard` found.
        every: In these records.
        agreements: What `train.rank_agreement` found.
        stores: What was asked for, empty stores too.
    """
    records = [record for _, record in every]
    sized, matched = size_series(records), trials(records)
    page = template("paper.html").render(
        answer=answer(board),
        rows=[_row(each) for each in board],
        n_records=len(records),
        stores=[str(store.path) for store in stores],
        size_svg=size_svg(sized),
        n_sized=len(sized),
        pictures=_pictures(every, sized),
        legend=legend(),
        pathways_svg=pathways_svg([r for r in records if r.parent is None]),
        matched_svg=matched_svg(matched),
        n_matched=len(matched),
        ranks_svg=ranks_svg(agreements),
        agreements=[told_agreement(each) for each in agreements],
        limits=limits(records) if records else [],
        count=words.count,
    )
    write_atomically(out, page)
    return out


def answer(board: Sequence[Statement]) -> str:
    """How many statements stand how."""
    n_of = {kind: sum(each.verdict == kind for each in board) for kind in VERDICT_MARKS}
    return (
        f"Of {len(board)} statements these trajectories support {n_of['supported']}, contradict "
        f"{n_of['contradicted']} and leave {n_of['undecided']} undecided."
    )


VERDICT_MARKS: Final = {"supported": "+", "contradicted": "\N{MINUS SIGN}", "undecided": "?"}


def told(found: Estimate) -> str:
    """A number and its interval in words.

    >>> told(Estimate(value=1.5, interval=(1.2, 1.9)))
    '1.5 (1.2 to 1.9)'
    """
    if found.value is None:
        return words.DASH
    if found.interval is None:
        return f"{found.value:.3g}"
    return f"{found.value:.3g} ({found.interval[0]:.3g} to {found.interval[1]:.3g})"


def told_agreement(found: RankAgreement) -> str:
    """How far two potentials agree, in words."""
    one, other = found.potentials
    said = (
        f"{one} and {other}: Kendall's tau {told(found.tau)} of the mean waiting times of "
        f"{words.count(len(found.embryos), 'embryo')}, {found.n_never} of which never ordered "
        f"({found.n_runs[0]} and {found.n_runs[1]} runs, {found.horizon_ps:.0f} ps)"
    )
    if found.halves.value is None:
        return f"{said}. Too few runs to tell what of that is chance."
    first, second = found.selves
    left = (
        "too few runs to tell what of that is chance"
        if found.without_chance.value is None
        else f"{told(found.without_chance)} without the chance of few runs"
    )
    return (
        f"{said}. Half the runs by one with half by the other {told(found.halves)}, of {one} alone "
        f"{told(first)}, of {other} alone {told(second)}: {left}."
    )


def _row(statement: Statement) -> dict[str, Any]:
    return statement.model_dump() | {
        "mark": VERDICT_MARKS[statement.verdict],
        "told": told(statement.found),
    }


def _pictures(every: Sequence[Held], sized: Sequence[TrajectoryRecord]) -> list[dict[str, Any]]:
    """The last frame of one embryo of each size: one that did as most of its size."""
    store_of = {record.trajectory_id: store for store, record in every}
    shown = []
    for n_atoms in sorted({record.design.n_atoms for record in sized}):
        members = [record for record in sized if record.design.n_atoms == n_atoms]
        record = _usual(members)
        try:
            (last,) = pictured_frames(
                store_of[record.trajectory_id], record, [len(record.frames) - 1]
            )
        except GlassyLiError:
            continue
        shown.append((record, last, view_of(last, record.design), members))
    half_width_A = max((view.half_width_A for *_, view, _ in shown), default=0.0)
    return [
        {
            "uri": data_uri(view.image(PIXELS, half_width_A)),
            "pixels": PIXELS,
            "scale_bar_percent": 100.0 * SCALE_BAR_A / (2.0 * half_width_A),
            "title": f"{record.design.n_atoms} atoms",
            "caption": f"{words.outcome(record)}, {last.time_ps:.0f} ps; "
            f"{sum(r.outcome == 'crystalline' for r in members)} of {len(members)} crystallised",
        }
        for record, last, view, members in shown
    ]


def _usual(members: Sequence[TrajectoryRecord]) -> TrajectoryRecord:
    """One whose share of crystal at the end is in the middle of its size's."""
    ranked = sorted(members, key=lambda record: record.frames[-1].core_fraction or 0.0)
    return ranked[len(ranked) // 2]
