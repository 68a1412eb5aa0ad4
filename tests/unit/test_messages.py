import json
from typing import Any

import pytest

from serve.messages.embryos import MAX_ATOMS_FULL_ROAD, MAX_DESIGNS, EmbryosRequest
from serve.messages.refusals import MAX_ERRORS, FieldError, RequestError, parse
from serve.messages.schemas import published_schema
from simulate.design import EmbryoDesign
from simulate.potentials.registry import potentials

DESIGN: dict[str, Any] = {
    "n_atoms": 300,
    "packing_density_g_cm3": 0.0534,
    "mass_exchange": "open",
    "energy_exchange": "open",
}

COMPARABLE = sorted(n for n, each in potentials().items() if each.has_melting_point)
"""Potentials whose temperatures can be compared with those that a model learnt from."""


def asked(values: object) -> bytes:
    return json.dumps(values).encode()


def read(body: bytes) -> EmbryosRequest:
    return parse(EmbryosRequest, body)


def refusal(body: bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        read(body)
    assert caught.value.status == 422
    # Whatever was found must fit into strict JSON.
    json.dumps(caught.value.refusal.model_dump(), allow_nan=False)
    return caught.value


def only_error(body: bytes) -> FieldError:
    (error,) = refusal(body).refusal.detail
    return error


def design_error(**changed: object) -> FieldError:
    return only_error(asked({"designs": [DESIGN, DESIGN | changed]}))


def test_a_question_is_read_whole() -> None:
    body = {"designs": [DESIGN, DESIGN | {"n_atoms": 700}], "horizon_ps": 5000, "road": "fast"}
    question = read(asked(body))
    assert [design.n_atoms for design in question.designs] == [300, 700]
    assert (question.horizon_ps, question.road) == (5000.0, "fast")


def test_what_is_left_out_has_a_default() -> None:
    question = read(asked({"designs": [DESIGN]}))
    assert (question.horizon_ps, question.road) == (None, "full")


@pytest.mark.parametrize(
    ("field", "found", "allowed"),
    [
        ("n_atoms", 99, {"type": "integer", "minimum": 100, "maximum": 100_000}),
        ("n_atoms", "300", {"type": "integer", "minimum": 100, "maximum": 100_000}),
        ("n_atoms", True, {"type": "integer", "minimum": 100, "maximum": 100_000}),
        ("hold_temperature_K", "300", {"type": "number", "minimum": 100.0, "maximum": 450.0}),
        ("n_atoms", 300.5, {"type": "integer", "minimum": 100, "maximum": 100_000}),
        ("mass_exchange", "opn", {"type": "string", "enum": ["open", "confined"]}),
        ("energy_exchange", 1, {"type": "string", "enum": ["open", "partial", "confined"]}),
        ("hold_temperature_K", 451, {"type": "number", "minimum": 100.0, "maximum": 450.0}),
        ("hold_temperature_K", None, {"type": "number", "minimum": 100.0, "maximum": 450.0}),
        ("element", "Na", {"type": "string", "enum": ["K", "Li", "Na"]}),
        ("potential", "lj", {"type": "string", "enum": COMPARABLE}),
        (
            "energy_relaxation_ps",
            10.0,
            {"type": ["number", "null"], "minimum": 0.01, "maximum": 1.0e6},
        ),
    ],
)
def test_a_refusal_names_the_field_what_was_found_and_what_is_allowed(
    field: str, found: object, allowed: dict[str, Any]
) -> None:
    error = design_error(**{field: found})
    assert error.field == f"designs[1].{field}"
    assert error.found == found
    assert error.allowed == allowed
    assert field in error.message


def test_the_stated_densities_are_the_accepted_ones() -> None:
    allowed = design_error(packing_density_g_cm3=3.0).allowed
    assert allowed is not None
    densest = allowed["maximum"]
    assert read(asked({"designs": [DESIGN | {"packing_density_g_cm3": densest}]}))
    assert design_error(packing_density_g_cm3=densest * 1.001).field.endswith("_g_cm3")
    assert design_error(packing_density_g_cm3=0).field.endswith("_g_cm3")


def test_the_densest_packing_is_that_of_the_metal_asked_for() -> None:
    sodium = {"element": "Na", "potential": "nichol-ackland-2016-na", "packing_density_g_cm3": 1.0}
    assert read(asked({"designs": [DESIGN | sodium]}))
    error = design_error(**sodium | {"packing_density_g_cm3": 3.0})
    assert error.allowed is not None
    assert error.allowed["maximum"] == pytest.approx(1.2 * 0.971)


def test_a_leak_needs_its_time() -> None:
    error = design_error(energy_exchange="partial")
    assert error.field == "designs[1].energy_relaxation_ps"
    assert error.found is None
    assert "self." not in error.message


def test_a_whole_number_may_be_written_with_a_point() -> None:
    (design,) = read(asked({"designs": [DESIGN | {"n_atoms": 300.0}]})).designs
    assert design.n_atoms == 300
    assert isinstance(design.n_atoms, int)


def test_an_unknown_key_is_named_and_the_known_ones_listed() -> None:
    error = design_error(n_atom=300)
    assert error.field == "designs[1].n_atom"
    assert error.allowed == {"keys": list(EmbryoDesign.model_fields)}
    top = only_error(asked({"designs": [DESIGN], "horizon": 1}))
    assert (top.field, top.allowed) == ("horizon", {"keys": ["designs", "horizon_ps", "road"]})


def test_a_missing_field_is_told_from_a_null_one() -> None:
    missing = {key: value for key, value in DESIGN.items() if key != "n_atoms"}
    assert "missing" in only_error(asked({"designs": [missing]})).message
    assert "missing" not in design_error(n_atoms=None).message


@pytest.mark.parametrize("horizon_ps", [0, -1, True, "100", [], 10**400])
def test_a_horizon_is_a_positive_number(horizon_ps: object) -> None:
    error = only_error(asked({"designs": [DESIGN], "horizon_ps": horizon_ps}))
    assert error.field == "horizon_ps"
    assert error.allowed == {"type": ["number", "null"], "exclusiveMinimum": 0}


@pytest.mark.parametrize("n_designs", [0, MAX_DESIGNS + 1])
def test_a_question_holds_1_to_256_designs(n_designs: int) -> None:
    error = only_error(asked({"designs": [DESIGN] * n_designs}))
    assert error.field == "designs"
    assert error.found == f"a list of {n_designs}"
    assert error.allowed is not None
    assert (error.allowed["minItems"], error.allowed["maxItems"]) == (1, MAX_DESIGNS)
    assert read(asked({"designs": [DESIGN] * MAX_DESIGNS}))


def test_atoms_are_limited_where_they_are_packed() -> None:
    large = [DESIGN | {"n_atoms": 100_000}] * (MAX_ATOMS_FULL_ROAD // 100_000 + 1)
    error = only_error(asked({"designs": large}))
    assert error.allowed is not None
    assert error.allowed["x-max-atoms-full-road"] == MAX_ATOMS_FULL_ROAD
    assert read(asked({"designs": large, "road": "fast"})).road == "fast"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"designs"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"designs": [{"n_atoms": NaN}]}',
        b'{"designs": [], "horizon_ps": Infinity}',
        b'{"designs": [], "horizon_ps": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_json_object_is_refused_as_a_body(body: bytes) -> None:
    assert only_error(body).field == "body"


def test_a_body_is_told_what_is_missing_in_words() -> None:
    error = only_error(b'{"designs": [] "horizon_ps": 1}')
    assert error.message == (
        "the request body: must be valid JSON, but at column 16 a comma or the closing brace or "
        "bracket is missing."
    )


def test_a_number_too_large_to_hold_is_refused_and_can_be_told() -> None:
    body = asked({"designs": [DESIGN]}).replace(b"0.0534", b"1e400")
    error = only_error(body)
    assert error.field == "designs[0].packing_density_g_cm3"
    assert error.found == "a number too large to hold"


def test_every_error_is_counted_and_few_are_spelt_out() -> None:
    told = refusal(asked({"designs": [{f"key{number}": 1 for number in range(1000)}]})).refusal
    assert told.n_errors == 1004
    assert len(told.detail) == MAX_ERRORS


def test_the_published_schema_knows_every_field() -> None:
    design = published_schema(EmbryosRequest)["properties"]["designs"]["items"]
    assert list(design["properties"]) == list(EmbryoDesign.model_fields)
    assert "$ref" not in json.dumps(published_schema(EmbryosRequest))
