"""What becomes of a trajectory whose worker or campaign dies, without Ray."""

import sys
import time
from types import SimpleNamespace

import pytest
from synthetic import NEVER, SHORT_PROTOCOL, lithium, synthetic_frames, synthetic_record

from simulate.actors import Actor
from simulate.campaign import CampaignSummary, _Progress, run_campaign, simulated_ns
from simulate.checkpoint import Progress
from simulate.losses import MAX_LOSSES, Losses
from simulate.plan import Plan
from simulate.record import Failure, TrajectoryRecord
from simulate.store import RecordStore, create_or_open
from simulate.workers import Terms, Workers

PLAN = Plan(lithium(n_atoms=120), SHORT_PROTOCOL, 1)
WHOLE = synthetic_record(PLAN.design, PLAN.seed, NEVER)


@pytest.fixture
def store(tmp_path) -> RecordStore:
    return create_or_open(tmp_path / "store", SHORT_PROTOCOL)


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch, store: RecordStore) -> Workers:
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(remote=lambda **_: lambda body: body))
    return Workers(1, "", store, Terms())


@pytest.fixture
def losses(store: RecordStore) -> Losses:
    return Losses(store)


def worker() -> Actor:
    """One that takes any trajectory and never ends it."""
    run = SimpleNamespace(remote=lambda *_: object())
    return Actor("one", SimpleNamespace(run=run))


def checkpoint(store: RecordStore, n_frames: int) -> None:
    """What a worker writes that goes on from what is there."""
    frames = WHOLE.frames[:n_frames]
    progress = Progress(
        stage=frames[-1].stage,
        n_in_stage=n_frames,
        reference_eV=0.0,
        frames=frames,
        timings_s={},
        after_quench=None,
        resumed_at_ps=[],
    )
    checkpoints = store.checkpoints(PLAN.trajectory_id)
    checkpoints.latest()
    checkpoints.save(progress, synthetic_frames(WHOLE)[: n_frames + 1], b"restart")


def lost(losses: Losses) -> TrajectoryRecord | None:
    """The record made when a worker dies; None: it is tried again."""
    ended = losses.given_up(PLAN, "it died")
    return ended and ended[0]


def test_what_was_witnessed_outlives_its_checkpoint(losses, store) -> None:
    checkpoint(store, 20)
    assert [lost(losses) for _ in range(MAX_LOSSES - 1)] == [None] * (MAX_LOSSES - 1)
    assert store.checkpoints(PLAN.trajectory_id).latest() is None  # begun anew
    record = lost(losses)
    assert record.failure.cause == "lost_worker"
    assert record.frames == WHOLE.frames[:20]
    assert record.witnessed is not None


def test_the_furthest_that_was_seen_is_kept(losses, store) -> None:
    checkpoint(store, 20)
    lost(losses)
    lost(losses)
    checkpoint(store, 10)
    ended = [lost(losses) for _ in range(MAX_LOSSES)]
    assert len(ended[-1].frames) == 20


def test_getting_on_is_counted_from_the_fresh_start(losses, store) -> None:
    for n_frames in (5, 10, 15):
        checkpoint(store, n_frames)
    lost(losses)
    lost(losses)
    for n_frames in (5, 10):  # fewer checkpoints than before, and yet it gets on
        checkpoint(store, n_frames)
        assert lost(losses) is None


def test_what_dies_at_the_same_place_is_given_up(losses, store) -> None:
    ended = None
    for _ in range(3 * MAX_LOSSES):
        if store.checkpoints(PLAN.trajectory_id).latest() is None:
            checkpoint(store, 15)
        ended = lost(losses)
        if ended is not None:
            break
    assert ended.failure.cause == "lost_worker"


def resumed(*times_ps: float) -> TrajectoryRecord:
    provenance = WHOLE.provenance.model_copy(update={"resumed_at_ps": list(times_ps)})
    return WHOLE.model_copy(update={"provenance": provenance})


def test_what_an_earlier_campaign_simulated_is_not_counted_again(workers, store) -> None:
    checkpoint(store, 20)
    found_ps = WHOLE.frames[19].time_ps
    assert workers._start(worker(), PLAN)
    ours = resumed(-10.0, found_ps, 190.0)  # earlier, by this campaign, after a loss in it
    assert workers._inherited_ps(ours) == found_ps
    left_ps = WHOLE.frames[-1].time_ps - found_ps
    assert simulated_ns(ours, found_ps) == pytest.approx(left_ps / 1000.0)
    assert workers._inherited_ps(resumed()) is None  # its checkpoint was of no use
    whole_ps = WHOLE.frames[-1].time_ps - (WHOLE.frames[0].time_ps - 10.0)
    assert simulated_ns(resumed()) == pytest.approx(whole_ps / 1000.0)


def test_what_this_campaign_began_is_counted_whole(workers, store) -> None:
    assert workers._start(worker(), PLAN)
    checkpoint(store, 20)
    assert workers._start(worker(), PLAN)  # the first one was lost
    assert workers._inherited_ps(resumed(WHOLE.frames[19].time_ps)) is None


def test_workers_that_wait_for_a_core_are_not_idle(workers: Workers) -> None:
    """Eight were asked for, and there is one core."""
    workers.n_workers = 8
    summary = CampaignSummary(n_planned=1, n_present=0, ids=[PLAN.trajectory_id])
    progress = _Progress([PLAN], summary, time.perf_counter() - 10.0, workers)
    assert progress.now("started").busy_share == 0.0
    assert workers._start(worker(), PLAN)
    (running,) = workers._running.values()
    running.began -= 9.0
    assert progress.now("started").busy_share == pytest.approx(0.9, abs=0.02)


def left_behind(store: RecordStore) -> set[str]:
    return {path.name for path in (store.path / "running").iterdir()}


def test_leftovers_of_recorded_trajectories_are_cleared(store) -> None:
    """A campaign was killed between writing a record and clearing what led to it."""
    checkpoint(store, 5)
    (store.path / "running" / f"{PLAN.trajectory_id}.lock").touch()
    other = store.path / "running" / "0123456789abcdef"
    other.mkdir()
    store.append(WHOLE)
    run_campaign([PLAN], store)
    assert left_behind(store) == {other.name}


def test_what_another_campaign_holds_is_left_to_it(store) -> None:
    checkpoint(store, 5)
    store.append(WHOLE)
    theirs = store.claim(PLAN.trajectory_id)
    run_campaign([PLAN], store)
    assert left_behind(store) == {PLAN.trajectory_id, f"{PLAN.trajectory_id}.lock"}
    theirs.release()


def test_what_was_lost_can_still_go_on_once_its_record_is_removed(store) -> None:
    checkpoint(store, 5)
    failure = Failure(cause="lost_worker", message="gone", stage="hold")
    gone = {"failure": failure, "outcome": None, "incubation": None}
    store.append(WHOLE.model_copy(update=gone))
    run_campaign([PLAN], store)
    assert left_behind(store) == {PLAN.trajectory_id}
