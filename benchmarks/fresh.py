"""How good are forecasts of trajectories begun after those that a model learnt from?

    python -m benchmarks.fresh STORE --since DATE --config YAML [--out FILE.md] [--json]

Model and baselines learn from the records begun before a date, and are asked about those begun on
it or later. Cross-validation cannot say this: a model's form is chosen on the data that it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from benchmarks.page import parser, publish
from benchmarks.small_training import chosen, config_of, config_option, trained
from serve.evaluation_markdown import section
from serve.evaluation_words import MEASURES, listed, over, place_over, signed
from simulate.errors import GlassyLiError, MisuseError
from simulate.landmarks import LANDMARKS
from simulate.record import TrajectoryRecord
from simulate.store import open_store
from train.calibration import ShareCalibration
from train.judges import Judges
from train.landmark import LEAST_AT_RISK
from train.panel import BASELINES, Panel, Table, panel
from train.records import Records, read_records
from train.standing import MODEL, AtLandmark, at_landmark, pooled
from train.unseen import Unseen

STUDY: Final = "FRESH.md"
DOUBTFUL: Final = 0.05


@dataclass(frozen=True)
class Fresh:
    """What came of the later records.

    Attributes:
        n_learnt, n_asked: Earlier and later records; `n_designs` of the latter.
        landmarks: Those at which enough of the later ones wait.
        calibration: Of the model, all landmarks together.
    """

    n_learnt: int
    n_asked: int
    n_designs: int
    landmarks: list[AtLandmark]
    calibration: ShareCalibration

    @property
    def numbers(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "n_learnt": self.n_learnt,
            "n_asked": self.n_asked,
            "n_designs": self.n_designs,
            "landmarks": [each.model_dump(mode="json") for each in self.landmarks],
            "calibration": self.calibration.model_dump(mode="json"),
        }


def fresh(earlier: Records, later: Records, judges: Judges) -> Fresh:
    """Score the later records.

    Args:
        earlier: What baselines learn from.
        later: Of designs that are not among them.
        judges: Of a model that learnt from the earlier ones only.

    Raises:
        MisuseError: So few can be asked that nothing can be compared.
    """
    asked, found, tables = [], [], []
    for landmark in LANDMARKS:
        judged = panel(later.answered, landmark)
        if len(judged.asked) < LEAST_AT_RISK:
            continue
        of_all, reference = _tables(panel(earlier.answered, landmark), judged, judges)
        found.append(at_landmark(judged, of_all, reference))
        asked.append(judged)
        tables.append(of_all)
    if not found:
        raise MisuseError(
            f"at least {LEAST_AT_RISK} later records must be asked at a landmark, but there are "
            f"{len(later.answered)} in all. Ask about more of them."
        )
    calibration = pooled(asked, tables)[MODEL]
    n_designs = len({record.design.key for _, record in later.answered})
    return Fresh(len(earlier.answered), len(later.answered), n_designs, found, calibration)


def parted(records: Records, since: date) -> tuple[Records, Records]:
    """Those begun before a day, and the others whose designs are new to the first."""

    def is_earlier(record: TrajectoryRecord) -> bool:
        return record.provenance.started_at < since.isoformat()

    earlier = chosen(records, is_earlier)
    known = {record.design.key for _, record in earlier.answered}
    return earlier, chosen(records, lambda r: not is_earlier(r) and r.design.key not in known)


def _tables(learnt: Panel, judged: Panel, judges: Judges) -> tuple[dict[str, Table], Table]:
    """Answers of everybody about those judged, and Kaplan-Meier's."""
    unseen = Unseen.beside(learnt, judged, judges)
    baselines = {name: Table.of(unseen.forecast(each), judged) for name, each in BASELINES.items()}
    model = {MODEL: Table.of(judges.forecast(judged), judged)}
    return model | baselines, Table.of(unseen.kaplan_meier(), judged)


def report(found: Fresh, head: str) -> str:
    """The page, Markdown, after a title and who learnt from what."""
    seen = found.calibration
    excess = signed(seen.mean_excess)
    uneven = [
        each.landmark for each in found.landmarks if each.standings[MODEL].times.p_value < DOUBTFUL
    ]
    places = [
        place_over(over(standing, measure))
        for each in found.landmarks
        for name, standing in each.standings.items()
        if name != MODEL
        for measure in MEASURES
    ]
    n_ahead, n_behind = places.count("ahead"), places.count("behind")
    summary = f"""\
{head}
Skill is the share of the score removed of the Kaplan-Meier curve of the earlier records; in the
columns "model over it" the baseline stands in its place. 90 % intervals resample the later designs.

Of {len(places)} comparisons with a baseline by one of the two scores the model is clearly ahead in
{n_ahead} and clearly behind in {n_behind}; chance alone would make one in twenty seem ahead and one
in twenty behind, and they are not independent: the same designs at several moments. Over all
moments mean forecast less observed share: {excess}. The largest deviation of five bins is
{seen.largest:.2f}; a forecast that is right would show
{seen.largest_by_chance[0]:.2f} on average and {seen.largest_by_chance[1]:.2f} once in twenty times.
Times are not spread as forecast (D-calibration p below {DOUBTFUL}) at: \
{listed(uneven) if uneven else "no moment"}."""
    return "\n\n".join([summary, *map(section, found.landmarks)]) + "\n"


def opening(found: Fresh, since: date) -> str:
    """What was asked, Markdown."""
    return f"""\
# Trajectories begun later

Model and baselines learnt from {found.n_learnt} trajectories begun before {since}. Asked are
{found.n_asked} trajectories of {found.n_designs} other designs begun since, which took no part in
their training. Whether form and settings of the model were chosen without them is not known
here."""


def main(arguments: Sequence[str] | None = None) -> None:
    asked = parser(__doc__, "a record store of several days", STUDY)
    asked.add_argument("--since", type=date.fromisoformat, required=True, help="first day, ISO")
    config_option(asked)
    options = asked.parse_args(arguments)
    try:
        records = read_records([open_store(options.store)])
        earlier, later = parted(records, options.since)
        found = fresh(earlier, later, trained(earlier, config_of(options)))
    except GlassyLiError as error:
        raise SystemExit(str(error)) from error
    publish(options, STUDY, report(found, opening(found, options.since)), found.numbers)


if __name__ == "__main__":
    main()
