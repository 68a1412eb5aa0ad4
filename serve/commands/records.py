"""`glassyli records`: look at a record store. What changes or copies one is in `curation`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    from simulate.store import open_store

    rows = [summary_of(record) for record in sorted(open_store(store), key=_by_size)]
    for row in rows:
        console.result_json(row)
    console.table(
        ["id", "design", "seed", "outcome", "incubation", "crystalline"],
        [
            [
                row["trajectory_id"], row["sentence"], row["seed"],
                row["outcome"] if row["is_decidable"] else f"{row['outcome']} ?",
                row["incubation"], words.percent(row["crystalline_fraction"]),
            ]
            for row in rows
        ],
    )  # fmt: skip
    if not all(row["is_decidable"] for row in rows):
        console.result("? : too few atoms for order to be told surely from a fluctuation")
    if any(row["incubation"].startswith(">") for row in rows):
        console.result("> : not ordered when watching stopped; the true time is longer")
    console.result(f"{words.count(len(rows), 'record')} in {store}")


@records_app.command()
def show(
    store: Store,
    trajectory_id: Annotated[str, typer.Argument(help="Its id, or the beginning of it.")],
    as_json: AsJson = True,  # noqa: ARG001 - JSON is all there is
) -> None:
    """Everything about one trajectory, as JSON."""
    console = SESSION.console(as_json=True)
    from simulate.store import open_store

    console.result_json(open_store(store).record(trajectory_id).model_dump(mode="json"))


@records_app.command()
def verify(store: Store, as_json: AsJson = False) -> None:
    """Check every record, its id and the checksum of its frames."""
    console = SESSION.console(as_json=as_json)
    from serve.words import count
    from simulate.errors import StoreError
    from simulate.store import open_store
    from simulate.transfer import check_id

    opened = open_store(store)
    problems: list[str] = []
    n_records = 0
    outcomes: dict[str, int] = {}
    for path in opened.record_files():
        try:
            record = opened.record(path.stem)
            check_id(record)
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
        ["core >=", "lasting, ps", "n_c", "ordered", "in the quench", "median, ps", "changed"],
        [
            [
                f"{row.confirmed_core_fraction:g}", f"{row.persistence_ps:g}",
                row.onset_cluster_atoms, row.n_ordered, row.n_in_quench,
                "-" if row.median_onset_ps is None else f"{row.median_onset_ps:.0f}",
                row.n_changed,
            ]
            for row in rows
        ],
    )  # fmt: skip
    n_answered = sum(not record.is_failed for record in records)
    console.result(
        f"of {count(n_answered, 'trajectory')} that did not fail; changed: ordered or not differs "
        "from what is stored; median: onset of those that ordered in the hold"
    )


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
        "diffusivity_cm2_s": record.mobility.diffusivity_cm2_s if record.mobility else None,
        "is_full_length": record.is_full_length,
        "order_lost_at_ps": record.order_lost_at_ps,
        "parent": record.parent.trajectory_id if record.parent else None,
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
