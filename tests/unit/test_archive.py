"""A store in one file, and back; cut, damaged and hostile ones bring nothing in."""

import gzip
import io
import resource
import tarfile
import tempfile
from pathlib import Path

import pytest
from synthetic import lithium, synthetic_store

from simulate import archive as archives
from simulate.archive import import_archive, write_archive
from simulate.errors import GlassyLiError, MisuseError, StoreError
from simulate.store import RecordStore, open_store


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> RecordStore:
    path = tmp_path_factory.mktemp("archive") / "store"
    return synthetic_store(path, [lithium(150), lithium(200)], 2, n_failed=1)


@pytest.fixture(scope="module")
def packed(store, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "store.tgz"
    assert write_archive(store, path) == len(store)
    return path


def repacked(path: Path, files: dict[str, bytes]) -> Path:
    """An archive of these files."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def contents(packed: Path) -> dict[str, bytes]:
    with tarfile.open(packed) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def is_refused(path: Path, out: Path, kind: type[GlassyLiError] = MisuseError) -> str:
    """What is said; nothing may have been imported, and no place named that is gone."""
    with pytest.raises(kind) as caught:
        import_archive(path, out)
    assert not out.exists()
    said = str(caught.value)
    assert str(path) in said
    assert "glassyli-" not in said
    return said


def test_an_archive_brings_a_store_back_to_the_byte(store, packed, tmp_path) -> None:
    assert import_archive(packed, tmp_path / "again") == len(store)
    assert import_archive(packed, tmp_path / "again") == 0
    for path in store.path.rglob("*"):
        if path.is_file() and path.name != "store.json":
            again = tmp_path / "again" / path.relative_to(store.path)
            assert again.read_bytes() == path.read_bytes()
    assert [each.name for each in packed.parent.iterdir()] == [packed.name]


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert "records export" in is_refused(tmp_path / "file", tmp_path / "out")


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "No such file" in is_refused(tmp_path / "file", tmp_path / "out")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.999])
def test_an_archive_that_was_cut_off_brings_nothing(packed, tmp_path, share: float) -> None:
    whole = packed.read_bytes()
    (tmp_path / "cut.tgz").write_bytes(whole[: int(share * len(whole))])
    assert "Nothing was imported" in is_refused(tmp_path / "cut.tgz", tmp_path / "out")


@pytest.mark.parametrize("number", range(12))
def test_an_archive_with_one_bit_flipped_brings_nothing(packed, tmp_path, number: int) -> None:
    damaged = bytearray(packed.read_bytes())
    damaged[100 + number * (len(damaged) - 110) // 11] ^= 1 << number % 8
    (tmp_path / "flipped.tgz").write_bytes(damaged)
    assert "Nothing was imported" in is_refused(tmp_path / "flipped.tgz", tmp_path / "out")


@pytest.mark.parametrize(
    "name",
    ["../evil.json", "/etc/evil.json", "records/../../evil.json", "records/.evil.json", "README.md",
     "running/a/state.0.json", "frames/a.xyz", "records/a/b.json"],
)  # fmt: skip
def test_only_the_files_of_a_store_are_unpacked(packed, tmp_path, name: str) -> None:
    path = repacked(tmp_path / "hostile.tgz", contents(packed) | {name: b"{}"})
    assert repr(name) in is_refused(path, tmp_path / "out")
    assert not list(tmp_path.rglob("evil.json"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_only_plain_files_are_unpacked(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "hostile.tgz", "w:gz") as archive:
        member = tarfile.TarInfo("store.json")
        member.type, member.linkname = kind, "/etc/hostname"
        archive.addfile(member)
    assert "no file of a store" in is_refused(tmp_path / "hostile.tgz", tmp_path / "out")


def test_an_archive_that_would_fill_the_disk_is_refused(packed, tmp_path) -> None:
    path = repacked(tmp_path / "bomb.tgz", contents(packed) | {"records/a.json": bytes(10**8)})
    assert "times its size" in is_refused(path, tmp_path / "out")


def test_an_archive_beyond_the_largest_size_is_refused(packed, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 10_000)
    assert "10000 bytes" in is_refused(packed, tmp_path / "out")


def test_a_full_disk_is_not_blamed_on_the_archive(packed, tmp_path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
    try:
        with pytest.raises(GlassyLiError, match="free some space") as caught:
            import_archive(packed, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.exit_code == 1
    assert not (tmp_path / "out").exists()


def test_without_any_temporary_folder_an_archive_is_not_blamed(
    packed, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(GlassyLiError, match="temporary folder, but: No such file"):
        import_archive(packed, tmp_path / "out")


@pytest.mark.parametrize("folder", ["records", "frames"])
def test_damage_to_the_last_file_is_found_before_the_first_is_copied(
    packed, tmp_path, folder: str
) -> None:
    files = contents(packed)
    last = max(name for name in files if name.startswith(folder))
    changed = (
        files[last].replace(b"364.0", b"365.0")
        if folder == "records"
        else gzip.compress(gzip.decompress(files[last])[:-50])
    )
    path = repacked(tmp_path / "changed.tgz", files | {last: changed})
    assert last in is_refused(path, tmp_path / "out", StoreError)


def test_an_archive_without_a_header_is_refused(packed, tmp_path) -> None:
    files = contents(packed)
    del files["store.json"]
    assert "no store.json" in is_refused(
        repacked(tmp_path / "headless.tgz", files), tmp_path / "out"
    )


def test_a_damaged_store_is_not_packed_and_the_archive_before_it_stays(tmp_path: Path) -> None:
    damaged = synthetic_store(tmp_path / "store", [lithium(150)], 1)
    write_archive(damaged, tmp_path / "store.tgz")
    before = (tmp_path / "store.tgz").read_bytes()
    (frames,) = (damaged.path / "frames").iterdir()
    frames.write_bytes(b"")
    with pytest.raises(StoreError):
        write_archive(open_store(damaged.path), tmp_path / "store.tgz")
    assert (tmp_path / "store.tgz").read_bytes() == before
    assert {each.name for each in tmp_path.iterdir()} == {"store", "store.tgz"}
