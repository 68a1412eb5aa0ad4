"""What do angles between neighbours tell, and what the structure at all?

    python -m benchmarks.ablation STORE [--config YAML] [--out FILE.md] [--json]

Three small trainings: with all the atoms show; the same without the labels of the atoms, which the
graph else learns beside the times; and blind for angles, so that only distances and the number of
neighbours are left (and no labels, which are made of angles). The members of the first are asked
once more with the line in the descriptors but without the graph upon it, and with the design alone.
Each is judged at fixed landmarks by members that never saw the design, all on the same designs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch

from benchmarks.extrapolation_report import skill
from benchmarks.page import parser, publish
from benchmarks.small_training import (
    Forecasts,
    config_of,
    config_option,
    trained,
)
from simulate.errors import GlassyLiError, MisuseError
from simulate.landmarks import LANDMARKS
from simulate.store import open_store
from surrogate.manifest import Gates
from surrogate.package import Package
from surrogate.surroundings import UNLABELLED, Surroundings
from surrogate.threads import one_thread
from train.config import TrainingConfig
from train.counting import table
from train.dataset import TrainingSet
from train.judges import Judges
from train.landmark import BEFORE_THE_HOLD, LEAST_AT_RISK
from train.metrics import Floats
from train.panel import Panel, panel
from train.records import Records, read_records
from train.scores import Forecast, Scores, scores

STUDY: Final = "ABLATION.md"
N_ANGULAR: Final = 5
"""The first columns of `Surroundings.atoms`: q4, q6, their averages, and the summed likeness."""

ALL: Final = "all that atoms show"
LINE: Final = "line only"
NO_LABELS: Final = "without the per-atom labels"
NO_ANGLES: Final = "no angles"
DESIGN: Final = "design alone"
PAIRS: Final = (
    (ALL, LINE),
    (LINE, DESIGN),
    (ALL, NO_LABELS),
    (ALL, NO_ANGLES),
    (NO_ANGLES, DESIGN),
    (ALL, DESIGN),
)
GRAPH_ENDS_IN: Final = ".structure.atoms.outer."
"""In the names of the weights by which alone the graph adds to the line."""

TOGETHER: Final = "all moments of waiting together"


@dataclass(frozen=True)
class Compared:
    """What came of one landmark.

    Attributes:
        over_kaplan_meier: Scores of each variant, by name.
        over_each_other: Scores of the first with the second in the curve's place, by `PAIRS`.
    """

    landmark: str
    n_ordered: int
    over_kaplan_meier: dict[str, Scores]
    over_each_other: dict[tuple[str, str], Scores]

    def as_json(self) -> dict[str, Any]:
        """The numbers."""
        return {
            "landmark": self.landmark,
            "n_ordered": self.n_ordered,
            "over_kaplan_meier": {
                name: each.model_dump(mode="json") for name, each in self.over_kaplan_meier.items()
            },
            "over_each_other": {
                f"{first} over {second}": each.model_dump(mode="json")
                for (first, second), each in self.over_each_other.items()
            },
        }


def without_angles(seen: Surroundings) -> Surroundings:
    """The same neighbours at the same distances, but nothing of how they stand to each other."""
    atoms = seen.atoms.copy()
    atoms[:, :N_ANGULAR] = 0.0
    return replace(
        seen,
        atoms=atoms,
        likeness=np.zeros_like(seen.likeness),
        labels=np.full_like(seen.labels, UNLABELLED),
    )


def blinded(data: TrainingSet) -> TrainingSet:
    """The same training set without angles."""
    return replace(data, atoms=[without_angles(each) for each in data.atoms])


@dataclass(frozen=True)
class Variants:
    """Every forecast of everybody who is asked at one landmark."""

    panel: Panel
    forecasts: dict[str, Forecast]
    kaplan_meier: Forecast

    def compared(self) -> Compared:
        """Every variant beside the curve and beside the others."""

        def judged(each: Forecast, beside: Forecast) -> Scores:
            asked = self.panel
            return scores(each, beside, asked.incubations, asked.keys, planned_ps=asked.horizon_ps)

        found = self.forecasts
        return Compared(
            self.panel.landmark,
            sum(each.is_observed for each in self.panel.incubations),
            {name: judged(each, self.kaplan_meier) for name, each in found.items()},
            {(first, second): judged(found[first], found[second]) for first, second in PAIRS},
        )


def ablation(
    records: Records, config: TrainingConfig
) -> tuple[dict[str, dict[str, float]], list[Compared]]:
    """Every variant at every landmark with enough who can be asked, then all that wait together.

    Returns:
        By variant how much its structure counts (chosen on unseen designs), and the comparisons.

    Raises:
        MisuseError: Too few can be asked at any landmark.
    """
    full, blind = trained(records, config), trained(records, config, blinded)
    untaught = trained(records, config.model_copy(update={"label_weight": 0.0}))
    panels = [panel(records.answered, landmark) for landmark in LANDMARKS]
    asked = [
        _variants(each, full, untaught, blind)
        for each in panels
        if len(each.asked) >= LEAST_AT_RISK
    ]
    if not asked:
        raise MisuseError(
            f"an ablation needs at least {LEAST_AT_RISK} trajectories at a landmark, but got "
            f"{max(len(each.asked) for each in panels)}. Simulate more designs."
        )
    waiting = [each for each in asked if each.panel.landmark not in BEFORE_THE_HOLD]
    together = [_together(waiting).compared()] if len(waiting) > 1 else []
    gates = {
        name: each.package.manifest.gates.model_dump()
        for name, each in ((ALL, full), (NO_LABELS, untaught), (NO_ANGLES, blind))
    }
    return gates, [*(each.compared() for each in asked), *together]


@one_thread()
def _variants(seen: Panel, full: Judges, untaught: Judges, blind: Judges) -> Variants:
    unseen = replace(seen, atoms=[without_angles(each) for each in seen.atoms])
    by = Forecasts.of(seen, seen, full)
    forecasts = {
        ALL: by.model,
        LINE: replace(full, package=without_graph(full.package)).forecast(seen),
        NO_LABELS: untaught.forecast(seen),
        NO_ANGLES: blind.forecast(unseen),
        DESIGN: replace(full, package=_shut(full.package)).forecast(seen),
    }
    return Variants(seen, forecasts, by.kaplan_meier)


def _shut(package: Package) -> Package:
    """The same members, whose structure counts nothing."""
    gates = Gates()
    manifest = package.manifest.model_copy(update={"gates": gates})
    return Package(manifest, package.weights, package.card_text)


def without_graph(package: Package) -> Package:
    """The same members with the line in the descriptors, under the same gates, but no graph.

    The line is fitted before the graph and the graph upon it, so that it is what a training of the
    line alone would have found.
    """
    weights = {
        name: torch.zeros_like(each) if GRAPH_ENDS_IN in name else each
        for name, each in package.weights.items()
    }
    return Package(package.manifest, weights, package.card_text)


def _together(asked: Sequence[Variants]) -> Variants:
    """Rows of several landmarks as one panel: a run counts at each moment that it reached."""
    ends = np.cumsum([len(each.panel.asked) for each in asked])[:-1]

    def joined(forecasts: Sequence[Forecast]) -> Callable[[Floats], Floats]:
        return lambda times_ps: np.concatenate(
            [
                forecast(part)
                for forecast, part in zip(forecasts, np.split(times_ps, ends), strict=True)
            ]
        )

    first, *others = (each.panel for each in asked)
    rows = replace(first.joined(others), landmark=TOGETHER)
    return Variants(
        rows,
        {name: joined([each.forecasts[name] for each in asked]) for name in asked[0].forecasts},
        joined([each.kaplan_meier for each in asked]),
    )


def report(
    found: Sequence[Compared],
    gates: dict[str, dict[str, float]],
    n_designs: int,
    config: TrainingConfig,
) -> str:
    """The page, Markdown."""
    counts = "; ".join(
        f"*{name}* " + ", ".join(f"{when} {gate:g}" for when, gate in each.items())
        for name, each in gates.items()
    )
    opening = f"""\
# What angles and structure are worth

{n_designs} designs; small models ({config.n_members} members, {config.epochs} passes over the
graphs), each design judged by members that never saw it. *{ALL.capitalize()}*: bond order,
likeness of neighbours, distances, coordination, in the descriptors and in the graph.
*{NO_LABELS.capitalize()}*: the same training, whose graph does not learn which atoms are
crystalline. *{NO_ANGLES.capitalize()}*: with everything of angles set to zero, and no labels.
*{LINE.capitalize()}*: the members of the first with the line in the descriptors but without the
graph, under the gates chosen for both together. *{DESIGN.capitalize()}*: the same members without
their structure. Skill is the share of the
Kaplan-Meier curve's score removed; in the lower rows of each table the second variant stands in
the curve's place, so that above 0 the first is better. 90 % intervals resample designs, for both
forecasts alike. What the atoms add is weighed by a gate that is chosen on unseen designs; 0 leaves
it out: {counts}."""
    return "\n\n".join([opening, *map(_section, found)]) + "\n"


def _section(found: Compared) -> str:
    first = found.over_kaplan_meier[ALL]
    rows = [
        (name, "Kaplan-Meier", *_skills(each)) for name, each in found.over_kaplan_meier.items()
    ]
    rows += [(one, other, *_skills(each)) for (one, other), each in found.over_each_other.items()]
    header = ("forecast", "over", "integrated Brier skill", "log skill")
    return f"""## {found.landmark[0].upper()}{found.landmark[1:]}

{first.n_records} asked, {found.n_ordered} of them seen to order; scored up to \
{first.horizon_ps:.0f} ps from there.

{table(header, rows)}"""


def _skills(found: Scores) -> tuple[str, str]:
    return skill(found.integrated_brier), skill(found.log)


def main() -> None:
    asked = parser(__doc__, "the record store to learn from", STUDY)
    config_option(asked)
    options = asked.parse_args()
    try:
        config, records = config_of(options), read_records([open_store(options.store)])
        gates, found = ablation(records, config)
    except GlassyLiError as error:
        raise SystemExit(str(error)) from error
    n_designs = len({record.design.key for _, record in records.answered})
    page = report(found, gates, n_designs, config)
    publish(options, STUDY, page, {"gates": gates, "landmarks": [e.as_json() for e in found]})


if __name__ == "__main__":
    main()
