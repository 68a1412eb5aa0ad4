"""Statements judged on drawn records whose truth is known, and the page that tells them."""

import json
import re
from pathlib import Path

import pytest
from command_line import glassyli
from synthetic import NEVER, SHORT_PROTOCOL, Truth, lithium, synthetic_store

from serve.paper_page import write_paper_page
from serve.paper_plots import matched_svg
from simulate.branching import EVERY_EXCHANGE
from simulate.record import Parent, TrajectoryRecord
from simulate.store import RecordStore
from train.matched import Trial, pairs_of, trials
from train.paper import expedites, held_in, of_the_paper, scoreboard
from train.paper_size import MOST_ATOMS, size_series, threshold
from train.resampling import Estimate
from train.statement import Statement, above, below

SIZES = (150, 300, 700)
LONG = SHORT_PROTOCOL.model_copy(update={"hold_ps": 5000.0, "frame_every_ps": 100.0})


def sized_store(path: Path, truth: Truth) -> RecordStore:
    designs = [lithium(n_atoms=n) for n in SIZES]
    return synthetic_store(path, designs, 8, truth, LONG, has_frames=False)


@pytest.fixture(scope="module")
def sooner(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    """Larger embryos order sooner, half of them by 5 ns between the sizes that are run."""
    truth = Truth(quench_logit=-50.0, median_ps=90_000.0, size_exponent=3.5, cure=0.0, shape=1.0)
    designs = [lithium(n_atoms=n) for n in SIZES]
    folder = tmp_path_factory.mktemp("sooner") / "store"
    return synthetic_store(folder, designs, 8, truth, LONG)


@pytest.fixture(scope="module")
def board(sooner: RecordStore) -> list[Statement]:
    return scoreboard(of_the_paper(held_in([sooner])))


def by_measure(board: list[Statement], word: str) -> Statement:
    (found,) = [each for each in board if word in each.measure]
    return found


def test_embryos_that_wait_less_when_larger_support_it(board: list[Statement]) -> None:
    found = by_measure(board, "hazard ratio for twice")
    assert found.verdict == "supported"
    assert found.found.value > 2.0


def test_a_threshold_where_half_order_is_found(board: list[Statement]) -> None:
    found = by_measure(board, "half have ordered")
    assert 150.0 < found.found.value < 700.0
    assert "150, 300, 700" in found.remark


def of_sizes(tmp_path: Path, ordered: dict[int, int], n: int = 8) -> Statement:
    """So many of each size order at once, the others never."""
    soon = Truth(quench_logit=-50.0, median_ps=300.0, cure=0.0)
    records = []
    for number, (n_atoms, n_ordered) in enumerate(ordered.items()):
        for truth, count in ((soon, n_ordered), (NEVER, n - n_ordered)):
            folder = tmp_path / f"{number}{count}{truth.cure}"
            made = synthetic_store(
                folder, [lithium(n_atoms=n_atoms)], count, truth, LONG, has_frames=False
            )
            records += list(made)
    return threshold(records)


@pytest.mark.parametrize(
    ("ordered", "verdict", "interval"),
    [
        ({700: 0}, "undecided", (700.0, MOST_ATOMS)),
        ({700: 8}, "undecided", (0.0, 700.0)),
        ({500: 0, 700: 8}, "supported", (500.0, 700.0)),
        ({700: 0, 1000: 8}, "supported", (700.0, 1000.0)),
        ({300: 0, 500: 0}, "undecided", (500.0, MOST_ATOMS)),
        ({150: 0, 300: 8, 700: 8}, "contradicted", (150.0, 300.0)),
        ({1000: 0, 1500: 8}, "contradicted", (1000.0, 1500.0)),
    ],
)
def test_a_threshold_lies_between_sizes_that_were_run_or_is_open(
    tmp_path: Path, ordered: dict[int, int], verdict: str, interval: tuple[float, float]
) -> None:
    found = of_sizes(tmp_path, ordered)
    assert found.verdict == verdict
    assert found.found.interval == interval


def test_half_ordered_at_every_size_decides_nothing(tmp_path: Path) -> None:
    found = of_sizes(tmp_path, dict.fromkeys((300, 700, 1500), 4))
    assert found.verdict == "undecided"


def test_one_run_decides_nothing(tmp_path: Path) -> None:
    one = synthetic_store(tmp_path / "s", [lithium()], 1, Truth(quench_logit=50.0), LONG)
    assert {each.verdict for each in scoreboard(of_the_paper(held_in([one])))} == {"undecided"}


def test_embryos_that_wait_more_when_larger_contradict_it(tmp_path: Path) -> None:
    truth = Truth(quench_logit=-50.0, median_ps=500.0, size_exponent=-2.0, cure=0.0, shape=1.0)
    found = scoreboard(of_the_paper(held_in([sized_store(tmp_path / "store", truth)])))
    assert by_measure(found, "hazard ratio for twice").verdict == "contradicted"


def test_order_in_the_quench_contradicts_that_there_is_none(tmp_path: Path) -> None:
    found = scoreboard(
        of_the_paper(held_in([sized_store(tmp_path / "store", Truth(quench_logit=50.0))]))
    )
    assert by_measure(found, "in the quench").verdict == "contradicted"


def test_none_in_the_quench_supports_it(board: list[Statement]) -> None:
    assert by_measure(board, "in the quench").verdict == "supported"


def test_without_records_everything_is_undecided(tmp_path: Path) -> None:
    empty = synthetic_store(tmp_path / "store", [], 1)
    assert {each.verdict for each in scoreboard(of_the_paper(held_in([empty])))} == {"undecided"}


def test_the_size_series_is_of_the_papers_conditions_only(tmp_path: Path) -> None:
    other = lithium(n_atoms=300, mass_exchange="confined")
    store = synthetic_store(tmp_path / "store", [lithium(n_atoms=300), other], 2, NEVER, LONG)
    assert {each.design.mass_exchange for each in size_series(list(store))} == {"open"}
    brief = synthetic_store(tmp_path / "brief", [lithium(n_atoms=300)], 2, NEVER)
    assert size_series(list(brief)) == []


def trial(tmp_path: Path, truths: dict[str, Truth], number: int) -> list[TrajectoryRecord]:
    """One droplet under four confinements; `truths` by the exchange of energy."""
    start = Parent(trajectory_id=f"{number:016x}", frame_number=3, time_ps=0.0, start_sha256="0")
    found = []
    for mass, energy in EVERY_EXCHANGE:
        design = lithium(150 + number, 0.12, mass_exchange=mass, energy_exchange=energy)
        folder = tmp_path / f"{number}{mass}{energy}"
        store = synthetic_store(folder, [design], 1, truths[energy], has_frames=False)
        (record,) = store
        found.append(record.model_copy(update={"parent": start}))
    return found


@pytest.mark.parametrize(
    ("quick", "verdict"), [("confined", "supported"), ("open", "contradicted")]
)
def test_matched_pairs_tell_which_confinement_is_quick(
    tmp_path: Path, quick: str, verdict: str
) -> None:
    truths = dict.fromkeys(("open", "confined"), NEVER)
    truths[quick] = Truth(quench_logit=-50.0, median_ps=20.0, cure=0.0)
    matched = trials([each for n in range(6) for each in trial(tmp_path, truths, n)])
    assert len(matched) == 6
    assert all(len(each.runs) == 4 for each in matched)
    assert [len(pairs) for pairs in pairs_of(matched, "energy")] == [2] * 6
    assert expedites(matched, "energy").verdict == verdict
    assert expedites(matched, "mass").verdict == "undecided"  # droplets cannot tell
    assert expedites(matched[:4], "energy").verdict == "undecided"  # too few structures


def test_a_store_named_twice_counts_once(sooner: RecordStore, board: list[Statement]) -> None:
    twice = scoreboard(of_the_paper(held_in([sooner, sooner])))
    assert [each.n_runs for each in twice] == [each.n_runs for each in board]


def test_pairs_of_one_kind_alone_are_drawn(tmp_path: Path) -> None:
    """As of a campaign that was stopped after two of four confinements."""
    (whole,) = trials(trial(tmp_path, dict.fromkeys(("open", "confined"), NEVER), 0))
    runs = {k: v for k, v in whole.runs.items() if k[1] == "open"}
    half = Trial(whole.parent, whole.density_g_cm3, runs)
    assert "<svg" in matched_svg([half])
    assert matched_svg([]) == ""


def test_a_replica_alone_is_no_trial() -> None:
    assert trials([]) == []
    assert pairs_of([], "mass") == []


def test_intervals_decide() -> None:
    found = Estimate(value=2.0, interval=(1.5, 3.0))
    assert above(found, 1.0) == "supported" == below(found, 4.0)
    assert above(found, 4.0) == "contradicted" == below(found, 1.0)
    assert above(found, 2.0) == "undecided" == above(Estimate(value=None, interval=None), 1.0)


def test_the_page_shows_every_statement_and_figure(
    board: list[Statement], sooner: RecordStore, tmp_path: Path
) -> None:
    page = write_paper_page(
        tmp_path / "paper.html", board, of_the_paper(held_in([sooner])), [], [sooner]
    ).read_text("utf-8")
    assert all(each.claim.split(" (")[0] in page for each in board)
    assert page.count("<svg") == 1  # sizes; nothing is matched here, and no shape is known
    assert page.count('<img src="data:image/webp') == len(SIZES)
    assert not re.search(r'(?:src|href)="http', page)


def test_the_command_answers_in_json_without_infinities(
    sooner: RecordStore, tmp_path: Path
) -> None:
    done = glassyli(
        "report", "paper", str(sooner.path), "--out", str(tmp_path / "p.html"), "--json"
    )
    assert done.returncode == 0, done.stderr

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    answer = json.loads(done.stdout, parse_constant=refuse)
    assert len(answer["statements"]) == 11
    assert Path(answer["page"]).is_file()
