"""What was seen of stored frames is found again, and never what is damaged or of other frames."""

from pathlib import Path

import pytest
from synthetic import synthetic_designs, synthetic_store

import train.cache
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore
from surrogate.surroundings import Surroundings, surroundings
from train.cache import ATOM_TENSORS, seen_in


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "glassyli" / "surroundings"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    return synthetic_store(tmp_path_factory.mktemp("s") / "store", synthetic_designs(2), 1)


@pytest.fixture
def record(store: RecordStore) -> TrajectoryRecord:
    return next(iter(store))


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one whenever neighbours are looked for."""
    calls: list[int] = []

    def counted(*args: object) -> Surroundings:
        calls.append(1)
        return surroundings(*args)

    monkeypatch.setattr(train.cache, "surroundings", counted)
    return calls


def assert_same(one: list[Surroundings], other: list[Surroundings]) -> None:
    for a, b in zip(one, other, strict=True):
        assert all((getattr(a, name) == getattr(b, name)).all() for name in ATOM_TENSORS)
        assert (a.time_ps, a.is_past_quench) == (b.time_ps, b.is_past_quench)


def test_neighbours_are_found_once(folder, store, record, found) -> None:
    first = seen_in(store, record, [0, 5])
    again = seen_in(store, record, [0, 5])
    assert len(found) == 2
    plain = [surroundings(each, record.design) for each in store.frames(record, [0, 5])]
    assert_same(first, plain)
    assert_same(again, plain)
    assert len(list(folder.iterdir())) == 1


def test_other_frames_records_and_code_are_kept_apart(
    folder, store, record, found, monkeypatch
) -> None:
    other = list(store)[1]
    seen_in(store, record, [0])
    seen_in(store, record, [5])
    seen_in(store, other, [0])
    changed = record.frames_file.model_copy(update={"sha256": "0" * 64})
    names = {
        train.cache._name(each, [0])
        for each in (record, other, record.model_copy(update={"frames_file": changed}))
    }
    assert len(names) == len(found) == len(list(folder.iterdir())) == 3
    monkeypatch.setattr(train.cache, "_code", lambda: "another")
    seen_in(store, record, [0])
    assert len(found) == 4


@pytest.mark.parametrize(
    "harm", [lambda b: b[:-1], lambda b: b[:0], lambda b: b[:99] + b"x" + b[100:]]
)
def test_what_is_damaged_is_found_anew(folder, store, record, found, harm) -> None:
    first = seen_in(store, record, [0])
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(harm(whole))
    assert_same(seen_in(store, record, [0]), first)
    assert len(found) == 2
    assert path.read_bytes() == whole


def test_without_a_place_to_keep_it_all_goes_on(tmp_path, store, record, monkeypatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert_same(seen_in(store, record, [0]), seen_in(store, record, [0]))
