"""Figures of the paper's report: by size, by confinement, in matched pairs, by potential."""

import itertools
from collections.abc import Sequence
from typing import Final, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from serve.plots import GROUP_COLOURS, SHORTEST_SHOWN_PS, TIGHT, WIDTH_IN
from serve.survival_plot import draw_kaplan_meier
from serve.themed_svg import PAGE, themed_svg
from simulate.branching import EVERY_EXCHANGE
from simulate.incubation import Incubation
from simulate.record import TrajectoryRecord
from train.hazards import median_ps
from train.matched import Trial, pairs_of
from train.rank_agreement import RankAgreement

DENSITY_CLASSES: Final = ((0.0, 0.1), (0.1, 0.25), (0.25, 1.0))
"""Of packing density, g/cm3."""

LEAST_IN_CURVE: Final = 3
FIRST_PS: Final = 1000.0
"""Of the hold: what most campaigns watched."""

JITTER: Final = 0.012
EXCHANGE_WORDS: Final = {
    ("open", "open"): "periodic, thermostatted",
    ("open", "confined"): "periodic, isolated",
    ("confined", "open"): "walled, thermostatted",
    ("confined", "confined"): "walled, isolated",
}


def size_svg(sized: Sequence[TrajectoryRecord]) -> str:
    """Incubation with Kaplan-Meier medians above, crystalline share of the inside below."""
    if not sized:
        return ""
    by_size = _by_size(sized)
    with mpl.rc_context(PAGE.settings("paper-size")):
        figure = Figure(figsize=(WIDTH_IN, 5.6), layout="constrained")
        times, shares = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        hold_ps = max(record.protocol.hold_ps for record in sized)
        for n_atoms, members in by_size.items():
            _draw_times(times, n_atoms, members, hold_ps)
            _draw_shares(shares, n_atoms, members)
        times.set(xscale="log", yscale="log", ylabel="incubation time, ps")
        times.set_ylim(4.0, 2.2 * hold_ps)
        shares.set(ylim=(-0.04, 1.04), ylabel="crystalline\nshare of inside", xlabel="atoms, N")
        shares.set_xticks(list(by_size), [f"{n}" for n in by_size])
        shares.minorticks_off()
        times.legend(loc="lower left", **TIGHT)
        return themed_svg(figure, "Incubation time and crystalline share against size")


def _draw_times(
    axes: Axes, n_atoms: int, members: Sequence[TrajectoryRecord], hold_ps: float
) -> None:
    seen = [record.witnessed for record in members if record.witnessed is not None]
    for place, each in zip(_beside(n_atoms, len(seen)), seen, strict=True):
        if each.upper_ps is None:
            axes.plot(
                place, each.lower_ps, "^", color=GROUP_COLOURS[5], markerfacecolor="none", zorder=4
            )
        else:
            middle_ps = max(0.5 * (each.lower_ps + each.upper_ps), 5.0)
            axes.plot(place, middle_ps, "o", color=GROUP_COLOURS[0], markersize=4.5, zorder=4)
    median = median_ps(seen)
    ends = (median.low_ps, median.value_ps, median.high_ps)
    low, value, high = (min(max(each, 5.0), 1.6 * hold_ps) for each in ends)
    axes.plot([n_atoms] * 2, [low, high], color=GROUP_COLOURS[1], linewidth=2.0)
    label = "Kaplan-Meier median, 90 %" if not axes.get_legend_handles_labels()[0] else None
    mark = "D" if np.isfinite(median.value_ps) else "^"
    axes.plot(
        n_atoms,
        value,
        mark,
        color=GROUP_COLOURS[1],
        markersize=9,
        markerfacecolor="none",
        label=label,
    )


def _draw_shares(axes: Axes, n_atoms: int, members: Sequence[TrajectoryRecord]) -> None:
    shares = [record.frames[-1].core_fraction or 0.0 for record in members if record.frames]
    axes.plot(_beside(n_atoms, len(shares)), shares, "o", color=GROUP_COLOURS[0], markersize=4.5)
    axes.plot(n_atoms, np.median(shares), "_", color=GROUP_COLOURS[1], markersize=16)


def _beside(n_atoms: int, n: int) -> list[float]:
    return [n_atoms * float(np.exp(JITTER * (each - (n - 1) / 2.0))) for each in range(n)]


def pathways_svg(records: Sequence[TrajectoryRecord]) -> str:
    """Share still disordered: a row a class of packing density, a column a class of morphology."""
    classes = [
        [_of_class(records, densities, is_droplet=is_droplet) for is_droplet in (True, False)]
        for densities in DENSITY_CLASSES
    ]
    if not any(itertools.chain.from_iterable(classes)):
        return ""
    with mpl.rc_context(PAGE.settings("paper-pathways")):
        figure = Figure(figsize=(WIDTH_IN, 6.4), layout="constrained")
        grid = figure.subplots(len(classes), 2, sharex=True, sharey=True)
        for row, (low, high) in zip(range(len(classes)), DENSITY_CLASSES, strict=True):
            for column, name in enumerate(("droplets", "rods, sheets, networks")):
                axes = grid[row][column]
                axes.set_title(f"{name}\n{low:g} to {high:g} g/cm³", fontsize=9)
                _draw_pathways(axes, classes[row][column])
        for axes in grid[-1]:
            axes.set_xlabel("hold clock, ps")
        for axes in grid[:, 0]:
            axes.set(ylabel="still disordered", ylim=(-0.03, 1.03))
        grid[0][0].set_xlim(-20.0, 1.05 * FIRST_PS)
        handles = [
            mpl.lines.Line2D([], [], color=colour, linewidth=2, label=EXCHANGE_WORDS[each])
            for each, colour in zip(EVERY_EXCHANGE, GROUP_COLOURS, strict=False)
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2, **TIGHT)
        return themed_svg(figure, "Kaplan-Meier curves by density, morphology and confinement")


def _of_class(
    records: Sequence[TrajectoryRecord], densities: tuple[float, float], *, is_droplet: bool
) -> list[TrajectoryRecord]:
    low, high = densities
    return [
        record
        for record in records
        if low <= record.design.packing_density_g_cm3 < high
        and record.witnessed is not None
        and record.morphology_after_quench is not None
        and (record.morphology_after_quench.percolation_dimension == 0) == is_droplet
    ]


def _draw_pathways(axes: Axes, members: Sequence[TrajectoryRecord]) -> None:
    n_drawn = 0
    for exchange, colour in zip(EVERY_EXCHANGE, GROUP_COLOURS, strict=False):
        seen = [
            record.witnessed
            for record in members
            if record.witnessed is not None
            and (record.design.mass_exchange, record.design.energy_exchange) == exchange
        ]
        if len(seen) < LEAST_IN_CURVE:
            continue
        draw_kaplan_meier(axes, seen, colour)
        n_drawn += 1
    if not n_drawn:
        axes.text(0.5, 0.5, "too few", transform=axes.transAxes, ha="center", fontsize=9)


def matched_svg(matched: Sequence[Trial]) -> str:
    """Incubation of the confined embryo against that of the open one; triangles: not seen."""
    kinds: tuple[Literal["mass", "energy"], ...] = ("mass", "energy")
    pairs = {kind: pairs_of(matched, kind) for kind in kinds}
    if not any(pairs.values()):
        return ""
    with mpl.rc_context(PAGE.settings("paper-matched")):
        figure = Figure(figsize=(WIDTH_IN, 3.1), layout="constrained")
        for axes, kind in zip(figure.subplots(1, 2, sharex=True, sharey=True), kinds, strict=True):
            for confined, opened in itertools.chain.from_iterable(pairs[kind]):
                x, y = _place_ps(opened), _place_ps(confined)
                is_seen = confined.is_observed and opened.is_observed
                axes.plot(
                    x, y, "o" if is_seen else "^", color=GROUP_COLOURS[0], markersize=5,
                    markerfacecolor=None if is_seen else "none", alpha=0.8,
                )  # fmt: skip
            every = itertools.chain.from_iterable(itertools.chain.from_iterable(pairs[kind]))
            longest_ps = max(map(_place_ps, every), default=10.0)
            ends = [4.0, 1.5 * longest_ps]
            axes.plot(ends, ends, color=GROUP_COLOURS[5], linewidth=0.9)
            axes.set(xscale="log", yscale="log", xlabel=f"{kind} open, ps")
            axes.set_ylabel(f"{kind} confined, ps")
        return themed_svg(figure, "Incubation of matched embryos, confined against open")


def ranks_svg(agreements: Sequence[RankAgreement]) -> str:
    """Mean waiting time of each embryo by one potential against that by another."""
    if not agreements:
        return ""
    with mpl.rc_context(PAGE.settings("paper-ranks")):
        figure = Figure(figsize=(WIDTH_IN, 2.9), layout="constrained")
        grid = figure.subplots(1, len(agreements), squeeze=False)
        for axes, each in zip(grid[0], agreements, strict=True):
            x, y = zip(*each.waited_ps, strict=True)
            axes.plot(x, y, "o", color=GROUP_COLOURS[0], markersize=5, alpha=0.8)
            ends = (-0.04 * each.horizon_ps, 1.04 * each.horizon_ps)
            axes.set(xlim=ends, ylim=ends, aspect="equal")
            axes.set_xlabel(f"{each.potentials[0]}, ps", fontsize=9)
            axes.set_ylabel(f"{each.potentials[1]}, ps", fontsize=9)
        return themed_svg(figure, "Mean waiting time of the same embryos by two potentials")


def _place_ps(seen: Incubation) -> float:
    if seen.upper_ps is None:
        return seen.lower_ps
    return max(0.5 * (seen.lower_ps + seen.upper_ps), 5.0 + SHORTEST_SHOWN_PS)


def _by_size(sized: Sequence[TrajectoryRecord]) -> dict[int, list[TrajectoryRecord]]:
    found: dict[int, list[TrajectoryRecord]] = {}
    for record in sorted(sized, key=lambda each: each.design.n_atoms):
        found.setdefault(record.design.n_atoms, []).append(record)
    return found
