"""Forecast against outcome: predicted survival beside what the trajectories did."""

import math
from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from serve.plots import GROUP_COLOURS, TIGHT, WIDTH_IN, grouped
from serve.themed_svg import PAGE, themed_svg
from serve.words import count
from simulate.incubation import Incubation
from simulate.record import TrajectoryRecord
from surrogate.prediction import Prediction
from train.metrics import KaplanMeier, longest_follow_up_ps

DASHES: Final = (0, (4, 2))
MOST_PANELS: Final = 6
LEAST_FOR_SPLIT: Final = 6
"""A group of fewer embryos is one curve; a larger one is split into its small and large embryos."""


def survival_svg(records: Sequence[TrajectoryRecord], predictions: Sequence[Prediction]) -> str:
    """Share still disordered: simulated (Kaplan-Meier) and predicted, a panel per surroundings.

    Args:
        records: Answered records.
        predictions: The forecast for the design of each record, in the same order.
    """
    if not records:
        return ""
    forecast = {r.trajectory_id: p for r, p in zip(records, predictions, strict=True)}
    panels = sorted(grouped(records).items(), key=lambda item: -len(item[1]))[:MOST_PANELS]
    n_columns = min(2, len(panels))
    n_rows = math.ceil(len(panels) / n_columns)
    with mpl.rc_context(PAGE.settings("survival")):
        figure = Figure(figsize=(WIDTH_IN, 0.7 + 2.4 * n_rows), layout="constrained")
        grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
        grid[0].set(ylim=(-0.03, 1.5), yticks=[0.0, 0.5, 1.0])  # room for the names of the curves
        for axes, (name, members) in zip(grid, panels, strict=False):
            axes.set_title(_two_lines(name), fontsize=9.5)
            for (label, part), colour in zip(_by_size(members), GROUP_COLOURS, strict=False):
                _draw_survival_of(axes, part, [forecast[r.trajectory_id] for r in part], colour)
                axes.plot([], [], color=colour, linewidth=3, label=label)
            axes.legend(loc="upper left", fontsize=8.5, borderpad=0.0, **TIGHT)
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        for axes in grid[: len(panels)][-n_columns:]:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("hold clock, ps")
        for axes in grid[::n_columns]:
            axes.set_ylabel("still disordered")
        figure.legend(handles=_line_kinds(), loc="outside lower center", ncols=3, **TIGHT)
        return themed_svg(figure, "Survival curves, predicted and simulated")


def _two_lines(name: str) -> str:
    """A group's name with density, and temperature where it has one, above its confinement."""
    density, cell, heat, *temperature = name.split(", ")
    return f"{', '.join([density, *temperature])}\n{cell}, {heat}"


def _line_kinds() -> list[Artist]:
    return [
        Line2D([], [], color=PAGE.ink, linewidth=1.6, label="simulated"),
        Line2D([], [], color=PAGE.ink, linestyle=DASHES, linewidth=1.6, label="predicted"),
        Patch(facecolor=PAGE.ink, alpha=0.18, label="its 90 % interval"),
    ]


def _draw_survival_of(
    axes: Axes,
    records: Sequence[TrajectoryRecord],
    predictions: Sequence[Prediction],
    colour: str,
) -> None:
    draw_kaplan_meier(axes, [r.witnessed for r in records if r.witnessed is not None], colour)
    times_ps = predictions[0].survival.time_ps
    mean = {
        part: np.mean([getattr(p.survival, part) for p in predictions], axis=0)
        for part in ("probability", "lower", "upper")
    }
    axes.plot(times_ps, mean["probability"], color=colour, linestyle=DASHES, linewidth=1.6)
    axes.fill_between(times_ps, mean["lower"], mean["upper"], color=colour, alpha=0.18, linewidth=0)


def draw_kaplan_meier(axes: Axes, seen: Sequence[Incubation], colour: str) -> None:
    """Share still disordered in steps, as far as anybody was watched."""
    curve = KaplanMeier.of(seen)
    until_ps = max(longest_follow_up_ps(seen), float(curve.knots_ps[-1]))
    axes.step(
        [0.0, *curve.knots_ps, until_ps],
        [1.0, *curve.survival_at_knots, curve.survival_at_knots[-1]],
        where="post", color=colour, linewidth=1.6,
    )  # fmt: skip


def _by_size(members: Sequence[TrajectoryRecord]) -> list[tuple[str, list[TrajectoryRecord]]]:
    """A group as its small and its large embryos, where it has enough of both."""
    sizes = sorted({r.design.n_atoms for r in members})
    border = sizes[len(sizes) // 2]
    small = [r for r in members if r.design.n_atoms < border]
    large = [r for r in members if r.design.n_atoms >= border]
    parts = [small, large] if small and len(members) >= LEAST_FOR_SPLIT else [list(members)]
    return [(_label(part), part) for part in parts]


def _label(part: Sequence[TrajectoryRecord]) -> str:
    sizes = sorted(r.design.n_atoms for r in part)
    ends = f"{sizes[0]}" if sizes[0] == sizes[-1] else f"{sizes[0]} to {sizes[-1]}"
    return f"{ends} atoms, {count(len(part), 'run')}"
