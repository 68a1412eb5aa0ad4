"""A store that is copied to a URL and back is the same store; what is damaged there is refused."""

from pathlib import Path

import fsspec
import pytest
from synthetic import SHORT_PROTOCOL, lithium, synthetic_store

from simulate.errors import GlassyLiError, MisuseError, StoreError, StoreMismatchError
from simulate.remote import pull, push
from simulate.store import RecordStore, content_hash, create_or_open, open_store
from simulate.verification import verified


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
    with pytest.raises(StoreError):
        pull(url, tmp_path / "back")
    assert not (tmp_path / "back").exists()


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
