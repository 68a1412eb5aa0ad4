"""The figures of a learning loop: what it asked, the boundary it found, and how its doubt fell."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from serve.plots import GROUP_COLOURS, TIGHT, WIDTH_IN
from serve.themed_svg import PAGE, themed_svg
from train.active.rounds import AskedEmbryo, BoundarySize, LoopReport

ROUNDS: Final = mpl.colormaps["viridis"]
HALF_WIDE: Final = 0.03
"""Of curves beside one another, in the logarithm of the density."""

N_TICKS: Final = 4
MASS_WORDS: Final = {"open": "periodic", "confined": "walled"}


def boundary_svg(
    report: LoopReport, rounds: Sequence[Sequence[AskedEmbryo]], ordered: Mapping[str, bool | None]
) -> str:
    """Embryos asked, by round and fate, and the boundary; a panel for each mass exchange.

    Args:
        report: Of the loop.
        rounds: What each asked.
        ordered: By trajectory: whether it ordered by the horizon; None: not known.
    """
    masses = list(dict.fromkeys(report.config.space.mass_exchange))
    with mpl.rc_context(PAGE.settings("learning-boundary")):
        figure = Figure(figsize=(WIDTH_IN * len(masses), 4.6), layout="constrained")
        row = figure.subplots(1, len(masses), sharex=True, sharey=True, squeeze=False)[0]
        for axes, mass in zip(row, masses, strict=True):
            axes.set_title(MASS_WORDS[mass], fontsize=10)
            for number, embryos in enumerate(rounds):
                colour = ROUNDS(number / max(len(rounds) - 1, 1))
                for each in embryos:
                    if each.design.mass_exchange == mass:
                        _draw_embryo(axes, each, colour, ordered.get(each.trajectory_id))
            shown = [b for b in report.rounds[-1].boundary if b.place.mass_exchange == mass]
            _draw_boundary(axes, shown, is_named=axes is row[0])
            axes.set(xscale="log", yscale="log", xlabel="packing density, g/cm³")
        space = report.config.space
        row[0].set(ylabel="atoms, N", ylim=(space.n_atoms[0] / 1.15, space.n_atoms[1] * 1.15))
        _name_ticks(row, space.packing_density_g_cm3, space.n_atoms)
        for face, label in ((PAGE.ink, "ordered"), (PAGE.paper, "still disordered")):
            row[0].plot([], [], "o", color=PAGE.ink, markerfacecolor=face, label=label)
        figure.legend(loc="outside lower center", ncols=4, **TIGHT)
        scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, max(len(rounds) - 1, 1)), ROUNDS)
        bar = figure.colorbar(scale, ax=row.tolist(), label="round", aspect=30)
        bar.locator = mpl.ticker.MaxNLocator(integer=True)
        return themed_svg(figure, "Embryos asked and the boundary found")


def _draw_embryo(axes: Axes, asked: AskedEmbryo, colour: object, is_ordered: bool | None) -> None:  # noqa: FBT001
    axes.plot(
        asked.design.packing_density_g_cm3, asked.design.n_atoms,
        "x" if is_ordered is None else "o", color=colour, markersize=5, markeredgewidth=1.2,
        markerfacecolor=colour if is_ordered else PAGE.paper,
    )  # fmt: skip


def _draw_boundary(axes: Axes, shown: Sequence[BoundarySize], *, is_named: bool) -> None:
    """A line and its interval for each energy exchange."""
    kinds = list(dict.fromkeys(each.place.energy_exchange for each in shown))
    words = {"open": "thermostatted", "confined": "isolated"}
    for number, kind in enumerate(kinds):
        own = [each for each in shown if each.place.energy_exchange == kind]
        density = np.array([each.place.packing_density_g_cm3 for each in own])
        density = density * np.exp(HALF_WIDE * (number - (len(kinds) - 1) / 2.0))
        colour = GROUP_COLOURS[1 + number]
        low, high = np.array([each.interval for each in own]).T
        axes.vlines(density, low, high, color=colour, linewidth=1.6)
        label = f"boundary, {words.get(kind, kind)} (90 %)" if is_named else None
        axes.plot(density, [each.n_atoms for each in own], color=colour, linewidth=2, label=label)


def _name_ticks(
    row: Sequence[Axes], densities: tuple[float, float], sizes: tuple[float, float]
) -> None:
    """A few round values on the logarithmic axes."""
    for axes in row:
        for axis, (low, high) in ((axes.xaxis, densities), (axes.yaxis, sizes)):
            ticks = [float(f"{each:.1g}") for each in np.geomspace(low, high, N_TICKS)[1:-1]]
            axis.set_major_locator(mpl.ticker.FixedLocator([low, *ticks, high]))
            axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:.3g}"))
            axis.set_minor_locator(mpl.ticker.NullLocator())


def doubt_svg(report: LoopReport) -> str:
    """Spread of the committee's boundary against trajectories; a gap where none is inside."""
    with mpl.rc_context(PAGE.settings("learning-doubt")):
        figure = Figure(figsize=(WIDTH_IN, 3.0), layout="constrained")
        axes = figure.subplots()
        n_asked = [each.n_asked for each in report.rounds]
        spread = [
            math.nan if each.boundary_spread is None else 100.0 * each.boundary_spread
            for each in report.rounds
        ]
        axes.plot(n_asked, spread, "o-", color=GROUP_COLOURS[0])
        wanted = 100.0 * report.config.stop.boundary_spread
        axes.axhline(wanted, color=GROUP_COLOURS[-1], linestyle=(0, (5, 3)), linewidth=1.0)
        axes.annotate(
            "asked for", (0.99, wanted), xycoords=("axes fraction", "data"), ha="right",
            va="bottom", fontsize=9,
        )  # fmt: skip
        axes.set(xlabel="trajectories", ylabel="boundary size known to, %")
        axes.set_ylim(0.0, 1.1 * np.nanmax([*spread, wanted]))
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
        return themed_svg(figure, "Doubt of the boundary against trajectories")
