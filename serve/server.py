"""A model package behind HTTP: Ray Serve started, answering, and gone again without a trace.

What can be wrong is found before Ray starts: the port first, then the package.
"""

import http.client
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from simulate.cluster import ray_session
from simulate.errors import GlassyLiError, MisuseError

APPLICATION: Final = "glassyli"

START_TIMEOUT_S: Final = 180.0
"""Longest wait for the first answer after Ray has started; a busy machine imports slowly."""

DRAIN_TIMEOUT_S: Final = 20.0
"""Questions in hand at the end get this long to be answered."""

LONGEST_LINE: Final = 128
"""Requests at one replica, light ones included; `serve.app` limits the heavy ones."""

EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - named to be understood


def serve_package(
    package: Path,
    host: str,
    port: int,
    address: str | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Answer questions about a model package until interrupted, then leave nothing behind.

    Args:
        package: Folder of the model package.
        host: Address to listen at; nothing else is listened at.
        port: Port to listen at; 0 picks a free one.
        address: A running Ray cluster. None: one of our own, on this machine.
        ready: Called with the base URL once questions are answered.

    Raises:
        MisuseError: The port is taken, or cannot be listened at.
        PackageError: The package is missing, damaged or foreign.
        GlassyLiError: Ray or the replica does not start.
    """
    with running_server(package, host, port, address) as url:
        if ready is not None:
            ready(url)
        # An interrupt is the way to end a server; one that comes earlier or later is none.
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


@contextmanager
def running_server(
    package: Path, host: str = "127.0.0.1", port: int = 0, address: str | None = None
) -> Iterator[str]:
    """A server for the length of a `with` block; yields its base URL.

    Arguments and errors as for `serve_package`.
    """
    named = address or os.environ.get("RAY_ADDRESS")
    # A named cluster listens on its own head node, where this process cannot look.
    port = port if named and port else free_port(host, port)
    _check_package(package)
    # Both are read when Serve is imported, here and in its proxy.
    os.environ.setdefault("RAY_SERVE_LOG_TO_STDERR", "0")
    os.environ.setdefault(
        "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH", "serve.faults:proxy_middleware"
    )
    import ray

    is_ours = not (named or ray.is_initialized())
    with ray_session(address):
        _check_serves_nothing_else()
        try:
            _start(package.resolve(), host, port)
            if not named:
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


def _check_package(package: Path) -> None:
    from surrogate.manifest import read_checked

    read_checked(package)

    from surrogate.predictor import Predictor

    Predictor.load(package)


def _check_serves_nothing_else() -> None:
    from ray.util import list_named_actors

    if any(actor["namespace"] == "serve" for actor in list_named_actors(all_namespaces=True)):
        raise MisuseError(
            "a Ray cluster serves at one port, but this one already serves something else. "
            "Stop that with Ray's `serve shutdown`, or leave --address out for one of your own."
        )


class _Replica:
    """Holds the model; Ray Serve asks it for the application it serves."""

    def __init__(self, package: str) -> None:
        import torch

        from surrogate.predictor import Predictor

        torch.set_num_threads(1)
        self.predictor = Predictor.load(Path(package))

    def __serve_build_asgi_app__(self) -> Any:  # noqa: ANN401 - Ray Serve's own name
        from serve.app import build_app

        return build_app(self.predictor)


def _start(package: Path, host: str, port: int) -> None:
    from ray import serve as ray_serve

    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    try:
        ray_serve.start(
            proxy_location="HeadOnly",
            http_options={"host": host, "port": port},
            logging_config={"log_level": "WARNING", "enable_access_log": False},
        )
        deployment = ray_serve.deployment(
            ray_serve.ingress()(_Replica),
            name="model",
            # Zero: a machine of one core must do, and a campaign may hold all the others.
            ray_actor_options={"num_cpus": 0},
            max_ongoing_requests=LONGEST_LINE,
            max_queued_requests=LONGEST_LINE,
            graceful_shutdown_wait_loop_s=0.1,
            graceful_shutdown_timeout_s=DRAIN_TIMEOUT_S,
        )
        ray_serve.run(deployment.bind(str(package)), name=APPLICATION, route_prefix="/")
    except (RuntimeError, TimeoutError) as error:
        raise GlassyLiError(
            f"the server must start at {host}:{port}, but: {_last_line(error)} "
            f"On a cluster, {package} must be readable on every node."
        ) from error


def _wait_for_answer(host: str, port: int) -> None:
    """Return once questions are answered: the proxy learns of the replica a moment later."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(EVERY_ADDRESS.get(host, host), port, timeout=10.0)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        connection.close()
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
