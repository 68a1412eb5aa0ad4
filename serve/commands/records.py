"""`glassyli records`: look at a record store."""

import csv
import io
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.commands.options import AsJson
from serve.session import SESSION

if TYPE_CHECKING:
    from simulate.record import TrajectoryRecord

app = typer.Typer(
    help="List, show, verify, export or thin a record store.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Store = Annotated[Path, typer.Argument(help="A record store.")]


class ExportFormat(StrEnum):
    """What an export holds."""

    csv = "csv"
    extxyz = "extxyz"


@app.command("list")
def list_records(store: Store, as_json: AsJson = False) -> None:
    """One line a trajectory."""
    console = SESSION.console(as_json=as_json)
    from serve import words
    from simulate.store import open_store

    rows = [summary_of(record) for record in sorted(open_store(store), key=_by_size)]
    for row in rows:
        console.result_json(row)
    console.table(
        ["id", "design", "seed", "outcome", "incubation", "crystalline"],
        [
            [
                row["trajectory_id"], row["sentence"], row["seed"], row["outcome"],
                row["incubation"], words.percent(row["crystalline_fraction"]),
            ]
            for row in rows
        ],
    )  # fmt: skip
    if any(row["incubation"].startswith(">") for row in rows):
        console.result("> : not ordered when watching stopped; the true time is longer")
    console.result(f"{words.count(len(rows), 'record')} in {store}")


@app.command()
def show(
    store: Store,
    trajectory_id: Annotated[str, typer.Argument(help="Its id, or the beginning of it.")],
    as_json: AsJson = True,  # noqa: ARG001 - JSON is all there is
) -> None:
    """Everything about one trajectory, as JSON."""
    console = SESSION.console(as_json=True)
    from simulate.store import open_store

    console.result_json(open_store(store).record(trajectory_id).model_dump(mode="json"))


@app.command()
def verify(store: Store, as_json: AsJson = False) -> None:
    """Check every record, its id and the checksum of its frames."""
    console = SESSION.console(as_json=as_json)
    from serve.words import count
    from simulate.errors import StoreError
    from simulate.plan import Plan
    from simulate.store import open_store

    opened = open_store(store)
    problems: list[str] = []
    n_records = 0
    outcomes: dict[str, int] = {}
    for path in opened.record_files():
        try:
            record = opened.record(path.stem)
            plan = Plan(record.design, record.protocol, record.seed)
            if plan.trajectory_id != record.trajectory_id:
                problems.append(f"{path}: its content belongs to id {plan.trajectory_id}")
            if record.frames_file is not None:
                opened.verify_frames(record)
        except StoreError as error:
            problems.append(str(error))
            continue
        n_records += 1
        name = _outcome(record)
        outcomes[name] = outcomes.get(name, 0) + 1
    verdict = {"is_sound": not problems, "n_records": n_records, "outcomes": outcomes}
    console.result_json(verdict | {"problems": problems})
    for problem in problems:
        console.result(problem)
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(outcomes.items()))
    console.result(
        f"{count(n_records, 'record')} read ({counts or 'none'}), {count(len(problems), 'problem')}"
    )
    if problems:
        raise typer.Exit(1)


@app.command()
def export(
    store: Store,
    out: Annotated[Path, typer.Option(help="File (csv) or folder (extxyz) to write.")],
    form: Annotated[ExportFormat, typer.Option("--format")] = ExportFormat.csv,
    as_json: AsJson = False,
) -> None:
    """Write a table, or frames as plain extended XYZ."""
    console = SESSION.console(as_json=as_json)
    import gzip

    from serve.words import count
    from simulate.files import write_atomically
    from simulate.store import open_store

    opened = open_store(store)
    records = list(opened)
    if form is ExportFormat.csv:
        write_atomically(out, _csv([summary_of(record) for record in records]))
    else:
        for record in records:
            if record.frames_file is not None:
                frames = gzip.decompress(opened.frames_bytes(record))
                write_atomically(out / f"{record.trajectory_id}.xyz", frames)
    console.result_json({"out": str(out), "format": form, "n_records": len(records)})
    console.result(f"wrote {count(len(records), 'trajectory')} to {out}")


@app.command()
def thin(
    store: Store,
    out: Annotated[Path, typer.Option(help="The small store; only new records are added.")],
    frames: Annotated[int, typer.Option(min=3, max=1000, help="Most frames a trajectory.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Make a store small enough to share.

    Records stay whole; of each trajectory few frames are kept, with rounded positions.
    """
    console = SESSION.console(as_json=as_json)
    from serve.words import count
    from simulate.store import open_store
    from simulate.thinning import thin as thin_store

    added = thin_store(open_store(store), out, frames)
    size_MB = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1.0e6
    console.result_json({"store": str(out), "n_added": added, "size_MB": round(size_MB, 3)})
    console.result(f"added {count(added, 'record')} to {out}, now {size_MB:.1f} MB")


def summary_of(record: "TrajectoryRecord") -> dict[str, Any]:
    """One trajectory in one flat row."""
    from serve.words import incubation as incubation_words

    incubation = record.incubation
    return {
        "trajectory_id": record.trajectory_id,
        "sentence": record.design.sentence,
        **record.design.model_dump(),
        "seed": record.seed,
        "outcome": _outcome(record),
        "ordered_in_quench": incubation.ordered_in_quench if incubation else None,
        "incubation_lower_ps": incubation.lower_ps if incubation else None,
        "incubation_upper_ps": incubation.upper_ps if incubation else None,
        "incubation": incubation_words(record),
        "crystalline_fraction": _rounded(record.crystalline_fraction),
        "core_fraction": _rounded(record.core_fraction),
        "is_decidable": record.is_decidable,
        "bond_persistence": _rounded(record.mobility.bond_persistence if record.mobility else None),
        "morphology": record.morphology_at_end.name if record.morphology_at_end else None,
        "simulated_hold_temperature_K": _rounded(record.simulated.hold_temperature_K),
        "drift_meV_per_atom": _rounded(
            record.energy_balance.drift_meV_per_atom if record.energy_balance else None
        ),
        "wall_s": _rounded(sum(record.timings_s.values())),
    }


def _by_size(record: "TrajectoryRecord") -> tuple[int, float, str, int]:
    """Replicas of a design stand together, by seed."""
    design = record.design
    return design.n_atoms, design.packing_density_g_cm3, design.sentence, record.seed


def _outcome(record: "TrajectoryRecord") -> str:
    from simulate.campaign import outcome_of

    return outcome_of(record)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else ["trajectory_id"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
