"""Searches of a server: one runs, a bounded line waits, and what came of them is kept.

Everything decides by the id, a hash of the question: asked again, a search that runs or is done is
the same job, and one that was cancelled or failed goes on where it stopped.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from serve.messages.searches import JobState, SearchJob
from serve.messages.service import ModelName
from serve.models import folder_of
from serve.searches.asking import OVER, Found, NotNowError, Submitted
from serve.searches.one_search import ReplacedError, id_of, run_job
from serve.searches.settings import SearchSettings
from serve.searches.store import JobStore
from simulate.errors import GlassyLiError, MisuseError
from surrogate.manifest import read_manifest
from surrogate.search.config import SearchConfig

logger = logging.getLogger(__name__)

LOOK_AGAIN_S: Final = 1.0
"""Wait before a folder that another server holds is looked at again."""

OUR_FAULT: Final = (
    "The search could not go on; the cause is in the server's log. Submit it again to go on where "
    "it stopped."
)


class _StoppedError(Exception):
    """A search was told to stop between two batches of trials."""


class SearchJobs:
    """Submit, look, cancel; a thread of its own runs what waits. Safe to call from any thread.

    The folder is made when the first job is submitted. While another server holds it (one that is
    about to end, as a rule), nothing is taken, and nothing is told.

    Args:
        models: Folders of model packages by name; see `serve.models`.
        settings: Where jobs are kept, and how many.
    """

    def __init__(self, models: Mapping[str, str], settings: SearchSettings) -> None:
        self._models = dict(models)
        self._settings = settings
        self._folder = Path(settings.folder)
        self._kept: JobStore | None = None
        self._jobs: dict[str, SearchJob] = {}
        self._waiting: deque[str] = deque()
        self._running: str | None = None
        self._stop = threading.Event()
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="search", daemon=True)
        self._thread.start()

    def submit(self, config: SearchConfig, model: str) -> Submitted:
        """Make a job of a search, or find the one that is there.

        Errors are values: on their way between processes exceptions collect tracebacks.

        Args:
            config: What is searched, its maps by name.
            model: One of the names.

        Returns:
            The job, or a `MisuseError` where the model cannot be asked this, or a `NotNowError`.
        """
        try:
            manifest = read_manifest(folder_of(self._models[model]))
            job_id = id_of(config, manifest)
            return self._submitted(job_id, config, ModelName(name=model, label=manifest.label))
        except (MisuseError, NotNowError) as error:
            return error
        except GlassyLiError:
            logger.exception("no search can be taken")
            return NotNowError("This server cannot take searches now. Submit it again later.")

    def state(self, job_id: str) -> Found:
        """A job as it is, with its result if it is done."""
        with self._changed:
            job = self._found(job_id)
            if not isinstance(job, SearchJob):
                return job
            if job.state != "done":
                return self._placed(job)
            store = self._store
        result = store.result(job_id)
        if result is None:
            with self._changed:
                return self._ended(job, "failed", OUR_FAULT)
        return job.model_copy(update={"result": result})

    def state_json(self, job_id: str) -> bytes | NotNowError | None:
        """The same as JSON."""
        job = self.state(job_id)
        return job.model_dump_json().encode() if isinstance(job, SearchJob) else job

    def cancel(self, job_id: str) -> Found:
        """Stop a job, at the latest after the trials in hand; one that is over is left as it is."""
        with self._changed:
            job = self._found(job_id)
            if not isinstance(job, SearchJob):
                return job
            if job.state not in OVER:
                if job_id in self._waiting:
                    self._waiting.remove(job_id)
                else:
                    self._stop.set()
                job = self._ended(job, "cancelled")
            return job

    def check_health(self) -> None:
        """For Ray Serve, which replaces a replica that is not healthy.

        Raises:
            GlassyLiError: Nothing runs searches any more.
        """
        if not (self._thread.is_alive() or self._is_closed):
            raise GlassyLiError("the thread that runs searches has ended. Start it again.")

    def close(self) -> None:
        """Stop between two batches of trials; unfinished jobs go on with the next server."""
        with self._changed:
            self._is_closed = True
            self._stop.set()
            self._changed.notify_all()
        self._thread.join()
        if self._kept is not None:
            self._kept.close()

    def _submitted(self, job_id: str, config: SearchConfig, model: ModelName) -> SearchJob:
        with self._changed:
            store = self._store  # first: it brings the jobs that were kept
            found = self._jobs.get(job_id)
            if found is not None and found.state not in {"cancelled", "failed"}:
                return self._placed(found)
            if len(self._waiting) >= self._settings.waiting and not self._is_idle:
                raise NotNowError(
                    f"one search runs at a time and {self._settings.waiting} may wait, and so many "
                    "do. Submit it again later."
                )
            job = SearchJob(
                id=job_id,
                model=model,
                state="queued",
                n_done=0 if found is None else found.n_done,
                n_trials=config.n_trials_of_a_map * len(config.maps),
                submitted_at=datetime.now(UTC).isoformat(),
                config=config,
            )
            store.write(job)
            self._jobs[job_id] = job
            self._waiting.append(job_id)
            self._changed.notify_all()
            return self._placed(job)

    @property
    def _store(self) -> JobStore:
        """Where jobs are kept, opened when it is needed; what was unfinished waits again.

        Raises:
            GlassyLiError: It cannot be written, or another server holds it.
        """
        if self._kept is None:
            self._kept = JobStore(self._folder)
            self._jobs = {job.id: job for job in self._kept}
            for job in list(self._jobs.values()):
                if job.state not in OVER:
                    self._jobs[job.id] = job.model_copy(update={"state": "queued"})
                    self._waiting.append(job.id)
        return self._kept

    def _found(self, job_id: str) -> Found:
        if not self._is_open():
            return NotNowError("Another server holds the searches of this one. Ask again later.")
        return self._jobs.get(job_id)

    def _is_open(self) -> bool:
        """Whether all jobs are known that were kept."""
        if self._kept is None and self._folder.exists():
            try:
                return self._store is not None
            except GlassyLiError as error:
                logger.warning("%s", error)
                return False
        return True

    @property
    def _is_idle(self) -> bool:
        return self._running is None and not self._waiting

    def _placed(self, job: SearchJob) -> SearchJob:
        """A job with its place in the line."""
        if job.state != "queued":
            return job
        n_ahead = self._waiting.index(job.id) + (self._running is not None)
        return job.model_copy(update={"n_ahead": n_ahead})

    def _work(self) -> None:
        """Run what waits, one after the other, until closed, whatever happens."""
        while not self._is_closed:
            try:
                self._work_once()
            except Exception:  # without this thread all that waits would wait for ever
                logger.exception("the searches stumbled and go on")
                self._give_up()
                time.sleep(LOOK_AGAIN_S)  # what fails at once again must not fill the log

    def _work_once(self) -> None:
        """Wait for a job and run it."""
        with self._changed:
            self._running = None
            store = self._kept
        if store is not None:
            store.sweep()  # without the lock, for which all wait who look at a job
        with self._changed:
            is_open = self._is_open()
            while not (self._waiting or self._is_closed):
                self._changed.wait(None if is_open else LOOK_AGAIN_S)
                is_open = self._is_open()
            if self._is_closed:
                return
            self._running = job_id = self._waiting.popleft()
            stop = self._stop = threading.Event()
            job = self._jobs[job_id].model_copy(update={"state": "running"})
            self._keep(job)
        self._run(job, stop)

    def _give_up(self) -> None:
        """The job in hand has failed, in memory at least."""
        with self._changed:
            job = self._jobs.get(self._running or "")
            if job is not None and job.state not in OVER:
                update = {"state": "failed", "error": OUR_FAULT, "seconds_left": None}
                self._jobs[job.id] = job.model_copy(update=update)

    def _run(self, job: SearchJob, stop: threading.Event) -> None:
        try:
            self._search(job, stop)
        except _StoppedError:
            return
        except Exception as error:  # whatever it is, the next search must run
            logger.exception("search %s failed", job.id)
            reason = str(error) if isinstance(error, ReplacedError) else OUR_FAULT
            self._end_unless(stop, job.id, "failed", reason)
        else:
            self._end_unless(stop, job.id, "done")

    def _end_unless(
        self, stop: threading.Event, job_id: str, state: JobState, error: str | None = None
    ) -> None:
        """Cancelled in its last moment, a job stays so; submitted again since, it runs again."""
        with self._changed:
            if not stop.is_set():
                self._ended(self._jobs[job_id], state, error)

    def _search(self, job: SearchJob, stop: threading.Event) -> None:
        def told(n_done: int, n_trials: int, seconds_left: float) -> None:
            update = {"n_done": n_done, "n_trials": n_trials, "seconds_left": seconds_left}
            with self._changed:
                if stop.is_set():
                    raise _StoppedError
                self._jobs[job.id] = self._jobs[job.id].model_copy(update=update)

        package = folder_of(self._models[job.model.name])
        run_job(job, package, self._store.place(job.id), told)

    def _ended(self, job: SearchJob, state: JobState, error: str | None = None) -> SearchJob:
        """Set what became of a job, and forget the oldest ones."""
        ended = job.model_copy(update={"state": state, "error": error, "seconds_left": None})
        self._keep(ended)
        over = [each.id for each in self._jobs.values() if each.state in OVER]
        for job_id in over[: max(len(over) - self._settings.kept, 0)]:
            if job_id != self._running:
                del self._jobs[job_id]
                self._store.forget(job_id)
        return ended

    def _keep(self, job: SearchJob) -> None:
        """In memory, and on the disk if it can be: a full one must not stop the searches."""
        # At the end of the order, by which the oldest are forgotten.
        self._jobs.pop(job.id, None)
        self._jobs[job.id] = job
        try:
            self._store.write(job)
        except GlassyLiError:
            logger.exception("search %s is %s, but this could not be kept", job.id, job.state)
