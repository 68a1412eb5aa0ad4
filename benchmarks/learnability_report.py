"""The learnability study as Markdown: every number with its interval, in the study's order."""

from collections.abc import Sequence
from typing import Any

from train.chance import Chance, chance_in_words
from train.counting import ends, number, table

Results = dict[str, Any]
N_CELLS = 8


def report(results: Results, by_chance: Chance | None) -> str:
    """The whole page."""
    sections = [
        f"""# Is the incubation learnable?

{results["n_records"]} independent trajectories of {results["n_designs"]} designs; horizon
{results["horizon_ps"]:.0f} ps, so long whole runs are watched. Intervals are 90 % and resample
designs; they leave out that other records would have trained other models.""",
        _curves(results["kaplan_meier"]),
        _scores(results),
        _learning_curve(results["learning_curve"]),
        _needs(results),
        _where_next(results["where_next"]),
        _chance(by_chance),
    ]
    return "\n\n".join(sections) + "\n"


def _curves(rows: Sequence[Results]) -> str:
    times = list(rows[0]["survival"])
    lines = [
        (
            each["by"].removesuffix("_g_cm3").replace("_", " "),
            f"{each['from']:g} to {each['to']:g}",
            each["n_records"],
            each["n_undecidable"],
            *(f"{each['survival'][time]:.2f}" for time in times),
            ends(each["interval_at_horizon"]),
        )
        for each in rows
    ]
    at = [f"at {time} ps" for time in times]
    return f"""## Still disordered (Kaplan-Meier), by thirds of the records

{table(("third of", "range", "records", "undecidable", *at, "90 % at the last"), lines)}

At 0 ps: after the quench. Undecidable: a perfect sphere of so few atoms would not surely count as
ordered, so that there "still disordered" is in part the definition."""


def _scores(results: Results) -> str:
    rows = []
    for name, found in results["scores"].items():
        brier, log = found["integrated_brier"], found["log"]
        beyond = results["beyond_size"].get(name)
        rows.append(
            (
                name,
                _skill(brier),
                _skill(beyond["integrated_brier"]) if beyond else "",
                f"{log['model']:.3f} (Kaplan-Meier {log['kaplan_meier']:.3f})",
                _skill(log),
                _skill(beyond["log"]) if beyond else "",
                f"{number(found['concordance'])} ({ends(found['concordance_interval'])})",
            )
        )
    header = (
        "forecast",
        "integrated Brier skill",
        "the same over size only",
        "log score",
        "log skill",
        "the same over size only",
        "concordance",
    )
    return f"""## Forecasts of designs that were left out

Five-fold cross-validation by design, repeated five times. Skill is the share of the Kaplan-Meier
curve's score removed; that curve is of the same training designs. *Design law*: the project's law
(order in the quench, cure fraction, Weibull times with a frailty) linear in the design features,
interval-censored likelihood; *size only*: the same with the number of atoms alone; *boosting*:
boosted trees on the Cox likelihood, right-censored, order at the middle of its interval.

{table(header, rows)}

{_decidable(results["decidable"])}"""


def _decidable(scored: Results) -> str:
    if not scored:
        return "No embryo, or every one, is too small for order to be told surely."
    n_records = next(iter(scored.values()))["n_records"]
    rows = [(name, _skill(each["integrated_brier"]), _skill(each["log"]))
            for name, each in scored.items()]  # fmt: skip
    return f"""Without undecidable embryos ({n_records} forecasts in all repeats):

{table(("forecast", "integrated Brier skill", "log skill"), rows)}"""


def _learning_curve(found: Results) -> str:
    names = [name for name in found["rows"][0] if name != "n_designs"]
    rows = [
        (
            row["n_designs"],
            *(f"{row[name]['log']:.3f}" for name in names),
            *(_skill(row[name]["integrated_brier"]) for name in names),
        )
        for row in found["rows"]
    ]
    header = (
        "training designs",
        *(f"log, {name}" for name in names),
        *(f"Brier skill, {name}" for name in names),
    )
    return f"""## Learning curve

Scores of the same left-out designs by fits to fewer training designs, always beside the
Kaplan-Meier curve of all of them (log {found["kaplan_meier_log"]:.3f}).

{table(header, rows)}"""


def _needs(results: Results) -> str:
    curve = results["learning_curve"]
    per_design = results["n_records"] / results["n_designs"]
    rows = [
        (what, "undefined" if designs is None else f"{designs} ({per_design * designs:.0f})")
        for what, designs in results["needs"]
    ]
    enough, interval = curve["designs_enough"], curve["designs_enough_interval"]
    return f"""## How many are needed

A line through log score against 1 / designs puts the design law's limit at
{curve["log_limit"]:.3f}. {_gain(enough, interval, per_design)} The rest scale the
intervals above as one over the root of the number of designs.

{table(("to know", f"designs (trajectories); there are {results['n_designs']}"), rows)}"""


def _gain(enough: float, interval: Sequence[float] | None, per_design: float) -> str:
    most = 100_000.0
    if enough >= most:
        return "That is no better than Kaplan-Meier, so the line says no number yet."
    if enough == 0.0:
        return "The score did not fall with more designs, so the line says no number."
    lower = upper = "undefined"
    if interval is not None:
        lower, upper = f"{interval[0]:.0f}", f"{interval[1]:.0f}"
        upper = "none" if interval[1] >= most else upper
    return (
        f"All but a tenth of its gain over Kaplan-Meier is had with {enough:.0f} training designs\n"
        f"({lower} to {upper}), {per_design * enough:.0f} trajectories."
    )


def _where_next(rows: Sequence[Results]) -> str:
    top = rows[:N_CELLS]
    n_records = max(1, sum(row["n_records"] for row in rows))
    lines = [
        (
            row["mass_exchange"],
            row["n_atoms"],
            row["density"],
            f"{100 * row['share_of_space']:.0f} %",
            f"{row['p_ordered']:.2f}",
            f"{row['entropy_bits']:.2f}",
            f"{row['ignorance_bits']:.2f}",
            f"{100 * row['share_of_ignorance']:.0f} %",
            row["n_records"],
        )
        for row in top
    ]
    header = (
        "mass",
        "atoms",
        "g/cm3",
        "of the space",
        "P(order)",
        "entropy, bits",
        "ignorance, bits",
        "of all ignorance",
        "records",
    )
    share = sum(row["share_of_ignorance"] for row in top)
    here = sum(row["n_records"] for row in top)
    return f"""## Where they help most

Entropy of the outcome at the end of the hold over designs spread evenly in the space; ignorance is
the part that data can remove: the members of an ensemble disagree. It makes
{_mean(rows, "ignorance_bits")} of {_mean(rows, "entropy_bits")} bits; the rest the law calls
chance. Embryos too small for order to be told surely are left out. The first {len(top)} cells hold
{100 * share:.0f} % of the ignorance and {100 * here / n_records:.0f} % of the records.

{table(header, lines)}"""


def _mean(rows: Sequence[Results], name: str) -> str:
    """Over the whole space."""
    return f"{sum(row['share_of_space'] * row[name] for row in rows):.2f}"


def _chance(found: Chance | None) -> str:
    said = "No replicas yet." if found is None else chance_in_words(found)
    return f"## How much is chance\n\n{said}"


def _skill(score: Results | None) -> str:
    if score is None or score["skill"] is None:
        return "undefined"
    return f"{score['skill']:.2f} ({ends(score['skill_interval'])})"
