"""The record store: a folder of whole files, added to and never changed.

    STORE/store.json              the protocol every record in it was run under
    STORE/records/<id>.json       one record a file, written aside and renamed
    STORE/frames/<id>.<hash>.xyz.gz   its positions
    STORE/running/<id>/           checkpoints of a trajectory under way; gone once it is recorded

Several campaigns on one filesystem may share a store: each claims the trajectories that it runs.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tarfile import TarFile

from pydantic import BaseModel, ValidationError

from simulate.checkpoint import EVERY_S, Checkpoints
from simulate.claim import Claim
from simulate.errors import MisuseError, StoreError, StoreMismatchError
from simulate.files import canonical_json, sha256_of, write_atomically, write_new
from simulate.protocol import Protocol
from simulate.record import SCHEMA_VERSION, FramesFile, TrajectoryRecord, checksum_of
from simulate.settings import Settings, differences, explain
from simulate.snapshot import Snapshot, read_structure


class _Version(BaseModel):
    """What `store.json` holds in every release."""

    schema_version: int


class _Header(Settings):
    """What `store.json` holds."""

    schema_version: int
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class RecordStore:
    """An open store. Make one with `create_or_open` or `open_store`."""

    path: Path
    protocol: Protocol

    def __contains__(self, trajectory_id: str) -> bool:
        return self._record_path(trajectory_id).exists()

    def __len__(self) -> int:
        return len(self.record_files())

    def __iter__(self) -> Iterator[TrajectoryRecord]:
        """Every record, in the order of ids.

        Raises:
            StoreError: A record is damaged; names the file.
        """
        for path in self.record_files():
            yield self.read(path)

    def read(self, path: Path) -> TrajectoryRecord:
        """The record in one file.

        Raises:
            StoreError: Damaged, changed since it was written, misplaced, or of another protocol.
        """
        record = _read_record(path)
        if record.protocol.what_decides() != self.protocol.what_decides():
            parted = differences(self.protocol.what_decides(), record.protocol.what_decides())
            raise StoreError(
                f"{path} must be of its store's protocol, but they differ in {parted}. "
                "Put it into a store of its own."
            )
        return record

    def record(self, trajectory_id: str) -> TrajectoryRecord:
        """One record by its id, or by the beginning of it.

        Raises:
            MisuseError: None or several begin so.
        """
        found = [path for path in self.record_files() if path.stem.startswith(trajectory_id)]
        if len(found) != 1:
            raise MisuseError(
                f"an id must name exactly one record, but {trajectory_id!r} names {len(found)} in "
                f"{self.path}. See `glassyli records list {self.path}`."
            )
        return self.read(found[0])

    def append(
        self,
        record: TrajectoryRecord,
        frames: bytes | None = None,
        kept: list[int] | None = None,
    ) -> TrajectoryRecord:
        """Add one record; its frames first, so that a record never lacks them.

        What is there already stays as it is and is returned.

        Args:
            record: Without `frames_file`, which is filled in here.
            frames: Gzipped extended XYZ.
            kept: Numbers of those frames, where not all are there.
        """
        path = self._record_path(record.trajectory_id)
        if path.exists():
            return self.read(path)
        if frames is not None:
            checksum = sha256_of(frames)
            # Named by content: of two writers of one id, neither spoils the other's record.
            name = f"{record.trajectory_id}.{checksum[:8]}.xyz.gz"
            write_atomically(self.path / "frames" / name, frames)
            described = FramesFile(name=name, sha256=checksum, size_bytes=len(frames), kept=kept)
            record = record.model_copy(update={"frames_file": described})
        write_new(path, record.sealed().model_dump_json(indent=1) + "\n")
        return self.read(path)

    def frames(
        self, record: TrajectoryRecord, numbers: Sequence[int] | None = None
    ) -> list[Snapshot]:
        """Positions of a record's frames: 0 is the packing, n + 1 is `record.frames[n]`.

        Args:
            record: Whose.
            numbers: Which; None: all that are kept.

        Raises:
            StoreError: Missing, not kept, or not the bytes that were written.
        """
        self.verify_frames(record)
        if numbers is None:
            return read_structure(self._frames_path(record))
        kept = list(record.frame_numbers)
        missing = [number for number in numbers if number not in kept]
        if missing:
            raise StoreError(
                f"frames {missing} of record {record.trajectory_id} were not kept; "
                f"{self.path} has {kept}. Use the store it was thinned from."
            )
        return read_structure(self._frames_path(record), [kept.index(n) for n in numbers])

    def frames_bytes(self, record: TrajectoryRecord) -> bytes:
        """The frames file as it is stored, checked."""
        self.verify_frames(record)
        return self._frames_path(record).read_bytes()

    def verify_frames(self, record: TrajectoryRecord) -> None:
        """Check that the frames file holds the bytes that were written.

        Raises:
            StoreError: Missing or changed.
        """
        if record.frames_file is None:
            raise StoreError(f"record {record.trajectory_id} has no frames.")
        path = self._frames_path(record)
        try:
            found = sha256_of(path.read_bytes())
        except OSError as error:
            raise StoreError(f"frames must be at {path}, but: {error.strerror}.") from error
        if found != record.frames_file.sha256:
            raise StoreError(
                f"{path} must have checksum {record.frames_file.sha256[:12]}…, but has "
                f"{found[:12]}…: it was changed or damaged. Restore it, or remove it and "
                f"{self._record_path(record.trajectory_id)} to simulate anew."
            )

    def claim(self, trajectory_id: str) -> Claim | None:
        """Hold a trajectory while it runs, so that no other campaign on this store runs it too.

        Returns:
            The claim, which goes with this process; None where another campaign holds it.

        Raises:
            GlassyLiError: The store cannot be written, or its files cannot be locked.
        """
        return Claim.of(self.path / "running" / f"{trajectory_id}.lock")

    def under_way(self) -> list[str]:
        """Ids of trajectories that run, or that a campaign left when it was killed."""
        return sorted({path.stem for path in self.path.glob("running/*")})

    def add_to(self, archive: TarFile, record: TrajectoryRecord) -> None:
        """Put a record and its frames into an archive, where they lie in the store."""
        paths = [self._record_path(record.trajectory_id)]
        if record.frames_file is not None:
            self.verify_frames(record)
            paths.append(self._frames_path(record))
        for path in paths:
            archive.add(path, str(path.relative_to(self.path)))

    def checkpoints(self, trajectory_id: str, every_s: float = EVERY_S) -> Checkpoints:
        """Where a running trajectory leaves what a killed one goes on from."""
        return Checkpoints(self.path.absolute() / "running" / trajectory_id, every_s)

    def record_files(self) -> list[Path]:
        """Where the records are, in the order of ids."""
        return sorted(self.path.glob("records/[!.]*.json"))

    def _record_path(self, trajectory_id: str) -> Path:
        return self.path / "records" / f"{trajectory_id}.json"

    def _frames_path(self, record: TrajectoryRecord) -> Path:
        if record.frames_file is None:
            raise StoreError(f"record {record.trajectory_id} has no frames.")
        return self.path / "frames" / Path(record.frames_file.name).name


def open_store(path: Path) -> RecordStore:
    """An existing store.

    Raises:
        MisuseError: There is none at `path`.
        StoreError: Its header is damaged.
    """
    header = path / "store.json"
    if not header.is_file():
        found = f"{path} has none" if path.is_dir() else f"there is no folder {path}"
        raise MisuseError(
            f"a record store must be a folder with a store.json, but {found}. "
            "Check the path, or make a store with `glassyli simulate ... --out STORE`."
        )
    try:
        written = header.read_bytes()
        _check_version(header, written)
        values = _Header.model_validate_json(written)
    except (ValidationError, OSError) as error:
        reason = explain(error) if isinstance(error, ValidationError) else f"{error.strerror}."
        raise StoreError(f"{header} is damaged or from another version: {reason}") from error
    return RecordStore(path, values.protocol)


def _check_version(header: Path, written: bytes) -> None:
    """Before all else is read: another release may have had other settings."""
    version = _Version.model_validate_json(written).schema_version
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"{header} must have schema {SCHEMA_VERSION}, but has {version}. "
            "Read it with the release that wrote it."
        )


def create_or_open(path: Path, protocol: Protocol | None) -> RecordStore:
    """The store at `path`, made if it is not there.

    Args:
        path: Folder of the store.
        protocol: What its records are run under. None: whatever the store says.

    Raises:
        StoreMismatchError: The store was written under another protocol.
        MisuseError: There is no store and no protocol to make one with.
    """
    if not (path / "store.json").exists():
        if protocol is None:
            raise MisuseError(f"{path} is not a record store yet; name a protocol to make one.")
        _create(path, protocol)
    store = open_store(path)
    if protocol is not None and store.protocol.what_decides() != protocol.what_decides():
        parted = differences(store.protocol.what_decides(), protocol.what_decides())
        raise StoreMismatchError(
            f"a store holds records of one protocol, but {path} was written under {parted}. "
            "Choose another --out, or the store's own protocol."
        )
    return store


def _create(path: Path, protocol: Protocol) -> None:
    """Write the header of a new store; of several writers the first one decides."""
    header = path / "store.json"
    others = [name for name in _entries(path) if not name.startswith(".store.json.")]
    # What another writer of this store put there came after its header.
    if others and not header.exists():
        raise MisuseError(
            f"a new store must be an empty or new folder, but {path} holds something else. "
            "Choose another --out."
        )
    values = _Header(schema_version=SCHEMA_VERSION, protocol=protocol)
    write_new(header, values.model_dump_json(indent=1) + "\n")


def _entries(path: Path) -> list[str]:
    try:
        return [each.name for each in path.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise MisuseError(
            f"a store must be a readable folder, but {path}: {error.strerror}. "
            "Choose another --out."
        ) from error


def content_hash(records: Iterable[TrajectoryRecord]) -> str:
    """Hash of every id and its frames: names the data a model was trained on.

    Args:
        records: All of a store, in its order.
    """
    parts = [
        [record.trajectory_id, record.frames_file.sha256 if record.frames_file else None]
        for record in records
    ]
    return sha256_of(canonical_json(parts))


def _read_record(path: Path) -> TrajectoryRecord:
    try:
        written = path.read_bytes()
        record = TrajectoryRecord.model_validate_json(written)
    except ValidationError as error:
        raise StoreError(
            f"{path} is damaged or from another version: {explain(error)} "
            "Restore it, or remove it to simulate anew."
        ) from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.") from error
    content = json.loads(written)
    content.pop("checksum", None)
    if record.checksum != checksum_of(content):
        raise StoreError(
            f"{path} was changed after it was written: its content and its checksum disagree. "
            "Restore it, or remove it to simulate anew."
        )
    if record.trajectory_id != path.stem:
        raise StoreError(f"{path} holds the record of {record.trajectory_id}; rename it back.")
    return record
