"""Stores put together, packed into one file, and unpacked again; nothing is taken on trust."""

import gzip
import io
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from simulate.errors import MisuseError, StoreError
from simulate.files import write_atomically
from simulate.plan import Plan
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore, create_or_open, open_store


def merge(stores: Sequence[RecordStore], out: Path) -> int:
    """Copy what is not there yet from several stores of one protocol into another.

    Returns:
        How many records were added.

    Raises:
        StoreMismatchError: The stores were written under different protocols.
        StoreError: A record or its frames are damaged.
    """
    target = create_or_open(out, stores[0].protocol)
    for store in stores[1:]:
        create_or_open(out, store.protocol)  # refuses another protocol before anything is copied
    added = 0
    for store in stores:
        for record in store:
            if record.trajectory_id in target:
                continue
            check_id(record)
            kept = record.frames_file.kept if record.frames_file else None
            frames = store.frames_bytes(record) if record.frames_file else None
            target.append(record, frames, kept)
            added += 1
    return added


def check_id(record: TrajectoryRecord) -> None:
    """Refuse a record whose id is not the hash of its question.

    Raises:
        StoreError: Its design, protocol or seed was changed, or another release made it.
    """
    plan = Plan(record.design, record.protocol, record.seed, record.parent)
    if plan.trajectory_id != record.trajectory_id:
        raise StoreError(
            f"record {record.trajectory_id} must have the id of its content, but that is "
            f"{plan.trajectory_id}: it was changed, or made by another release."
        )


def write_frames(store: RecordStore, folder: Path) -> int:
    """The frames of every trajectory as plain extended XYZ, a file each.

    Returns:
        How many files were written.
    """
    n_files = 0
    for record in store:
        if record.frames_file is not None:
            frames = gzip.decompress(store.frames_bytes(record))
            write_atomically(folder / f"{record.trajectory_id}.xyz", frames)
            n_files += 1
    return n_files


def write_archive(store: RecordStore, path: Path) -> int:
    """A whole store as one gzipped tar file.

    Returns:
        How many records it holds.
    """
    packed = io.BytesIO()
    records = list(store)
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(store.path / "store.json", "store.json")
        for record in records:
            store.add_to(archive, record)
    write_atomically(path, packed.getvalue())
    return len(records)


def import_archive(path: Path, out: Path) -> int:
    """Add what an archive holds to a store, made if it is not there; every record is checked.

    Returns:
        How many records were added.

    Raises:
        MisuseError: Not an archive of a store.
    """
    with tempfile.TemporaryDirectory(prefix="glassyli-") as folder:
        try:
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
        except (OSError, tarfile.TarError) as error:
            raise MisuseError(
                f"an archive must be what `glassyli records export --format archive` wrote, but "
                f"{path}: {error}."
            ) from error
        return merge([open_store(Path(folder))], out)
