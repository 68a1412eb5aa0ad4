"""Anything may be sent to a server: 500 requests here, 10 000 in `benchmarks.fuzz`."""

import pytest
from served import Served, served_package

from benchmarks.fuzzing import REPLIES, fuzz
from serve.endpoint.settings import Limits, ServerSettings

pytestmark = pytest.mark.slow

N_REQUESTS = 500


def test_no_request_breaks_the_server(served: Served) -> None:
    settings = ServerSettings(limits=Limits(atoms=2_000))
    with served_package(served.package, settings) as server:
        found = fuzz(server.url, N_REQUESTS)
    assert not found.faults, "\n".join(each[:1500] for each in found.faults[:10])
    assert found.n_requests >= N_REQUESTS
    assert found.asked == found.operations
    reached = {path for path, statuses in found.statuses.items() if statuses[200]}
    assert reached >= REPLIES.keys()
