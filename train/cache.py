"""Neighbours and bond order of stored frames, kept so that they are found once. Safe to delete.

    ~/.cache/glassyli/surroundings/<hash>      (or in $XDG_CACHE_HOME)

A file is named by everything that decides its content: the record, the bytes of its frames, which
of them, the lattice constant, which arrays it holds, and the very code that finds them. What is
damaged, or cannot be kept, is found anew; a changed store or program never meets what was kept for
another. What was not read for the longest time goes first once all of it is larger than
`MOST_BYTES`, or a little later.
"""

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

import simulate.bond_order
import simulate.labels
import simulate.neighbours
import simulate.snapshot
import surrogate.surroundings
from simulate.errors import GlassyLiError
from simulate.files import canonical_json, sha256_of
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore
from surrogate.surroundings import STAGES, Surroundings, surroundings
from train.sealed import read_sealed, write_sealed

_LOG = logging.getLogger(__name__)

MOST_BYTES: Final = 2**30
SWEEPS: Final = 64
"""Files are counted again after this part of `MOST_BYTES` is written: the count takes time too."""

ATOM_TENSORS: Final = ("atoms", "edge_index", "distances", "likeness", "labels")
"""Arrays of `Surroundings`."""


def cache_folder() -> Path:
    """Where this user's caches are."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "glassyli" / "surroundings"


def seen_in(
    store: RecordStore, record: TrajectoryRecord, numbers: Sequence[int]
) -> list[Surroundings]:
    """What can be seen of the atoms in some frames of a record.

    Args:
        store: Where its frames are.
        record: Which.
        numbers: Of the frames.

    Raises:
        StoreError: Frames that are not in the cache are missing or damaged.
    """
    path = cache_folder() / _name(record, numbers)
    kept = _read(path)
    if kept is None:
        kept = [surroundings(each, record.design) for each in store.frames(record, numbers)]
        _keep(path, kept)
    return kept


def _name(record: TrajectoryRecord, numbers: Sequence[int]) -> str:
    frames = record.frames_file.sha256 if record.frames_file else None
    lattice_constant_A = record.design.physics.bcc_lattice_constant_A
    parts = [record.trajectory_id, frames, list(numbers), lattice_constant_A, _code()]
    return sha256_of(canonical_json([*parts, ATOM_TENSORS]))


@cache
def _code() -> str:
    """Names the code that turns frames into surroundings."""
    modules = (
        simulate.bond_order, simulate.labels, simulate.neighbours, simulate.snapshot,
        surrogate.surroundings,
    )  # fmt: skip
    sources = [Path(str(each.__file__)).read_text("utf-8") for each in modules]
    return sha256_of(canonical_json([*sources, version("vesin"), version("numpy")]))


def _keep(path: Path, found: Sequence[Surroundings]) -> None:
    tensors = {
        f"{name}.{number}": torch.from_numpy(getattr(each, name))
        for number, each in enumerate(found)
        for name in ATOM_TENSORS
    }
    clocks = [[each.time_ps, float(STAGES.index(each.stage))] for each in found]
    tensors["clocks"] = torch.tensor(clocks, dtype=torch.float64)
    try:
        content = save(tensors)
        write_sealed(path, content)
        _WRITTEN[path.parent] = _WRITTEN.get(path.parent, MOST_BYTES) + len(content)
        if _WRITTEN[path.parent] > MOST_BYTES // SWEEPS:
            _sweep(path.parent)
            _WRITTEN[path.parent] = 0
    except (GlassyLiError, OSError) as error:
        _LOG.debug("going on without a cache: %s", error)


_WRITTEN: dict[Path, int] = {}
"""Bytes that this process wrote into a folder since it swept it."""


def _sweep(folder: Path) -> None:
    """Remove what was not read for the longest time, until the rest is small enough.

    Whoever reads a file meanwhile keeps it open to its end, and finds anew what is gone before;
    what a killed writer left half-written goes as all else does.
    """
    found = []
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for each in entries:
            with suppress(FileNotFoundError):  # another process sweeps too
                state = each.stat()
                found.append((state.st_mtime_ns, state.st_size, each.path))
    left = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if left <= MOST_BYTES:
            return
        Path(path).unlink(missing_ok=True)
        left -= size


def _read(path: Path) -> list[Surroundings] | None:
    content = read_sealed(path)
    if content is None:
        return None
    with suppress(OSError):  # swept meanwhile, or another's
        os.utime(path)
    try:
        tensors = load(content)
        return [
            Surroundings(
                **{name: tensors[f"{name}.{number}"].numpy() for name in ATOM_TENSORS},
                time_ps=time_ps,
                stage=STAGES[int(stage)],
            )
            for number, (time_ps, stage) in enumerate(tensors["clocks"].tolist())
        ]
    except (SafetensorError, KeyError):
        return None
