import asyncio
import gzip
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from synthetic import lithium

from benchmarks import structure_files
from serve.uploads.file_question import FileQuestion
from serve.uploads.formats import format_of
from serve.uploads.limits import UploadError, UploadLimits
from serve.uploads.readers import NoReaderError, Reader, ReaderLostError, Readers
from serve.uploads.reading import NumberedSnapshot, read_frames
from simulate.neighbours import NEIGHBOUR_CUTOFF_in_a
from simulate.potentials.registry import DEFAULT_POTENTIAL, potential_named

CUTOFF_A = NEIGHBOUR_CUTOFF_in_a * potential_named(DEFAULT_POTENTIAL).bcc_lattice_constant_A
DESIGN = lithium(n_atoms=120)
WRITERS = structure_files.WRITERS


def question(name: str, **said: Any) -> FileQuestion:
    return FileQuestion.model_validate(
        {"format": format_of(name), "element": "Li", "cutoff_A": CUTOFF_A} | said
    )


def refusal(data: bytes, name: str = "hold.xyz", **said: Any) -> UploadError:
    with pytest.raises(UploadError) as caught:
        read_frames(data, question(name, **said))
    assert "/" not in str(caught.value).replace("g/cm3", "")
    return caught.value


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    one = Reader()
    yield one
    one.close()


def assert_same_atoms(found: NumberedSnapshot, wanted: Any, *, is_centred: bool = False) -> None:
    moved = found.snapshot.positions_A - (0.5 * wanted.cell_A if is_centred else 0.0)
    apart = (moved - wanted.positions_A) / wanted.cell_A
    apart = (apart - np.round(apart)) * wanted.cell_A
    assert np.abs(apart).max() < 1.0e-4  # GSD holds single precision
    assert found.snapshot.cell_A == pytest.approx(wanted.cell_A, rel=1e-6)


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_atoms(name: str, reader: Reader) -> None:
    frames = structure_files.snapshots(DESIGN, 1 if name.endswith(".data") else 3)
    data = WRITERS[name](frames)
    found = reader.read(data, question(name))
    assert [each.number for each in found] == list(range(1, len(frames) + 1))
    for each, wanted in zip(found, frames, strict=True):
        assert_same_atoms(each, wanted, is_centred=name.endswith(".gsd"))
        assert each.snapshot.is_periodic
    # Beside the server as in it, to the last bit.
    for here, there in zip(read_frames(data, question(name)), found, strict=True):
        assert np.array_equal(here.snapshot.positions_A, there.snapshot.positions_A)


def test_extended_xyz_says_when_and_at_which_stage() -> None:
    frames = structure_files.snapshots(DESIGN, 2)
    found = read_frames(structure_files.xyz(frames), question("hold.xyz"))
    assert [(each.snapshot.time_ps, each.snapshot.stage) for each in found] == [
        (0.0, "hold"),
        (10.0, "hold"),
    ]


@pytest.mark.parametrize("name", ["hold.xyz", "hold.lammpstrj", "hold.gsd"])
def test_frames_are_chosen_by_number(name: str) -> None:
    frames = structure_files.snapshots(DESIGN, 4)
    data = WRITERS[name](frames)
    found = read_frames(data, question(name, frames=[3, 1]))
    assert [each.number for each in found] == [1, 3]
    assert_same_atoms(found[1], frames[2], is_centred=name.endswith(".gsd"))
    assert refusal(data, name, frames=[2, 7]).found == 7
    few = {"limits": UploadLimits(frames=3)}
    error = refusal(data, name, **few)
    assert (error.status, error.allowed) == (413, {"maximum": 3})
    assert len(read_frames(data, question(name, frames=[1, 2, 4], **few))) == 3


def test_the_frame_that_cannot_be_read_is_named() -> None:
    whole = structure_files.xyz(structure_files.snapshots(DESIGN, 3))
    head, tail = whole.rsplit(b"Lattice", 1)
    broken = head + b"Lattice" + tail.replace(b"Li", b"Qq", 1)
    for frames in (None, [1, 3], [3]):
        assert str(refusal(broken, frames=frames)).startswith("frame 3:")
    read_frames(broken, question("a.xyz", frames=[2]))


@pytest.mark.parametrize("name", ["hold.data", "hold.gsd"])
def test_where_the_file_has_a_box_anyway_the_question_says_what_is_periodic(name: str) -> None:
    confined = lithium(n_atoms=120, mass_exchange="confined")
    data = WRITERS[name](structure_files.snapshots(confined))
    (found,) = read_frames(data, question(name, is_periodic=False))
    assert not found.snapshot.is_periodic


def test_types_without_elements_are_the_element_asked_about() -> None:
    frames = structure_files.snapshots(DESIGN)
    read_frames(structure_files.gsd_bytes(frames, ["A"]), question("a.gsd"))
    sodium = structure_files.gsd_bytes(frames, ["Na"])
    assert "must hold Li only" in str(refusal(sodium, "a.gsd"))
    two = structure_files.lammps_dump(frames).replace(b"\n1 1 ", b"\n1 2 ")
    assert "several types" in str(refusal(two, "a.dump"))


def scattered(n_atoms: int = 120) -> Any:
    return np.random.default_rng(1).permutation(
        np.stack(np.meshgrid(*[np.arange(6) * 9.0] * 3), axis=-1).reshape(-1, 3)
    )[:n_atoms]


def place(value: float) -> bytes:
    positions = scattered()
    positions[5, 1] = value
    return structure_files.xyz_of(positions, edge_A=None)


def twice() -> bytes:
    positions = scattered()
    positions[5] = positions[6]
    return structure_files.xyz_of(positions)


HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "nothing": ("a.xyz", lambda: b"", "no frame|holds none"),
    "not a number": ("a.xyz", lambda: place(float("nan")), "finite"),
    "infinity": ("a.xyz", lambda: place(float("inf")), "finite"),
    "far away": ("a.xyz", lambda: place(1.0e9), "within 1e\\+06 A"),
    "the same atom twice": ("a.xyz", twice, "one place"),
    "all at one place": (
        "a.xyz",
        lambda: structure_files.xyz_of(np.ones((50_000, 3)), None),
        "one place",
    ),
    "a lump": (
        "a.xyz",
        lambda: structure_files.xyz_of(
            np.stack(np.meshgrid(*[np.arange(30) * 0.2] * 3), axis=-1).reshape(-1, 3), None
        ),
        "on average",
    ),
    "a thread of a cell": (
        "a.xyz",
        lambda: structure_files.xyz_of(scattered(), 5.0),
        "edge of a periodic cell|one place",
    ),
    "a cell of nothing": ("a.xyz", lambda: structure_files.xyz_of(scattered(), 0.0), "cell"),
    "a cell that is no number": (
        "a.xyz",
        lambda: structure_files.xyz_of(scattered(), float("nan")),
        "cell",
    ),
    "cut short": ("a.xyz", lambda: structure_files.xyz_of(scattered())[:-900], "ends before|read"),
    "cut in a number": (
        "a.lammpstrj",
        lambda: structure_files.lammps_dump(structure_files.snapshots(DESIGN))[:-900],
        "ends before",
    ),
    "cut in binary": (
        "a.gsd",
        lambda: structure_files.gsd_bytes(structure_files.snapshots(DESIGN))[:700],
        "gsd, but cannot be read",
    ),
    "another encoding": (
        "a.xyz",
        lambda: structure_files.xyz_of(scattered()).decode().encode("utf-16"),
        "UTF-8",
    ),
    "binary": ("a.dump", lambda: bytes(range(256)) * 10, "UTF-8"),
    "another format": (
        "a.xyz",
        lambda: structure_files.lammps_dump(structure_files.snapshots(DESIGN)),
        "number of atoms",
    ),
    "no dump": ("a.dump", lambda: structure_files.xyz_of(scattered()), "ITEM: TIMESTEP"),
    "no data": ("a.data", lambda: structure_files.xyz_of(scattered()), "header"),
    "half gzip": (
        "a.xyz.gz",
        lambda: gzip.compress(structure_files.xyz_of(scattered()))[:-20],
        "ends early",
    ),
    "no gzip": ("a.xyz.gz", lambda: b"\x1f\x8b" + b"0" * 50, "gzip"),
    "nested JSON": (
        "a.xyz",
        lambda: structure_files.xyz_of(
            scattered(), more='x="_JSON ' + "[" * 100_000 + "]" * 100_000 + '"'
        ),
        "comment",
    ),
    "an unknown stage": (
        "a.xyz",
        lambda: structure_files.xyz_of(scattered(), more="stage=nowhere"),
        "stage must be one of",
    ),
    "a time that is none": (
        "a.xyz",
        lambda: structure_files.xyz_of(scattered(), more="time_ps=nan"),
        "time_ps",
    ),
    "another element": (
        "a.xyz",
        lambda: structure_files.xyz_of(scattered()).replace(b"Li", b"U"),
        "must hold Li only",
    ),
    "no element at all": (
        "a.xyz",
        lambda: structure_files.xyz_of(scattered()).replace(b"Li", b"Qq"),
        "cannot be read",
    ),
    "a million columns": (
        "a.xyz",
        lambda: structure_files.xyz_of(scattered()).replace(b"pos:R:3", b"pos:R:3:x:R:1000000"),
        "comment",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused_in_a_sentence(what: str, reader: Reader) -> None:
    name, make, why = HOSTILE[what]
    began = time.monotonic()
    with pytest.raises(UploadError, match=why) as caught:
        reader.read(make(), question(name))
    assert not isinstance(caught.value, ReaderLostError)
    assert "Traceback" not in str(caught.value)
    assert time.monotonic() - began < 60.0  # on a busy machine; a second on an idle one


def test_a_bomb_is_stopped_while_it_unpacks() -> None:
    bomb = gzip.compress(gzip.compress(b"0" * 10_000_000) + b"\n" * 50_000_000)
    error = refusal(bomb, "a.xyz.gz", limits=UploadLimits(unpacked_bytes=1_000_000))
    assert error.status == 413
    assert error.allowed == {"maximum": 1_000_000}
    assert isinstance(error.found, int)
    assert error.found < 1_200_000


@pytest.mark.parametrize("name", ["hold.xyz", "hold.lammpstrj", "hold.data", "hold.gsd"])
def test_the_header_alone_tells_that_there_are_too_many_atoms(name: str) -> None:
    data = WRITERS[name](structure_files.snapshots(DESIGN))
    error = refusal(data, name, limits=UploadLimits(atoms=119))
    assert (error.status, error.found, error.allowed) == (413, 120, {"maximum": 119})
    assert "frame 1" in str(error)


@pytest.mark.parametrize(
    ("count", "status"),
    [("9" * 5000, 413), ("-5", 422), ("1e3", 422), ("0", 422), ("٣٠", 422), ("0x10", 422)],
)
def test_a_number_of_atoms_is_a_whole_number(count: str, status: int) -> None:
    assert refusal(f"{count}\n\nLi 0 0 0\n".encode()).status == status


def newest_child() -> psutil.Process:
    return max(psutil.Process().children(), key=psutil.Process.create_time)


def droplets(n_frames: int = 1) -> bytes:
    return structure_files.xyz(structure_files.snapshots(DESIGN, n_frames))


def test_a_file_that_takes_too_long_ends_its_reader_and_no_other() -> None:
    async def ask() -> None:
        readers = Readers()
        await readers.read(droplets(), question("a.xyz"))
        child = newest_child()
        impatient = question("a.xyz", limits=UploadLimits(read_s=0.001))
        with pytest.raises(ReaderLostError, match="within"):
            await readers.read(droplets(60), impatient)
        assert not child.is_running()
        assert len(await readers.read(droplets(), question("a.xyz"))) == 1
        third = newest_child()
        readers.close()
        assert not third.is_running()

    asyncio.run(ask())


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def lost_folder(child: psutil.Process) -> None:
    shutil.rmtree(child.cwd())


@pytest.mark.parametrize(
    "harm",
    [psutil.Process.kill, psutil.Process.suspend, lost_folder],
    ids=lambda each: each.__name__,
)
def test_a_reader_lost_before_it_took_a_file_is_not_the_files_fault(
    harm: Callable[[psutil.Process], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # More than a socket holds: a stopped process is met in the middle of the message.
    data = structure_files.gsd_bytes(structure_files.snapshots(DESIGN)) + bytes(4_000_000)

    async def ask() -> None:
        readers = Readers()
        await readers.read(data, question("a.gsd"))
        monkeypatch.setattr("serve.uploads.readers.TAKE_S", 0.5)
        child = newest_child()
        harm(child)
        assert len(await readers.read(data, question("a.gsd"))) == 1
        assert not child.is_running()
        readers.close()

    asyncio.run(ask())


def test_a_machine_that_starts_no_reader_is_at_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    asked = question("a.xyz")

    async def ask() -> None:
        readers = Readers()
        with monkeypatch.context() as patched:
            patched.setattr(sys, "executable", str(tmp_path / "nowhere"))
            with pytest.raises(NoReaderError, match="No such file"):
                await readers.read(droplets(), asked)
        with monkeypatch.context() as patched:
            patched.setattr("serve.uploads.readers.START_S", 0.01)
            with pytest.raises(NoReaderError, match="fault of the server"):
                await readers.read(droplets(), asked)
        assert names_in(tmp_path) == []
        with monkeypatch.context() as patched:
            patched.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
            with pytest.raises(NoReaderError):
                await readers.read(droplets(), asked)
        assert len(await readers.read(droplets(), asked)) == 1
        readers.close()

    asyncio.run(ask())


def test_who_goes_away_while_waiting_leaves_nothing_to_read() -> None:
    async def ask() -> None:
        readers = Readers()
        await readers.start()
        asked = question("a.xyz")
        waiting = [asyncio.create_task(readers.read(droplets(30), asked)) for _ in range(20)]
        await asyncio.sleep(0.05)
        for each in waiting:
            each.cancel()
        await asyncio.wait(waiting)
        # The one whose file a reader has goes on.
        assert len(readers._readings) <= 1
        assert len(await readers.read(droplets(), asked)) == 1
        readers.close()

    asyncio.run(ask())


def test_the_reader_knows_no_secret_and_ends_with_its_parent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GLASSYLI_API_KEY", "secret")
    one = Reader()
    child = newest_child()
    assert "secret" not in str(child.environ())
    folder = Path(child.cwd())
    assert folder.name.startswith("glassyli-upload-")
    assert list(folder.iterdir()) == []
    one._connection.close()
    assert child.wait(10.0) == 0
    one.close()
    assert not folder.exists()
