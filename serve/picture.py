"""One picture of a run, for a README or a slide: two embryos, and when each one ordered."""

import io
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from serve import words
from serve.embryo_picture import (
    STRUCTURE_COLOURS,
    EmbryoView,
    largest_disordered,
    most_crystalline,
    pictured_frames,
    view_of,
)
from serve.plots import draw_incubation
from serve.report_sections import PICTURE_PIXELS, SCALE_BAR_A, STRUCTURE_WORDS
from serve.themed_svg import PRINT
from simulate.errors import GlassyLiError
from simulate.files import write_atomically
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore

SIZE_IN: Final = (10.0, 4.4)
"""Letters of 8 points on ten inches stay legible where a page shows 1000 pixels."""

DOTS_PER_INCH: Final = 160


def write_picture(store: RecordStore, out: Path) -> Path:
    """A wide PNG: a disordered embryo, a crystalline one, incubation time against size.

    Raises:
        GlassyLiError: The store has no answered record, or frames are missing or damaged.
    """
    records = [record for record in store if not record.is_failed]
    if not records:
        raise GlassyLiError(
            f"a picture needs at least one answered record, but {store.path} holds none. "
            "Simulate first."
        )
    settings = PRINT.settings("picture") | {"figure.facecolor": PRINT.paper, "legend.fontsize": 8.0}
    with mpl.rc_context(settings):
        layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
        figure = Figure(figsize=SIZE_IN, layout=layout)
        left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[1.45, 1.0])[0]
        _draw_embryos(left, store, records)
        draw_incubation(right, records, PRINT)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=DOTS_PER_INCH)
    write_atomically(out, picture.getvalue())
    return out


def _draw_embryos(figure: FigureBase, store: RecordStore, records: list[TrajectoryRecord]) -> None:
    chosen = []
    for title, record in (
        ("still disordered", largest_disordered(records)),
        ("crystallised", most_crystalline(records)),
    ):
        if record is not None:
            (last,) = pictured_frames(store, record, [len(record.frames) - 1])
            chosen.append((title, record, view_of(last, record.design)))
    if not chosen:
        raise GlassyLiError(
            f"a picture needs the frames of at least one answered record, but {store.path} holds "
            "none. Simulate anew."
        )
    half_width_A = max(view.half_width_A for *_, view in chosen)
    grid = figure.subplots(1, len(chosen), squeeze=False)
    for axes, (title, record, view) in zip(grid.ravel(), chosen, strict=True):
        _draw_view(axes, view, half_width_A)
        about = words.surroundings(record.design, with_temperature=True)
        axes.set_title(f"{record.design.n_atoms} atoms, {title}", fontsize=12, pad=18)
        axes.annotate(about, (0.5, 1.02), xycoords="axes fraction", ha="center", fontsize=8)
    handles = [
        Line2D([], [], linestyle="none", marker="o", markersize=9, color=STRUCTURE_COLOURS[name])
        for name in STRUCTURE_WORDS
    ]
    figure.legend(handles, list(STRUCTURE_WORDS), loc="outside lower center", ncols=5, fontsize=10)


def _draw_view(axes: Axes, view: EmbryoView, half_width_A: float) -> None:
    """An embryo with its scale bar; lengths on the axes are nanometres."""
    edge_nm = half_width_A / SCALE_BAR_A
    extent = (-edge_nm, edge_nm, -edge_nm, edge_nm)
    axes.imshow(view.image(PICTURE_PIXELS, half_width_A), extent=extent)
    axes.set_axis_off()
    axes.plot([-edge_nm, 1.0 - edge_nm], [-edge_nm] * 2, color=PRINT.ink, linewidth=2.5)
    axes.annotate("1 nm", (0.5 - edge_nm, -0.985 * edge_nm), ha="center", va="bottom", fontsize=9)
