"""`glassyli records`, the part that writes, here and at URLs."""

import csv
import io
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from serve.commands.options import AsJson
from serve.commands.records import Store, records_app
from serve.session import SESSION

if TYPE_CHECKING:
    from serve.console import Console

__all__ = ["records_app"]


class ExportFormat(StrEnum):
    """What an export holds: a table of trajectories, their frames, or the whole store."""

    csv = "csv"
    parquet = "parquet"
    extxyz = "extxyz"
    archive = "archive"


@records_app.command()
def export(
    store: Store,
    out: Annotated[Path, typer.Option(help="File to write (extxyz: a folder).")],
    form: Annotated[
        ExportFormat | None, typer.Option("--format", help="Default: by the ending of --out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a table, frames as extended XYZ, or an archive."""
    console = SESSION.console(as_json=as_json)
    from serve.record_words import summary_of
    from serve.words import count
    from simulate.archive import write_archive
    from simulate.files import write_atomically
    from simulate.store import open_store
    from simulate.transfer import write_frames

    form = form or _format_of(out)
    opened = open_store(store)
    if form is ExportFormat.archive:
        n_records = write_archive(opened, out)
    elif form is ExportFormat.extxyz:
        n_records = write_frames(opened, out)
    else:
        rows = [summary_of(record) for record in opened]
        n_records = len(rows)
        write_atomically(out, _csv(rows) if form is ExportFormat.csv else _parquet(rows))
    console.result_json({"out": str(out), "format": form, "n_records": n_records})
    console.result(f"wrote {count(n_records, 'trajectory')} to {out}")


def _format_of(out: Path) -> ExportFormat:
    from simulate.errors import MisuseError

    endings = {
        ".csv": ExportFormat.csv,
        ".parquet": ExportFormat.parquet,
        ".tgz": ExportFormat.archive,
        ".gz": ExportFormat.archive,
        "": ExportFormat.extxyz,
    }
    if out.suffix not in endings:
        raise MisuseError(
            f"--out must end in .csv, .parquet, .tar.gz or be a folder's name, but is {out}. "
            "Rename it, or say what it holds with --format."
        )
    return endings[out.suffix]


def _tell_added(console: "Console", n_added: int, kind: Literal["store", "url"], to: str) -> None:
    """How many records a copy brought, and to where."""
    from serve.words import count

    console.result_json({kind: to, "n_added": n_added})
    console.result(f"added {count(n_added, 'record')} to {to}")


@records_app.command("import")
def import_records(
    archive: Annotated[Path, typer.Argument(help="From `records export --format archive`.")],
    out: Annotated[Path, typer.Option(help="Record store; made if it is not there.")],
    as_json: AsJson = False,
) -> None:
    """Add an archive's records to a store, each one checked."""
    console = SESSION.console(as_json=as_json)
    from simulate.archive import import_archive

    added = import_archive(archive, out)
    _tell_added(console, added, "store", str(out))


@records_app.command()
def merge(
    stores: Annotated[list[Path], typer.Argument(help="Record stores of one protocol.")],
    out: Annotated[Path, typer.Option(help="Record store; made if it is not there.")],
    as_json: AsJson = False,
) -> None:
    """Copy several stores of one protocol into one."""
    console = SESSION.console(as_json=as_json)
    from simulate.store import open_store
    from simulate.transfer import merge as merge_stores

    added = merge_stores([open_store(store) for store in stores], out)
    _tell_added(console, added, "store", str(out))


@records_app.command()
def push(
    store: Store,
    url: Annotated[str, typer.Argument(help="Where to: s3://bucket/store, file:///mnt/store, ...")],
    as_json: AsJson = False,
) -> None:
    """Copy to a URL what it has not yet, each record checked."""
    console = SESSION.console(as_json=as_json)
    from simulate.remote import push as push_store
    from simulate.store import open_store

    added = push_store(open_store(store), url)
    _tell_added(console, added, "url", url)


@records_app.command()
def pull(
    url: Annotated[str, typer.Argument(help="Where `records push` copied a store to.")],
    out: Annotated[Path, typer.Option(help="Record store; made if it is not there.")],
    as_json: AsJson = False,
) -> None:
    """Add to a store what a URL has more, each record checked."""
    console = SESSION.console(as_json=as_json)
    from simulate.remote import pull as pull_store

    added = pull_store(url, out)
    _tell_added(console, added, "store", str(out))


@records_app.command()
def relabel(
    store: Store,
    out: Annotated[Path, typer.Option(help="The relabelled store; only new records are added.")],
    onset_cluster_atoms: Annotated[int | None, typer.Option(help="n_c.")] = None,
    persistence_ps: Annotated[float | None, typer.Option(help="How long order must last.")] = None,
    confirmed_core_fraction: Annotated[
        float | None, typer.Option(help="Crystalline share of the core that confirms it.")
    ] = None,
    fraction_after_onset_ps: Annotated[
        float | None, typer.Option(help="When the crystalline fraction is read.")
    ] = None,
    rmsd_cutoff: Annotated[float | None, typer.Option(help="Of template matching.")] = None,
    positions: Annotated[
        Literal["averaged", "minimised"] | None, typer.Option(help="Which are labelled.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Label and judge again under other thresholds, no new MD."""
    console = SESSION.console(as_json=as_json)
    from dataclasses import asdict

    from serve.words import count
    from simulate.protocol import Labelling
    from simulate.relabel import relabel as relabel_store
    from simulate.settings import validated
    from simulate.store import open_store

    opened = open_store(store)
    asked = {
        "onset_cluster_atoms": onset_cluster_atoms,
        "persistence_ps": persistence_ps,
        "confirmed_core_fraction": confirmed_core_fraction,
        "fraction_after_onset_ps": fraction_after_onset_ps,
        "rmsd_cutoff": rmsd_cutoff,
        "positions": positions,
    }
    changed = {name: value for name, value in asked.items() if value is not None}
    values = opened.protocol.labelling.model_dump() | changed
    labelling = validated(Labelling, values, "the new thresholds")
    with console.progress("relabel", max(len(opened), 1)) as bar:
        done = relabel_store(
            opened, out, labelling, lambda done, total: bar.at(done, total=max(total, 1))
        )
    console.result_json({"store": str(out), **asdict(done), "labelling": values})
    cut_short = (
        f"; {count(done.n_cut_short, 'trajectory')} stopped early for an order that no longer "
        "counts: now censored there, though a longer hold might have shown it"
        if done.n_cut_short
        else ""
    )
    console.result(f"added {count(done.n_added, 'record')} to {out}{cut_short}")
    console.result(f"next: glassyli records list {out}")


@records_app.command()
def card(
    store: Store,
    out: Annotated[
        Path | None, typer.Option(help="File to write. Default: README.md in the store.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the data card: what a store holds, counted."""
    console = SESSION.console(as_json=as_json)
    from simulate.store import open_store
    from train.data_card import write_data_card

    path = out or store / "README.md"
    write_data_card(open_store(store), path)
    console.result_json({"store": str(store), "card": str(path)})
    console.result(f"wrote {path}")


@records_app.command()
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


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else ["trajectory_id"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    to = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), to)
    return to.getvalue()
