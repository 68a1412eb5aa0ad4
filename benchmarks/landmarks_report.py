"""The comparison at landmarks as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from train.counting import table
from train.scores import Score, Scores

MODEL: Final = "this model"


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of one landmark.

    Attributes:
        over_kaplan_meier: Scores of every forecast, by name; the model's own first.
        model_over: Scores of the model beside every baseline in place of Kaplan-Meier.
    """

    landmark: str
    n_ordered: int
    over_kaplan_meier: dict[str, Scores]
    model_over: dict[str, Scores]


def report(found: Sequence[Compared], label: str) -> str:
    """The page, Markdown."""
    return "\n\n".join([_opening(label), *map(_section, found)]) + "\n"


def _opening(label: str) -> str:
    return f"""\
# Who forecasts best, and when asked?

{label} beside baselines on designs that its judging members, and the baselines, never saw (the same
parts of the data for all). At each landmark only embryos that still wait are asked, and times count
from it. Skill: share of the Kaplan-Meier curve's score removed, that curve of the same training
rows; 90 % intervals resample designs. *Nucleation*: a Poisson process in the core, three numbers.
*Design law*: cure fraction and Weibull times, linear in the design. *Boosting*: trees on the Cox
likelihood. *Structure*: bond order, solid-like clusters, coordination of the very atoms. The last
two columns are the skill of the model with the baseline in Kaplan-Meier's place: above 0 it is
better."""


def _section(found: Compared) -> str:
    first = found.over_kaplan_meier[MODEL]
    rows = [
        (
            name,
            _skill(each.integrated_brier),
            _skill(each.log),
            "-" if each.concordance is None else f"{each.concordance:.2f}",
            *(
                (_skill(beside.integrated_brier), _skill(beside.log))
                if (beside := found.model_over.get(name))
                else ("", "")
            ),
        )
        for name, each in found.over_kaplan_meier.items()
    ]
    header = (
        "forecast", "integrated Brier skill", "log skill", "concordance",
        "model over it: Brier", "log",
    )  # fmt: skip
    return f"""## {found.landmark[0].upper()}{found.landmark[1:]}

{first.n_records} waiting, {found.n_ordered} of them seen to order; scored up to \
{first.horizon_ps:.0f} ps from there.

{table(header, rows)}"""


def _skill(score: Score | None) -> str:
    if score is None or score.skill is None:
        return "-"
    ends = score.skill_interval
    return f"{score.skill:+.2f}" + (f" ({ends[0]:+.2f} to {ends[1]:+.2f})" if ends else "")
