"""What was measured of a potential: its verdict, how it is kept, and how long work takes."""

from dataclasses import replace
from pathlib import Path

import pytest

from simulate.errors import GlassyLiError
from simulate.potentials import findings
from simulate.potentials.admission import EXTENTS, extent_of, pieces, sphere_temperatures_K
from simulate.potentials.characterise import Effort
from simulate.potentials.findings import Finding, Report, keep, stored
from simulate.potentials.heating import LASTS_FRAMES, between, mean_and_error, molten_from
from simulate.potentials.registry import potential_named, potentials
from simulate.potentials.work import Piece, expected_s, worked

LITHIUM = potential_named("nichol-ackland-2016")


def finding(measured: float, uncertainty: float | None = None, **bounds: object) -> Finding:
    return Finding(
        what="w", unit="eV", measured=measured, uncertainty=uncertainty, how="h", **bounds
    )


@pytest.mark.parametrize(
    ("measured", "uncertainty", "verdict"),
    [
        (0.2, None, "pass"), (0.2, 0.3, "pass"), (0.2, 0.5, "undecided"), (1.2, 0.5, "undecided"),
        (2.2, 0.5, "fail"), (1.1, None, "fail"),
    ],
)  # fmt: skip
def test_a_bound_is_kept_or_broken_only_surely(
    measured: float, uncertainty: float | None, verdict: str
) -> None:
    assert finding(measured, uncertainty, expected=1.0, bound="most").verdict == verdict
    mirrored = finding(-measured, uncertainty, expected=-1.0, bound="least")
    assert mirrored.verdict == verdict


def test_what_should_be_is_met_within_its_tolerance() -> None:
    assert finding(1.649, expected=1.648, tolerance=0.002).verdict == "pass"
    assert finding(1.651, expected=1.648, tolerance=0.002).verdict == "fail"
    assert finding(1.645, expected=1.648, tolerance=0.002).verdict == "fail"
    assert finding(1.0).verdict is None


def test_a_report_is_as_good_as_its_worst_finding() -> None:
    passed = finding(0.2, expected=1.0, bound="most")
    unsure = finding(0.2, 0.5, expected=1.0, bound="most")
    failed = finding(2.0, expected=1.0, bound="most")
    for of, verdict in (
        ([passed, finding(1.0)], "pass"),
        ([passed, unsure], "undecided"),
        ([unsure, failed], "fail"),
    ):
        assert Report.of(LITHIUM, "full", of).verdict == verdict


def test_a_result_is_found_again_until_the_coefficients_change(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(findings, "files", lambda _: tmp_path)
    assert stored("admission", LITHIUM) is None
    report = Report.of(LITHIUM, "full", [finding(0.2, 0.1, expected=1.0, bound="most")])
    path = keep(report, "admission", LITHIUM)
    assert path.is_relative_to(tmp_path)
    assert stored("admission", LITHIUM) == report
    assert stored("characterised", LITHIUM) is None
    assert stored("admission", replace(LITHIUM, coefficients_sha256="0")) is None
    elsewhere = keep(report, "admission", LITHIUM, tmp_path / "x.json")
    assert Report.model_validate_json(elsewhere.read_text("utf-8")) == report
    path.write_text("{}")
    with pytest.raises(GlassyLiError, match="must be a report of this release"):
        stored("admission", LITHIUM)


def test_a_place_that_cannot_be_written_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GlassyLiError, match="--out"):
        keep(Report.of(LITHIUM, "full", []), "admission", LITHIUM, tmp_path / "file" / "x.json")


@pytest.mark.parametrize("name", sorted(potentials()))
def test_what_is_kept_beside_the_coefficients_is_sound(name: str) -> None:
    potential = potential_named(name)
    admission, measured = stored("admission", potential), stored("characterised", potential)
    if admission is not None:
        assert (admission.potential, admission.form) == (name, "full")
        assert admission.verdict in ("pass", "undecided")
        assert any(each.what.startswith("crystalline of a core") for each in admission.findings)
        assert any("drift" in each.what for each in admission.findings)
    if measured is not None:
        assert measured.potential == name
        assert all(each.expected is None for each in measured.findings)


def test_progress_rises_to_the_end() -> None:
    seen: list[tuple[float, str]] = []

    def measure(told):
        for share in (0.5, 1.0, 1.5):
            told(share)
        return [finding(1.0)]

    pieces_ = [Piece("short", 1.0, measure), Piece("long", 3.0, measure)]
    found = worked(pieces_, lambda share, title: seen.append((share, title)))
    assert len(found) == 2
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert (0.125, "short") in seen
    assert seen[-1] == (1.0, "long")


@pytest.mark.parametrize("name", sorted(potentials()))
def test_the_quick_check_takes_a_minute_at_most_and_the_full_one_does_more(name: str) -> None:
    potential = potential_named(name)
    quick, full = pieces(potential, "quick"), pieces(potential, "full")
    assert sum(piece.expected_s for piece in quick) < 60.0
    assert sum(piece.expected_s for piece in full) > sum(piece.expected_s for piece in quick)
    assert len(full) == 2 + len(sphere_temperatures_K(potential))
    assert extent_of(potential, "full").drift_atoms is not None


def test_the_dearest_potentials_are_tried_least() -> None:
    for form, rows in EXTENTS.items():
        costs = [cost for cost, _ in rows]
        assert costs == sorted(costs, reverse=True)
        assert costs[-1] == 0.0, form
    assert extent_of(potential_named("islam-2015"), "full").sphere_atoms == 500
    assert extent_of(potential_named("cui-2012"), "full").sphere_ps == 50.0
    assert expected_s(LITHIUM, 1000, 3.0, 3.0) == pytest.approx(
        1e-6 * 1000 * 1000 * (LITHIUM.cost_us or 0.0)
    )


def test_a_lithium_sphere_must_last_at_room_temperature_and_at_its_hold() -> None:
    assert sphere_temperatures_K(LITHIUM) == pytest.approx([300.0, 364.38], abs=0.01)
    assert sphere_temperatures_K(potential_named("islam-2015")) == [300.0]
    assert sphere_temperatures_K(potential_named("cui-2012")) == [300.0]  # not at 293 K too
    (potassium_K,) = sphere_temperatures_K(potential_named("nichol-ackland-2016-k"))
    assert potassium_K / 290.0 == pytest.approx(364.38 / 657.0, rel=1e-4)


def test_a_cluster_has_melted_once_it_stays_molten() -> None:
    assert molten_from([0.9, 0.2, 0.2, 0.8, *[0.1] * LASTS_FRAMES]) == 4
    assert molten_from([0.9, 0.2, 0.2, 0.8, *[0.1] * (LASTS_FRAMES - 1), 0.4]) is None
    assert between([400.0, 410.0, 420.0], 2) == 415.0
    assert between([400.0, 410.0], 0) is None  # molten from the start tells nothing


def test_the_error_of_a_mean_has_the_frame_s_width_in_it() -> None:
    mean, error = mean_and_error([400.0, 400.0], 12.0)
    assert mean == 400.0
    assert error == pytest.approx(12.0 / 24.0**0.5)
    assert mean_and_error([400.0, 410.0])[1] == pytest.approx(5.0)


def test_clusters_of_too_few_atoms_are_refused() -> None:
    with pytest.raises(GlassyLiError, match="100 atoms or more, but got 200, 50"):
        Effort(sizes=(200, 50))
