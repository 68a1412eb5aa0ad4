"""Is a worker at work, or does it hang? It beats at every frame; long silence is a loss.

Beats go through Ray's own key-value store, so that a worker is heard from any machine, whether or
not it sees the record store. Only whether the last beat changed counts: clocks are not compared.
"""

from dataclasses import dataclass
from typing import Final

from simulate.plan import Plan

LOOK_EVERY_S: Final = 2.0
"""Wall time between two looks at all workers, s."""

BEAT_EVERY_S: Final = 0.5
"""Least wall time between two beats, s."""

LEAST_SILENCE_S: Final = 300.0
"""No worker is given up sooner unless the user says so, s: packing, a swapping or a suspended
machine may take minutes."""

PATIENCE: Final = 20.0
"""A frame may take so many times what it is expected to: cores are shared and slow down."""

EXPECTED_us_per_atom_step: Final = 1.0
"""Molecular dynamics on a core of its own, at least; 0.5 to 1.0 was measured of the default
potential, and what is on record of dearer ones counts instead."""

EXPECTED_us_per_atom_label: Final = 40.0

_NAMESPACE = b"glassyli-beats"


def silence_limit_s(plan: Plan, asked_s: float | None = None) -> float:
    """How long a healthy worker may be silent, s.

    Args:
        plan: What it runs: the price of a frame follows from atoms and time steps.
        asked_s: What the user says instead.
    """
    if asked_s is not None:
        return asked_s
    n_steps = max(stage.steps_per_frame for stage in plan.stages)
    step_us = max(EXPECTED_us_per_atom_step, plan.design.physics.cost_us or 0.0)
    per_atom_us = step_us * n_steps + EXPECTED_us_per_atom_label
    return max(LEAST_SILENCE_S, PATIENCE * 1.0e-6 * per_atom_us * plan.design.n_atoms)


@dataclass(slots=True)
class Watch:
    """Over one worker while it runs one trajectory.

    Attributes:
        limit_s: Silence that is too long.
        silent_s: Silence so far.
    """

    limit_s: float
    silent_s: float = 0.0
    _last: bytes | None = None

    def is_hung(self, beat: bytes | None, since_last_look_s: float) -> bool:
        """Take one look.

        Args:
            beat: The worker's last.
            since_last_look_s: Counted up to twice the planned time, so that a driver that was
                suspended, perhaps with the whole machine, blames no worker for it.
        """
        if beat != self._last:
            self._last, self.silent_s = beat, 0.0
        else:
            self.silent_s += min(since_last_look_s, 2.0 * LOOK_EVERY_S)
        return self.silent_s > self.limit_s


def beat(worker: str, what: str) -> None:
    """Say that a worker got on; called on it."""
    from ray.experimental.internal_kv import _internal_kv_put

    _internal_kv_put(worker.encode(), what.encode(), overwrite=True, namespace=_NAMESPACE)


def last_beat(worker: str) -> bytes | None:
    """What a worker said last; called by the driver."""
    from ray.experimental.internal_kv import _internal_kv_get

    heard: bytes | None = _internal_kv_get(worker.encode(), namespace=_NAMESPACE)
    return heard


def forget(worker: str) -> None:
    """Remove the beat of a worker that is gone."""
    from ray.experimental.internal_kv import _internal_kv_del

    _internal_kv_del(worker.encode(), namespace=_NAMESPACE)
