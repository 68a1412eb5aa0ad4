"""What was measured of a potential, on which day, by which engine: results as they are stored."""

import os
import tempfile
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import ValidationError

from simulate.errors import GlassyLiError
from simulate.files import write_atomically
from simulate.labels import ovito_version
from simulate.lammps_library import lammps_version
from simulate.potentials.potential import Potential
from simulate.provenance import now
from simulate.settings import Settings, explain

Verdict = Literal["pass", "fail", "undecided"]
Topic = Literal["admission", "characterisation"]
SURE_SPREADS: Final = 2.0
"""A bound is kept or broken if it is so by this many standard errors."""


class Finding(Settings):
    """One number, and what it should be where that is known.

    Attributes:
        measured, uncertainty: In `unit`; the uncertainty is a standard error, None where there is
            none but of rounding.
        at_least: What is known instead where not every repetition gave a value.
        failure: Why the physics broke down before anything could be told; a cause of failed
            records.
        how: By what, in a few words.
        expected, tolerance: Met within the tolerance; without one, `bound` says how.
        bound: Whether `expected` is the least or the most allowed.
    """

    what: str
    unit: str
    measured: float | None = None
    uncertainty: float | None = None
    at_least: float | None = None
    failure: str | None = None
    how: str
    expected: float | None = None
    tolerance: float | None = None
    bound: Literal["least", "most"] | None = None

    @property
    def verdict(self) -> Verdict | None:
        """Of the comparison; None where there is nothing to compare with."""
        if self.failure is not None:
            return "fail"
        if self.expected is None or self.measured is None:
            return None
        if self.bound is None:
            gap = abs(self.measured - self.expected)
            return "pass" if gap <= (self.tolerance or 0.0) else "fail"
        sign = 1.0 if self.bound == "least" else -1.0
        room = sign * (self.measured - self.expected)
        sure = SURE_SPREADS * (self.uncertainty or 0.0)
        if room >= sure:
            return "pass"
        return "fail" if room < -sure else "undecided"


class Report(Settings):
    """Everything found of one potential on one occasion.

    Attributes:
        form: How much was done: `quick`, `full`, or a line on the effort.
        coefficients_sha256: Of the coefficients it is about.
        date: UTC.
    """

    potential: str
    form: str
    date: str
    coefficients_sha256: str
    lammps: str
    ovito: str
    findings: list[Finding]

    @classmethod
    def of(cls, potential: Potential, form: str, found: list[Finding]) -> Self:
        """A report of today."""
        return cls(
            potential=potential.name,
            form=form,
            date=now()[:10],
            coefficients_sha256=potential.coefficients_sha256,
            lammps=lammps_version(),
            ovito=ovito_version(),
            findings=found,
        )

    @property
    def verdict(self) -> Verdict:
        """Of all findings together."""
        told = {finding.verdict for finding in self.findings}
        return "fail" if "fail" in told else "undecided" if "undecided" in told else "pass"


def stored(topic: Topic, potential: Potential) -> Report | None:
    """What is kept beside the coefficients; None where nothing is, or of other coefficients.

    Raises:
        GlassyLiError: It cannot be read.
    """
    place = _place(topic, potential)
    try:
        text = place.read_text("utf-8")
    except FileNotFoundError:
        return None
    try:
        report = Report.model_validate_json(text)
    except ValidationError as error:
        raise GlassyLiError(
            f"{place} must be a report of this release, but: {explain(error)} "
            "Remove it and measure again."
        ) from error
    return report if report.coefficients_sha256 == potential.coefficients_sha256 else None


def place_to_keep(topic: Topic, potential: Potential, out: Path | None = None) -> Path:
    """The file of a report beside the coefficients, or elsewhere; tried before hours are spent.

    Raises:
        GlassyLiError: It could not be written.
    """
    path = out or Path(str(_place(topic, potential)))
    try:
        if path.is_dir():
            raise _unwritable(path, "it is a folder")
        folder = next(each for each in path.absolute().parents if each.exists())
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error
    return path


def keep(report: Report, path: Path) -> None:
    """Write a report.

    Args:
        report: What was found.
        path: Of `place_to_keep`.

    Raises:
        GlassyLiError: The place cannot be written any more.
    """
    try:
        write_atomically(path, report.model_dump_json(indent=1, exclude_none=True) + "\n")
    except (GlassyLiError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        why = os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else str(error)
        raise _unwritable(path, why) from error


def _unwritable(path: Path, why: str) -> GlassyLiError:
    return GlassyLiError(
        f"the result must be kept in a file that can be written, but {path} cannot: {why}. "
        "Name another file with --out."
    )


def _place(topic: Topic, potential: Potential) -> Traversable:
    return files("simulate.potentials").joinpath("reports", topic, f"{potential.name}.json")
