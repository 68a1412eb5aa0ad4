"""`glassyli potentials`: a table, its JSON, and what it refuses."""

import json

import pytest
from command_line import glassyli

from serve.potentials_view import summary
from simulate.potentials.registry import DEFAULT_POTENTIAL, potential_named, potentials


def test_every_potential_has_a_line_with_what_is_known_of_it() -> None:
    head, *lines = glassyli("potentials").stdout.splitlines()
    for word in ("name", "Tm, K", "NVT, fs", "NVE, fs", "us/atom/step", "full check"):
        assert word in head
    for name, potential in potentials().items():
        (line,) = [each for each in lines if each.split()[0] == name]
        assert potential.kind in line
        assert potential.doi in line
        assert ("not measured" in line) == (potential.melting_temperature_K is None)
    assert "next: glassyli potentials check NAME" in lines[-1]


def test_machines_get_null_for_what_nobody_measured() -> None:
    lines = [json.loads(line) for line in glassyli("potentials", "--json").stdout.splitlines()]
    assert [each["name"] for each in lines] == list(potentials())
    assert [each["name"] for each in lines if each["is_default"]] == [DEFAULT_POTENTIAL]
    of = {each["name"]: each for each in lines}
    assert of["islam-2015"]["melting_temperature_K"] is None
    assert of["islam-2015"]["units"] == "real"
    assert of["cui-2012"]["fcc_minus_bcc_eV"] == 0.0124
    assert of[DEFAULT_POTENTIAL] == json.loads(
        json.dumps(summary(potential_named(DEFAULT_POTENTIAL)))
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("check", "library.meam"), "within 9 ps"),
        (("check", "lj"), "must be one of"),
        (("check", "cui-2012", "--out", "x.json"), "--full"),
        (("characterise", "cui-2012", "--sizes", "many"), "whole numbers"),
        (("characterise", "cui-2012", "--sizes", "20"), "100 atoms or more"),
    ],
)
def test_what_cannot_be_asked_is_said_with_the_remedy(asked: tuple[str, ...], said: str) -> None:
    ended = glassyli("potentials", *asked)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stdout == ""
