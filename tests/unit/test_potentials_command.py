"""`glassyli potentials`: a table, its JSON, and what it refuses."""

import json
import re
from pathlib import Path

import pytest
from command_line import glassyli

from serve.console import Console
from serve.potentials_view import summary, tell_report, warn_of_failed
from simulate.potentials.findings import Finding, Report
from simulate.potentials.registry import (
    DEFAULT_POTENTIAL,
    Potential,
    potential_named,
    potentials,
)

MELTING = [
    DEFAULT_POTENTIAL, f"{DEFAULT_POTENTIAL}-na", f"{DEFAULT_POTENTIAL}-k", "cui-2012", "zuo-2020",
]  # fmt: skip


def test_every_potential_has_a_line_with_what_is_known_of_it() -> None:
    head, *lines = glassyli("potentials").stdout.splitlines()
    for word in ("name", "Tm, K", "NVT, fs", "NVE, fs", "us/atom/step", "full check"):
        assert word in head
    for name, potential in potentials().items():
        (line,) = [each for each in lines if each.split()[0] == name]
        assert potential.kind in line
        assert potential.doi in line
        assert ("not measured" in line) == (potential.melting_temperature_K is None)
        kinds = {"measured", "published"} & set(re.split(r"\s{2,}", line))
        assert kinds == {potential.melting_kind} - {None}
    assert "next: glassyli potentials check NAME" in lines[-1]


def test_machines_get_null_for_what_nobody_measured() -> None:
    lines = [json.loads(line) for line in glassyli("potentials", "--json").stdout.splitlines()]
    assert [each["name"] for each in lines] == list(potentials())
    assert [each["name"] for each in lines if each["is_default"]] == [DEFAULT_POTENTIAL]
    of = {each["name"]: each for each in lines}
    assert of["islam-2015"]["melting_temperature_K"] is None
    assert of["islam-2015"]["units"] == "real"
    kinds = [(of[name]["melting_kind"], of[name]["melting_error_K"]) for name in MELTING]
    measured = [("measured", 4.0), ("measured", 6.0), ("measured", 5.0)]
    assert kinds == [*measured, ("published", None), (None, None)]
    assert "Vella" in of["cui-2012"]["melting_source"]
    assert "benchmarks.melting" in of[DEFAULT_POTENTIAL]["melting_source"]
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


@pytest.mark.parametrize("asked", [("check", "zuo-2020", "--full"), ("characterise", "zuo-2020")])
def test_a_bad_place_is_refused_before_hours_are_spent(
    asked: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    ended = glassyli("potentials", *asked, "--out", tmp_path / "file" / "x.json")
    assert ended.returncode == 1
    said = " ".join(ended.stderr.split())
    assert "cannot: Not a directory. Name another file with --out." in said
    assert "crystals at rest" not in said  # the first piece
    assert ended.stdout == ""


def test_what_has_no_mean_or_broke_down_has_its_line(capfd: pytest.CaptureFixture[str]) -> None:
    console = Console()

    def told(form: str, **found: object) -> str:
        finding = Finding(what="melting", unit="K", how="1 of 2 did not melt", **found)
        report = Report.of(potential_named(DEFAULT_POTENTIAL), form, [finding])
        tell_report(console, report)
        return capfd.readouterr().out

    assert ">= 627" in told("clusters", at_least=627.0)
    assert "no mean" in told("clusters")
    assert "is NOT admitted (full check)" in told("full", failure="lost_atoms")


def test_who_simulates_is_warned_of_a_potential_that_failed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed = [name for name, each in potentials().items() if _full_check(each) == "fail"]
    assert failed == ["zuo-2020"]
    warn_of_failed(Console(), [DEFAULT_POTENTIAL, *failed, *failed])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: zuo-2020 is NOT admitted (full check of ")
    assert "bcc of a core at 300 K" in line
    assert ">= 0.5" in line


def _full_check(potential: Potential) -> str | None:
    checked = summary(potential)["full_check"]
    return checked and str(checked["verdict"])
