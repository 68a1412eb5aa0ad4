"""Ray actors that wait: on their way, or checked in and idle. What runs is `workers`' to know.

An actor gets work only once it has checked in: one that waits for a core, perhaps of a machine that
is gone, holds nothing up.
"""

import uuid
from dataclasses import dataclass
from typing import Any, Final

from simulate.errors import EngineError, GlassyLiError
from simulate.release import release
from simulate.watchdog import forget

MAX_FAILED_STARTS: Final = 5
"""More in a row that died before they checked in than this, and than there should be, end it."""


@dataclass(slots=True, eq=False)
class Actor:
    """An actor as the driver knows it.

    Attributes:
        name: In the watchdog's store.
        handle: Ray's.
        node_id: Ray's id of its machine.
        n_done: Trajectories it ran.
    """

    name: str
    handle: Any
    node_id: str = ""
    n_done: int = 0


class Actors:
    """Those that run nothing.

    Attributes:
        idle: Checked in.
        starting: On their way, by the Ray reference that their check-in will answer.
    """

    def __init__(self, body: type, n_wanted: int) -> None:
        import ray

        self.idle: list[Actor] = []
        self.starting: dict[Any, Actor] = {}
        self._ray = ray
        self._remote = ray.remote(num_cpus=1, max_restarts=0)(body)
        self._n_wanted = n_wanted
        self._n_failed_starts = 0

    def hire(self) -> None:
        """Ask Ray for one more."""
        name = uuid.uuid4().hex
        settings = {"env_vars": {"OMP_NUM_THREADS": "1"}}
        handle = self._remote.options(runtime_env=settings).remote(name)
        self.starting[handle.check_in.remote(release())] = Actor(name, handle)

    def dismiss(self, actor: Actor) -> None:
        """End one, whatever it does."""
        self._ray.kill(actor.handle)
        forget(actor.name)

    def dismiss_all(self) -> None:
        """End all of these."""
        for actor in [*self.idle, *self.starting.values()]:
            self.dismiss(actor)
        self.idle.clear()
        self.starting.clear()

    def check_in(self, answer: Any) -> None:  # noqa: ANN401 - a Ray reference
        """One is there, or died before it was.

        Raises:
            EngineError: It is of another release, or too many died in a row.
        """
        actor = self.starting.pop(answer)
        try:
            actor.node_id = self._ray.get(answer)
        except self._ray.exceptions.RayTaskError as error:
            self.dismiss(actor)
            if isinstance(error.cause, GlassyLiError):
                raise error.cause from error
            self._failed_to_start(error.cause)
        except self._ray.exceptions.RayError as error:
            self.dismiss(actor)
            self._failed_to_start(error)
        else:
            self._n_failed_starts = 0
            self.idle.append(actor)

    def cause_of_loss(self, error: Exception, actor: Actor) -> str:
        """How one was lost, in a few words."""
        alive = {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}
        if actor.node_id not in alive or "node has died" in str(error):
            return "its machine was lost"
        if isinstance(error, self._ray.exceptions.OutOfMemoryError):
            return "out of memory"
        return "it or its machine died"  # that a machine is gone is known only later

    def _failed_to_start(self, error: object) -> None:
        self._n_failed_starts += 1
        if self._n_failed_starts > max(MAX_FAILED_STARTS, self._n_wanted):
            raise EngineError(
                f"workers must start, but: {str(error).rstrip('.')}. Install the driver's release "
                "and run `glassyli doctor` on every machine; what was finished is saved."
            )
