"""Searches as jobs: one at a time, the same question once, and nothing lost by a restart."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from synthetic import set_apart, synthetic_designs, synthetic_package, synthetic_store

from serve.messages.searches import SearchJob
from serve.searches.asking import OVER, NotNowError
from serve.searches.jobs import OUR_FAULT, SearchJobs
from serve.searches.settings import SearchSettings
from serve.searches.store import JobStore
from simulate.errors import GlassyLiError, MisuseError
from surrogate.predictor import Predictor
from surrogate.search.config import SearchConfig
from surrogate.search.run import run_search

pytestmark = pytest.mark.usefixtures("coarse_pictures")

Start = Callable[..., SearchJobs]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    synthetic_package(folder / "package", synthetic_store(folder / "store", synthetic_designs(6)))
    return folder / "package"


@pytest.fixture
def start(package: Path, tmp_path: Path) -> Iterator[Start]:
    """Servers of one folder, closed at the end."""
    started = []

    def again(models: dict[str, str] | None = None, **settings: Any) -> SearchJobs:
        chosen = SearchSettings(**{"folder": str(tmp_path / "searches")} | settings)
        jobs = SearchJobs(models or {"tiny": str(package)}, chosen)
        started.append(jobs)
        return jobs

    yield again
    for jobs in started:
        jobs.close()


def config(**changes: object) -> SearchConfig:
    values: dict[str, object] = {
        "n_trials": 20,
        "objective": "glassy_share",
        "sampler": "random",
        "also_maps": (),
        "min_capacity_mAh_cm2": None,
        "max_clipped_share": 1.0,
    }
    return SearchConfig.model_validate(values | changes)


LONG = config(n_trials=5000)


def folders(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "searches").iterdir() if path.is_dir()}


def submitted(jobs: SearchJobs, asked: SearchConfig) -> SearchJob:
    job = jobs.submit(asked, "tiny")
    assert isinstance(job, SearchJob), job
    return job


def known(jobs: SearchJobs, job_id: str) -> SearchJob:
    job = jobs.state(job_id)
    assert isinstance(job, SearchJob), job
    return job


def seen(jobs: SearchJobs, job_id: str, is_so: Callable[[SearchJob], bool]) -> SearchJob:
    """A job once it is so."""
    until = time.monotonic() + 60.0
    while time.monotonic() < until:
        job = known(jobs, job_id)
        if is_so(job):
            return job
        time.sleep(0.02)
    raise AssertionError(job)


def is_over(job: SearchJob) -> bool:
    return job.state in OVER


def is_under_way(job: SearchJob) -> bool:
    return job.state == "running" and job.n_done > 0


def test_a_job_finds_what_the_search_itself_finds(
    start: Start, package: Path, tmp_path: Path
) -> None:
    jobs = start()
    job = submitted(jobs, config())
    assert (job.state in {"queued", "running"}, job.n_trials, job.result) == (True, 20, None)
    done = seen(jobs, job.id, is_over)
    assert (done.state, done.n_done, done.error) == ("done", 20, None)
    assert done.model.label == Predictor.load(package).package.label
    assert done.result == run_search(Predictor.load(package), config(), tmp_path / "alone")


def test_the_same_question_is_the_same_job(start: Start) -> None:
    jobs = start()
    first = submitted(jobs, config())
    assert submitted(jobs, config()).id == first.id
    assert submitted(jobs, config(horizon_ps=200.0)).id == first.id  # the model's own hold
    other = submitted(jobs, config(seed=2))
    assert other.id != first.id
    seen(jobs, other.id, is_over)
    assert submitted(jobs, config()).state == "done"


def test_one_runs_a_bounded_line_waits_and_any_can_be_cancelled(start: Start) -> None:
    jobs = start(waiting=2)
    first = submitted(jobs, LONG)
    running = seen(jobs, first.id, is_under_way)
    assert running.seconds_left is not None
    assert running.n_trials == 5000
    second, third = submitted(jobs, config(seed=2)), submitted(jobs, config(seed=3))
    assert [second.state, second.n_ahead, third.n_ahead] == ["queued", 1, 2]
    refused = jobs.submit(config(seed=4), "tiny")
    assert isinstance(refused, NotNowError)
    assert "2 may wait" in str(refused)
    assert submitted(jobs, LONG).id == first.id  # what is there is found even so

    cancelled = jobs.cancel(second.id)
    assert isinstance(cancelled, SearchJob)
    assert cancelled.state == "cancelled"
    stopped = jobs.cancel(first.id)
    assert isinstance(stopped, SearchJob)
    assert stopped.state == "cancelled"
    assert seen(jobs, third.id, is_over).state == "done"
    assert [known(jobs, each.id).state for each in (first, second)] == ["cancelled"] * 2
    assert jobs.cancel(third.id) == known(jobs, third.id).model_copy(update={"result": None})


def test_a_cancelled_job_goes_on_when_it_is_submitted_again(start: Start) -> None:
    jobs = start()
    job = submitted(jobs, LONG)
    n_done = seen(jobs, job.id, is_under_way).n_done
    jobs.cancel(job.id)
    again = submitted(jobs, LONG)
    assert (again.id, again.state) == (job.id, "queued")
    assert again.n_done >= n_done
    assert seen(jobs, job.id, lambda each: each.n_done > again.n_done).state == "running"
    jobs.cancel(job.id)


def test_a_restarted_server_goes_on_and_ends_as_if_it_had_not_stopped(
    start: Start, package: Path, tmp_path: Path
) -> None:
    asked = config(n_trials=300)
    jobs = start()
    job, next_job = submitted(jobs, asked), submitted(jobs, config(seed=2))
    seen(jobs, job.id, is_under_way)
    jobs.close()
    assert 0 < known(jobs, job.id).n_done < 300

    restarted = start()
    assert [known(restarted, each.id).state for each in (job, next_job)] != ["done"] * 2
    done = seen(restarted, job.id, is_over)
    assert done.result == run_search(Predictor.load(package), asked, tmp_path / "alone")
    assert seen(restarted, next_job.id, is_over).state == "done"
    restarted.close()
    assert start().state(job.id) == done


def test_old_jobs_are_forgotten_with_all_they_left(start: Start, tmp_path: Path) -> None:
    jobs = start(kept=2)
    ids = []
    for seed in range(1, 5):
        ids.append(submitted(jobs, config(n_trials=1, seed=seed)).id)
        seen(jobs, ids[-1], is_over)
    assert [jobs.state(each) is None for each in ids] == [True, True, False, False]
    until = time.monotonic() + 60.0
    while (left := folders(tmp_path)) != set(ids[2:]) and time.monotonic() < until:
        time.sleep(0.02)
    assert left == set(ids[2:])


def test_a_disk_that_refuses_does_not_end_the_searches(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither to forget an old job nor to keep the one that is about to run."""
    jobs = start(kept=1)

    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    first = submitted(jobs, config(n_trials=1))
    seen(jobs, first.id, is_over)
    with monkeypatch.context() as broken:
        broken.setattr(Path, "rename", refuse)
        second = submitted(jobs, config(n_trials=1, seed=2))
        assert seen(jobs, second.id, is_over).state == "done"
        assert jobs.state(first.id) is None
    submits = JobStore.write

    def refuse_to_run(store: JobStore, job: SearchJob) -> None:
        if job.state == "running":
            refuse()
        submits(store, job)

    with monkeypatch.context() as broken:
        broken.setattr(JobStore, "write", refuse_to_run)
        third = submitted(jobs, config(n_trials=1, seed=3))
        assert seen(jobs, third.id, is_over).error == OUR_FAULT
    jobs.check_health()
    fourth = submitted(jobs, config(n_trials=1, seed=4))
    assert seen(jobs, fourth.id, is_over).state == "done"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_server_whose_searches_have_ended_is_not_healthy(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = start()
    jobs.check_health()

    def end(_: SearchJobs) -> None:
        raise SystemExit

    monkeypatch.setattr(SearchJobs, "_work_once", end)
    submitted(jobs, config(n_trials=1))
    jobs._thread.join(60.0)
    with pytest.raises(GlassyLiError, match="has ended"):
        jobs.check_health()


def test_what_cannot_be_searched_is_refused_at_once_and_leaves_nothing(
    start: Start, tmp_path: Path
) -> None:
    jobs = start()
    refused = jobs.submit(config(temperature_K=400.0), "tiny")
    assert isinstance(refused, MisuseError)
    assert "temperature_K must be within" in str(refused)
    refused = jobs.submit(config(horizon_ps=1e9), "tiny")
    assert isinstance(refused, MisuseError)
    assert "growth bridge" in str(refused)
    assert not (tmp_path / "searches").exists()
    assert jobs.state("0123456789abcdef") is None
    assert jobs.cancel("../../etc") is None


def test_a_folder_belongs_to_one_server(start: Start) -> None:
    first = start()
    job = submitted(first, config(n_trials=1))
    seen(first, job.id, is_over)
    second = start()
    refused = second.submit(config(), "tiny")
    assert isinstance(refused, NotNowError)
    assert "/" not in str(refused)
    assert isinstance(second.state(job.id), NotNowError)
    assert isinstance(second.cancel(job.id), NotNowError)
    first.close()
    assert known(second, job.id).state == "done"


def test_a_folder_that_cannot_be_made_is_told_without_its_path(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    refused = start(folder=str(tmp_path / "file" / "searches")).submit(config(), "tiny")
    assert isinstance(refused, NotNowError)
    assert "/" not in str(refused)


def test_a_damaged_job_is_left_out_and_the_others_are_there(start: Start, tmp_path: Path) -> None:
    jobs = start()
    good, bad = submitted(jobs, config(n_trials=1)), submitted(jobs, config(n_trials=2))
    for each in (good, bad):
        seen(jobs, each.id, is_over)
    jobs.close()
    (tmp_path / "searches" / bad.id / "job.json").write_text("{")
    again = start()
    assert again.state(bad.id) is None
    assert again.state(good.id) is not None
    assert seen(again, submitted(again, config(n_trials=2)).id, is_over).state == "done"


def test_a_job_that_fails_says_so_in_a_sentence_and_can_go_on(
    start: Start, package: Path, tmp_path: Path
) -> None:
    own = tmp_path / "package"
    shutil.copytree(package, own)
    jobs = start({"tiny": str(own)})
    long = submitted(jobs, LONG)
    seen(jobs, long.id, is_under_way)
    waits = submitted(jobs, config())
    (own / "weights.safetensors").write_bytes(b"nothing")
    jobs.cancel(long.id)
    failed = seen(jobs, waits.id, is_over)
    assert (failed.state, failed.error, failed.result) == ("failed", OUR_FAULT, None)
    shutil.rmtree(own)
    shutil.copytree(package, own)
    assert seen(jobs, submitted(jobs, config()).id, is_over).state == "done"


def test_an_answer_that_is_gone_is_found_again(start: Start, tmp_path: Path) -> None:
    jobs = start()
    job = submitted(jobs, config())
    done = seen(jobs, job.id, is_over)
    (tmp_path / "searches" / job.id / "search.json").unlink()
    assert known(jobs, job.id).state == "failed"
    submitted(jobs, config())
    assert seen(jobs, job.id, is_over).result == done.result


def test_a_job_of_a_model_that_was_replaced_does_not_answer_for_the_new_one(
    start: Start, package: Path, tmp_path: Path
) -> None:
    own, other = tmp_path / "package", tmp_path / "other"
    shutil.copytree(package, own)
    store = synthetic_store(tmp_path / "store", synthetic_designs(6, seed=1))
    synthetic_package(other, store)
    jobs = start({"tiny": str(own)})
    long = submitted(jobs, LONG)
    seen(jobs, long.id, is_under_way)
    waits = submitted(jobs, config())
    shutil.rmtree(own)
    shutil.copytree(other, own)
    jobs.cancel(long.id)
    failed = seen(jobs, waits.id, is_over)
    assert failed.state == "failed"
    assert "was replaced by" in (failed.error or "")
    assert submitted(jobs, config()).id != waits.id


def test_other_gates_on_the_same_weights_are_another_model(
    start: Start, package: Path, tmp_path: Path
) -> None:
    own = tmp_path / "package"
    shutil.copytree(package, own)
    jobs = start({"tiny": str(own)})
    long = submitted(jobs, LONG)
    seen(jobs, long.id, is_under_way)
    waits = submitted(jobs, config())
    set_apart(own)
    jobs.cancel(long.id)
    failed = seen(jobs, waits.id, is_over)
    assert "was replaced by" in (failed.error or "")
    again = submitted(jobs, config())
    assert again.model == waits.model
    assert again.id != waits.id
