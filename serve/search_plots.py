"""The figures of a search: its history, the front, slices, and the map over current and time."""

from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from serve.plots import GROUP_COLOURS, TIGHT, WIDTH_IN
from serve.survival_plot import DASHES
from serve.themed_svg import PAGE, themed_svg
from surrogate.deposition.likelihoods import Observation, RibbonCount
from surrogate.deposition.observations import OBSERVATIONS
from surrogate.search.importance import Slice
from surrogate.search.objectives import SHARE, metrics_of
from surrogate.search.result import RankedConditions, SearchResult, Surface, Trial
from surrogate.search.space import VARIABLES

BEST: Final = GROUP_COLOURS[1]
FEASIBLE: Final = GROUP_COLOURS[0]
REST: Final = GROUP_COLOURS[-1]

GLASSY_COLOURS: Final = LinearSegmentedColormap.from_list(
    "glassy", ["#3b4a9c", "#3f8fc0", "#69b9a0", "#c9cf6a", "#f0a63a"]
)
"""Crystalline blue to glassy amber."""

LEAST_APART: Final = 0.06
"""Numbers closer than this part of a figure would cover each other."""

MAP_IN: Final = 4.4
SLICE_IN: Final = 2.3


def history_svg(result: SearchResult) -> str:
    """Trial after trial: what was worth what, and the best so far; empty of a front."""
    metrics = metrics_of(result.config)
    if len(metrics) > 1:
        return ""
    with mpl.rc_context(PAGE.settings("history")):
        figure = Figure(figsize=(WIDTH_IN, 3.2), layout="constrained")
        draw_history(figure.subplots(), result)
        figure.legend(loc="outside upper center", ncols=3, **TIGHT)
        return themed_svg(figure, "Trials in the order they were made")


def draw_history(axes: Axes, result: SearchResult) -> None:
    """Into axes of one's own."""
    (metric,) = metrics_of(result.config)
    values = np.array([_value(trial, result) for trial in result.trials])
    feasible = np.array([trial.is_feasible for trial in result.trials])
    numbers = np.arange(1, len(values) + 1)
    axes.plot(
        numbers[~feasible], values[~feasible], ".", color=REST, alpha=0.6,
        label="misses a requirement",
    )  # fmt: skip
    axes.plot(numbers[feasible], values[feasible], ".", color=FEASIBLE, label="feasible")
    if feasible.any():
        best = np.maximum.accumulate(np.where(feasible, values, -np.inf))
        seen = np.isfinite(best)
        axes.step(numbers[seen], best[seen], where="post", color=BEST, label="best so far")
    axes.set(xlabel="trial", ylabel=metric.name)
    if metric is not SHARE and (values > 0.0).all():
        axes.set_yscale("log")


def _value(trial: Trial, result: SearchResult) -> float:
    """Of the only objective."""
    if result.config.objective == "glassy_share":
        return trial.assured_share
    return trial.conditions.current_density_mA_cm2 - trial.cost_mA_cm2


def front_svg(result: SearchResult) -> str:
    """Assured glassy share against current density, the front on top; empty without trials."""
    if not result.trials:
        return ""
    with mpl.rc_context(PAGE.settings("front")):
        figure = Figure(figsize=(WIDTH_IN, 3.6), layout="constrained")
        draw_front(figure.subplots(), result)
        figure.legend(loc="outside upper center", ncols=2, **TIGHT)
        return themed_svg(figure, "Assured glassy share against current density")


def draw_front(axes: Axes, result: SearchResult) -> None:
    """Into axes of one's own."""
    for trials, colour, label in (
        ([t for t in result.trials if not t.is_feasible], REST, "misses a requirement"),
        ([t for t in result.trials if t.is_feasible], FEASIBLE, "feasible"),
    ):
        axes.plot(
            [t.conditions.current_density_mA_cm2 for t in trials],
            [t.assured_share for t in trials],
            ".", color=colour, alpha=0.5, label=label,
        )  # fmt: skip
    axes.plot(
        [t.conditions.current_density_mA_cm2 for t in result.front],
        [t.assured_share for t in result.front],
        "o", color=BEST, markersize=5, label="front: none is better in all",
    )  # fmt: skip
    if result.config.least_share is not None:
        axes.axhline(result.config.least_share, color=PAGE.ink, linewidth=0.8, linestyle=DASHES)
    axes.set(
        xscale="log", ylim=(-0.02, 1.02), xlabel="current density, mA/cm2",
        ylabel=f"glassy share reached with P = {result.config.confidence:g}",
    )  # fmt: skip
    named: list[np.ndarray] = []
    for ranked in result.ranked:
        place = (ranked.conditions.current_density_mA_cm2, ranked.assured_share)
        shown = axes.transAxes.inverted().transform(axes.transData.transform(place))
        if all(np.abs(shown - other).max() > LEAST_APART for other in named):
            axes.annotate(f"{ranked.rank}", place, xytext=(5, 4), textcoords="offset points")
            named.append(shown)


def slices_svg(slices: Sequence[Slice]) -> str:
    """The glassy share along each variable; empty where nothing was searched."""
    if not slices:
        return ""
    with mpl.rc_context(PAGE.settings("slices")):
        n_columns = min(3, len(slices))
        n_rows = -(-len(slices) // n_columns)
        figure = Figure(
            figsize=(max(WIDTH_IN, SLICE_IN * n_columns), 0.7 + 2.0 * n_rows), layout="constrained"
        )
        grid = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
        for axes, found in zip(grid, slices, strict=False):
            draw_slice(axes, found)
        for axes in grid[len(slices) :]:
            axes.set_axis_off()
        figure.supylabel("glassy share", fontsize=10)
        figure.legend(handles=_slice_legend(), loc="outside upper center", ncols=3, **TIGHT)
        return themed_svg(figure, "The glassy share along each condition")


def draw_slice(axes: Axes, found: Slice) -> None:
    """Into axes of one's own."""
    variable = VARIABLES[found.variable]
    axes.plot(found.values, found.partial_dependence, color=REST, linestyle=DASHES)
    if found.share is not None and found.low is not None and found.high is not None:
        axes.fill_between(found.values, found.low, found.high, color=FEASIBLE, alpha=0.2, lw=0)
        axes.plot(found.values, found.share, color=FEASIBLE, linewidth=1.5)
    if found.best is not None:
        axes.axvline(found.best, color=BEST, linewidth=1.2)
    axes.set(ylim=(-0.02, 1.02), xlabel=variable.label)
    if variable.is_log:
        axes.set_xscale("log")


def _slice_legend() -> list[Line2D]:
    return [
        Line2D([], [], color=BEST, linewidth=1.2, label="rank 1"),
        Line2D([], [], color=FEASIBLE, label="all else as there"),
        Line2D([], [], color=REST, linestyle=DASHES, label="mean over the space"),
    ]


def surfaces_svg(result: SearchResult) -> str:
    """The glassy share over current and time under each map, with the paper's observations."""
    if not result.surfaces:
        return ""
    with mpl.rc_context(PAGE.settings("surfaces")):
        n = len(result.surfaces)
        figure = Figure(figsize=(MAP_IN * n, 3.9), layout="constrained")
        row = figure.subplots(1, n, sharex=True, sharey=True, squeeze=False)[0]
        for axes, found in zip(row, result.surfaces, strict=True):
            mesh = draw_surface(axes, found, result)
        row[0].set_ylabel("plating time, min")
        bar = figure.colorbar(mesh, ax=list(row), label="glassy share", pad=0.01)
        bar.outline.set_visible(False)
        return themed_svg(figure, "Glassy share over current density and plating time")


def draw_surface(axes: Axes, found: Surface, result: SearchResult) -> mpl.cm.ScalarMappable:
    """Into axes of one's own; what the colours are of."""
    currents = np.array(found.current_density_mA_cm2)
    times = np.array(found.deposition_time_min)
    mesh = axes.contourf(
        currents, times, np.array(found.share), levels=np.linspace(0.0, 1.0, 21),
        cmap=GLASSY_COLOURS,
    )  # fmt: skip
    if result.config.least_share is not None and np.ptp(found.share) > 0.0:
        axes.contour(
            currents, times, np.array(found.share), levels=[result.config.least_share],
            colors=PAGE.ink, linewidths=1.2,
        )  # fmt: skip
    least = result.config.min_capacity_mAh_cm2
    if least is not None:
        axes.plot(currents, least / currents * 60.0, color=PAGE.ink, linestyle=DASHES, lw=1.0)
        axes.annotate(
            f"{least:g} mAh/cm2", (currents[-1], least / currents[-1] * 60.0), ha="right",
            va="top", fontsize=8.5, xytext=(-3, -2), textcoords="offset points",
        )  # fmt: skip
    for seen in OBSERVATIONS:
        _draw_observation(axes, seen)
    best = _best_under(found.map_name, result)
    if best is not None:
        axes.plot(
            best.conditions.current_density_mA_cm2, best.conditions.deposition_time_min, "*",
            color=BEST, markersize=14, markeredgecolor="white", markeredgewidth=0.8,
            clip_on=False,
        )  # fmt: skip
    axes.set(
        xscale="log", yscale="log", xlabel="current density, mA/cm2",
        xlim=(currents[0], currents[-1]), ylim=(times[0], times[-1]),
        title=f"map {found.map_name}",
    )  # fmt: skip
    axes.grid(visible=False)
    return mesh


def _best_under(name: str, result: SearchResult) -> RankedConditions | None:
    if name == result.surfaces[0].map_name:
        return result.ranked[0] if result.ranked else None
    return next((each.best for each in result.under_maps if each.name == name), None)


def _draw_observation(axes: Axes, seen: Observation) -> None:
    glassy = observed_share(seen)
    if glassy is None or seen.conditions[0].electrolyte != "baseline":
        return
    conditions = seen.conditions[0]
    axes.plot(
        conditions.current_density_mA_cm2, conditions.deposition_time_min, "o",
        color=GLASSY_COLOURS(glassy), markersize=9, markeredgecolor="white", markeredgewidth=1.4,
    )  # fmt: skip


def observed_share(seen: Observation) -> float | None:
    """Middle of the glassy shares that an observation allows; None where it names none."""
    ends = seen.readings
    if ends is None or isinstance(seen, RibbonCount):  # a share of ribbons is none of atoms
        return None
    low, high = (min(max(end, 0.0), 1.0) for end in ends)
    return 1.0 - 0.5 * (low + high)
