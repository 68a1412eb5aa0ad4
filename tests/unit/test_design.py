import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.design import EmbryoDesign, grid, parse_json, read_designs
from simulate.errors import MisuseError
from simulate.json_faults import json_fault
from simulate.settings import validated
from simulate.units import number_density_per_A3

GOOD = {
    "n_atoms": 300,
    "packing_density_g_cm3": 0.0534,
    "mass_exchange": "open",
    "energy_exchange": "open",
}


def test_bulk_lithium_has_two_atoms_a_cell_of_3_51_angstrom() -> None:
    assert 2.0 / number_density_per_A3(0.534, 6.94) == pytest.approx(3.51**3, rel=0.003)


def test_defaults_are_lithium_at_room_temperature() -> None:
    design = EmbryoDesign(**GOOD)
    assert (design.element, design.potential) == ("Li", "nichol-ackland-2016")
    assert design.hold_temperature_K == 300.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_atoms": 0}, "n_atoms"),
        ({"n_atoms": 100_001}, "100000"),
        ({"packing_density_g_cm3": 0.7}, "1.2 x bulk"),
        ({"packing_density_g_cm3": -0.1}, "packing_density_g_cm3"),
        ({"packing_density_g_cm3": math.nan}, "finite"),
        ({"element": "Xx"}, "element and potential must agree"),
        ({"potential": "magic"}, "must be one of cui-2012, "),
        ({"mass_exchange": "ajar"}, "'open' or 'confined'"),
        ({"energy_exchange": "partial"}, "energy_relaxation_ps must be given"),
        ({"energy_relaxation_ps": 5.0}, "energy_relaxation_ps must be given"),
        ({"hold_temperature_K": -5}, "hold_temperature_K"),
        ({"temperature": 300}, "`temperature` is not a known key"),
    ],
)
def test_an_impossible_design_is_refused_with_its_reason(change: dict, words: str) -> None:
    with pytest.raises(MisuseError, match=words.replace("(", r"\(")):
        validated(EmbryoDesign, GOOD | change, "here")


def test_every_missing_field_is_named() -> None:
    with pytest.raises(MisuseError, match=r"`n_atoms` is required.*`mass_exchange` is required"):
        validated(EmbryoDesign, {"packing_density_g_cm3": 0.1, "energy_exchange": "open"}, "here")


@given(
    n_atoms=st.integers(100, 100_000),
    density=st.floats(0.001, 0.64),
    mass=st.sampled_from(["open", "confined"]),
)
def test_the_cell_has_the_packing_density_asked_for(
    n_atoms: int, density: float, mass: str
) -> None:
    design = EmbryoDesign(
        n_atoms=n_atoms,
        packing_density_g_cm3=density,
        mass_exchange=mass,
        energy_exchange="open",
    )
    grams = n_atoms * 6.94 / 6.02214076e23
    assert grams / (design.cell_volume_A3 * 1.0e-24) == pytest.approx(density, rel=1e-9)


def test_a_design_key_depends_on_every_field() -> None:
    design = EmbryoDesign(**GOOD)
    changes = [
        {"n_atoms": 301},
        {"packing_density_g_cm3": 0.06},
        {"mass_exchange": "confined"},
        {"energy_exchange": "confined"},
        {"energy_exchange": "partial", "energy_relaxation_ps": 3.0},
        {"hold_temperature_K": 299.0},
    ]
    keys = {EmbryoDesign(**(GOOD | change)).key for change in changes} | {design.key}
    assert len(keys) == len(changes) + 1


def test_a_design_file_names_the_line_that_is_wrong(tmp_path) -> None:
    file = tmp_path / "designs.jsonl"
    file.write_text(json.dumps(GOOD) + "\n\n" + json.dumps(GOOD | {"n_atoms": 3}) + "\n")
    with pytest.raises(MisuseError, match=r"line 3.*n_atoms"):
        read_designs(file)


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"n_atoms": NaN}'])
def test_a_design_file_that_is_none_is_refused(tmp_path, text: str) -> None:
    file = tmp_path / "designs.jsonl"
    file.write_text(text)
    with pytest.raises(MisuseError):
        read_designs(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1 "b": 2}', "at column 9 a comma or the closing brace or bracket is missing."),
        ('{\n "a": 1\n "b": 2}', "at line 3, column 2 a comma or the closing brace"),
        ('{"a" 1}', "at column 6 a colon is missing after the key."),
        ("{'a': 1}", "at column 2 a key in double quotes is missing"),
        ('{"a": None}', "at column 7 a value is missing: a number, text in double quotes"),
        ('{"a": "x}', "at column 7 text begins that no double quote ends."),
        ('{"a": "x\n"}', "at line 1, column 9 a line break or tab stands inside text"),
        (r'{"a": "\q"}', r"at column 8 a backslash stands inside text: write \\."),
        ('{"a": 1} 2', "at column 10 something follows after the end of the JSON."),
        (" ", "it is empty."),
        ('{"a": NaN}', "NaN is not a JSON number."),
    ],
)
def test_broken_json_is_told_in_words_and_not_in_python_s(text: str, said: str) -> None:
    with pytest.raises(MisuseError) as caught:
        parse_json(text, "--design")
    assert str(caught.value).startswith(f"--design: must be valid JSON, but {said}")
    assert "char" not in str(caught.value)


def test_what_python_says_of_json_in_other_words_is_passed_on() -> None:
    assert json_fault(json.JSONDecodeError("Something new", "{", 1)).endswith("Something new")


def test_a_proposal_is_a_design(tmp_path) -> None:
    file = tmp_path / "proposals.jsonl"
    file.write_text(json.dumps({"rank": 1, "design": GOOD}))
    assert read_designs(file) == [EmbryoDesign(**GOOD)]


def test_a_grid_is_every_combination() -> None:
    assert len(grid({"a": [1, 2], "b": [3, 4, 5]})) == 6
