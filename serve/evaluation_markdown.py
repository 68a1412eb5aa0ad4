"""An evaluation as Markdown, to lie beside the records it is of."""

from pathlib import Path

from serve.evaluation_words import (
    FORECASTERS,
    calibration_words,
    ceiling_words,
    over,
    score_of,
    told,
    told_skill,
    verdict,
)
from simulate.files import write_atomically
from train.comparison import Comparison
from train.counting import table
from train.standing import MODEL, AtLandmark, Standing

HEADER = (
    "forecast", "integrated Brier skill", "log skill", "model over it: Brier", "log", "Uno's C",
    "AUROC", "D-calibration p",
)  # fmt: skip


KEY = (
    f"Beside the model: {'; '.join(f'*{name}*, {how}' for name, how in FORECASTERS.items())}. "
    "In brackets: what it reads, the design or the atoms at that moment as well. *Uno's C*, "
    "*AUROC*: who orders first, and who at all; 0.5 is chance, 1 perfect. *D-calibration p*: below "
    "0.05 times are not spread as forecast."
)
"""What the columns and the forecasters are."""


def write_evaluation_markdown(out: Path, found: Comparison) -> None:
    """Write the verdict, and a table a landmark."""
    write_atomically(out, markdown(found))


def markdown(found: Comparison) -> str:
    """The text."""
    calibrated = " ".join(calibration_words(found))
    beside = (
        "baselines are fitted to the same parts of the data"
        if found.has_baselines
        else "no baseline learnt from the model's data here, so that Kaplan-Meier alone stands "
        "beside it"
    )
    known = f"\n\n{ceiling_words(found.ceiling)}" if found.ceiling else ""
    notes = "".join(f"\n- {note}" for note in found.notes)
    sections = "\n\n".join(map(section, found.landmarks))
    return f"""\
# Who forecasts best, and when asked?

{" ".join(verdict(found))}

{calibrated}{known}

{found.model} on {found.n_records} trajectories of {found.n_designs} designs, {found.n_failed} \
failed. Every design is judged by members that never saw it, at least {found.n_judges}; \
{beside}. At each landmark only embryos that still wait are asked, \
and times count from it. Skill: share of the Kaplan-Meier curve's score removed; 90 % intervals \
draw designs anew. The columns "model over it" have the baseline in Kaplan-Meier's place: above 0 \
the model is better.{notes}

{KEY}

{sections}
"""


def section(found: AtLandmark) -> str:
    """One landmark: who waited, and a row for every forecaster."""
    rows = [_row(name, standing) for name, standing in found.standings.items()]
    return f"""\
## {found.landmark[0].upper()}{found.landmark[1:]}

{found.n_waiting} waiting, {found.n_ordered} of them seen to order; scored up to \
{found.horizon_ps:.0f} ps {"from there" if found.is_past_quench else "of the hold"}.

{table(HEADER, rows)}"""


def _row(name: str, standing: Standing) -> tuple[str, ...]:
    return (
        name,
        told_skill(score_of(standing, "integrated_brier")),
        told_skill(score_of(standing, "log")),
        "" if name == MODEL else told_skill(over(standing, "integrated_brier")),
        "" if name == MODEL else told_skill(over(standing, "log")),
        told(standing.uno_c),
        told(standing.auroc),
        f"{standing.times.p_value:.2g}",
    )
