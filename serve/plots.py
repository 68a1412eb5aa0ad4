"""The report's figures: incubation against size, order against time, forecast against outcome."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Final, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from serve.themed_svg import PAGE, Theme, themed_svg
from serve.words import several_temperatures, surroundings
from simulate.incubation import Incubation
from simulate.record import TrajectoryRecord

WIDTH_IN: Final = 5.0
"""Narrow on purpose: on a telephone the page shrinks a figure, its letters too."""

GROUP_COLOURS: Final = ("#2f78c4", "#d9622b", "#149c78", "#a35bb5", "#c2921b", "#7d8794")
GROUP_MARKERS: Final = ("o", "s", "D", "P", "X")
"""Six colours and five markers: thirty groups before a pair of them repeats."""

SIZE_COLOURS: Final = LinearSegmentedColormap.from_list(
    "sizes", ["#3f8fe0", "#7f6fd0", "#b8569f", "#d9622b", "#d9a02b"]
)
"""From small to large, of even lightness: legible on white and on black."""

MOST_NAMED_SIZES: Final = 8
TIGHT: Final = {"columnspacing": 1.2, "handlelength": 1.4, "handletextpad": 0.5}

LINES_ZORDER: Final = 2
MOST_VECTOR_LINES: Final = 80
MOST_VECTOR_MARKS: Final = 400
"""Beyond so many, lines and marks are stored as pixels: the page stays small."""

SHORTEST_SHOWN_PS: Final = 1.0e-3


class GroupStyle(NamedTuple):
    """How one group of embryos is marked."""

    colour: str
    marker: str
    size: float


def incubation_svg(records: Sequence[TrajectoryRecord]) -> str:
    """Incubation time against embryo size; empty without an answered record."""
    if not (answered := [r for r in records if r.witnessed is not None]):
        return ""
    with mpl.rc_context(PAGE.settings("incubation")):
        figure = Figure(
            figsize=(WIDTH_IN, 4.2 + 0.2 * len(grouped(answered))), layout="constrained"
        )
        draw_incubation(figure, answered, PAGE)
        return themed_svg(figure, "Incubation time against number of atoms")


def draw_incubation(
    figure: FigureBase,
    records: Sequence[TrajectoryRecord],
    theme: Theme,
    legend_columns: int = 1,
) -> None:
    """Intervals as bars, embryos still disordered as open triangles, order in the quench below.

    Args:
        figure: A figure or a part of one.
        records: Answered records, at least one.
        theme: Of the figure.
        legend_columns: How many groups stand side by side below.
    """
    groups = grouped(records)
    main, strip = figure.subplots(2, 1, sharex=True, height_ratios=[8, 1])
    places = _places(groups)
    for (name, members), style in zip(groups.items(), _group_styles(), strict=False):
        for record in members:
            if record.witnessed is not None:
                place = places[record.trajectory_id]
                _draw_interval((main, strip), record.witnessed, place, style, theme.paper)
        _mark(main, math.nan, math.nan, style, theme.paper, label=name)
    label = "still disordered then"
    main.plot([], [], "^", markersize=7, color=theme.ink, markerfacecolor="none", label=label)
    _finish_incubation_axes(main, strip, records)
    if len(records) > MOST_VECTOR_MARKS:
        main.set_rasterization_zorder(LINES_ZORDER + 0.5)
        strip.set_rasterization_zorder(LINES_ZORDER + 0.5)
    handles, _ = main.get_legend_handles_labels()
    figure.legend(handles=handles, loc="outside lower center", ncols=legend_columns, **TIGHT)


def _draw_interval(
    axes: tuple[Axes, Axes], found: Incubation, n_atoms: float, style: GroupStyle, rim: str
) -> None:
    """One embryo, on the axes of times or in the strip of those ordered in the quench."""
    main, strip = axes
    if found.ordered_in_quench:
        _mark(strip, n_atoms, 0.0, style, rim)
    elif found.upper_ps is None:
        main.plot(
            n_atoms, found.lower_ps, "^", markersize=7, markeredgewidth=1.4,
            markeredgecolor=style.colour, markerfacecolor="none",
        )  # fmt: skip
    else:
        # An interval that begins at 0 has no lower end on a logarithmic axis: its bar leaves it.
        low = max(found.lower_ps, SHORTEST_SHOWN_PS)
        main.plot([n_atoms] * 2, [low, found.upper_ps], color=style.colour, linewidth=2.2)
        middle = math.sqrt(max(found.lower_ps, found.upper_ps / 2.0) * found.upper_ps)
        _mark(main, n_atoms, middle, style, rim)


def _mark(
    axes: Axes, x: float, y: float, style: GroupStyle, rim: str, *, label: str | None = None
) -> None:
    axes.plot(
        x, y, linestyle="none", color=style.colour, marker=style.marker, markersize=style.size,
        markeredgecolor=rim, markeredgewidth=0.7, label=label,
    )  # fmt: skip


def _finish_incubation_axes(main: Axes, strip: Axes, records: Sequence[TrajectoryRecord]) -> None:
    seen = [r.witnessed for r in records if r.witnessed and not r.witnessed.ordered_in_quench]
    ends_ps = [i.lower_ps if i.upper_ps is None else i.upper_ps for i in seen]
    hold_ps = max(r.protocol.hold_ps for r in records)
    main.set(xscale="log", yscale="log", ylabel="incubation time, ps")
    main.set_ylim(min([e for e in ends_ps if e > 0.0], default=hold_ps / 10.0) / 2.0, 1.6 * hold_ps)
    main.axhline(hold_ps, color=GROUP_COLOURS[-1], linestyle=(0, (5, 3)), linewidth=1.0)
    main.annotate(
        "end of the hold",
        (0.99, hold_ps),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        fontsize=9,
    )
    main.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    sizes = sorted({r.design.n_atoms for r in records})
    shown = sizes if len(sizes) <= MOST_NAMED_SIZES else _few(sizes)
    strip.xaxis.set_major_locator(FixedLocator(shown))
    strip.xaxis.set_minor_locator(NullLocator())
    strip.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    strip.set(ylim=(-1.0, 1.0), yticks=[0.0], yticklabels=["in the\nquench"], xlabel="atoms, N")
    strip.set_xlim(sizes[0] / 1.25, sizes[-1] * 1.25)
    strip.grid(visible=False, axis="y")


def _few(sizes: Sequence[int]) -> list[int]:
    picked = np.geomspace(sizes[0], sizes[-1], MOST_NAMED_SIZES - 1)
    return sorted({min(sizes, key=lambda size: abs(size - at)) for at in picked})


def _places(groups: Mapping[str, Sequence[TrajectoryRecord]]) -> dict[str, float]:
    """Where on the axis of sizes each record stands: replicas and groups side by side."""
    by_size: dict[int, list[str]] = {}
    for members in groups.values():
        for record in members:
            by_size.setdefault(record.design.n_atoms, []).append(record.trajectory_id)
    return {
        name: size * math.exp(min(0.03, 0.16 / len(names)) * (index - (len(names) - 1) / 2.0))
        for size, names in by_size.items()
        for index, name in enumerate(names)
    }


def fraction_svg(records: Sequence[TrajectoryRecord]) -> str:
    """Crystalline fraction of every trajectory against the hold clock; empty without frames."""
    if not (seen := [r for r in records if r.frames]):
        return ""
    with mpl.rc_context(PAGE.settings("fraction")):
        figure = Figure(figsize=(WIDTH_IN, 4.2), layout="constrained")
        axes = figure.subplots()
        sizes = sorted({r.design.n_atoms for r in seen})
        scale = mpl.colors.LogNorm(sizes[0] * 0.999, sizes[-1] * 1.001)
        for record in sorted(seen, key=lambda r: r.design.n_atoms):
            colour = SIZE_COLOURS(scale(record.design.n_atoms))
            _draw_fraction_of(axes, record, colour)
        if len(seen) > MOST_VECTOR_LINES:
            axes.set_rasterization_zorder(LINES_ZORDER + 0.5)
        starts_ps = min(r.frames[0].time_ps for r in seen)
        axes.axvspan(min(starts_ps, 0.0), 0.0, color=GROUP_COLOURS[-1], alpha=0.14, linewidth=0)
        axes.annotate(
            "heat, quench", (0.0, 0.98), xycoords=("data", "axes fraction"),
            xytext=(-5, 0), textcoords="offset points", ha="right", va="top", fontsize=9,
        )  # fmt: skip
        axes.set(xlabel="hold clock, ps", ylabel="crystalline fraction of all atoms")
        axes.set_ylim(
            0.0, max(0.1, *(1.08 * f.crystalline_fraction for r in seen for f in r.frames))
        )
        axes.margins(x=0.01)
        named = sizes if len(sizes) <= MOST_NAMED_SIZES else _few(sizes)
        handles = [Line2D([], [], color=SIZE_COLOURS(scale(n)), linewidth=2.4) for n in named]
        labels = [f"{n} atoms" for n in named]
        figure.legend(handles, labels, loc="outside lower center", ncols=3, **TIGHT)
        return themed_svg(figure, "Crystalline fraction against time")


def _draw_fraction_of(
    axes: Axes, record: TrajectoryRecord, colour: tuple[float, float, float, float]
) -> None:
    times_ps = [f.time_ps for f in record.frames]
    shares = [f.crystalline_fraction for f in record.frames]
    width, alpha = (1.7, 1.0) if record.outcome == "crystalline" else (0.9, 0.55)
    axes.plot(times_ps, shares, color=colour, linewidth=width, alpha=alpha, zorder=LINES_ZORDER)
    onset_ps = record.incubation.upper_ps if record.incubation else None
    if onset_ps is not None:
        at_onset = np.interp(onset_ps, times_ps, shares)
        axes.plot(onset_ps, at_onset, "o", color=colour, markersize=5, zorder=LINES_ZORDER + 1)


def grouped(records: Sequence[TrajectoryRecord]) -> dict[str, list[TrajectoryRecord]]:
    """Records by surroundings (density, confinement, temperature), in a fixed order."""
    is_told = several_temperatures(records)
    order = sorted(records, key=lambda r: (r.design.packing_density_g_cm3, r.design.sentence))
    groups: dict[str, list[TrajectoryRecord]] = {}
    for record in order:
        name = surroundings(record.design, with_temperature=is_told)
        groups.setdefault(name, []).append(record)
    return groups


def _group_styles() -> Iterator[GroupStyle]:
    for colour, marker in zip(cycle(GROUP_COLOURS), cycle(GROUP_MARKERS), strict=False):
        yield GroupStyle(colour, marker, 8.5 if marker in "PX" else 6.5)
