"""Anything that may be sent to a server, sent, and what comes back judged."""

import contextlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import hypothesis
import requests
import schemathesis
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from schemathesis.core.result import Err, Result
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from benchmarks.question_strategies import answerable, forms
from benchmarks.structure_strategies import DrawnFile, files
from serve.messages.deposition import DepositionReply, SurfaceReply
from serve.messages.embryos import EmbryosReply
from serve.messages.refusals import Refusal
from serve.messages.structures import StructuresReply

REPLIES: Final[dict[str, type[BaseModel]]] = {
    "/v1/embryos/predict": EmbryosReply,
    "/v1/structures/predict": StructuresReply,
    "/v1/deposition/predict": DepositionReply,
    "/v1/deposition/surface": SurfaceReply,
}
"""Questions that reach a model."""

CONFORMS: Final = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]

SECRETS: Final = ("Traceback", "site-packages", "/root/", "/home/", "glassyli-upload-", '.py"')
"""What no answer may hold."""

TIMEOUT_S: Final = 120.0

ROUND: Final = 500
"""Requests in which each kind has its turn."""

Response = requests.Response | schemathesis.Response


@dataclass
class Found:
    """What the server said.

    Attributes:
        statuses: How often each status was answered, by the place asked.
        operations: What the server's OpenAPI names, `POST /v1/embryos/predict`.
        asked: Those of them that were asked.
        n_reached: Questions that a model answered.
        faults: What should not have happened, a sentence each.
    """

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    operations: frozenset[str] = frozenset()
    asked: set[str] = field(default_factory=set)
    n_reached: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def n_requests(self) -> int:
        return sum(each.total() for each in self.statuses.values())


@dataclass(frozen=True)
class Asking:
    """Sends what is drawn, and judges what comes back.

    Attributes:
        url: Of the server.
        watch: Called after every request.
    """

    url: str
    session: requests.Session
    watch: Callable[[Found], None]
    found: Found = field(default_factory=Found)

    def by_schema(self, case: schemathesis.Case[Any]) -> None:
        """What the schema allows, or forbids."""
        path = case.operation.path
        # Some forbidden headers cannot even be sent.
        with contextlib.suppress(requests.exceptions.InvalidHeader, UnicodeEncodeError):
            response = case.call(base_url=self.url, session=self.session, timeout=TIMEOUT_S)
            self.found.asked.add(_name(case.operation))
            self._judge(path, response, case.body)
            try:
                case.validate_response(response, checks=CONFORMS)
            except AssertionError as error:
                self.found.faults.append(f"{path} {response.status_code}: {error}")
            except BaseExceptionGroup as error:
                self.found.faults += [f"{path} {each}" for each in error.exceptions]
            if "Location" in response.headers:
                place = "".join(response.headers["Location"])
                self.session.delete(self.url + place, timeout=TIMEOUT_S)

    def answerable(self, asked: tuple[str, dict[str, Any]]) -> None:
        """A question that must be answered."""
        path, body = asked
        response = self.session.post(self.url + path, json=body, timeout=TIMEOUT_S)
        self._judge(path, response, body, must=True)

    def file(self, asked: tuple[DrawnFile, dict[str, Any]]) -> None:
        """A file; one that is whole must be answered."""
        file, said = asked
        path = "/v1/structures/predict"
        parts = {name: json.dumps(value) for name, value in said.items()}
        content = {"file": (file.name, file.content)}
        response = self.session.post(self.url + path, data=parts, files=content, timeout=TIMEOUT_S)
        self._judge(path, response, (file.name, file.content[:200]), must=file.is_whole)

    def _judge(self, path: str, response: Response, asked: object, *, must: bool = False) -> None:
        status, text, found = response.status_code, response.text, self.found
        found.statuses.setdefault(path, Counter())[status] += 1
        found.n_reached += status == 200 and path in REPLIES
        told = f"{path} {status} {text[:300]} to {str(asked)[:600]}"
        if status >= 500 and status != 503:
            found.faults.append(f"a fault: {told}")
        if must and status not in {200, 503}:
            found.faults.append(f"not answered: {told}")
        if any(secret in text for secret in SECRETS):
            found.faults.append(f"too much told: {told}")
        try:
            if status >= 400:
                Refusal.model_validate_json(response.content)
            elif path in REPLIES:
                REPLIES[path].model_validate_json(response.content)
        except ValidationError as error:
            found.faults.append(f"no reply and no refusal: {told}: {error}")
        self.watch(found)


def fuzz(
    url: str, n_requests: int, seed: int = 1, watch: Callable[[Found], None] = lambda _: None
) -> Found:
    """Ask a server: a third as its schema allows, a sixth as it forbids, files, sure questions.

    Args:
        url: Of the server.
        n_requests: About so many.
        seed: Draws the same again.
        watch: Called after every request.
    """
    spec = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [_sound(each) for each in spec.get_all_operations()]
    n_rounds = max(round(n_requests / ROUND), 1)
    n_each = n_requests // n_rounds // 6 + 1
    with requests.Session() as session:
        named = frozenset(_name(each) for each in operations)
        asking = Asking(url, session, watch, Found(operations=named))
        allowed = _cases(operations, schemathesis.GenerationMode.POSITIVE)
        forbidden = _cases(operations, schemathesis.GenerationMode.NEGATIVE)
        longest_ps = session.get(f"{url}/v1/deposition/maps").json()["longest_horizon_ps"]
        for number in range(seed * n_rounds, (seed + 1) * n_rounds):
            _draw(allowed, 2 * n_each, number, asking.by_schema)
            _draw(forbidden, n_each, number, asking.by_schema)
            _draw(answerable(longest_ps), n_each, number, asking.answerable)
            _draw(st.tuples(files(), forms()), 2 * n_each, number, asking.file)
    return asking.found


def _sound(found: Result[Any, Any]) -> Any:  # noqa: ANN401 - schemathesis's own
    """An operation of our schema.

    Raises:
        Exception: What is wrong with the schema.
    """
    if isinstance(found, Err):
        raise found.err()
    return found.ok()


def _name(operation: Any) -> str:  # noqa: ANN401 - schemathesis's own
    return f"{operation.method.upper()} {operation.path}"


def _cases(
    operations: list[Any], mode: schemathesis.GenerationMode
) -> st.SearchStrategy[schemathesis.Case[Any]]:
    """Mostly questions: places that are only looked at have little to get wrong."""
    drawn = []
    for operation in operations:
        times = 3 if operation.method.upper() == "POST" else 1
        drawn += [operation.as_strategy(generation_mode=mode)] * times
    return st.one_of(drawn)


def _draw(strategy: st.SearchStrategy[Any], n: int, seed: int, ask: Callable[[Any], None]) -> None:
    """Ask with so many draws; what goes wrong is counted and not searched for a smaller case."""

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=n,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def each(drawn: object) -> None:
        ask(drawn)

    each()
