"""What was measured of a potential: its verdict, how it is kept, and how long work takes."""

from dataclasses import replace
from pathlib import Path

import pytest

from simulate.errors import EngineError, GlassyLiError, TrajectoryFailure
from simulate.potentials import admission, characterise, findings
from simulate.potentials.admission import (
    EXTENTS,
    admit,
    extent_of,
    pieces,
    sphere_temperatures_K,
)
from simulate.potentials.characterise import Effort
from simulate.potentials.findings import Finding, Report, keep, place_to_keep, stored
from simulate.potentials.heating import LASTS_FRAMES, Melting, mean_and_error, melted, molten_from
from simulate.potentials.phases import Phases
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
    path = place_to_keep("admission", LITHIUM)
    keep(report, path)
    assert path.is_relative_to(tmp_path)
    assert stored("admission", LITHIUM) == report
    assert stored("characterisation", LITHIUM) is None
    assert stored("admission", replace(LITHIUM, coefficients_sha256="0")) is None
    elsewhere = place_to_keep("admission", LITHIUM, tmp_path / "new" / "x.json")
    assert not elsewhere.parent.exists()  # nothing is left behind by asking
    keep(report, elsewhere)
    assert Report.model_validate_json(elsewhere.read_text("utf-8")) == report
    path.write_text("{}")
    with pytest.raises(GlassyLiError, match="must be a report of this release"):
        stored("admission", LITHIUM)


def test_a_place_that_cannot_be_written_names_the_remedy_once_and_early(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    bad, report = tmp_path / "file" / "x.json", Report.of(LITHIUM, "full", [])
    message = "the result must be kept in a file that can be written, but {} cannot: {}. {}"
    remedy = "Name another file with --out."
    with pytest.raises(GlassyLiError) as early:
        place_to_keep("admission", LITHIUM, bad)
    with pytest.raises(GlassyLiError) as late:
        keep(report, bad)
    assert str(early.value) == message.format(bad, "Not a directory", remedy)
    assert str(late.value) == message.format(bad, "File exists", remedy)
    with pytest.raises(GlassyLiError, match="cannot: it is a folder"):
        place_to_keep("admission", LITHIUM, tmp_path)


def test_reports_have_a_place_that_is_no_module() -> None:
    reports = sorted(Path(findings.__file__).parent.glob("**/*.json"))
    assert {path.parts[-3] for path in reports} == {"reports"}
    assert all(potentials().get(path.stem) for path in reports)
    for topic in ("admission", "characterisation"):
        assert stored(topic, LITHIUM) is not None, topic


NOT_ADMITTED = ("zuo-2020",)  # `docs/potentials.md` says why


@pytest.mark.parametrize("name", sorted(potentials()))
def test_what_is_kept_beside_the_coefficients_is_sound(name: str) -> None:
    potential = potential_named(name)
    admission, measured = stored("admission", potential), stored("characterisation", potential)
    if admission is not None:
        assert (admission.potential, admission.form) == (name, "full")
        assert (admission.verdict == "fail") == (name in NOT_ADMITTED)
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
def test_the_full_check_has_a_sphere_for_each_temperature_and_an_isolated_embryo(
    name: str,
) -> None:
    potential = potential_named(name)
    at_K = [f"at {each:.0f} K" for each in sphere_temperatures_K(potential)]
    *_, hottest_K = at_K
    rest, *spheres, drift = (piece.title for piece in pieces(potential, "full"))
    assert [title.partition(" atoms ")[2] for title in spheres] == at_K
    assert (rest, drift) == ("crystals at rest", "drift of an isolated embryo")
    quick = [piece.title for piece in pieces(potential, "quick")]
    assert quick[0] == rest
    assert [title.partition(" atoms ")[2] for title in quick[1:]] == [hottest_K]


def test_a_potential_that_loses_atoms_fails_by_that_and_the_rest_is_measured(monkeypatch) -> None:
    def loses_atoms(*_args: object, on_progress):
        on_progress(0.5)
        raise TrajectoryFailure("lost_atoms", "LAMMPS stopped at `run 333`: Lost atoms")

    monkeypatch.setattr(admission, "at_rest", lambda _: admission.AtRest("", 3.51, None, 1.6, 0, 0))
    monkeypatch.setattr(admission, "kept_core", loses_atoms)
    report = admit(LITHIUM.name, "quick")
    assert report.verdict == "fail"
    *at_rest, sphere = report.findings
    assert at_rest[0].verdict == "pass"
    assert (sphere.verdict, sphere.failure, sphere.measured) == ("fail", "lost_atoms", 0.5)
    assert "atoms were lost after 0.5 of 2 ps (LAMMPS stopped at" in sphere.how
    assert Report.model_validate_json(report.model_dump_json(exclude_none=True)) == report


def test_an_engine_that_cannot_be_used_is_no_verdict_on_a_potential() -> None:
    def unusable(_):
        raise EngineError("no room")

    with pytest.raises(EngineError):
        worked([Piece("p", 1.0, unusable)])


def test_what_broke_down_before_its_first_frame_has_no_picoseconds() -> None:
    def breaks(_):
        raise TrajectoryFailure("not_finite", "must stay finite.")

    moving, still = worked([Piece("p", 1.0, breaks, 3.0), Piece("p", 1.0, breaks)])
    assert moving.how.startswith("p: energies or positions grew infinite before its first frame (")
    assert still.how == "p: energies or positions grew infinite (must stay finite.)"


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
    at_K = [400.0 + 10.0 * number for number in range(LASTS_FRAMES + 2)]
    molten = [0.1] * LASTS_FRAMES
    assert melted(at_K, [0.9, 0.9, *molten]).middle_K == 415.0
    assert melted(at_K, [*molten, 0.1, 0.1]) == Melting(0.0, 400.0)
    assert melted(at_K, [*[0.9] * LASTS_FRAMES, 0.1, 0.1]) == Melting(at_K[-3])


def test_the_error_of_a_mean_has_the_frame_s_width_in_it() -> None:
    mean, error = mean_and_error([400.0, 400.0], 12.0)
    assert mean == 400.0
    assert error == pytest.approx(12.0 / 24.0**0.5)
    assert mean_and_error([400.0, 410.0])[1] == pytest.approx(5.0)


def test_clusters_of_too_few_atoms_are_refused() -> None:
    with pytest.raises(GlassyLiError, match="100 atoms or more, but got 200, 50"):
        Effort(sizes=(200, 50))


def melting_of(*found: Melting) -> Finding:
    return characterise._melting_of("w", f"{len(found)} spheres", found, 700.0)


def test_a_sphere_that_did_not_melt_is_said_and_leaves_no_mean() -> None:
    both = melting_of(Melting(500.0, 510.0), Melting(510.0, 520.0))
    assert (both.measured, both.at_least) == (510.0, None)
    assert both.how == "2 spheres, which lost their crystal at 505, 515 K"
    one = melting_of(Melting(500.0, 510.0), Melting(755.6))
    assert (one.measured, one.uncertainty, one.at_least) == (None, None, 627.0)
    assert one.how.endswith("which lost their crystal at 505 K; 1 of 2 did not melt up to 755 K")
    none = melting_of(Melting(755.6), Melting(749.0))
    assert (none.measured, none.at_least) == (None, 752.0)
    assert none.how.endswith("none melted below 749 K")
    early = melting_of(Melting(500.0, 510.0), Melting(0.0, 131.0))
    assert (early.measured, early.at_least) == (None, None)
    assert early.how.endswith("1 of 2 had no crystal from the first frame on")


def test_crystals_lost_far_apart_or_at_once_did_not_melt() -> None:
    apart = melting_of(Melting(174.0, 181.0), Melting(358.0, 365.0))
    assert (apart.measured, apart.at_least) == (None, None)
    assert apart.how.endswith("too far apart for a melting point")
    at_once = melting_of(Melting(160.0, 167.0), Melting(165.0, 172.0))
    assert at_once.measured is None
    assert "no crystal that lasts" in at_once.how


def watched(*crystal_shares: float) -> Phases:
    times_ps = tuple(2.0 * (number + 1) for number in range(len(crystal_shares)))
    ways_A2 = tuple(6.0 * time_ps for time_ps in times_ps)
    return Phases(300.0, -1.6, -1.5, 21.0, 22.0, times_ps, ways_A2, crystal_shares)


def test_a_melt_that_froze_too_soon_is_said_and_leaves_no_mean() -> None:
    liquid, froze = watched(0.1, 0.1, 0.1, 0.1), watched(0.1, 0.8, 0.8, 0.8)
    both = characterise._flow("w", [liquid, liquid])
    assert both.measured == pytest.approx(1e-4)
    assert both.how == "melt in a periodic box while it was one (8, 8 ps), not corrected for size"
    one = characterise._flow("w", [liquid, froze])
    assert one.measured is None
    assert "(8 ps): 0.0001 cm2/s" in one.how
    assert one.how.endswith("; 1 of 2 stayed liquid too briefly to tell (2 ps)")
    none = characterise._flow("w", [froze, froze])
    assert none.measured is None
    assert none.how.endswith("box; 2 of 2 stayed liquid too briefly to tell (2, 2 ps)")
