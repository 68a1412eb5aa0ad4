"""The figures of an evaluation: skill by landmark, reliability, spread of times, curves."""

import math
from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from serve.evaluation_words import Measure, over, place_over, score_of
from serve.plots import GROUP_COLOURS, TIGHT, WIDTH_IN
from serve.survival_plot import DASHES
from serve.themed_svg import PAGE, themed_svg
from simulate.incubation import Incubation
from train.calibration import N_TIME_BINS, ShareCalibration
from train.comparison import CurveOfDesign
from train.metrics import KaplanMeier
from train.standing import MODEL, AtLandmark, Standing

BROAD_IN: Final = 10.0
MODEL_COLOUR: Final = GROUP_COLOURS[0]
BETTER_COLOUR: Final = GROUP_COLOURS[1]
OTHER_COLOUR: Final = GROUP_COLOURS[-1]
SKILL_LIMITS: Final[dict[Measure, tuple[float, float]]] = {
    "integrated_brier": (-0.45, 0.85),
    "log": (-0.22, 0.38),
}
"""Most skills lie within; a bar that leaves the frame goes on beyond it."""

CURVES_IN: Final = 7.5
SHADE: Final = 0.55


def skill_svg(landmarks: Sequence[AtLandmark], measure: Measure, title: str) -> str:
    """Skill of every forecaster, a panel a landmark, with intervals."""
    with mpl.rc_context(PAGE.settings(f"skill-{measure}")):
        names = list(landmarks[0].standings)
        height_in = 0.9 + 0.24 * len(names) + 0.35
        figure = Figure(figsize=(BROAD_IN, height_in), layout="constrained")
        row = figure.subplots(1, len(landmarks), sharex=True, sharey=True, squeeze=False)[0]
        for axes, found in zip(row, landmarks, strict=True):
            axes.axvline(0.0, color=PAGE.ink, linewidth=0.8)
            for number, name in enumerate(names):
                _draw_skill(axes, number, name, found.standings[name], measure)
            axes.set_title(f"{found.landmark}\n{found.n_waiting} wait", fontsize=9.5)
            axes.grid(visible=False, axis="y")
            axes.tick_params(left=False)
        limits = SKILL_LIMITS[measure]
        ticks = [0.0, 0.5] if limits[1] > 0.5 else [0.0, 0.2]
        row[0].set(xlim=limits, ylim=(len(names) - 0.4, -0.6), xticks=ticks)
        row[0].set_yticks(range(len(names)), names)
        row[len(row) // 2].set_xlabel("skill over Kaplan-Meier")
        if len(names) > 1:
            figure.legend(handles=_skill_legend(), loc="outside upper center", ncols=4, **TIGHT)
        return themed_svg(figure, title)


def _draw_skill(axes: Axes, place: int, name: str, standing: Standing, measure: Measure) -> None:
    score = score_of(standing, measure)
    if score is None or score.skill is None:
        return
    kind = place_over(over(standing, measure))
    colour = MODEL_COLOUR if name == MODEL else OTHER_COLOUR
    if name != MODEL and kind == "behind":
        colour = BETTER_COLOUR
    if score.skill_interval is not None:
        axes.plot(score.skill_interval, [place] * 2, color=colour, linewidth=2.0)
    is_open = name != MODEL and kind == "ahead"
    axes.plot(
        score.skill, place, "o", color=colour, markersize=6.5,
        markerfacecolor=PAGE.paper if is_open else colour, markeredgewidth=1.4,
    )  # fmt: skip


def _skill_legend() -> list[Artist]:
    def dot(colour: str, label: str, face: str | None = None) -> Line2D:
        return Line2D(
            [], [], marker="o", color=colour, markerfacecolor=face or colour, markersize=6.5,
            markeredgewidth=1.4, linewidth=2.0, label=label,
        )  # fmt: skip

    return [
        dot(MODEL_COLOUR, "this model"),
        dot(OTHER_COLOUR, "baseline, level with it"),
        dot(OTHER_COLOUR, "clearly worse than it", PAGE.paper),
        dot(BETTER_COLOUR, "clearly better than it"),
    ]


def reliability_svg(pooled: dict[str, ShareCalibration]) -> str:
    """Observed against forecast share ordered by the horizon, a panel a forecaster."""
    with mpl.rc_context(PAGE.settings("reliability")):
        figure, grid = _grid(len(pooled), 2.0)
        for axes, (name, found) in zip(grid, pooled.items(), strict=False):
            colour = MODEL_COLOUR if name == MODEL else OTHER_COLOUR
            axes.plot([0.0, 1.0], [0.0, 1.0], color=PAGE.ink, linewidth=0.8, linestyle=DASHES)
            for each in found.bins:
                axes.plot([each.forecast] * 2, each.interval, color=colour, linewidth=1.8)
                axes.plot(each.forecast, each.observed, "o", color=colour, markersize=5.5)
            axes.set_title(name.replace(" (", "\n("), fontsize=9.5)
        grid[0].set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        figure.supxlabel("forecast share ordered by the horizon", fontsize=10)
        figure.supylabel("observed", fontsize=10)
        return themed_svg(figure, "Reliability: observed against forecast share")


def times_svg(landmarks: Sequence[AtLandmark]) -> str:
    """Histograms of how long the model thought what came would take, a panel a landmark."""
    with mpl.rc_context(PAGE.settings("times")):
        figure, grid = _grid(len(landmarks), 1.55)
        ends = np.linspace(0.0, 1.0, N_TIME_BINS + 1)
        for axes, found in zip(grid, landmarks, strict=False):
            times = found.standings[MODEL].times
            axes.bar(
                ends[:-1], times.shares, width=0.092, align="edge", color=MODEL_COLOUR, alpha=SHADE
            )
            axes.axhline(1.0 / N_TIME_BINS, color=PAGE.ink, linewidth=0.8, linestyle=DASHES)
            axes.set_title(f"{found.landmark}\np = {times.p_value:.2g}", fontsize=9.5)
            axes.grid(visible=False, axis="x")
        grid[0].set(ylim=(0.0, 0.26), xlim=(-0.02, 1.02), xticks=[0, 0.5, 1], yticks=[0, 0.1, 0.2])
        figure.supxlabel("forecast probability of waiting longer than was waited", fontsize=10)
        figure.supylabel("share of runs", fontsize=10)
        return themed_svg(figure, "Are times spread as forecast?")


def curves_svg(curves: Sequence[CurveOfDesign]) -> str:
    """Forecast survival of a few designs beside what their runs did."""
    with mpl.rc_context(PAGE.settings("curves")):
        figure, grid = _grid(len(curves), 2.1, CURVES_IN)
        for axes, curve in zip(grid, curves, strict=False):
            axes.plot(curve.times_ps, curve.forecast, color=MODEL_COLOUR, linewidth=1.8)
            _draw_seen(axes, curve)
            density, *where = _parts(curve)
            axes.set_title(f"{curve.n_atoms} atoms, {density}\n{', '.join(where)}", fontsize=9.0)
        grid[0].set(ylim=(-0.14, 1.05), yticks=[0, 0.5, 1])
        for axes in grid[max(0, len(curves) - 3) : len(curves)]:
            axes.set_xlabel("time since asked, ps")
        figure.supylabel("still disordered", fontsize=10)
        handles = [
            Line2D([], [], color=MODEL_COLOUR, linewidth=1.8, label="forecast"),
            Line2D([], [], color=PAGE.ink, linewidth=1.4, label="seen"),
            Line2D([], [], color=PAGE.ink, marker="|", linestyle="none", label="an order"),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=3, **TIGHT)
        return themed_svg(figure, "Survival of a few designs, forecast and seen")


def _draw_seen(axes: Axes, curve: CurveOfDesign) -> None:
    seen = [
        Incubation(lower_ps=a, upper_ps=b, ordered_in_quench=a == 0.0 and b == 0.0)
        for a, b in curve.seen
    ]
    found, end_ps = KaplanMeier.of(seen), curve.times_ps[-1]
    if len(seen) > 1:
        steps = [1.0, *found.survival_at_knots, found.survival_at_knots[-1]]
        axes.step([0.0, *found.knots_ps, end_ps], steps, where="post", color=PAGE.ink, lw=1.4)
    for each in seen:
        if each.upper_ps is not None:
            middle_ps = 0.5 * (each.lower_ps + each.upper_ps)
            axes.plot(middle_ps, -0.08, "|", color=PAGE.ink, markersize=7)


def _parts(curve: CurveOfDesign) -> list[str]:
    """Density, confinement and heat of a design's sentence."""
    _, density, *rest = curve.design.split(", ")
    return [density, *(each for each in rest if not each.endswith(" K"))]


def _grid(n: int, row_in: float, width_in: float = WIDTH_IN) -> tuple[Figure, list[Axes]]:
    """Small multiples, three beside each other, that share their axes; the rest are empty."""
    n_columns = min(3, n)
    n_rows = math.ceil(n / n_columns)
    figure = Figure(figsize=(width_in, 0.7 + row_in * n_rows), layout="constrained")
    shared = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    grid = list(shared.ravel())
    for axes in grid[n:]:
        axes.set_axis_off()
    for axes in grid[max(0, n - n_columns) : n]:
        axes.tick_params(labelbottom=True)
    return figure, grid
