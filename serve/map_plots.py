"""The figure of a calibration: what was seen beside what the map says, and what was learnt."""

import io
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from serve.plots import GROUP_COLOURS
from serve.themed_svg import PRINT
from serve.words import told_bridge
from simulate.files import write_atomically
from surrogate.deposition.map_fit import MapFit, ObservationFit, ParameterFit, Quantiles
from surrogate.deposition.maps import Prior

SEEN: Final = GROUP_COLOURS[1]
AFTER: Final = GROUP_COLOURS[0]
BEFORE: Final = GROUP_COLOURS[5]
ALONE: Final = GROUP_COLOURS[2]
SIZE_IN: Final = (10.5, 6.4)
DPI: Final = 150


def write_fit_figure(path: Path, fit: MapFit, priors: dict[str, Prior]) -> None:
    """Write the figure of a fit; the suffix of `path` says as what.

    Args:
        path: `.png` or `.svg`.
        fit: Of a map.
        priors: Of its parameters, by name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(PRINT.settings("map-fit") | {"figure.facecolor": PRINT.paper}):
        figure = Figure(figsize=SIZE_IN, layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=[1.5, 1.0], height_ratios=[1.15, 1.0])
        _draw_observations(figure.add_subplot(grid[:, 0]), fit)
        _draw_parameters(figure.add_subplot(grid[0, 1]), fit, priors)
        _draw_forecast(figure.add_subplot(grid[1, 1]), fit)
        figure.legend(handles=_legend(), loc="outside lower center", ncols=4)
        verdict = "not refuted by" if fit.can_fit else "refuted by"
        figure.suptitle(
            f"Map “{fit.map_name}”, {told_bridge(fit)}: {verdict} what was seen "
            f"(p = {fit.predictive_p:.2g})",
            fontsize=11.5,
        )
        drawn = io.BytesIO()
        suffix = path.suffix.removeprefix(".")
        figure.savefig(
            drawn, format=suffix, dpi=DPI, metadata={"Date": None} if suffix == "svg" else None
        )
    write_atomically(path, drawn.getvalue())


def _draw_observations(axes: Axes, fit: MapFit) -> None:
    rows: list[tuple[str, ObservationFit, int]] = []
    for each in fit.observations:
        if each.readings is not None:
            rows.append((f"{each.name}\n{each.seen}", each, 0))
        else:
            rows.extend(
                (f"{each.name}\n{minutes:g} min of a rising series", each, number)
                for number, minutes in enumerate(c.deposition_time_min for c in each.conditions)
            )
    for place, (_, each, number) in enumerate(rows):
        if each.readings is not None:
            low, high = each.readings
            axes.barh(place, high - low, left=low, height=0.62, color=SEEN, alpha=0.3)
        _bar(axes, place + 0.2, each.crystalline_before[number], BEFORE, 2.0)
        _bar(axes, place - 0.12, each.crystalline[number], AFTER, 4.0)
    axes.set(
        xlim=(-0.02, 1.02),
        ylim=(len(rows) - 0.4, -0.6),
        xlabel="crystalline share: of the area, or of the ribbons counted",
    )
    axes.set_yticks(range(len(rows)), [label for label, *_ in rows], fontsize=8.5)
    axes.set_title("what was seen (mA/cm², min)", fontsize=10)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", left=False)


def _draw_parameters(axes: Axes, fit: MapFit, priors: dict[str, Prior]) -> None:
    labels = []
    for place, each in enumerate(fit.parameters):
        prior = priors[each.name]
        after = _scaled(each.posterior, prior)
        axes.barh(place, 1.0, height=0.5, color=BEFORE, alpha=0.18)
        _bar(axes, place, after, AFTER, 4.0)
        unit = f" {each.unit}" if each.unit else ""
        axes.annotate(
            f"{each.posterior.median:.3g} ({each.posterior.low:.3g} to "
            f"{each.posterior.high:.3g}){unit}; prior {prior.low:g} to {prior.high:g}",
            (0.0, place - 0.3), va="bottom", fontsize=8,
        )  # fmt: skip
        labels.append(_words(each))
    axes.set(xlim=(-0.02, 1.02), ylim=(len(labels) - 0.4, -0.75))
    axes.set_yticks(range(len(labels)), labels, fontsize=8.5)
    axes.set_xlabel("place within the prior")
    axes.set_title("what was learnt", fontsize=10)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", left=False)


def _words(parameter: ParameterFit) -> str:
    name = parameter.name.replace("_mA_cm2", "").replace("_g_cm3", "")
    return name.replace("_", "\n", 1).replace("_", " ")


def _draw_forecast(axes: Axes, fit: MapFit) -> None:
    forecast = fit.forecast
    minutes = [each.deposition_time_min for each in forecast.conditions]
    _band(axes, minutes, forecast.crystalline, ALONE)
    fitted = [each for each in fit.observations if each.readings is None]
    if fitted:
        _band(axes, minutes, fitted[0].crystalline, AFTER)
    for each in fit.observations:
        if each.series == forecast.asked and each.readings is not None:
            low, high = each.readings
            at = each.conditions[0].deposition_time_min
            axes.plot([at, at], [low, high], color=SEEN, linewidth=8, alpha=0.3)
    highest = max(share.high for share in forecast.crystalline)
    axes.set(
        xscale="log", ylim=(0.0, min(1.0, 1.6 * highest)), xlabel="plating time at 0.5 mA/cm², min"
    )
    axes.set_xticks(minutes, [f"{each:g}" for each in minutes])
    axes.minorticks_off()
    axes.set_ylabel("crystalline share")
    axes.set_title("time series, forecast from Fig. 3 alone", fontsize=10)


def _band(axes: Axes, minutes: list[float], shares: tuple[Quantiles, ...], colour: str) -> None:
    axes.fill_between(
        minutes, [s.low for s in shares], [s.high for s in shares], color=colour, alpha=0.18,
        linewidth=0,
    )  # fmt: skip
    axes.plot(minutes, [s.median for s in shares], "o-", color=colour, markersize=4)


def _bar(axes: Axes, place: float, shares: Quantiles, colour: str, width: float) -> None:
    axes.plot([shares.low, shares.high], [place] * 2, color=colour, linewidth=width, alpha=0.75)
    axes.plot(shares.median, place, "o", color=colour, markersize=width + 1.5)


def _scaled(values: Quantiles, prior: Prior) -> Quantiles:
    low, median, high = prior.share(np.array([values.low, values.median, values.high])).tolist()
    return Quantiles(low=low, median=median, high=high)


def _legend() -> list[Patch | Line2D]:
    return [
        Patch(color=SEEN, alpha=0.3, label="seen, with declared tolerance"),
        Line2D([], [], color=BEFORE, marker="o", linewidth=2, label="before (prior), 90 %"),
        Line2D([], [], color=AFTER, marker="o", linewidth=4, label="fitted, 90 %"),
        Line2D([], [], color=ALONE, marker="o", label="given Fig. 3 alone, 90 %"),
    ]
