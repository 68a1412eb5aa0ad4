"""`glassyli records`: look at a record store. What changes or copies one is in `curation`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.commands.options import AsJson
from serve.session import SESSION

if TYPE_CHECKING:
    from simulate.record import TrajectoryRecord

records_app = typer.Typer(
    help="List, show, verify, judge, copy or pack record stores.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Store = Annotated[Path, typer.Argument(help="A record store.")]


@records_app.command("list")
def list_records(store: Store, as_json: AsJson = False) -> None:
    """One line a trajectory."""
    console = SESSION.console(as_json=as_json)
    from serve import words
    from serve.record_words import SHORT_ID, summary_of
    from serve.views import tell_families
    from simulate.store import open_store

    records = sorted(open_store(store), key=_by_size)
    rows = [summary_of(record) for record in records]
    for row in rows:
        console.result_json(row)
    has_replicas = any(row["parent"] for row in rows)
    console.table(
        ["id", "design", "seed", *["from"] * has_replicas, "outcome", "incubation", "crystalline",
         "bcc"],
        [
            [
                row["trajectory_id"], row["sentence"], row["seed"],
                *[(row["parent"] or "packing")[:SHORT_ID]] * has_replicas,
                row["outcome"] if row["is_decidable"] else f"{row['outcome']} ?",
                row["incubation"], words.percent(row["crystalline_fraction"]),
                "" if row["bcc_share"] is None else words.percent(row["bcc_share"]),
            ]
            for row in rows
        ],
    )  # fmt: skip
    console.result("bcc: share of the crystalline labels, the rest is fcc and hcp")
    if not all(row["is_decidable"] for row in rows):
        console.result("? : too few atoms for order to be told surely from a fluctuation")
    if any(row["incubation"].startswith(">") for row in rows):
        console.result("> : not ordered when watching stopped; the true time is longer")
    tell_families(console, records)
    console.result(f"{words.count(len(rows), 'record')} in {store}: {words.split(records)}")


@records_app.command()
def show(
    store: Store,
    trajectory_id: Annotated[str, typer.Argument(help="Its id, or the beginning of it.")],
    as_json: AsJson = False,
) -> None:
    """Everything about one trajectory."""
    console = SESSION.console(as_json=as_json)
    from serve.record_words import sheet
    from simulate.store import open_store

    record = open_store(store).record(trajectory_id)
    console.result_json(record.model_dump(mode="json"))
    for what, text in sheet(record):
        console.result(f"  {what:<13}{text}")
    console.result(f"every number of it: glassyli records show {store} {trajectory_id} --json")


@records_app.command()
def verify(store: Store, as_json: AsJson = False) -> None:
    """Check every record, its id and the checksum of its frames."""
    console = SESSION.console(as_json=as_json)
    from serve.words import count
    from simulate.soundness import verified
    from simulate.store import open_store

    found = verified(open_store(store))
    console.result_json(
        {
            "is_sound": found.is_sound,
            "n_records": found.n_records,
            "outcomes": found.outcomes,
            "problems": found.problems,
            "notes": found.notes,
        }
    )
    for problem in found.problems:
        console.result(problem)
    for note in found.notes:
        console.result(f"note: {note}")
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(found.outcomes.items()))
    console.result(
        f"{count(found.n_records, 'record')} read ({counts or 'none'}), "
        f"{count(len(found.problems), 'problem')}, {count(len(found.notes), 'note')}"
    )
    if not found.is_sound:
        raise typer.Exit(1)


@records_app.command()
def sensitivity(store: Store, as_json: AsJson = False) -> None:
    """How much do thresholds decide? Judges anew, writes nothing."""
    console = SESSION.console(as_json=as_json)
    from dataclasses import asdict

    from serve.words import count
    from simulate.sensitivity import sensitivity as rows_of
    from simulate.store import open_store

    records = list(open_store(store))
    rows = rows_of(records)
    for row in rows:
        console.result_json(asdict(row))
    console.table(
        ["core >=", "lasting, ps", "n_c", "ordered", "in the quench", "median, ps", "changed", ""],
        [
            [
                f"{row.confirmed_core_fraction:g}", f"{row.persistence_ps:g}",
                row.onset_cluster_atoms, row.n_ordered, row.n_in_quench,
                "-" if row.median_onset_ps is None else f"{row.median_onset_ps:.0f}",
                row.n_changed, "<- as stored" if row.is_own else "",
            ]
            for row in rows
        ],
    )  # fmt: skip
    n_answered = sum(not record.is_failed for record in records)
    console.result(
        f"of {count(n_answered, 'trajectory')} that did not fail; changed: ordered or not differs "
        "from what is stored; median: onset of those that ordered in the hold"
    )


def _by_size(record: "TrajectoryRecord") -> tuple[int, float, str, int]:
    """Replicas of a design stand together, by seed."""
    design = record.design
    return design.n_atoms, design.packing_density_g_cm3, design.sentence, record.seed
