"""The figures of a verification: forecast beside outcome, and reliability over all embryos."""

from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from serve.plots import GROUP_COLOURS, TIGHT, WIDTH_IN
from serve.themed_svg import PAGE, themed_svg
from serve.verification_words import NAMES, named
from train.fates import Share
from train.verification import Verification

STYLES: Final = {"top": (GROUP_COLOURS[0], "o"), "random": (GROUP_COLOURS[1], "D")}
APART: Final = 0.14
"""Of forecast and outcome of one set of conditions, in rows."""


def conditions_svg(found: Verification) -> str:
    """A row a set of conditions, then the groups: forecast open, simulated filled."""
    rows: list[tuple[str, str, Share, Share | None]] = []
    for group in found.groups:
        of_group = [each for each in found.conditions if each.group == group.group]
        rows += [
            (named(each, number), group.group, each.forecast, each.simulated.share)
            for number, each in enumerate(of_group, start=1)
        ]
        rows.append((f"all {NAMES[group.group]}", group.group, group.forecast, group.simulated))
    with mpl.rc_context(PAGE.settings("verification-conditions")):
        figure = Figure(figsize=(WIDTH_IN, 1.4 + 0.36 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for place, (_, group_name, forecast, simulated) in enumerate(rows):
            colour, marker = STYLES[group_name]
            _draw(axes, place - APART, forecast, colour, marker, is_open=True)
            if simulated is not None:
                _draw(axes, place + APART, simulated, colour, marker, is_open=False)
        axes.set_yticks(range(len(rows)), [row[0] for row in rows])
        axes.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.5, -0.5))
        axes.set_xlabel(f"share still disordered at {found.judged_ps:g} ps")
        axes.grid(visible=False, axis="y")
        for face, label in ((PAGE.paper, "forecast, frozen before"), (PAGE.ink, "simulated anew")):
            axes.plot([], [], "o", color=PAGE.ink, markerfacecolor=face, markersize=7, label=label)
        figure.legend(loc="outside lower center", ncols=2, **TIGHT)
        return themed_svg(figure, "Forecast and simulated share of each set of conditions")


def _draw(
    axes: Axes, place: float, share: Share, colour: str, marker: str, *, is_open: bool
) -> None:
    axes.plot(share.interval, [place] * 2, color=colour, linewidth=1.2 if is_open else 2.4)
    axes.plot(
        share.value, place, marker, color=colour, markersize=6.5, markeredgewidth=1.4,
        markerfacecolor=PAGE.paper if is_open else colour,
    )  # fmt: skip


def reliability_svg(found: Verification) -> str:
    """Share that stayed disordered against what was forecast of each embryo; empty of nobody."""
    if not found.reliability:
        return ""
    with mpl.rc_context(PAGE.settings("verification-reliability")):
        figure = Figure(figsize=(WIDTH_IN, 4.0), layout="constrained")
        axes = figure.subplots()
        axes.plot([0.0, 1.0], [0.0, 1.0], color=PAGE.ink, linewidth=0.8)
        for each in found.reliability:
            axes.plot(
                [each.forecast] * 2, each.observed.interval, color=GROUP_COLOURS[2], linewidth=2.2
            )
            axes.plot(each.forecast, each.observed.value, "o", color=GROUP_COLOURS[2], markersize=7)
            axes.annotate(
                f"{each.n_embryos}", (each.forecast, each.observed.value), xytext=(7, -4),
                textcoords="offset points", fontsize=9,
            )  # fmt: skip
        axes.set(
            xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal",
            xlabel="forecast: P(still disordered)", ylabel="simulated share",
        )  # fmt: skip
        return themed_svg(figure, "Reliability of the forecasts over all embryos")
