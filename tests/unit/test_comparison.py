"""The comparison at landmarks: nobody is judged by who saw him, and the page says it all."""

import re
from pathlib import Path

import numpy as np
import pytest
from synthetic import (
    QUICK_TRAINING,
    SHORT_PROTOCOL,
    Truth,
    synthetic_designs,
    synthetic_package,
    synthetic_store,
)

from serve.evaluation_markdown import markdown
from serve.evaluation_page import write_evaluation_page
from serve.evaluation_view import Answer
from serve.evaluation_words import is_best, place, place_over, verdict
from simulate.errors import MisuseError
from simulate.store import RecordStore
from surrogate.package import Package, read_package
from train.comparison import Comparison, compare_package, compare_repeats, why_not
from train.dataset import TrainingSet
from train.fit import assemble
from train.judges import Judges
from train.member import fit_member
from train.panel import BASELINES, NEEDS_SKSURV, Panel, Table, panels
from train.records import independent, read_records
from train.scores import Answers
from train.standing import MODEL

TRUTH = Truth(median_ps=150.0)
Trained = tuple[RecordStore, Package, Path]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("landmarks")
    store = synthetic_store(folder / "store", synthetic_designs(24), 1, TRUTH)
    synthetic_package(folder / "model", store)
    return store, read_package(folder / "model"), folder


@pytest.fixture(scope="module")
def found(trained: Trained) -> Comparison:
    return compare_package([trained[0]], trained[1])


def every_panel(store: RecordStore) -> list[Panel]:
    return panels([(store, each) for each in independent(store)])


@pytest.fixture(scope="module")
def packing(trained: Trained) -> Panel:
    return every_panel(trained[0])[0]


def test_panels_are_of_those_who_wait(trained: Trained) -> None:
    everybody = {each.landmark: each for each in every_panel(trained[0])}
    assert len(everybody["packing"].asked) == 24
    for panel in everybody.values():
        assert panel.structure.features.shape[1] > panel.design.features.shape[1]
        assert len(panel.atoms) == len(panel.asked)
        assert panel.frames_ps[-1] == panel.horizon_ps


def test_a_judge_never_saw_the_design(trained: Trained, packing: Panel) -> None:
    """Spoiling the one member that left a part out changes the forecasts of that part alone."""
    package = trained[1]
    judges = Judges.of(package)
    before = judges.forecast(packing)(np.full(24, 100.0))
    spoilt = Package(
        package.manifest,
        {
            name: each + 1.0 if name.startswith("members.0.linear.bias") else each
            for name, each in package.weights.items()
        },
        "",
    )
    has_changed = Judges.of(spoilt).forecast(packing)(np.full(24, 100.0)) != before
    assert has_changed.tolist() == (judges.part(packing.keys) == 0).tolist()


def test_members_judge_their_own_part_where_nobody_of_the_others_waits(
    trained: Trained, packing: Panel
) -> None:
    judges = Judges.of(trained[1])
    rows = np.flatnonzero(judges.part(packing.keys) == 0)
    few = Panel(
        packing.landmark, [packing.asked[row] for row in rows], [packing.atoms[row] for row in rows]
    )
    alone = judges.forecast(few)(np.full(len(rows), 100.0))
    together = judges.forecast(packing)(np.full(24, 100.0))
    assert alone == pytest.approx(together[rows], rel=1.0e-6)


def test_of_a_new_design_everybody_judges_and_nobody_teaches(
    trained: Trained, packing: Panel
) -> None:
    judges = Judges.of(trained[1])
    keys = [*packing.keys[:2], "new"]
    assert judges.is_judge(keys)[:, 2].all()
    assert (judges.is_judge(keys)[:, :2].sum(axis=0) == 1).all()
    chosen = judges.training_rows(packing.keys)
    assert not chosen[judges.part(packing.keys), np.arange(24)].any()


def test_a_package_that_does_not_note_its_parts_has_no_judges(trained: Trained) -> None:
    store, package, _ = trained
    silent = Package(package.manifest.model_copy(update={"parts": None}), package.weights, "")
    assert "which members left them out" in why_not([store], silent)
    keys = [design.key for design in package.manifest.domain.designs]
    assert not Judges.of(silent).is_judge(keys).any()
    assert Judges.of(silent).is_judge(["new"]).all()


def test_all_forecasters_are_scored_at_every_landmark(found: Comparison) -> None:
    assert found.kind == "judges"
    assert found.landmarks[0].landmark == "packing"
    assert found.n_judges == 1
    for each in found.landmarks:
        assert set(each.standings) == {MODEL, *BASELINES}
        assert [n for n, s in each.standings.items() if s.model_over is None] == [MODEL]
    assert set(found.pooled) == {MODEL, *BASELINES}
    assert found.pooled[MODEL].n_rows == sum(each.n_waiting for each in found.landmarks)
    assert found.pooled[MODEL].n_distinct_events <= found.landmarks[0].n_ordered
    assert Comparison.model_validate_json(found.model_dump_json()) == found


def only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Fit these baselines and no others, which takes most of the time of a comparison."""
    few = {name: BASELINES[name] for name in names}
    monkeypatch.setattr("train.comparison.BASELINES", few)


def test_baselines_that_need_a_library_are_left_out_without_it(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, "nucleation", *NEEDS_SKSURV)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    without = compare_package([trained[0]], trained[1])
    assert set(without.landmarks[0].standings) == {MODEL, "nucleation"}
    assert any("glassyli[evaluate]" in note for note in without.notes)


def test_a_part_of_what_was_learnt_from_is_judged_by_those_that_left_it_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer holds are learnt from whole, and scored as far as all were watched."""
    only(monkeypatch, "law (design)", "nucleation")
    longer = SHORT_PROTOCOL.model_copy(update={"hold_ps": 800.0})
    stores = [
        synthetic_store(tmp_path / name, synthetic_designs(20, seed=seed), 1, TRUTH, protocol)
        for name, seed, protocol in (("short", 0, SHORT_PROTOCOL), ("long", 7, longer))
    ]
    records = read_records(stores)
    data = TrainingSet.of(records, QUICK_TRAINING.snapshots_per_run)
    members = range(QUICK_TRAINING.n_members)
    fits = [fit_member(data, QUICK_TRAINING, number) for number in members]
    package = assemble(records, data, fits, QUICK_TRAINING, "of two holds")

    part, whole = (compare_package(each, package) for each in (stores[:1], stores))
    assert part.kind == whole.kind == "judges"
    assert any("20 designs more" in note for note in part.notes)
    assert not any("designs more" in note for note in whole.notes)
    first = whole.landmarks[0]
    assert first.horizon_ps < SHORT_PROTOCOL.hold_ps
    seen = [record.witnessed for _, record in records.answered]
    by_horizon = [s for s in seen if s.is_observed and s.upper_ps <= first.horizon_ps]
    assert first.n_ordered == len(by_horizon) < sum(s.is_observed for s in seen)
    backwards = compare_package(stores[::-1], package)
    for name in (MODEL, "law (design)", "nucleation"):
        there, here = (each.landmarks[0].standings[name] for each in (backwards, whole))
        assert there.scores.log.model == pytest.approx(here.scores.log.model, rel=1e-3), name


def test_an_answer_for_programs_has_one_shape_whatever_was_asked(found: Comparison) -> None:
    whole, none = Answer(at_landmarks=found).as_json(), Answer(not_at_landmarks="few").as_json()
    assert list(whole) == list(none) == ["parts", "at_landmarks", "not_at_landmarks", "by_design"]
    assert (whole["parts"], none["parts"]) == (["at_landmarks"], [])
    assert whole["at_landmarks"]["kind"] == "judges"
    page = Path(__file__).parents[2] / "docs" / "evaluation-json.md"
    assert all(f"| `{name}` |" in page.read_text("utf-8") for name in whole)


@pytest.mark.slow
def test_a_store_of_new_designs_is_judged_by_all_beside_kaplan_meier(
    trained: Trained, tmp_path: Path
) -> None:
    other = synthetic_store(tmp_path / "other", synthetic_designs(24, seed=9), 1, TRUTH)
    new = compare_package([other], trained[1])
    assert new.kind == "new"
    assert new.n_designs_in_training == 0
    assert set(new.landmarks[0].standings) == {MODEL}
    assert new.n_judges == trained[1].manifest.n_members
    assert new.ceiling is None
    assert "baselines are fitted" not in markdown(new)
    page = write_evaluation_page(tmp_path / "page.html", new).read_text("utf-8")
    assert "24 of the designs are new" in page


def test_a_store_in_which_hardly_anybody_waits_is_refused(trained: Trained, tmp_path: Path) -> None:
    small = synthetic_store(tmp_path / "small", synthetic_designs(3), 1)
    assert "at most 3 do" in why_not([small], trained[1])
    assert not why_not([trained[0]], trained[1])
    with pytest.raises(MisuseError, match="needs 20 embryos"):
        compare_package([small], trained[1])


@pytest.mark.slow
def test_repeats_are_averaged_and_their_spread_is_told(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, "nucleation")
    store, first, _ = trained
    other = synthetic_package(
        tmp_path / "again", store, QUICK_TRAINING.model_copy(update={"seed": 5})
    )
    found = compare_repeats([store], [first, other])
    assert found.kind == "repeats"
    assert found.n_repeats == 2
    spread = found.landmarks[0].standings[MODEL].over_repeats
    assert spread is not None
    assert {each.n_repeats for each in spread.values()} == {2}
    assert "log skill" in spread
    small = synthetic_store(tmp_path / "small", synthetic_designs(3), 1)
    with pytest.raises(MisuseError, match="every repeat must have learnt"):
        compare_repeats([small], [first])


def test_answers_of_repeats_are_averaged_row_by_row(packing: Panel) -> None:
    sure = Table.of(lambda times_ps: np.where(times_ps >= 0.0, 1.0, 0.0), packing)
    never = Table.of(lambda times_ps: np.zeros(len(times_ps)), packing)
    mean = Table.mean([sure, never, never])
    assert mean.answers.p_ordered == pytest.approx(np.full(24, 2.0 / 3.0))
    assert mean.at_frames == pytest.approx(np.full_like(mean.at_frames, 1.0 / 3.0))
    assert isinstance(mean.answers, Answers)
    for edges in mean.edges(packing):
        assert edges[0] == 1.0
        assert edges[-1] == 0.0
        assert (np.diff(edges) <= 0.0).all()


def test_the_verdict_says_where_a_baseline_is_clearly_better(found: Comparison) -> None:
    first = found.landmarks[0]
    standing = first.standings["law (design)"]
    assert standing.model_over is not None
    assert standing.model_over.integrated_brier is not None
    for ends, expected in (((-0.3, -0.1), "behind"), ((-0.1, 0.1), "level"), ((0.1, 0.3), "ahead")):
        score = standing.model_over.integrated_brier.model_copy(update={"skill_interval": ends})
        assert place_over(score) == expected
        over = standing.model_over.model_copy(update={"integrated_brier": score})
        moved = standing.model_copy(update={"model_over": over})
        changed = first.standings | {"law (design)": moved}
        here = first.model_copy(update={"standings": changed})
        where, better = place(here, "integrated_brier")
        if expected == "behind":
            assert where == "behind"
            assert "law (design)" in better
            said = verdict(found.model_copy(update={"landmarks": [here]}))
            assert "clearly behind at the one moment asked" in said[0]
            assert "law (design)" in said[0]
    best = max(first.standings, key=lambda name: first.standings[name].scores.log.skill or -9.0)
    assert is_best(first, "log") == (best == MODEL)


def test_the_markdown_holds_every_forecaster_at_every_landmark(found: Comparison) -> None:
    text = markdown(found)
    assert "baselines are fitted to the same parts of the data" in text
    for sentence in verdict(found):
        assert sentence in text
    for name in (MODEL, *BASELINES):
        assert text.count(f"| {name} |") == len(found.landmarks)


def test_the_page_is_whole_and_fetches_nothing(found: Comparison, tmp_path: Path) -> None:
    page = write_evaluation_page(tmp_path / "page.html", found).read_text("utf-8")
    assert page.count("<svg") == 5
    for sentence in verdict(found):
        assert sentence.split(",")[0] in page
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert len(page) < 1_000_000
    for each in found.landmarks:
        assert f"{each.n_waiting} wait" in page
