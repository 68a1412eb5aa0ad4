"""A store that is copied to a URL and back is the same store; what is damaged there is refused."""

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from synthetic import SHORT_PROTOCOL, lithium, synthetic_store

from simulate.errors import GlassyLiError, MisuseError, StoreError, StoreMismatchError
from simulate.remote import pull, push
from simulate.soundness import verified
from simulate.store import RecordStore, content_hash, create_or_open, open_store


@pytest.fixture
def store(tmp_path: Path) -> RecordStore:
    return synthetic_store(tmp_path / "store", [lithium(n_atoms=120), lithium(n_atoms=150)])


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"memory://{tmp_path.name}" if request.param == "memory" else f"file://{tmp_path}/there"


def test_there_and_back_it_is_the_same(store: RecordStore, url: str, tmp_path: Path) -> None:
    assert push(store, url) == len(store)
    assert pull(url, tmp_path / "back") == len(store)
    back = open_store(tmp_path / "back")
    assert content_hash(back) == content_hash(store)
    assert verified(back).is_sound
    assert push(store, url) == pull(url, tmp_path / "back") == 0


def test_only_what_is_new_is_copied(store: RecordStore, url: str, tmp_path: Path) -> None:
    (gone, *_) = store.record_files()
    written = gone.read_bytes()
    gone.unlink()
    n_first = push(store, url)
    gone.write_bytes(written)
    assert (n_first, push(store, url)) == (len(store) - 1, 1)
    assert pull(url, tmp_path / "back") == len(store)


@pytest.mark.parametrize("folder", ["records", "frames"])
def test_what_is_damaged_there_is_not_taken(
    store: RecordStore, url: str, tmp_path: Path, folder: str
) -> None:
    push(store, url)
    system, root = fsspec.core.url_to_fs(url)
    victim = min(system.ls(f"{root}/{folder}", detail=False))
    content = system.cat_file(victim)
    system.pipe_file(victim, content[:-20] + b" " * 20)
    with pytest.raises(StoreError, match=url):
        pull(url, tmp_path / "back")
    assert len(open_store(tmp_path / "back")) == 0  # the first one is damaged


def test_another_protocol_there_is_refused(store: RecordStore, url: str, tmp_path: Path) -> None:
    other = SHORT_PROTOCOL.model_copy(update={"hold_ps": 300.0})
    push(create_or_open(tmp_path / "other", other), url)
    with pytest.raises(StoreMismatchError, match="hold_ps"):
        push(store, url)


def test_no_store_there_is_said_so(url: str, tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match=r"must have a store\.json"):
        pull(url, tmp_path / "back")


def test_an_unknown_kind_of_place_is_said_so(store: RecordStore) -> None:
    with pytest.raises(GlassyLiError, match="must be a place that fsspec can read and write"):
        push(store, "nowhere://bucket/store")


def test_a_fault_of_the_network_is_no_empty_place(
    store: RecordStore, faulty: str, tmp_path: Path
) -> None:
    other = SHORT_PROTOCOL.model_copy(update={"hold_ps": 300.0})
    push(create_or_open(tmp_path / "other", other), faulty)
    before = Faulty().cat_file(f"{faulty}/store.json")
    Faulty.breaks = {"info", "cat_file"}
    for attempt in (lambda: push(store, faulty), lambda: pull(faulty, tmp_path / "back")):
        with pytest.raises(GlassyLiError, match=rf"{faulty} .*SSHException: line cut.*paramiko"):
            attempt()
    Faulty.breaks = set()
    assert Faulty().cat_file(f"{faulty}/store.json") == before
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("broken", ["info", "ls"])
def test_records_that_cannot_be_listed_are_not_taken_for_none(
    store: RecordStore, faulty: str, tmp_path: Path, broken: str
) -> None:
    push(store, faulty)
    Faulty.breaks = {broken, "ls"}
    with pytest.raises(GlassyLiError, match="SSHException: line cut"):
        push(store, faulty)
    with pytest.raises(GlassyLiError, match="SSHException: line cut"):
        pull(faulty, tmp_path / "back")


def test_a_pull_that_was_stopped_goes_on(store: RecordStore, faulty: str, tmp_path: Path) -> None:
    push(store, faulty)
    ids = [path.name for path in store.record_files()]
    Faulty.reads.clear()
    Faulty.breaks = {ids[2]}
    with pytest.raises(GlassyLiError, match="line cut"):
        pull(faulty, tmp_path / "back")
    assert [path.name for path in open_store(tmp_path / "back").record_files()] == ids[:2]
    Faulty.breaks = set()
    Faulty.reads.clear()
    assert pull(faulty, tmp_path / "back") == len(ids) - 2
    assert [name for name in Faulty.reads if name in ids] == ids[2:]
    assert content_hash(open_store(tmp_path / "back")) == content_hash(store)
    assert verified(open_store(tmp_path / "back")).is_sound


def test_a_store_of_another_protocol_is_left_before_anything_is_fetched(
    store: RecordStore, faulty: str, tmp_path: Path
) -> None:
    push(store, faulty)
    Faulty.reads.clear()
    other = SHORT_PROTOCOL.model_copy(update={"hold_ps": 300.0})
    out = create_or_open(tmp_path / "other", other)
    with pytest.raises(StoreMismatchError, match="hold_ps"):
        pull(faulty, out.path)
    assert Faulty.reads == ["store.json"]
    assert len(out) == 0


def test_an_error_of_this_machine_is_not_blamed_on_the_url(
    store: RecordStore, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(store, url)

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("simulate.remote.tempfile.TemporaryDirectory", full)
    with pytest.raises(OSError, match="No space left"):
        pull(url, tmp_path / "back")


def test_where_files_can_be_renamed_they_are_written_beside(
    store: RecordStore, tmp_path: Path
) -> None:
    url = f"renaming://{tmp_path}/there"
    Renaming.moves.clear()
    push(store, url)
    assert len(Renaming.moves) == 1 + 2 * len(store)  # the header; of each record, frames first
    assert all(Path(old).parent == Path(new).parent for old, new in Renaming.moves)
    assert [Path(new).parent.name for _, new in Renaming.moves[1:3]] == ["frames", "records"]
    assert not list((tmp_path / "there").rglob(".*"))


@pytest.mark.parametrize("victim", ["store.json", "frames", "records"])
def test_half_a_file_never_has_its_name(store: RecordStore, tmp_path: Path, victim: str) -> None:
    url = f"renaming://{tmp_path}/there"
    Renaming.torn = victim
    with pytest.raises(GlassyLiError, match="SSHException: line cut"):
        push(store, url)
    Renaming.torn = ""
    assert not [path for path in (tmp_path / "there" / victim).rglob("*") if path.is_file()]
    assert not (tmp_path / "there" / "records").exists() or victim == "records"
    assert push(store, url) == len(store)
    assert pull(url, tmp_path / "back") == len(store)


class SSHException(Exception):  # noqa: N818 - named as in paramiko
    """A plain exception, as of paramiko, botocore and gcsfs."""


class Faulty(MemoryFileSystem):
    """Breaks in the methods and at the files that it is told to, and notes what is read."""

    protocol = "faulty"
    cachable = False
    breaks: ClassVar[set[str]] = set()
    reads: ClassVar[list[str]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(MemoryFileSystem._strip_protocol(path.removeprefix("faulty://")))

    def info(self, path: str, **options: Any) -> Any:
        self._break("info", path)
        return super().info(path, **options)

    def ls(self, path: str, **options: Any) -> Any:
        self._break("ls", path)
        return super().ls(path, **options)

    def cat_file(self, path: str, **options: Any) -> bytes:
        self._break("cat_file", path)
        self.reads.append(path.rpartition("/")[2])
        return bytes(super().cat_file(path, **options))

    def _break(self, method: str, path: str) -> None:
        if self.breaks & {method, path.rpartition("/")[2]}:
            raise SSHException("line cut")


class Renaming(LocalFileSystem):
    """Notes what is renamed, and breaks in the middle of a file."""

    protocol = "renaming"
    cachable = False
    torn: ClassVar[str] = ""
    moves: ClassVar[list[tuple[str, str]]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(LocalFileSystem._strip_protocol(path.removeprefix("renaming://")))

    def pipe_file(self, path: str, value: bytes, **options: Any) -> None:
        if self.torn and self.torn in path:
            super().pipe_file(path, value[: len(value) // 2], **options)
            raise SSHException("line cut")
        super().pipe_file(path, value, **options)

    def mv(self, path1: str, path2: str, **options: Any) -> None:
        self.moves.append((path1, path2))
        super().mv(path1, path2, **options)


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[str]:
    Faulty.breaks = set()
    yield f"faulty://{tmp_path.name}"
    Faulty.breaks = set()


for kind in (Faulty, Renaming):
    fsspec.register_implementation(kind.protocol, kind, clobber=True)
