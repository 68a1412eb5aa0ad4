"""One page that tells a run to people: self-contained, readable anywhere, all of it computed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from markdown_it import MarkdownIt

from serve import report_sections as sections
from serve import words
from serve.pages import template
from serve.plots import fraction_svg, incubation_svg
from serve.survival_plot import survival_svg
from simulate.design import EmbryoDesign
from simulate.files import write_atomically
from simulate.record import TrajectoryRecord
from simulate.settings import validated
from simulate.store import RecordStore
from surrogate.prediction import Prediction, Road
from surrogate.search.ranking import ranking_rule
from surrogate.search.result import SearchResult

MOST_ROWS: Final = 500
"""Runs listed in the page; more would make it slow to open."""


class Described(Protocol):
    """A model package, as far as the report asks."""

    @property
    def card_text(self) -> str:
        """The model card, Markdown."""

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
    page = template("report.html", count=words.count, reasons_by_rank=words.reasons_by_rank).render(
        answer=words.answer(records) + (words.best_conditions(result) if result else []),
        counts=_counts(records),
        protocol=words.protocol_sentences(store.protocol, scale),
        pictures=sections.pictures(store, records),
        legend=sections.legend(),
        incubation_svg=incubation_svg(seen),
        fraction_svg=fraction_svg(records),
        model=_model(predictor, seen) if predictor else None,
        search=result,
        search_rule=ranking_rule(result.config) if result else "",
        rows=sections.run_rows(records)[:MOST_ROWS],
        n_records=len(records),
        failures=sections.failures(records),
        stages=sections.stage_rows(stages),
        versions=dict(versions or {}),
        limits=sections.limits(records),
    )
    write_atomically(out, page)
    return out


def _counts(records: Sequence[TrajectoryRecord]) -> list[tuple[int, str, str]]:
    """Number, words and kind of every outcome, for the row of large numbers."""
    of_outcome = {
        kind: sum(r.outcome == kind for r in records)
        for kind in ("crystalline", "ordering", "glassy", "liquid")
    }
    return [
        (len(records), f"{words.plural(len(records), 'trajectory')} run", "all"),
        (of_outcome["crystalline"], "crystallised", "crystalline"),
        *(
            (of_outcome[kind], words.OUTCOME_WORDS[kind], kind)
            for kind in ("ordering", "liquid", "glassy")
        ),
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
        "label": summary["model"],
        "n_members": summary["n_members"],
        "n_records": summary["n_records"],
        "n_designs": summary["n_designs"],
        "svg": survival_svg(answered, [of_design[record.design.key] for record in answered]),
        "card": _card_html(predictor.package.card_text),
    }


def _card_html(markdown: str) -> str:
    """A model card inside the page: HTML in it stays text, and it fetches no images."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = reader.parse(markdown)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1:]) + 2, 6)}"  # below the page's own headings
    return str(reader.renderer.render(tokens, reader.options, {}))
