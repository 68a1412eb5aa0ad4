"""A server started on Ray Serve, answering, and gone again without a trace.

What can be wrong is found before Ray starts: the port first, then the packages.
"""

import http.client
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Final

from simulate.cluster import ray_session
from simulate.errors import GlassyLiError, MisuseError

if TYPE_CHECKING:
    from serve.endpoint.settings import ServerSettings

APPLICATION: Final = "glassyli"

START_TIMEOUT_S: Final = 180.0
"""Longest wait for the first answer after Ray has started; a busy machine imports slowly."""

RAY_SETTINGS: Final = {
    "RAY_SERVE_LOG_TO_STDERR": "0",
    "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "serve.faults:proxy_middleware",
    # Fewer threads within Ray's processes; what that gained: D-071.
    "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
    "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
    # Somebody waits for each answer; Ray's own workers would give way to everything else.
    "RAY_worker_niceness": "0",
}
"""Of the environment, where it does not say otherwise. Ray reads it when it starts, and Ray Serve
when it is imported, here, in its proxy and in its replicas."""

EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - named to be understood


def serve_models(
    settings: "ServerSettings",
    host: str,
    port: int,
    address: str | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Answer questions until interrupted, then leave nothing behind.

    Args:
        settings: Which models, how many replicas, which limits.
        host: Address to listen at; nothing else is listened at.
        port: Port to listen at; 0 picks a free one.
        address: A running Ray cluster. None: one of our own, on this machine.
        ready: Called with the base URL once questions are answered.

    Raises:
        MisuseError: The port is taken, or cannot be listened at.
        PackageError: A package is missing, damaged or foreign.
        GlassyLiError: Ray or a replica does not start.
    """
    with running_server(settings, host, port, address) as url:
        if ready is not None:
            ready(url)
        # An interrupt is the way to end a server; one that comes earlier or later is none.
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


@contextmanager
def running_server(
    settings: "ServerSettings",
    host: str = "127.0.0.1",
    port: int = 0,
    address: str | None = None,
) -> Iterator[str]:
    """A server for the length of a `with` block; yields its base URL.

    Arguments and errors as for `serve_models`.
    """
    cluster = address or os.environ.get("RAY_ADDRESS")
    # A named cluster listens on its own head node, where this process cannot look.
    port = port if cluster and port else free_port(host, port)
    from serve.endpoint.loopback import is_loopback
    from serve.endpoint.packages import named

    settings = named(settings).model_copy(update={"is_local": is_loopback(host)})
    _load_each(settings)
    for name, value in RAY_SETTINGS.items():
        os.environ.setdefault(name, value)
    import ray

    is_ours = not (cluster or ray.is_initialized())
    with ray_session(address):
        _check_serves_nothing_else()
        try:
            _start(settings, host, port)
            if not cluster:
                _wait_for_answer(host, port)
            yield _url(host, port)
        finally:
            _stop(is_ours=is_ours)


def free_port(host: str, port: int) -> int:
    """A port that can be listened at: the one asked for, or a free one for 0.

    Raises:
        MisuseError: Taken, not allowed, or no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server itself: a port whose last connections are still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "ports are 0 to 65535"
            raise MisuseError(
                f"port {port} at {host} must be free to listen at, but: {reason}. "
                "Stop what is using it, or choose another with --port (0 picks a free one)."
            ) from error
        return int(probe.getsockname()[1])


def _load_each(settings: "ServerSettings") -> None:
    """What only loading finds, such as weights that are no numbers, is said here in a sentence."""
    from serve.models import folder_at_present
    from surrogate.predictor import Predictor

    for folder in settings.models.values():
        Predictor.load(folder_at_present(folder))


def _check_serves_nothing_else() -> None:
    from ray.util import list_named_actors

    if any(actor["namespace"] == "serve" for actor in list_named_actors(all_namespaces=True)):
        raise MisuseError(
            "a Ray cluster serves at one port, but this one already serves something else. "
            "Stop that with Ray's `serve shutdown`, or leave --address out for one of your own."
        )


def _start(settings: "ServerSettings", host: str, port: int) -> None:
    from ray import serve as ray_serve

    from serve.endpoint.application import build

    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    try:
        ray_serve.start(
            proxy_location="HeadOnly",
            http_options={"host": host, "port": port},
            logging_config={"log_level": "WARNING", "enable_access_log": False},
        )
        ray_serve.run(build(settings), name=APPLICATION, route_prefix="/")
    except (RuntimeError, TimeoutError, ValueError) as error:
        folders = ", ".join(settings.models.values())
        raise GlassyLiError(
            f"the server must start at {host}:{port}, but: {_last_line(error)} "
            f"On a cluster, {folders} must be readable on every node."
        ) from error


def _wait_for_answer(host: str, port: int) -> None:
    """Return once questions are answered: the proxy learns of the replica a moment later."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(EVERY_ADDRESS.get(host, host), port, timeout=10.0)
        with closing(connection), suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.1)
    raise GlassyLiError(
        f"the server must answer within {START_TIMEOUT_S:g} s, but {_url(host, port)} does not. "
        "Free memory or processors, or run `glassyli doctor`."
    )


def _stop(*, is_ours: bool) -> None:
    """Let questions in hand be answered, then take Serve down.

    A cluster of ours takes Serve with it when it ends; asked to go first, Serve complains.
    """
    from ray import serve as ray_serve

    with suppress(RuntimeError, TimeoutError):
        ray_serve.delete(APPLICATION)
    if not is_ours:
        ray_serve.shutdown()


def _url(host: str, port: int) -> str:
    name = EVERY_ADDRESS.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _last_line(error: Exception) -> str:
    """What a long message of Ray's comes down to."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
