"""What would iso-configurational replicas bring if one learnt from them too?

    python -m benchmarks.replicas STORE [--out FILE.md] [--json]

Training leaves replicas out: their common start makes them one sample of a structure. Here the law
that is linear in design and structure, the careful part of the model, is fitted at the end of the
quench with and without them, and judged on designs that were left out, replicas with their parent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.extrapolation_report import skill
from benchmarks.page import parser, publish
from simulate.errors import GlassyLiError, MisuseError
from simulate.incubation import Incubation
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore, open_store
from surrogate.threads import one_thread
from train.baselines import Asked, Choice, Whole, kaplan_meier, law
from train.counting import table
from train.metrics import Floats
from train.panel import panel
from train.records import read_records
from train.scores import Scores, scores
from train.split import folds

STUDY: Final = "REPLICAS.md"
LANDMARK: Final = "end of quench"
N_REPEATS: Final = 5
N_FOLDS: Final = 5
LEAST_REPLICAS: Final = 10
WITHOUT: Final = "without replicas"
WITH: Final = "with replicas, each run counting once"
SHARED: Final = "with replicas, each structure counting once"


@dataclass(frozen=True)
class Rows:
    """Runs from a packing first, then replicas, all asked at the end of the quench.

    Attributes:
        structure: Number of the structure that each row starts from, shape ``(n_rows,)``.
        horizon_ps: Of the forecasts of runs from a packing: so long whole ones are watched.
    """

    asked: Asked
    structure: Whole
    horizon_ps: float

    @property
    def is_replica(self) -> NDArray[np.bool_]:
        """Whether each row has a parent, shape ``(n_rows,)``."""
        return np.asarray(np.arange(len(self.structure)) > self.structure.max())

    @property
    def share(self) -> Floats:
        """Of each row in its structure, shape ``(n_rows,)``."""
        return np.asarray(1.0 / np.bincount(self.structure)[self.structure])

    @classmethod
    def of(cls, store: RecordStore) -> "Rows":
        """A replica has the features of its parent, and a time of its own.

        Raises:
            MisuseError: There are too few replicas of what was asked.
        """
        known = panel(read_records([store]).answered, LANDMARK)
        place = {each.record.trajectory_id: number for number, each in enumerate(known.asked)}
        found = [
            (place[record.parent.trajectory_id], seen)
            for record in store
            if (seen := _waited(record)) is not None
            and record.parent is not None
            and record.parent.trajectory_id in place
        ]
        if len(found) < LEAST_REPLICAS:
            raise MisuseError(
                f"this study needs at least {LEAST_REPLICAS} replicas that start at the end of "
                f"the quench of runs in {store.path}, but got {len(found)}. "
                "Make some with `glassyli simulate --parents`."
            )
        index = [number for number, _ in found]
        features, keys = known.structure.features, known.keys
        asked = Asked(
            np.vstack([features, features[index]]),
            [*known.incubations, *(seen for _, seen in found)],
            [*keys, *(keys[number] for number in index)],
            store.protocol.hold_ps,
            is_past_quench=True,
        )
        return cls(asked, np.array([*range(len(keys)), *index]), known.horizon_ps)


def _waited(record: TrajectoryRecord) -> Incubation | None:
    """What was seen of a replica from the end of the quench; None if it says nothing of that."""
    if record.parent is None or record.parent.time_ps != 0.0 or record.witnessed is None:
        return None
    return None if record.witnessed.ordered_in_quench else record.witnessed


@one_thread()
def study(rows: Rows) -> dict[str, Scores]:
    """Every fit beside the Kaplan-Meier curve, and those with replicas beside the one without."""
    asked, known = rows.asked, np.flatnonzero(~rows.is_replica)
    keys = [asked.keys[number] for number in known.tolist()]
    parts = [folds(keys, N_FOLDS, seed) for seed in range(N_REPEATS)]
    number = np.array([[part[key] for key in asked.keys] for part in parts])
    may_use: Choice = np.concatenate([np.arange(N_FOLDS)[:, None] != each for each in number])
    fit: Whole = (number + N_FOLDS * np.arange(N_REPEATS)[:, None])[:, known].ravel()
    row: Whole = np.tile(known, N_REPEATS)
    alone = may_use & ~rows.is_replica
    made = {
        "Kaplan-Meier": kaplan_meier(asked, alone),
        WITHOUT: law(asked, alone),
        WITH: law(asked, may_use),
        SHARED: law(asked, may_use * rows.share),
    }
    seen = [asked.incubations[each] for each in row]
    repeated = [asked.keys[each] for each in row]

    def judged(name: str, beside: str) -> Scores:
        first, second = made[name], made[beside]
        return scores(
            lambda times_ps: first(fit, row, times_ps),
            lambda times_ps: second(fit, row, times_ps),
            seen,
            repeated,
            planned_ps=rows.horizon_ps,
        )

    pairs = [(name, "Kaplan-Meier") for name in (WITHOUT, WITH, SHARED)]
    pairs += [(name, WITHOUT) for name in (WITH, SHARED)]
    return {f"{name}; over: {beside}": judged(name, beside) for name, beside in pairs}


def report(rows: Rows, found: dict[str, Scores]) -> str:
    """The page, Markdown."""
    lines: Sequence[tuple[Any, ...]] = [
        (name, skill(each.integrated_brier), skill(each.log)) for name, each in found.items()
    ]
    n_parents = len({key for key, is_one in zip(rows.asked.keys, rows.is_replica, strict=True)
                     if is_one})  # fmt: skip
    return f"""\
# What replicas would bring to training

{int((~rows.is_replica).sum())} runs that wait at the end of the quench, and
{int(rows.is_replica.sum())} iso-configurational replicas of {n_parents} of them, with new
velocities. The law that is linear in the design and in the descriptors of the structure, fitted
with and without the replicas; {N_FOLDS}-fold cross-validation by design,
repeated {N_REPEATS} times, replicas left out with their parent. Skill: share of the score removed
of what stands after *over*; 90 % intervals resample designs.

{table(("forecast", "integrated Brier skill", "log skill"), lines)}
"""


def main() -> None:
    options = parser(__doc__, "record store with replicas", STUDY).parse_args()
    try:
        rows = Rows.of(open_store(options.store))
        found = study(rows)
    except GlassyLiError as error:
        raise SystemExit(str(error)) from error
    numbers = {name: each.model_dump(mode="json") for name, each in found.items()}
    publish(options, STUDY, report(rows, found), numbers)


if __name__ == "__main__":
    main()
