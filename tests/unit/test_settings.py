"""A setting that cannot be is refused in sentences a person can act on."""

from typing import Self

import pytest
from pydantic import Field, model_validator

from simulate.errors import MisuseError
from simulate.settings import Settings, differences, validated


class Inner(Settings):
    low: float = 1.0
    high: float = Field(2.0, gt=0)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low <= high must hold, but got {self.low=}, {self.high=}. Lower it.")
        return self


class Outer(Settings):
    n_times: int
    inner: Inner = Inner()


def refusal(values: object) -> str:
    with pytest.raises(MisuseError) as caught:
        validated(Outer, values, "here.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "`n_times` is required but was not given; add it."),
        ({"n_times": 1, "colour": 2},
         "`colour` is not a known key; remove or rename it. Known keys: inner, n_times."),
        ({"n_times": 1, "inner": {"low": 5}},
         "`inner`: low <= high must hold, but got low=5.0, high=2.0. Lower it."),
        ({"n_times": 1, "inner": {"high": 0}},
         "`inner.high`: input should be greater than 0, but got 0."),
    ],
)  # fmt: skip
def test_a_refusal_is_one_plain_sentence(values: object, said: str) -> None:
    assert refusal(values) == f"here.yaml: {said}"


@pytest.mark.parametrize(
    "values",
    [
        {"n_times": "many"}, {"n_times": [1]}, {"n_times": None}, {"n_times": 1.5},
        {"n_times": 1, "inner": 3}, {"n_times": 1, "inner": [1, 2]}, [1], "text", None, {1: 2},
    ],
)  # fmt: skip
def test_a_wrong_type_is_refused_in_whole_sentences(values: object) -> None:
    said = refusal(values)
    assert said.startswith("here.yaml: ")
    assert said.endswith(".")
    for leaked in ("..", ". .", "self.", "Error", "{'"):
        assert leaked not in said


def test_two_settings_differ_by_their_innermost_keys() -> None:
    ours = Outer(n_times=1, inner=Inner(high=3.0))
    told = differences(Outer(n_times=1).model_dump(), ours.model_dump())
    assert told == "inner.high = 2.0 (asked for: 3.0)"
    assert differences(ours.model_dump(), ours.model_dump()) == ""
