"""Records copied from store to store; nothing is taken on trust, and nothing is lost on the way."""

import gzip
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from simulate.errors import StoreError
from simulate.files import write_atomically
from simulate.plan import Plan
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore, create_or_open

logger = logging.getLogger(__name__)

StoredFrames = tuple[bytes, list[int] | None]
"""Gzipped extended XYZ and the numbers of its frames; None: the packing and all of the series."""


def merge(stores: Sequence[RecordStore], out: Path) -> int:
    """Copy what is not there yet from several stores of one protocol into another.

    Of an id that several hold, the record that says most is copied. A failure that `out` holds
    already stays, with a warning if one of the stores has the answer.

    Returns:
        How many records were added.

    Raises:
        StoreMismatchError: The stores were written under different protocols.
        StoreError: A record or its frames are damaged.
    """
    target = create_or_open(out, stores[0].protocol)
    for store in stores[1:]:
        create_or_open(out, store.protocol)  # refuses another protocol before anything is copied
    present = {path.stem: path for path in target.record_files()}
    added = 0
    unanswered = []
    for name, held in _where(stores).items():
        store, record = best((store, store.read(path)) for store, path in held)
        if name in present:
            if not record.is_failed and target.read(present[name]).is_failed:
                unanswered.append(name)
            continue
        check_id(record)
        put(target, record, stored_frames(store, record))
        added += 1
    if unanswered:
        logger.warning(
            "%s holds failures that another store answers: %s. Remove their files from "
            "%s and run this again.", out, ", ".join(unanswered), out / "records",
        )  # fmt: skip
    return added


def best(
    candidates: Iterable[tuple[RecordStore, TrajectoryRecord]],
) -> tuple[RecordStore, TrajectoryRecord]:
    """Of records of one id the one that says most: an answer, else the longest series.

    Of equal ones the first.
    """
    return max(candidates, key=lambda held: (not held[1].is_failed, len(held[1].frames)))


def _where(stores: Sequence[RecordStore]) -> dict[str, list[tuple[RecordStore, Path]]]:
    """The files that hold each id, in the order of the stores."""
    found = defaultdict(list)
    for store in stores:
        for path in store.record_files():
            found[path.stem].append((store, path))
    return found


def put(target: RecordStore, record: TrajectoryRecord, frames: StoredFrames | None) -> None:
    """Append a record of another store with these frames, or with none."""
    content, kept = frames or (None, None)
    target.append(record.model_copy(update={"frames_file": None}), content, kept)


def stored_frames(store: RecordStore, record: TrajectoryRecord) -> StoredFrames | None:
    """The frames of a record as they are stored, checked; None where there is not one.

    Raises:
        StoreError: Missing or changed.
    """
    if record.frames_file is None:
        return None
    return store.frames_bytes(record), record.frames_file.kept


def check_id(record: TrajectoryRecord) -> None:
    """Refuse a record whose id is not the hash of its question.

    Raises:
        StoreError: Its design, protocol or seed was changed, or another release made it.
    """
    expected = Plan.of(record).trajectory_id
    if expected != record.trajectory_id:
        raise StoreError(
            f"record {record.trajectory_id} must have the id of its content, but that is "
            f"{expected}: it was changed, or made by another release."
        )


def checked_record(store: RecordStore, path: Path) -> TrajectoryRecord:
    """The record in one file, with its seal, its id and its frames checked.

    Raises:
        StoreError: Something was changed, is missing or lies in the wrong place.
    """
    record = store.read(path)
    check_id(record)
    if record.frames_file is not None:
        store.verify_frames(record)
    return record


def write_frames(store: RecordStore, folder: Path) -> int:
    """The frames of every trajectory as plain extended XYZ, a file each.

    Returns:
        How many files were written.
    """
    n_files = 0
    for record in store:
        frames = stored_frames(store, record)
        if frames is not None:
            write_atomically(folder / f"{record.trajectory_id}.xyz", gzip.decompress(frames[0]))
            n_files += 1
    return n_files
