"""The study of extrapolation as Markdown."""

from collections.abc import Sequence

from simulate.settings import Settings
from train.config import TrainingConfig
from train.counting import table
from train.scores import Score, Scores


class Beyond(Settings):
    """What came of one direction at one landmark.

    Attributes:
        n_learnt: Rows learnt from.
        n_ordered: Of the judged ones.
        n_outside: Judged designs that the model itself says are outside its data.
        median_distance: Their applicability distance; about 1 and above is outside.
        over_kaplan_meier: Scores beside the Kaplan-Meier curve of the rows learnt from, by name.
        model_over_law: Scores of the model with the design law in the curve's place.
        late: Of those waiting at the end of the training hold, how many ordered until the horizon,
            and how many each forecast expected; None where nothing was watched so long.
    """

    name: str
    landmark: str
    n_learnt: int
    n_ordered: int
    n_outside: int
    median_distance: float
    over_kaplan_meier: dict[str, Scores]
    model_over_law: Scores
    late: dict[str, float] | None


def report(found: Sequence[Beyond], config: TrainingConfig) -> str:
    """The page of parts of a store."""
    opening = f"""\
# Beyond a part of the data

Small models ({config.n_members} members, {config.epochs} passes over the graphs), trained on the
nearest three quarters of the designs and judged on the rest; for *later*, trained on every run as
if its hold had ended after a quarter, each design judged by the member that never saw it.

{_LEGEND}"""
    return "\n\n".join([opening, _tables(found)]) + "\n"


def report_of_campaigns(found: Sequence[Beyond], label: str) -> str:
    """The page of a package on campaigns beyond its data."""
    opening = f"""\
# Beyond the data

{label} as it is, every member judging, on campaigns that were never trained on; baselines are
fitted to its training records. Records of another potential are asked at equal share of bulk
density, their hold at equal share of the melting point (melt, quench and the metal's own clock are
not), and all are warned of.

{_LEGEND}"""
    return "\n\n".join([opening, _tables(found)]) + "\n"


_LEGEND = """\
Skill: share of the Kaplan-Meier curve's score removed, that curve of the rows learnt from; 90 %
intervals resample designs. *Over the law*: the same with the design law (cure fraction, Weibull
times with a frailty, linear in the design, fitted to the same rows) in the curve's place: above 0
the model is better. *Expected*: mean forecast share ordered by the horizon, beside what was seen.
*Warned*: of the judged designs, those that the model itself calls outside its data; distance:
median to the nearest training design, where about 1 and above is outside. Asked at the packing, and
at the end of the quench those that still wait; fewer than three are left out, and of a few an
interval says little."""


def _tables(found: Sequence[Beyond]) -> str:
    header = (
        "beyond", "asked at", "learnt / judged / ordered", "forecast", "integrated Brier skill",
        "log skill", "over the law: Brier", "log", "expected / seen", "warned", "distance",
    )  # fmt: skip
    rows = [row for each in found for row in _rows(each)]
    late = [_late(each) for each in found if each.late]
    return "\n\n".join([table(header, rows), *late])


def _rows(each: Beyond) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for number, (name, found) in enumerate(each.over_kaplan_meier.items()):
        over = each.model_over_law
        counts = f"{each.n_learnt} / {found.n_records} / {each.n_ordered}"
        share = "-" if found.expected is None else f"{found.expected:.2f} / {found.observed:.2f}"
        rows.append(
            (
                *((each.name, each.landmark, counts) if number == 0 else ("", "", "")),
                name,
                skill(found.integrated_brier),
                skill(found.log),
                *((skill(over.integrated_brier), skill(over.log)) if number == 0 else ("", "")),
                share,
                *(
                    (f"{each.n_outside} of {found.n_designs}", f"{each.median_distance:.2f}")
                    if number == 0
                    else ("", "")
                ),
            )
        )
    return rows


def _late(each: Beyond) -> str:
    late = each.late or {}
    return (
        f"{each.name}, asked at the {each.landmark}: of {late['n_waiting']:.0f} that still waited "
        f"when the training hold ended, {late['n_ordered']:.0f} ordered until the horizon; the "
        f"model expected {late['expected']:.1f}, the law {late['expected_by_law']:.1f}, the curve "
        f"{late['expected_by_kaplan_meier']:.1f}."
    )


def skill(score: Score | None) -> str:
    """A skill with its interval."""
    if score is None or score.skill is None:
        return "-"
    ends = score.skill_interval
    return f"{score.skill:+.2f}" + (f" ({ends[0]:+.2f} to {ends[1]:+.2f})" if ends else "")
