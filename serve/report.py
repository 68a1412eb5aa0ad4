"""One page that tells a run to people: self-contained, readable anywhere, all of it computed."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import matplotlib as mpl
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure, FigureBase
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from serve import report_sections as sections
from serve import words
from serve.embryo_picture import (
    STRUCTURE_COLOURS,
    largest_disordered,
    most_crystalline,
    pictured_frames,
    view_of,
)
from serve.plots import draw_incubation, fraction_svg, incubation_svg
from serve.survival_plot import survival_svg
from serve.themed_svg import PRINT
from simulate.design import EmbryoDesign
from simulate.errors import GlassyLiError
from simulate.files import write_atomically
from simulate.record import TrajectoryRecord
from simulate.settings import validated
from simulate.store import RecordStore
from surrogate.prediction import Prediction, Road
from surrogate.search_result import SearchResult

MOST_ROWS: Final = 500
"""Runs listed in the page; more would make it slow to open."""


class Described(Protocol):
    """A model package, as far as the report asks."""

    def summary(self) -> dict[str, Any]:
        """What a user wants to know first."""


class Forecaster(Protocol):
    """A predictor, as far as the report asks."""

    @property
    def package(self) -> Described:
        """Where its weights came from."""

    def predict_designs(
        self,
        designs: Sequence[EmbryoDesign],
        horizon_ps: float | None = None,
        road: Road = "full",
    ) -> list[Prediction]:
        """The forecast of each design."""


def write_report(
    out: Path,
    *,
    store: RecordStore,
    predictor: Forecaster | None = None,
    search: SearchResult | Mapping[str, Any] | None = None,
    stages: Sequence[Mapping[str, Any]] = (),
    versions: Mapping[str, str] | None = None,
) -> Path:
    """Write the report of a store, and of a model and a search made from it.

    Args:
        out: The HTML file.
        store: Records; may be empty, all failed or all of one outcome.
        predictor: The model trained on them, for predicted survival beside the simulated.
        search: What `search.json` holds.
        stages: `name`, `wall_s` and `what` of each step of the run.
        versions: What it was made with.

    Returns:
        The path written.

    Raises:
        MisuseError: `search` is not what a search writes.
        StoreError: A record is damaged.
    """
    records = list(store)
    seen = [record for record in records if record.witnessed is not None]
    result = None if search is None else validated(SearchResult, search, "search.json")
    scale = records[0].simulated.temperature_scale if records else None
    page = _template().render(
        answer=words.answer(records) + (words.best_conditions(result) if result else []),
        counts=_counts(records),
        protocol=words.protocol_sentences(store.protocol, scale),
        pictures=sections.pictures(store, records),
        legend=sections.legend(),
        incubation_svg=incubation_svg(seen),
        fraction_svg=fraction_svg(records),
        model=_model(predictor, seen) if predictor else None,
        search=result,
        rows=sections.run_rows(records)[:MOST_ROWS],
        n_records=len(records),
        failures=sections.failures(records),
        stages=sections.stage_rows(stages),
        versions=dict(versions or {}),
        limits=sections.limits(records),
    )
    write_atomically(out, page)
    return out


def _template() -> Any:  # noqa: ANN401 - jinja2's Template
    environment = Environment(
        loader=PackageLoader("serve"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def _counts(records: Sequence[TrajectoryRecord]) -> list[tuple[int, str, str]]:
    """Number, words and kind of every outcome, for the row of large numbers."""
    of_outcome = {
        kind: sum(r.outcome == kind for r in records)
        for kind in ("crystalline", "ordering", "glassy", "liquid")
    }
    return [
        (len(records), "trajectories run", "all"),
        (of_outcome["crystalline"], "crystallised", "crystalline"),
        (of_outcome["ordering"], "ordering at the end", "crystalline"),
        (of_outcome["liquid"], "disordered, flowing", "liquid"),
        (of_outcome["glassy"], "disordered, arrested", "glassy"),
        (sum(r.is_failed for r in records), "failed", "failed"),
    ]


def _model(predictor: Forecaster, answered: Sequence[TrajectoryRecord]) -> dict[str, Any]:
    """The model in a few words, and its survival curves for the designs that were simulated."""
    summary = predictor.package.summary()
    unique = {record.design.key: record.design for record in answered}
    designs = list(unique.values())
    forecasts = predictor.predict_designs(designs, road="fast") if designs else []
    of_design = dict(zip(unique, forecasts, strict=True))
    return {
        "label": summary.get("model", ""),
        "n_members": summary.get("n_members"),
        "n_records": summary.get("n_records"),
        "n_designs": summary.get("n_designs"),
        "svg": survival_svg(answered, [of_design[record.design.key] for record in answered]),
    }


def write_readme_picture(store: RecordStore, out: Path) -> Path:
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
    with mpl.rc_context(PRINT.settings("readme") | {"figure.facecolor": PRINT.paper}):
        layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15)
        figure = Figure(figsize=(16.0, 7.0), layout=layout)
        left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[1.25, 1.0])[0]
        _draw_embryos(left, store, records)
        draw_incubation(right, records, PRINT, legend_columns=2)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=100)
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
        edge_nm = half_width_A / sections.SCALE_BAR_A
        axes.imshow(
            view.image(sections.PICTURE_PIXELS, half_width_A), extent=[-edge_nm, edge_nm] * 2
        )
        axes.set_title(f"{record.design.n_atoms} atoms, {title}", fontsize=14)
        axes.set_axis_off()
        axes.plot([-edge_nm, 1.0 - edge_nm], [-edge_nm] * 2, color=PRINT.ink, linewidth=3)
        axes.annotate("1 nm", (0.5 - edge_nm, -0.985 * edge_nm), ha="center", va="bottom")
    handles = [
        Line2D([], [], linestyle="none", marker="o", markersize=11, color=colour)
        for colour in STRUCTURE_COLOURS.values()
    ]
    figure.legend(
        handles, list(STRUCTURE_COLOURS), loc="outside lower center", ncols=5, fontsize=12
    )
