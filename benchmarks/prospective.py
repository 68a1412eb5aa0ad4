"""How good are forecasts of trajectories that were run after a model was made?

    python -m benchmarks.prospective STORE --learnt STORE... [--model PACKAGE] [--out FILE] [--json]
    python -m benchmarks.prospective train/reference-later --learnt train/reference \
        train/reference-long                                  the model that ships, as it was judged

A model package is asked about designs of STORE that it never saw, beside baselines that learn from
the records that it learnt from. No score is freer of tuning: the records did not exist when the
model's form and settings were chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.fresh import Fresh, fresh, report
from benchmarks.page import parser, publish
from benchmarks.small_training import chosen
from serve.evaluation_markdown import KEY
from serve.evaluation_words import score_of, told_skill
from serve.models import model_path
from simulate.errors import GlassyLiError, MisuseError
from simulate.record import TrajectoryRecord
from simulate.store import open_store
from surrogate.package import Package, read_package
from train.data_card import JUDGEMENT
from train.evaluate import check_same_kind
from train.judges import Judges
from train.landmark import LEAST_AT_RISK
from train.records import Records, read_records
from train.standing import MODEL


@dataclass(frozen=True)
class Later:
    """Records that a model may be asked about, and how many it may not.

    Attributes:
        asked: Begun after the model was made, of designs that it did not learn from. A run that
            was stopped counts from when it went on.
        n_older: Begun before.
        n_known: Of designs that it learnt from, begun after.
    """

    asked: Records
    n_older: int
    n_known: int

    @classmethod
    def of(cls, records: Records, package: Package) -> Self:
        """Part the records of a store."""
        made = package.manifest
        known = {design.key for design in made.domain.designs}

        def is_older(record: TrajectoryRecord) -> bool:
            return record.provenance.started_at <= made.created_at

        younger = chosen(records, lambda record: not is_older(record))
        asked = chosen(younger, lambda record: record.design.key not in known)
        n_older = len(records.answered) - len(younger.answered)
        return cls(asked, n_older, len(younger.answered) - len(asked.answered))


def read_later(path: Path, package: Package) -> Later:
    """What a model may be asked about of a store.

    Raises:
        MisuseError: The records are of another protocol or physics, or nothing may be asked.
    """
    store = open_store(path)
    records = read_records([store])
    check_same_kind(package, [store], records.answered)
    later = Later.of(records, package)
    if not later.asked.answered:
        raise MisuseError(
            f"{path} must hold records of designs new to {package.label}, begun after it was made "
            f"({package.manifest.created_at}), but {later.n_older} are older and {later.n_known} "
            "of designs that it learnt from. Simulate other designs."
        )
    return later


def read_learnt(paths: Sequence[Path], package: Package) -> Records:
    """What a model learnt from: baselines shall know the same.

    Raises:
        MisuseError: These are not the stores that it was trained on.
    """
    records = read_records([open_store(path) for path in paths])
    if not package.manifest.learnt_from(records.content_sha256):
        raise MisuseError(
            f"--learnt must be the stores that {package.label} was trained on, as they were then "
            f"(data hash {_hashes(package.manifest.training_data_sha256)}), but "
            f"{', '.join(map(str, paths))} have {_hashes(records.content_sha256)}. "
            "Name those, or with --model a model of these."
        )
    return records


def _hashes(found: Sequence[str]) -> str:
    return ", ".join(each[:12] for each in found)


def of_decidable(learnt: Records, asked: Records, judges: Judges) -> Fresh | None:
    """The same of embryos large enough for order to be told surely; None where they are few."""
    sure = chosen(asked, lambda record: record.is_decidable)
    if len(sure.answered) < LEAST_AT_RISK:
        return None
    return fresh(learnt, sure, judges)


def _skill(found: Fresh) -> str:
    first = found.landmarks[0]
    skill = told_skill(score_of(first.standings[MODEL], "integrated_brier"))
    return f"integrated Brier skill at the {first.landmark} is {skill}"


def opening(found: Fresh, sure: Fresh | None, later: Later, package: Package) -> str:
    """What was asked, Markdown."""
    without_small = ""
    if sure is not None:
        without_small = f"""
Without the {found.n_asked - sure.n_asked} embryos too small for order to be told surely its \
{_skill(sure)}."""
    return f"""\
# Trajectories run after the model was made

Answer: its {_skill(found)}.\
{without_small}

{package.label}, made {package.manifest.created_at[:10]}, learnt from {found.n_learnt} trajectories,
and so did the baselines here. Asked are {found.n_asked} trajectories of {found.n_designs} other
designs, begun after the model was made: they decided neither its weights nor its form. Left out
are {later.n_known} further runs of designs that it learnt from and {later.n_older} that began
before it was made.

{KEY}
"""


def main(arguments: Sequence[str] | None = None) -> None:
    asked = parser(__doc__, "a record store that the model did not learn from", JUDGEMENT)
    asked.add_argument(
        "--learnt",
        type=Path,
        nargs="+",
        required=True,
        help="every store that the model was trained on",
    )
    asked.add_argument("--model", type=Path, help="model package; default: the one that ships")
    options = asked.parse_args(arguments)
    try:
        package = read_package(model_path(options.model))
        later = read_later(options.store, package)
        learnt = read_learnt(options.learnt, package)
        judges = Judges.of(package)
        found = fresh(learnt, later.asked, judges)
        sure = of_decidable(learnt, later.asked, judges)
    except GlassyLiError as error:
        raise SystemExit(str(error)) from error
    numbers = found.numbers | {"decidable": None if sure is None else sure.numbers}
    publish(options, JUDGEMENT, report(found, opening(found, sure, later, package)), numbers)


if __name__ == "__main__":
    main()
