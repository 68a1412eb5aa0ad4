import json
from itertools import pairwise
from typing import Any, get_args

import pytest

from serve.messages.deposition import EXAMPLE_CONDITIONS, DepositionRequest, SurfaceRequest
from serve.messages.refusals import FieldError, RequestError, parse
from serve.messages.schemas import Question, published_schema
from serve.messages.searches import EXAMPLE_SEARCH, MAX_GP_TRIALS, MAX_TRIALS, SearchRequest
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.question import MOST_POINTS
from surrogate.deposition.registry import DEPOSITION_MAPS, MapName
from surrogate.search.config import SearchConfig

SWEPT: dict[str, Any] = {
    "current_density_mA_cm2": {"min": 0.1, "max": 5.0, "n": 19},
    "deposition_time_min": {"min": 1.0, "max": 600.0, "n": 17},
}


def read(kind: type[Question], values: object) -> Question:
    return parse(kind, json.dumps(values).encode())


def only_error(kind: type[Question], values: object) -> FieldError:
    with pytest.raises(RequestError) as caught:
        read(kind, values)
    (error,) = caught.value.refusal.detail
    return error


def conditions_error(**changed: object) -> FieldError:
    return only_error(DepositionRequest, {"conditions": [EXAMPLE_CONDITIONS | changed]})


def test_maps_are_asked_for_by_every_name_and_by_no_path() -> None:
    assert set(get_args(MapName)) == set(DEPOSITION_MAPS)
    for kind, rest in ((DepositionRequest, {"conditions": [EXAMPLE_CONDITIONS]}),
                       (SurfaceRequest, SWEPT), (SearchRequest, EXAMPLE_SEARCH)):  # fmt: skip
        error = only_error(kind, {**rest, "deposition_map": "/etc/passwd"})
        assert error.allowed == {"type": "string", "enum": ["paper", "overpotential"]}
    also = only_error(SearchRequest, EXAMPLE_SEARCH | {"also_maps": ["map.json"]})
    assert also.field == "also_maps[0]"


def test_conditions_are_read_as_the_command_line_reads_them() -> None:
    asked = parse(DepositionRequest, json.dumps({"conditions": [EXAMPLE_CONDITIONS]}).encode())
    assert asked.conditions == [DepositionConditions.model_validate(EXAMPLE_CONDITIONS)]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"temperature_K": "300"}, "conditions[0].temperature_K"),
        ({"current_density_mA_cm2": True}, "conditions[0].current_density_mA_cm2"),
        ({"area_factor": 0.5}, "conditions[0].area_factor"),
        ({"openness": 0.5}, "conditions[0].electrolyte"),
        ({"capacity_mAh_cm2": 1.0}, "conditions[0].deposition_time_min"),
        ({"colour": "red"}, "conditions[0].colour"),
    ],
)
def test_what_is_wrong_with_conditions_is_named(changed: dict[str, Any], field: str) -> None:
    assert conditions_error(**changed).field == field


def test_a_bridge_is_told_by_its_kind() -> None:
    body = {"conditions": [EXAMPLE_CONDITIONS], "bridge": {"kind": "swing"}}
    error = only_error(DepositionRequest, body)
    assert (error.field, error.found) == ("bridge.kind", "swing")
    assert error.allowed == {"enum": ["horizon", "growth"]}
    error = only_error(DepositionRequest, body | {"bridge": {"kind": "growth", "slowdown": 0}})
    assert error.field == "bridge.slowdown"
    error = only_error(DepositionRequest, body | {"bridge": {"kind": "growth"}, "horizon_ps": 5.0})
    assert error.field == "horizon_ps"


def test_a_surface_is_swept_evenly_on_a_log_scale_and_ends_where_it_was_told() -> None:
    asked = parse(SurfaceRequest, json.dumps(SWEPT).encode())
    currents = asked.current_density_mA_cm2.values
    assert (currents[0], currents[-1], len(currents)) == (0.1, 5.0, 19)
    ratios = [after / before for before, after in pairwise(currents)]
    assert ratios == pytest.approx([ratios[0]] * 18)
    assert asked.conditions.electrolyte == "baseline"


def test_what_is_swept_stays_within_possible_conditions() -> None:
    wide = {**SWEPT, "current_density_mA_cm2": {"min": 0.001, "max": 5.0, "n": 19}}
    error = only_error(SurfaceRequest, wide)
    assert (error.field, error.found) == ("current_density_mA_cm2.min", 0.001)
    assert error.allowed is not None
    assert (error.allowed["minimum"], error.allowed["maximum"]) == (0.02, 10.0)
    falling = {**SWEPT, "deposition_time_min": {"min": 5.0, "max": 5.0, "n": 2}}
    assert only_error(SurfaceRequest, falling).field == "deposition_time_min.min"
    both = {**SWEPT, "conditions": {"electrolyte": "advanced", "openness": 0.5}}
    assert "at most one" in only_error(SurfaceRequest, both).message
    many = {name: {**each, "n": 33} for name, each in SWEPT.items()}
    assert str(MOST_POINTS) in only_error(SurfaceRequest, many).message


def test_a_search_is_a_search_config_but_bounded() -> None:
    asked = parse(SearchRequest, json.dumps(EXAMPLE_SEARCH).encode())
    assert isinstance(asked, SearchConfig)
    assert set(SearchRequest.model_fields) == set(SearchConfig.model_fields)
    assert asked.model_dump() == SearchConfig.model_validate(EXAMPLE_SEARCH).model_dump()
    error = only_error(SearchRequest, EXAMPLE_SEARCH | {"n_trials": MAX_TRIALS + 1})
    assert error.allowed == {"type": "integer", "minimum": 1, "maximum": MAX_TRIALS}
    slow = only_error(SearchRequest, EXAMPLE_SEARCH | {"sampler": "gp", "n_trials": 2000})
    assert (slow.field, slow.found) == ("n_trials", 2000)
    assert str(MAX_GP_TRIALS) in slow.message


def test_bounds_of_a_search_are_named_where_they_are_wrong() -> None:
    for bounds, field in (
        ({"min": "a", "max": 300.0}, "temperature_K.min"),
        ({"min": 310.0, "max": 300.0}, "temperature_K.min"),
        ({"min": 1.0, "max": 300.0}, "temperature_K"),
        ([300.0], "temperature_K"),
    ):
        assert only_error(SearchRequest, EXAMPLE_SEARCH | {"temperature_K": bounds}).field == field


@pytest.mark.parametrize("kind", [DepositionRequest, SurfaceRequest, SearchRequest])
def test_the_published_schemas_refer_to_nothing_and_hold_no_code(kind: type[Question]) -> None:
    text = json.dumps(published_schema(kind))
    for unwanted in ("$ref", ">>>", ":math:", "Attributes"):
        assert unwanted not in text
