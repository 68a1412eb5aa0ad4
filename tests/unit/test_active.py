"""The loop of active learning: every state on disk, stopped anywhere, its budgets and refusals."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from synthetic import NEVER, SHORT_PROTOCOL, Truth, lithium, synthetic_record, synthetic_store

from serve.learning_page import write_learning_page
from serve.learning_words import answer, remarks, size_words
from simulate.claim import Claim
from simulate.errors import GlassyLiError, MisuseError
from simulate.plan import Plan
from simulate.record import TrajectoryRecord
from simulate.sampling import DesignSpace
from simulate.settings import validated
from simulate.store import RecordStore, create_or_open, open_store
from surrogate.package import read_package
from train.active.config import LEAST_INSIDE, LearnConfig, read_learn_config
from train.active.loop import run_loop
from train.active.rounds import BoundarySize, Identity, LoopReport, RoundReport, held, read_round
from train.config import TrainingConfig

TRUTH = Truth(quench_logit=-50.0, cure=0.0, median_ps=150.0, size_exponent=4.0)
SPACE = DesignSpace(
    n_designs=64,
    n_atoms=(150, 600),
    packing_density_g_cm3=(0.0534, 0.2),
    share_at_300_K=1.0,
    mass_exchange=["open", "confined"],
    energy_exchange=["open"],
)
QUICK = TrainingConfig(n_members=2, epochs=0, structure_spread=0.0, design_steps=0)
RNG = np.random.default_rng(0)


def config(**changed: object) -> LearnConfig:
    values = {
        "space": SPACE.model_dump(),
        "protocol": SHORT_PROTOCOL.model_dump(),
        "n_initial": 8,
        "batch": 4,
        "n_members": 8,
        "n_places": 6,
        "stop": {"boundary_spread": 0.001, "max_trajectories": 16},
        "training": QUICK.model_dump(),
    }
    return validated(LearnConfig, values | changed, "test")


def from_truth(plans: Sequence[Plan], store: RecordStore, truth: Truth = TRUTH) -> None:
    """In place of LAMMPS: embryos of a known truth."""
    for plan in plans:
        if plan.trajectory_id not in store:
            store.append(synthetic_record(plan.design, plan.seed, truth, plan.protocol))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LoopReport]:
    """A loop that was never stopped."""
    out = tmp_path_factory.mktemp("loop") / "out"
    return out, run_loop(config(), out, from_truth)


def store_of(out: Path) -> RecordStore:
    return open_store(out / "records")


def test_a_loop_spends_its_budget_and_leaves_every_round(whole: tuple[Path, LoopReport]) -> None:
    out, report = whole
    assert report.stopped_by == "trajectories"
    assert [each.n_asked for each in report.rounds] == [8, 12, 16]
    assert report.rounds[-1].boundary_spread < report.rounds[0].boundary_spread
    asked = [read_round(out, number) for number in range(3)]
    names = [e.trajectory_id for each in asked if each for e in each.embryos]
    assert len(set(names)) == 16
    assert sorted(names) == [path.stem for path in store_of(out).record_files()]
    assert [each.acquisition for each in asked if each] == ["sobol", "boundary", "boundary"]
    for each in report.rounds:
        package = read_package(out / f"rounds/{each.number:03d}/model")
        assert package.label == each.model


class Killed(Exception):  # noqa: N818 - what happens to a process, not what it finds
    pass


def _killed_in_simulation(number: int) -> Callable[[Sequence[Plan], RecordStore], None]:
    """A campaign that dies after so many records of this call."""

    def simulate(plans: Sequence[Plan], store: RecordStore) -> None:
        waiting = [plan for plan in plans if plan.trajectory_id not in store]
        from_truth(waiting[:number], store)
        if len(waiting) > number:
            raise Killed
        if not waiting:
            raise Killed

    return simulate


def test_a_loop_that_was_killed_anywhere_ends_as_one_that_was_not(
    whole: tuple[Path, LoopReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def write_and_die(path: Path, values: object, dies_after: str) -> None:
        original(path, values)
        if path.name == dies_after:
            raise Killed

    from train.active import loop

    original = loop.write_json
    for dies_after in ("asked.json", "report.json"):
        monkeypatch.setattr(
            loop, "write_json", lambda path, values, d=dies_after: write_and_die(path, values, d)
        )
        with pytest.raises(Killed):
            run_loop(config(), out, from_truth)
        monkeypatch.undo()
    with pytest.raises(Killed):
        run_loop(config(), out, _killed_in_simulation(2))
    assert run_loop(config(), out, from_truth) == whole[1]
    for number in range(3):
        name = f"rounds/{number:03d}/asked.json"
        assert (out / name).read_bytes() == (whole[0] / name).read_bytes()


def test_a_loop_that_ended_does_nothing_again(whole: tuple[Path, LoopReport]) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    assert run_loop(config(), whole[0], never) == whole[1]


def test_only_the_stop_rule_may_change(tmp_path: Path) -> None:
    small = {"boundary_spread": 0.001, "max_trajectories": 8}
    first = run_loop(config(stop=small), tmp_path / "out", from_truth)
    assert len(first.rounds) == 1
    with pytest.raises(MisuseError, match="batch = 4"):
        run_loop(config(batch=5, stop=small), tmp_path / "out", from_truth)
    more = {"boundary_spread": 0.001, "max_trajectories": 10}
    second = run_loop(config(stop=more), tmp_path / "out", from_truth)
    assert [each.n_asked for each in second.rounds] == [8, 10]
    assert second.rounds[0] == first.rounds[0]


def test_a_loop_stops_at_the_stated_precision(tmp_path: Path) -> None:
    stop = {"boundary_spread": 5.0, "max_trajectories": 16}
    report = run_loop(config(stop=stop), tmp_path / "out", from_truth)
    assert report.stopped_by == "precision"
    assert [each.share_inside >= LEAST_INSIDE for each in report.rounds] == [False, True]


def test_a_loop_does_not_stop_by_precision_where_nothing_ever_orders(tmp_path: Path) -> None:
    stop = {"boundary_spread": 5.0, "max_trajectories": 16}
    out = tmp_path / "out"
    report = run_loop(config(stop=stop), out, partial(from_truth, truth=NEVER))
    assert report.stopped_by == "trajectories"
    last = report.rounds[-1]
    assert last.share_inside == 0.0
    assert last.boundary_spread is None
    assert "At none of the places" in answer(report)
    assert "not reached" in answer(report)
    assert write_learning_page(tmp_path / "report.html", report, out).exists()


def test_precision_of_a_few_places_is_not_that_of_the_space(
    whole: tuple[Path, LoopReport],
) -> None:
    def of(share: float) -> RoundReport:
        changed = {"boundary_spread": 0.05, "share_inside": share}
        return whole[1].rounds[-1].model_copy(update=changed)

    assert of(LEAST_INSIDE).is_precise(0.1)
    assert not of(LEAST_INSIDE).is_precise(0.04)
    assert not of(LEAST_INSIDE - 0.01).is_precise(0.1)


def test_a_loop_stops_when_nothing_is_left_to_ask(tmp_path: Path) -> None:
    space = SPACE.model_copy(update={"n_designs": 10}).model_dump()
    report = run_loop(config(space=space, acquisition="sobol"), tmp_path / "out", from_truth)
    assert report.stopped_by == "candidates"
    assert report.rounds[-1].n_asked == 10


def test_a_trajectory_that_another_campaign_holds_is_named(tmp_path: Path) -> None:
    """`run_campaign` returns without the record of a trajectory that another one runs."""
    held_: list[str] = []

    def all_but_one(plans: Sequence[Plan], store: RecordStore) -> None:
        held_.append(plans[3].trajectory_id)
        from_truth([*plans[:3], *plans[4:]], store)

    with pytest.raises(GlassyLiError, match="held by another campaign; repeat later") as told:
        run_loop(config(), tmp_path / "out", all_but_one)
    assert held_[0] in str(told.value)


def test_every_record_of_a_loop_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from train.active import loop

    read: list[str] = []
    original = RecordStore.read

    def counted(store: RecordStore, path: Path) -> TrajectoryRecord:
        read.append(path.stem)
        return original(store, path)

    # The package of a round reads the whole store by itself, the campaign what it appends.
    monkeypatch.setattr(loop.Loop, "_package", lambda *_: "none")

    def simulate(plans: Sequence[Plan], store: RecordStore) -> None:
        with monkeypatch.context() as unwatched:
            unwatched.setattr(RecordStore, "read", original)
            from_truth(plans, store)

    monkeypatch.setattr(RecordStore, "read", counted)
    run_loop(config(), tmp_path / "out", simulate)
    assert len(read) == len(set(read)) == 16


def test_failures_are_paid_for_and_learnt_from(tmp_path: Path) -> None:
    def half_fail(plans: Sequence[Plan], store: RecordStore) -> None:
        for number, plan in enumerate(plans):
            if plan.trajectory_id not in store:
                store.append(
                    synthetic_record(
                        plan.design, plan.seed, TRUTH, plan.protocol, is_failed=number % 2 == 0
                    )
                )

    stop = {"boundary_spread": 0.001, "max_trajectories": 8}
    report = run_loop(config(stop=stop), tmp_path / "out", half_fail)
    assert report.rounds[0].n_failed == 4
    assert report.rounds[0].n_asked == 8
    assert any("4 trajectories failed" in each for each in remarks(report))


def test_a_loop_begins_with_given_records(tmp_path: Path) -> None:
    store = synthetic_store(
        tmp_path / "store", [lithium(n) for n in (200, 300, 400)], 2, TRUTH, has_frames=False
    )
    stop = {"boundary_spread": 0.001, "max_trajectories": 4}
    given_ = config(stores=[str(store.path)], n_initial=0, stop=stop)
    report = run_loop(given_, tmp_path / "out", from_truth)
    assert [(each.n_asked, each.n_known) for each in report.rounds] == [(0, 6), (4, 10)]
    synthetic_store(tmp_path / "store", [lithium(500)], 1, TRUTH, has_frames=False)
    with pytest.raises(MisuseError, match="must not change"):
        run_loop(given_, tmp_path / "out", from_truth)


def test_trajectories_of_the_given_records_are_not_asked_again(tmp_path: Path) -> None:
    """The first six candidates of the sequence are known; two of the eight are left to ask."""
    space = SPACE.model_copy(update={"n_designs": 8}).model_dump()
    stop = {"boundary_spread": 0.001, "max_trajectories": 16}
    store = create_or_open(tmp_path / "store", SHORT_PROTOCOL)
    known = config(space=space, stop=stop)
    from_truth([Plan(each, SHORT_PROTOCOL, 1) for each in known.candidates()[:6]], store)
    asked = config(space=space, stop=stop, stores=[str(store.path)], n_initial=1, batch=1)
    report = run_loop(asked, tmp_path / "out", from_truth)
    assert [(each.n_asked, each.n_known) for each in report.rounds] == [(1, 7), (2, 8)]
    assert report.stopped_by == "candidates"
    begun = read_round(tmp_path / "out", 0)
    assert begun is not None
    assert [each.candidate for each in begun.embryos] == [6]


def test_too_little_to_learn_says_where_to_go_on(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", [lithium()], 1, TRUTH, has_frames=False)
    with pytest.raises(MisuseError, match="another --out, with these records under `stores`"):
        run_loop(config(stores=[str(store.path)], n_initial=0), tmp_path / "out", from_truth)


def test_a_store_of_another_protocol_is_refused(tmp_path: Path) -> None:
    other = SHORT_PROTOCOL.model_copy(update={"heat_ps": 20.0, "name": "other"})
    store = synthetic_store(tmp_path / "s", [lithium()], 1, protocol=other, has_frames=False)
    with pytest.raises(MisuseError, match="of other and the loop of synthetic"):
        run_loop(config(stores=[str(store.path)]), tmp_path / "out", from_truth)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("mine")
    with pytest.raises(MisuseError, match="empty or new folder"):
        run_loop(config(), tmp_path, from_truth)


def test_a_start_that_was_killed_can_be_repeated(tmp_path: Path) -> None:
    """Between the lock and `learn.json` there is only the lock, and what is written aside."""
    identity = Identity(config=config(), stores_sha256=[])
    (tmp_path / "learn.lock").touch()
    (tmp_path / ".learn.json.1234").write_text("{")
    with held(tmp_path, identity):
        assert (tmp_path / "learn.json").exists()


def test_of_two_starts_at_once_the_second_is_told_of_the_first(tmp_path: Path) -> None:
    first = Claim.of(tmp_path / "learn.lock")
    assert first is not None
    with (
        pytest.raises(MisuseError, match="another is running"),
        held(tmp_path, Identity(config=config(), stores_sha256=[])),
    ):
        pass
    first.release()


@pytest.mark.parametrize(
    ("n_atoms", "words"), [(150.0, "below 150"), (600.0, "above 600"), (287.4, "287")]
)
def test_a_boundary_outside_says_on_which_side(n_atoms: float, words: str) -> None:
    is_inside = 150.0 < n_atoms < 600.0
    found = BoundarySize(
        place=lithium(), n_atoms=n_atoms, interval=(150.0, 600.0), is_inside=is_inside
    )
    assert size_words(found, (150, 600)) == (words, "150 to 600")


def test_a_damaged_round_is_told(whole: tuple[Path, LoopReport], tmp_path: Path) -> None:
    import shutil

    out = tmp_path / "out"
    shutil.copytree(whole[0], out)
    (out / "rounds/001/asked.json").write_text("{")
    with pytest.raises(GlassyLiError, match="must be as it was written"):
        run_loop(config(), out, from_truth)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"acquisition": "greedy"}, "acquisition"),
        ({"stop": {"max_trajectories": 0}}, "stop.max_trajectories"),
        ({"n_initial": 2}, "n_initial >= 4"),
        ({"n_initial": 50}, "n_initial <= stop.max_trajectories"),
        ({"horizon_ps": 190.0}, "hold_ps - persistence_ps"),
        ({"protocol": "unheard-of"}, "protocol must be"),
        ({"colour": "red"}, "colour"),
        ({"n_members": 7}, "n_members"),
    ],
)
def test_what_cannot_be_learnt_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(MisuseError, match=message):
        config(**changed)


def test_the_config_that_ships_is_one() -> None:
    shipped = read_learn_config(Path("configs/learn.yaml"))
    assert shipped.protocol.name == "reference"
    assert shipped.asked_ps == 950.0


def test_the_page_stands_alone(whole: tuple[Path, LoopReport], tmp_path: Path) -> None:
    out, report = whole
    page = write_learning_page(tmp_path / "report.html", report, out).read_text()
    assert page.count("<svg") == 2
    assert answer(report) in page
    assert "not reached" in answer(report)
