import json
from typing import Any

import httpx
import pytest
from served import Served

from serve.endpoint.in_process import InProcess
from serve.endpoint.ingress import build_app
from serve.endpoint.keys import digest
from serve.endpoint.settings import ServerSettings

OPEN = {"/healthz", "/readyz"}


@pytest.fixture(scope="module")
def spec(served: Served) -> dict[str, Any]:
    return dict(httpx.get(f"{served.url}/openapi.json").json())


def operations(spec: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_place_says_what_it_is_and_what_it_answers(spec: dict[str, Any]) -> None:
    for _, path, operation in operations(spec):
        assert len(operation["summary"]) > 15
        assert {"500"} < set(operation["responses"])
        # Parameters are refused where a route has none, too.
        assert ("422" in operation["responses"]) == path.startswith("/v1/")
        assert ("security" in operation) == (path not in OPEN)
        assert ("401" in operation["responses"]) == (path not in OPEN)
        for status, response in operation["responses"].items():
            if path == "/metrics" and status == "200":
                continue
            schema = response["content"]["application/json"]["schema"]
            assert ("Refusal" in json.dumps(schema)) == (int(status) >= 400)
            assert len(response["description"]) > 10
            assert ("Retry-After" in response.get("headers", {})) == (status == "503")
    names = [operation["operationId"] for _, _, operation in operations(spec)]
    assert len(set(names)) == len(names)
    assert set(spec["components"]["securitySchemes"]) == {"bearer", "header"}


def test_no_docstring_of_the_code_is_told(spec: dict[str, Any]) -> None:
    text = json.dumps(spec)
    for unwanted in (">>>", ":math:", "Attributes:", "Raises:"):
        assert unwanted not in text


def test_what_answers_hold_is_described(spec: dict[str, Any]) -> None:
    prediction = spec["components"]["schemas"]["Prediction"]["properties"]
    assert prediction["glass_index"]["description"].endswith("Not a share of a deposit.")


def test_every_example_is_answered(served: Served, spec: dict[str, Any]) -> None:
    posts = [(path, each) for method, path, each in operations(spec) if method == "post"]
    assert len(posts) >= 4
    for path, operation in posts:
        ((kind, content),) = operation["requestBody"]["content"].items()
        for example in content["schema"]["examples"]:
            if kind == "application/json":
                response = httpx.post(served.url + path, json=example, timeout=120.0)
            else:
                parts = {
                    name: value if name == "format" else json.dumps(value)
                    for name, value in example.items()
                    if name != "file"
                }
                file = {"file": ("example", example["file"])}
                response = httpx.post(served.url + path, data=parts, files=file, timeout=120.0)
            assert response.status_code in {200, 202}, f"{path}: {response.text}"


def test_a_key_is_asked_for_where_there_is_one() -> None:
    for key, may_do_without in ((None, True), (digest(b"secret"), False)):
        app = build_app(InProcess({}), ServerSettings(), key_digest=key)
        security = app.openapi()["paths"]["/v1/model"]["get"]["security"]
        assert ({} in security) == may_do_without
        assert {"bearer": []} in security
