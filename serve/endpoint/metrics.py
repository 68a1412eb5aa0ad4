"""What `GET /metrics` says to Prometheus: requests, times, batches, kept answers, new packages."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import accumulate
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.endpoint.tally import BATCH_ATOMS, Tally

SECONDS: Final = (0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 100.0, 300.0)

UNKNOWN_ROUTE: Final = "other"
"""Of requests to nowhere: their paths are the client's invention, and endless."""


CLIENT_LEFT: Final = 499
"""Status of requests whose client did not wait for it; nginx's number."""


class Metrics:
    """Counts of one ingress, and of the replicas that answered it.

    Args:
        tallies: What each replica had counted when it last answered.
    """

    def __init__(self, tallies: Mapping[str, Tally]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # nobody reads that series
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "glassyli_requests", "Requests.", ["route", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "glassyli_request_seconds",
            "From the first byte of a request to the last of its answer, s.",
            ["route"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self.in_flight = Gauge(
            "glassyli_requests_in_flight", "Requests in hand.", registry=self._registry
        )
        self._registry.register(_Replicas(tallies))

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self._registry)


class Measured:
    """ASGI middleware: counts and times requests by route and status.

    Args:
        app: What is measured.
        metrics: Where it is counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and watch the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status: int | None = None
        has_left = False

        async def heard() -> Message:
            nonlocal has_left
            message = await receive()
            has_left = has_left or message["type"] == "http.disconnect"
            return message

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = CLIENT_LEFT if has_left else message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            with self._metrics.in_flight.track_inprogress():
                await self.app(scope, heard, watched)
        except asyncio.CancelledError:
            has_left = True  # as Ray Serve tells it; nobody else ends a request
            raise
        finally:
            route = getattr(scope.get("route"), "path", UNKNOWN_ROUTE)
            status = status or (CLIENT_LEFT if has_left else HTTPStatus.INTERNAL_SERVER_ERROR)
            self._metrics.requests.labels(route, int(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - began)


class _Replicas:
    """The tallies of all replicas together."""

    def __init__(self, tallies: Mapping[str, Tally]) -> None:
        self._tallies = tallies

    def collect(self) -> Iterable[Metric]:
        """Sums, in Prometheus's own form."""
        tallies = list(self._tallies.values())
        by_size = [sum(n) for n in zip(*(each.n_batches for each in tallies), strict=True)]
        ends = [*(str(end) for end in BATCH_ATOMS), "+Inf"]
        batches = HistogramMetricFamily(
            "glassyli_batch_atoms",
            "Atoms of one computation; a design on the fast road counts as five.",
        )
        batches.add_metric(
            [],
            list(zip(ends, accumulate(by_size or [0] * len(ends)), strict=True)),
            sum(each.n_atoms for each in tallies),
        )
        yield batches
        for name, text, number in (
            ("turns", "Questions, or parts of long ones, computed.", _total(tallies, "n_turns")),
            ("kept_answers_used", "Answers found among the kept.", _total(tallies, "n_found")),
            ("reloads_accepted", "New packages that answer now.", _total(tallies, "n_reloads")),
            (
                "reloads_refused",
                "New packages that were damaged; the old ones answer.",
                _total(tallies, "n_refused_reloads"),
            ),
        ):
            yield CounterMetricFamily(f"glassyli_{name}", text, value=number)
        yield GaugeMetricFamily(
            "glassyli_kept_answers_bytes", "Of kept answers.", value=_total(tallies, "kept_bytes")
        )


def _total(tallies: Iterable[Tally], name: str) -> int:
    return sum(getattr(each, name) for each in tallies)
