"""Joining or starting Ray, the same way for campaigns, training and serving."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from simulate.errors import GlassyLiError

ANSWER_S = 5.0
"""A cluster that is there answers sooner."""


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


def require_cluster(address: str | None = None) -> None:
    """Refuse a named cluster that does not answer, before anything is written for it.

    Raises:
        GlassyLiError: `address`, or `RAY_ADDRESS`, names one where nobody listens.
    """
    named = address or os.environ.get("RAY_ADDRESS")
    if named:
        _must_answer(named)


@contextmanager
def ray_session(address: str | None = None, n_cpus: int | None = None) -> Iterator[None]:
    """A connection to Ray for the length of a `with` block; nothing is left behind.

    Args:
        address: A running cluster's address. None: `RAY_ADDRESS` if set, else a new local cluster
            (Ray's own default would join whatever was last started on this machine).
        n_cpus: Cores offered by a local cluster. None: all that this process may use.

    Raises:
        GlassyLiError: Ray does not start, or the named cluster does not answer.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        yield
        return
    named = address or os.environ.get("RAY_ADDRESS")
    require_cluster(named)
    on_sigterm = signal.getsignal(signal.SIGTERM)
    local = {"num_cpus": n_cpus or available_cores(), "include_dashboard": False}
    try:
        ray.init(
            address=named or "local",
            logging_level=logging.ERROR,
            log_to_driver=False,
            **({} if named else local),
        )
    except Exception as error:  # Ray raises a bare one when its node is slow to start
        raise GlassyLiError(
            f"Ray must start, but ({named or 'local'}): {error}. "
            "Check --address, wait for other work on this machine to end, or run `glassyli doctor`."
        ) from error
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, on_sigterm)  # Ray's own would exit without our clean-up
    try:
        yield
    finally:
        ray.shutdown()


def _must_answer(address: str) -> None:
    """Ray would try an address that nobody listens at for minutes; ask it first.

    Raises:
        GlassyLiError: Nobody listens at `host:port`. Other forms are left to Ray.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host, int(port)), timeout=ANSWER_S).close()
    except OSError as error:
        raise GlassyLiError(
            f"a Ray cluster must listen at {address}, but: {error}. "
            "Check --address and RAY_ADDRESS, or leave them out to start a local cluster."
        ) from error
