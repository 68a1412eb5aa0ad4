"""The report says what the records say, keeps to itself, and survives every kind of store."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from synthetic import (
    ALWAYS,
    NEVER,
    SHORT_PROTOCOL,
    Truth,
    lithium,
    synthetic_record,
    synthetic_store,
)
from truth_forecaster import TruthForecaster, TruthPackage

from serve.console import Console
from serve.picture import write_picture
from serve.report import write_report
from serve.views import tell_search
from simulate.errors import GlassyLiError, MisuseError
from simulate.record import Mobility
from simulate.store import RecordStore, create_or_open
from surrogate.deposition.conditions import DepositionConditions
from surrogate.prediction import Applicability
from surrogate.search.ranking import ranking_rule
from surrogate.search.config import SearchConfig
from surrogate.search.result import LeastViolation, RankedConditions, SearchResult

LARGEST_PAGE_BYTES = 3_000_000
VOID = {"meta", "img", "br", "link", "input", "hr"}

ARRESTED = Mobility(
    window_ps=10.0,
    n_windows=10,
    bond_persistence=0.97,
    diffusivity_cm2_s=1.0e-6,
    half_ps=80.0,
    persistence_over_half=0.9,
    persistence_spread=0.05,
    n_origins=10,
)


class Page(HTMLParser):
    """Tags that are left open, text that is shown, and addresses that a browser would fetch."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.fetched: list[str] = []
        self.headings: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            is_link = tag == "a" and name == "href"
            if name in {"src", "href", "srcset", "data", "action"} and not is_link:
                self.fetched.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.words.append(data)
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    designs = [lithium(120), lithium(160), lithium(240, mass_exchange="confined")]
    return synthetic_store(tmp_path_factory.mktemp("r") / "store", designs, n_failed=1)


@pytest.fixture(scope="module")
def whole(store: RecordStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of everything there can be in one."""
    return write_report(
        tmp_path_factory.mktemp("whole") / "report.html",
        store=store,
        predictor=TruthForecaster(),
        search=search_result().model_dump(mode="json"),
        stages=[{"name": "simulate", "wall_s": 30.0, "what": "7 trajectories"}],
        versions={"glassyli": "0.1.0"},
    )


def search_result(**changes: Any) -> SearchResult:
    conditions = DepositionConditions(current_density_mA_cm2=0.25, deposition_time_min=12.0)
    best = RankedConditions(
        rank=1,
        conditions=conditions,
        local_current_density_mA_cm2=0.25,
        capacity_mAh_cm2=conditions.capacity_mAh_cm2,
        deposited_atoms_per_nm2=conditions.deposited_atoms_per_nm2,
        glassy_share=0.61,
        glassy_share_interval=(0.42, 0.78),
        applicability=Applicability(is_inside=False, distance=1.5, reasons=["Too few <atoms>."]),
        clipped_share=0.0,
        clipped=(),
        embryos=(),
    )
    values = {
        "config": SearchConfig(),
        "model": "m",
        "horizon_ps": 200.0,
        "horizon_statement": "At 200 ps.",
        "assumption": "Sizes are guessed.",
        "n_trials": 40,
        "n_feasible": 31,
        "ranked": (best,),
        "least_violation": None,
        "horizon_checks": (),
        "notes": ("The corner is trivial.",),
    }
    return SearchResult.model_validate(values | changes)


def test_the_whole_report_is_one_page_that_fetches_nothing(whole: Path) -> None:
    page = Page(whole)
    assert not page.open
    assert all(address.startswith(("data:image/", "#")) for address in page.fetched)
    assert any(address.startswith("data:image/webp") for address in page.fetched)
    html = whole.read_text(encoding="utf-8")
    assert not re.search(r"url\(\s*['\"]?(?!#)", html)
    assert "<script" not in html
    assert "@import" not in html
    assert whole.stat().st_size < LARGEST_PAGE_BYTES
    assert len(page.headings) == 8


def test_the_answer_is_counted_from_the_records(store: RecordStore, whole: Path) -> None:
    text = Page(whole).text
    answered = [record for record in store if not record.is_failed]
    n_crystalline = sum(record.outcome == "crystalline" for record in answered)
    largest = max(r.design.n_atoms for r in answered if r.outcome != "crystalline")
    assert f"Of {len(answered)} simulated embryos, {n_crystalline} crystallised" in text
    assert "1 further run failed" in text
    assert f"The largest that stayed disordered had {largest} atoms" in text


def test_failures_are_shown_with_their_cause(whole: Path) -> None:
    text = Page(whole).text
    assert "lost atoms in the hold stage" in text
    assert "atoms were lost" in text


def test_every_run_is_in_the_table(store: RecordStore, whole: Path) -> None:
    html = whole.read_text(encoding="utf-8")
    for record in store:
        assert f"<code>{record.trajectory_id[:8]}</code>" in html


def test_what_others_wrote_is_shown_as_text(whole: Path) -> None:
    assert "Too few &lt;atoms&gt;." in whole.read_text(encoding="utf-8")


def test_a_search_is_told_with_its_assumption_and_horizon(whole: Path) -> None:
    text = Page(whole).text
    for said in ("0.61", "0.42 to 0.78", "Sizes are guessed.", "At 200 ps.", "The corner is"):
        assert said in text


def test_a_search_says_each_thing_once(store: RecordStore, tmp_path: Path) -> None:
    rule = ranking_rule(SearchConfig())
    (best,) = search_result().ranked
    twice = search_result(
        ranked=(best, best.model_copy(update={"rank": 2})), notes=(rule, "The corner is trivial.")
    )
    text = Page(write_report(tmp_path / "r.html", store=store, search=twice)).text
    assert text.count(rule) == 1
    assert text.index(rule) < text.index("area factor") < text.index("The corner is")
    assert text.count("Too few <atoms>.") == 1
    assert "Ranks 1, 2: Too few <atoms>." in text


def test_a_search_is_told_once_with_its_rule_above_and_reasons_below_the_table(
    capfd: pytest.CaptureFixture[str],
) -> None:
    rule = ranking_rule(SearchConfig())
    tell_search(Console(), search_result(notes=(rule, "The corner is trivial.")))
    said = capfd.readouterr().out
    assert said.count(rule) == 1
    assert said.index(rule) < said.index("disordered share")
    assert "not in the data: Rank 1: Too few <atoms>." in said
    assert said.index("disordered share") < said.index("Too few")
    assert "40 trials, 31 feasible" in said


def test_the_model_card_is_in_the_page_below_its_headings(
    store: RecordStore, tmp_path: Path
) -> None:
    card = "# truth\n\n| road | skill |\n| --- | --- |\n| full | 0.47 |\n\n<b>raw</b> ![x](http://x/y)\n"
    model = TruthForecaster(package=TruthPackage(card_text=card))
    html = write_report(tmp_path / "r.html", store=store, predictor=model).read_text()
    details = html[html.index("<details") : html.index("</details>")]
    assert "<h3>truth</h3>" in details
    assert "<td>0.47</td>" in details
    assert "&lt;b&gt;raw&lt;/b&gt;" in details
    assert "<img" not in details


def test_captions_say_what_is_pictured(tmp_path: Path) -> None:
    one = synthetic_store(tmp_path / "store", [lithium(120)], n_replicas=1, truth=NEVER)
    text = Page(write_report(tmp_path / "r.html", store=one)).text
    assert "120 atoms (0.0534 g/cm³, periodic, thermostatted, 300 K), 200 ps into the hold" in text
    assert "1 trajectory run" in text


@pytest.mark.parametrize("truth", [ALWAYS, NEVER])
def test_one_outcome_alone_gives_a_page(truth: Truth, tmp_path: Path) -> None:
    one = synthetic_store(tmp_path / "store", [lithium(120)], truth=truth)
    page = Page(write_report(tmp_path / "r.html", store=one, predictor=TruthForecaster()))
    assert not page.open
    sentence = "2 crystallised, 2 of them already" if truth is ALWAYS else "0 crystallised, and 2"
    assert sentence in page.text


def test_an_empty_store_gives_a_page_that_says_so(tmp_path: Path) -> None:
    empty = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    page = Page(write_report(tmp_path / "r.html", store=empty, predictor=TruthForecaster()))
    assert "holds no trajectory yet" in page.text
    assert "What this does not say" in page.headings


def test_a_store_of_failures_gives_a_page_that_says_so(tmp_path: Path) -> None:
    failed = synthetic_store(tmp_path / "store", [lithium(120)], n_replicas=0, n_failed=2)
    page = Page(write_report(tmp_path / "r.html", store=failed))
    assert "2 of 2 simulated embryos failed" in page.text
    assert "Runs without an answer" in page.headings


def test_damaged_frames_become_a_sentence(tmp_path: Path) -> None:
    one = synthetic_store(tmp_path / "store", [lithium(120)], n_replicas=1, truth=NEVER)
    for frames in (one.path / "frames").iterdir():
        frames.write_bytes(b"torn")
    page = Page(write_report(tmp_path / "r.html", store=one))
    assert "A picture is missing" in page.text


def test_a_search_without_a_feasible_condition_says_what_came_nearest(tmp_path: Path) -> None:
    empty = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    nearest = LeastViolation(
        conditions=DepositionConditions(current_density_mA_cm2=1.0, deposition_time_min=1.0),
        violations={"capacity": 0.2},
        sentence="Nearest: 0.2 mAh/cm2 short.",
    )
    none = search_result(ranked=(), n_feasible=0, least_violation=nearest)
    text = Page(write_report(tmp_path / "r.html", store=empty, search=none)).text
    assert "No condition of 40 met every requirement. Nearest: 0.2 mAh/cm2 short." in text


def test_a_foreign_search_file_is_refused(store: RecordStore, tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match=r"search\.json"):
        write_report(tmp_path / "r.html", store=store, search={"ranked": []})


def test_arrested_and_flowing_are_told_apart(tmp_path: Path) -> None:
    source = synthetic_store(tmp_path / "source", [lithium(120)], n_replicas=1, truth=NEVER)
    (record,) = source
    arrested = {"outcome": "glassy", "mobility": ARRESTED}
    target = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    target.append(record.model_copy(update={**arrested, "frames_file": None}))
    text = Page(write_report(tmp_path / "r.html", store=target)).text
    assert "1 had arrested" in text
    assert "0 still flowed" in text
    assert "still together after half of the disordered hold" in text


def test_clusters_that_linger_are_not_counted_with_the_crystals(tmp_path: Path) -> None:
    target = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    target.append(
        synthetic_record(lithium(120), 1, NEVER).model_copy(update={"outcome": "ordering"})
    )
    html = write_report(tmp_path / "r.html", store=target).read_text(encoding="utf-8")
    assert '<li class="crystalline"><b>0</b><span>crystallised' in html
    assert '<li class="ordering"><b>1</b><span>clusters linger' in html


def test_the_picture_is_wide_light_and_small(store: RecordStore, tmp_path: Path) -> None:
    out = write_picture(store, tmp_path / "picture.png")
    picture = Image.open(out).convert("RGB")
    assert picture.size == (1600, 704)
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert out.stat().st_size < 500_000


def test_a_picture_without_frames_is_refused(tmp_path: Path) -> None:
    target = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    target.append(synthetic_record(lithium(120)))
    with pytest.raises(GlassyLiError, match="the frames of at least one"):
        write_picture(target, tmp_path / "picture.png")


def test_a_picture_of_nothing_is_refused(tmp_path: Path) -> None:
    empty = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    with pytest.raises(GlassyLiError, match="at least one answered record"):
        write_picture(empty, tmp_path / "picture.png")
