"""Potentials and reports on them, as the terminal shows them."""

from collections.abc import Iterable
from typing import Any

from serve.console import Console
from simulate.potentials.findings import Finding, Report, stored
from simulate.potentials.registry import DEFAULT_POTENTIAL, Potential, potential_named, potentials

NOT_MEASURED = "not measured"


def tell_potentials(console: Console) -> None:
    """A table of every potential on offer."""
    every = list(potentials().values())
    for each in every:
        console.result_json(summary(each))
    console.table(
        ["name", "element", "kind", "Tm, K", "Tm is", "NVT, fs", "NVE, fs", "us/atom/step", "cost",
         "full check", "source (doi)"],
        [
            [
                each.name, each.element, each.kind, _melting(each), each.melting_kind or "",
                f"{each.time_step_fs:g}", f"{each.isolated_time_step_fs:g}", _or_not(each.cost_us),
                _ratio(each), _checked(each), each.doi,
            ]
            for each in every
        ],
    )  # fmt: skip
    console.result(
        "Tm: of the model crystal; NVT, NVE: time steps of thermostatted and isolated holds"
    )
    console.result("Tm is: measured here, or published")
    console.result(
        f"cost: of a ps, over that of {DEFAULT_POTENTIAL} (the default); measured on busy cores"
    )
    console.result(
        "full check, undecided: too short to judge the drift of energy; fail: simulate warns"
    )
    console.result("next: glassyli potentials check NAME      at most a minute")


def tell_report(console: Console, report: Report) -> None:
    """What was measured beside what should be."""
    console.result_json(as_json(report))
    console.table(
        ["", "measured", "+-", "expected", "unit", ""],
        [
            [
                each.what, _measured(each),
                "" if each.uncertainty is None else f"{each.uncertainty:.2g}",
                _expected(each), each.unit, each.verdict or "",
            ]
            for each in report.findings
        ],
    )  # fmt: skip
    for how in dict.fromkeys(each.how for each in report.findings):
        console.result(f"  {how}")
    if report.form in ("quick", "full"):
        words = {"pass": "is admitted", "fail": "is NOT admitted", "undecided": "is undecided"}
        console.result(f"{report.potential} {words[report.verdict]} ({report.form} check)")
    if report.form == "quick":
        console.result(f"next: glassyli potentials check {report.potential} --full")


def warn_of_failed(console: Console, names: Iterable[str]) -> None:
    """Say which of these potentials were found unfit, before time is spent on them."""
    for name in sorted(set(names)):
        report = stored("admission", potential_named(name))
        if report is None or report.verdict != "fail":
            continue
        wrong = ", ".join(
            f"{each.what} is {_measured(each)} and should be {_expected(each)}"
            for each in report.findings
            if each.verdict == "fail"
        )
        console.warn(
            f"{name} is NOT admitted (full check of {report.date}): {wrong}. "
            "See `glassyli potentials`."
        )


def as_json(report: Report) -> dict[str, Any]:
    """A report with its verdicts."""
    findings = [
        each.model_dump(mode="json") | {"verdict": each.verdict} for each in report.findings
    ]
    return report.model_dump(mode="json") | {"verdict": report.verdict, "findings": findings}


def summary(potential: Potential) -> dict[str, Any]:
    """Everything about one potential, for machines; what is not known is null."""
    admission = stored("admission", potential)
    measured = stored("characterisation", potential)
    names = (
        "name", "element", "kind", "citation", "doi", "mass_g_mol", "lattice", "lattice_constant_A",
        "c_over_a", "melting_temperature_K", "melting_kind", "melting_source", "melting_error_K",
        "nominal_melting_K", "bulk_density_g_cm3", "cohesive_energy_eV", "fcc_minus_bcc_eV",
        "bcc_minus_hcp_eV", "time_step_fs", "isolated_time_step_fs", "coefficients_sha256",
    )  # fmt: skip
    return {
        **{name: getattr(potential, name) for name in names},
        "cost_us_per_atom_step": potential.cost_us,
        "is_default": potential.name == DEFAULT_POTENTIAL,
        "units": potential.unit_name,
        "full_check": admission and {"date": admission.date, "verdict": admission.verdict},
        "characterised": measured and as_json(measured),
    }


def _checked(potential: Potential) -> str:
    report = stored("admission", potential)
    return "not run" if report is None else f"{report.verdict} {report.date}"


def _ratio(potential: Potential) -> str:
    """Cost of a ps over the default's."""
    default = potential_named(DEFAULT_POTENTIAL)
    if potential.cost_us is None or default.cost_us is None:
        return NOT_MEASURED
    ratio = potential.cost_us / default.cost_us * default.time_step_fs / potential.time_step_fs
    return f"{ratio:.2g}" if ratio < 100.0 else f"{round(ratio, -1):.0f}"


def _melting(potential: Potential) -> str:
    error_K = potential.melting_error_K
    return _or_not(potential.melting_temperature_K) + (f" +- {error_K:g}" if error_K else "")


def _or_not(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:g}"


def _measured(finding: Finding) -> str:
    if finding.measured is not None:
        return f"{finding.measured:.4g}"
    if finding.failure is not None:
        return "broke down"
    return "no mean" if finding.at_least is None else f">= {finding.at_least:g}"


def _expected(finding: Finding) -> str:
    if finding.expected is None:
        return ""
    if finding.bound is not None:
        return f"{'>=' if finding.bound == 'least' else '<='} {finding.expected:g}"
    return f"{finding.expected:.4g}"
