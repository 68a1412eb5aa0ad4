"""What was seen of stored frames is found again, and never what is damaged or of other frames."""

import os
from concurrent.futures import ThreadPoolExecutor
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


def names_and_size(folder: Path) -> tuple[set[str], int]:
    files = list(folder.iterdir())
    return {each.name for each in files}, sum(each.stat().st_size for each in files)


def test_what_was_read_last_is_kept(folder, store, record, found, monkeypatch) -> None:
    for number in (0, 1, 2):
        seen_in(store, record, [number])
        path = folder / train.cache._name(record, [number])
        os.utime(path, (number, number))  # clocks of files may be coarse
    seen_in(store, record, [0])
    names, size = names_and_size(folder)
    assert len(names) == len(found) == 3
    monkeypatch.setattr(train.cache, "MOST_BYTES", size)
    seen_in(store, record, [3])
    kept = {train.cache._name(record, [number]) for number in (0, 2, 3)}
    names, size = names_and_size(folder)
    assert names == kept
    assert size <= train.cache.MOST_BYTES


def test_files_are_not_counted_at_every_write(folder, store, record, monkeypatch) -> None:
    swept: list[Path] = []
    monkeypatch.setattr(train.cache, "_sweep", swept.append)
    for number in (0, 1, 2):
        seen_in(store, record, [number])
    assert swept == [folder]  # once when a process begins


def test_what_a_killed_writer_left_goes_too(folder, store, record, monkeypatch) -> None:
    seen_in(store, record, [0])
    (left,) = folder.iterdir()
    left = left.rename(folder / ".half.x7")
    os.utime(left, (0, 0))
    monkeypatch.setattr(train.cache, "MOST_BYTES", 1.5 * left.stat().st_size)
    seen_in(store, record, [1])
    assert names_and_size(folder)[0] == {train.cache._name(record, [1])}


def test_a_sweep_meanwhile_breaks_nobody(folder, store, record, monkeypatch) -> None:
    plain = {
        n: [surroundings(each, record.design) for each in store.frames(record, [n])] for n in (0, 5)
    }
    monkeypatch.setattr(train.cache, "MOST_BYTES", 0)  # whatever is written is swept at once

    def read(number: int) -> None:
        for _ in range(20):
            assert_same(seen_in(store, record, [number]), plain[number])

    with ThreadPoolExecutor(4) as readers:
        for each in [readers.submit(read, number) for number in (0, 5, 0, 5)]:
            each.result()
    assert names_and_size(folder) == (set(), 0)
