"""How good are forecasts of trajectories that were run after a model was made?

    python -m benchmarks.prospective STORE --learnt STORE... [--model PACKAGE] [--out FILE] [--json]

A model package is asked about designs of STORE that it never saw, beside baselines that learn from
the records that it learnt from. No score is freer of tuning: the records did not exist when the
model's form and settings were chosen.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.fresh import Fresh, fresh, report
from benchmarks.page import parser, publish
from benchmarks.small_training import chosen
from serve.models import model_path
from simulate.errors import GlassyLiError, MisuseError
from simulate.store import open_store
from surrogate.manifest import Manifest
from surrogate.package import read_package
from train.judges import Judges
from train.records import Records, read_records

STUDY: Final = "PROSPECTIVE.md"


def run_since(later: Records, made: Manifest) -> Records:
    """Those begun after a model was made, of designs that it did not learn from."""
    known = {design.key for design in made.domain.designs}
    return chosen(
        later,
        lambda r: r.provenance.started_at > made.created_at and r.design.key not in known,
    )


def learnt_by(made: Manifest, paths: Sequence[Path]) -> Records:
    """What a model learnt from: baselines shall know the same.

    Raises:
        MisuseError: These are not the stores that it was trained on.
    """
    records = read_records([open_store(path) for path in paths])
    if sorted(records.content_sha256) != sorted(made.training_data_sha256):
        hashes = ", ".join(each[:12] for each in made.training_data_sha256)
        raise MisuseError(
            f"--learnt must be the stores that {made.name} was trained on as they were then (data "
            f"hash {hashes}), but {', '.join(map(str, paths))} have others: "
            f"{', '.join(each[:12] for each in records.content_sha256)}."
        )
    return records


def opening(found: Fresh, made: Manifest) -> str:
    """What was asked, Markdown."""
    return f"""\
# Trajectories run after the model was made

{made.name}, made {made.created_at[:10]}, learnt from {found.n_learnt} trajectories, and so did the
baselines here. Asked are {found.n_asked} trajectories of {found.n_designs} other designs, each
begun after the model was made: they decided neither its weights nor its form."""


def main(arguments: Sequence[str] | None = None) -> None:
    asked = parser(__doc__, "a record store that the model did not learn from", STUDY)
    asked.add_argument("--learnt", type=Path, nargs="+", required=True, help="what it learnt from")
    asked.add_argument("--model", type=Path, help="model package; default: the one that ships")
    options = asked.parse_args(arguments)
    try:
        package = read_package(model_path(options.model))
        earlier = learnt_by(package.manifest, options.learnt)
        later = run_since(read_records([open_store(options.store)]), package.manifest)
        found = fresh(earlier, later, Judges.of(package))
    except GlassyLiError as error:
        raise SystemExit(str(error)) from error
    publish(options, STUDY, report(found, opening(found, package.manifest)), found.numbers)


if __name__ == "__main__":
    main()
