"""What a server makes of anything that is sent to it.

`python -m benchmarks.fuzz` asks a real server 10 000 times: questions drawn from its own OpenAPI,
as they should be and as they should not; questions that must be answered; files whole and broken.
It says how many reached the model, and what the server's memory did.
"""

import argparse
import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import hypothesis
import requests
import schemathesis
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from schemathesis.checks import not_a_server_error  # noqa: F401 - loads what checks register
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from benchmarks.structure_strategies import files
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


@dataclass
class Found:
    """What the server said.

    Attributes:
        statuses: How often each status was answered, by the place asked.
        n_reached: Questions that a model answered.
        n_must: Of those that had to be answered, how many were asked.
        faults: What should not have happened, a sentence each.
    """

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    n_reached: int = 0
    n_must: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def n_requests(self) -> int:
        return sum(each.total() for each in self.statuses.values())

    def count(self, path: str, response: requests.Response, asked: object) -> None:
        self.statuses.setdefault(path, Counter())[response.status_code] += 1
        self.n_reached += response.status_code == 200 and path in REPLIES
        told = f"{path} {response.status_code} {response.text[:300]} to {str(asked)[:600]}"
        if response.status_code >= 500 and response.status_code != 503:
            self.faults.append(f"a fault: {told}")
        if any(secret in response.text for secret in SECRETS):
            self.faults.append(f"too much told: {told}")
        try:
            if response.status_code >= 400:
                Refusal.model_validate_json(response.content)
            elif path in REPLIES:
                REPLIES[path].model_validate_json(response.content)
        except ValidationError as error:
            self.faults.append(f"no reply and no refusal: {told}: {error}")


Watch = Callable[[Found], None]


def fuzz(url: str, n_requests: int, seed: int = 1, watch: Watch = lambda _: None) -> Found:
    """Ask a server; a third of the questions as its schema allows, the others in three equal parts.

    Args:
        url: Of the server.
        n_requests: At least so many.
        seed: Draws the same again.
        watch: Called after every request.
    """
    found = Found()
    spec = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [each.ok() for each in spec.get_all_operations()]
    posts = [each for each in operations if each.method.upper() == "POST"]
    gets = [each for each in operations if each.method.upper() != "POST"]
    with requests.Session() as session:

        def by_schema(case: schemathesis.Case) -> None:
            with contextlib.suppress(requests.exceptions.InvalidHeader, UnicodeEncodeError):
                response = case.call(base_url=url, session=session, timeout=TIMEOUT_S)
                path = case.operation.path
                if "Location" in response.headers:
                    session.delete(url + response.headers["Location"], timeout=TIMEOUT_S)
                found.count(path, response, case.body)
                try:
                    case.validate_response(response, checks=CONFORMS)
                except AssertionError as error:
                    found.faults.append(f"{path} {response.status_code}: {error}")
                except BaseExceptionGroup as error:
                    found.faults += [f"{path} {each}" for each in error.exceptions]
                watch(found)

        def answered(asked: tuple[str, dict[str, Any]]) -> None:
            path, body = asked
            found.n_must += 1
            response = session.post(url + path, json=body, timeout=TIMEOUT_S)
            found.count(path, response, body)
            if response.status_code not in {200, 503}:
                found.faults.append(f"not answered: {path} {response.text[:300]} to {body}")
            watch(found)

        def uploaded(asked: tuple[Any, dict[str, Any]]) -> None:
            file, said = asked
            path = "/v1/structures/predict"
            found.n_must += file.is_whole
            parts = {name: json.dumps(value) for name, value in said.items()}
            response = session.post(
                url + path, data=parts, files={"file": (file.name, file.content)}, timeout=TIMEOUT_S
            )
            found.count(path, response, (file.name, file.content[:200]))
            if file.is_whole and response.status_code not in {200, 503}:
                found.faults.append(f"not answered: {file.name} {response.text[:300]}")
            watch(found)

        n_each = n_requests // 6 + 1
        for mode, n_cases in (("POSITIVE", 2 * n_each), ("NEGATIVE", n_each)):
            cases = _cases(posts, gets, schemathesis.GenerationMode[mode])
            _draw(cases, n_cases, seed, by_schema)
        _draw(answerable(), n_each, seed, answered)
        _draw(st.tuples(files(), forms()), 2 * n_each, seed, uploaded)
    return found


def _cases(posts: list[Any], gets: list[Any], mode: schemathesis.GenerationMode) -> Any:
    """Mostly questions; places that are only looked at have little to get wrong."""
    drawn = []
    for operation in [*posts, *posts, *posts, *gets]:
        with contextlib.suppress(Exception):
            strategy = operation.as_strategy(generation_mode=mode)
            drawn.append(strategy)
    return st.one_of(drawn)


def _draw(strategy: Any, n: int, seed: int, ask: Callable[[Any], None]) -> None:
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
    def each(drawn: Any) -> None:
        ask(drawn)

    each()


@st.composite
def designs(draw: st.DrawFn) -> dict[str, Any]:
    """A possible design, small enough to be packed at once."""
    energy = draw(st.sampled_from(["open", "confined", "partial"]))
    mass = draw(st.sampled_from(["open", "confined"]))
    design: dict[str, Any] = {
        "n_atoms": draw(st.integers(100, 400)),
        "packing_density_g_cm3": draw(st.floats(0.02, 0.5)),
        "mass_exchange": mass,
        "energy_exchange": energy,
        "hold_temperature_K": draw(st.floats(100.0, 450.0)),
    }
    if energy == "partial":
        design["energy_relaxation_ps"] = draw(st.floats(0.01, 1.0e6))
    return design


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """Possible conditions at a temperature that was sampled."""
    given_time = draw(st.booleans())
    one = {
        "current_density_mA_cm2": draw(st.floats(0.02, 10.0)),
        "area_factor": draw(st.floats(1.0, 100.0)),
        "area_factor_spread": draw(st.floats(0.0, 2.0)),
    }
    if given_time:
        return one | {"deposition_time_min": draw(st.floats(0.1, 6000.0))}
    return one | {"current_density_mA_cm2": 1.0, "capacity_mAh_cm2": draw(st.floats(0.01, 100.0))}


def answerable() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Questions that must be answered."""
    horizons = st.none() | st.floats(1.0e-3, 1.0e9)
    names = st.sampled_from(["paper", "overpotential"])
    embryos = st.fixed_dictionaries({
        "designs": st.lists(designs(), min_size=1, max_size=3),
        "horizon_ps": horizons,
        "road": st.sampled_from(["full", "fast"]),
    })  # fmt: skip
    deposits = st.fixed_dictionaries({
        "conditions": st.lists(conditions(), min_size=1, max_size=3),
        "deposition_map": names,
        "horizon_ps": horizons,
    })  # fmt: skip
    return st.one_of(
        st.tuples(st.just("/v1/embryos/predict"), embryos),
        st.tuples(st.just("/v1/deposition/predict"), deposits),
    )


def forms() -> st.SearchStrategy[dict[str, Any]]:
    """What is said beside a file."""
    return st.fixed_dictionaries(
        {"design": st.just({"energy_exchange": "open"})},
        optional={"with_atoms": st.booleans(), "horizon_ps": st.floats(1.0, 1.0e5)},
    )
