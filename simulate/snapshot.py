"""Atoms at one instant, and the open file format in which a trajectory's frames are kept.

Frames are gzipped extended XYZ, which ASE and OVITO read directly.
"""

import gzip
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulate.errors import MisuseError

if TYPE_CHECKING:
    from ase import Atoms

COINCIDENT_A = 0.1
"""Atoms closer than this are one atom written twice."""

FARTHEST_A = 1.0e6
"""Coordinates and cells beyond are no embryo, and lose digits of what is next to what."""

STRUCTURE_NAMES = ("other", "fcc", "hcp", "bcc", "icosahedral")
"""Meaning of the per-atom integer label, in OVITO's own numbering."""


class UnknownFormatError(MisuseError):
    """A structure file whose name and beginning tell no format."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One embryo at one instant.

    Attributes:
        positions_A: Shape ``(n_atoms, 3)``, Å, inside the cell.
        cell_A: Edge lengths of the orthogonal cell, shape ``(3,)``, Å.
        is_periodic: Whether atoms meet their images (open mass exchange).
        time_ps: Hold clock, ps: negative before the hold.
        stage: `packing`, `heat`, `quench`, `hold`, or `given` for a user's structure.
        structure: Label of each atom (see `STRUCTURE_NAMES`), shape ``(n_atoms,)``, or None.
    """

    positions_A: NDArray[np.float64]
    cell_A: NDArray[np.float64]
    is_periodic: bool
    time_ps: float = 0.0
    stage: str = "given"
    structure: NDArray[np.int64] | None = None

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.positions_A)


def about_its_middle(snapshot: Snapshot) -> NDArray[np.float64]:
    """Positions about the centre of mass, of a periodic cell by the circular mean of each axis.

    A droplet is whole, wherever the edges of its cell cut it; what spans the cell is as long as it.

    Returns:
        Shape ``(n_atoms, 3)``, Å; their mean is 0.

    Reference:
        Bai & Breen, J. Graphics Tools 13, 53 (2008), doi 10.1080/2151237X.2008.10129266.
    """
    if not snapshot.is_periodic:
        return np.asarray(snapshot.positions_A - snapshot.positions_A.mean(axis=0))
    turn = 2.0 * np.pi * snapshot.positions_A / snapshot.cell_A
    middle_A = np.angle(np.exp(1j * turn).mean(axis=0)) / (2.0 * np.pi) * snapshot.cell_A
    apart_A = snapshot.positions_A - middle_A
    apart_A = apart_A - snapshot.cell_A * np.round(apart_A / snapshot.cell_A)
    return np.asarray(apart_A - apart_A.mean(axis=0))


def extended_xyz(
    snapshots: Sequence[Snapshot],
    element: str,
    column: tuple[str, Sequence[NDArray[np.float64]]] | None = None,
) -> bytes:
    """The frames as gzipped extended XYZ; the same frames always give the same bytes.

    Args:
        snapshots: The frames.
        element: Of all atoms.
        column: Name of one more number of each atom, and of each frame its values, ``(n_atoms,)``.
    """
    from ase import Atoms

    images = []
    for number, snapshot in enumerate(snapshots):
        atoms = Atoms(
            [element] * snapshot.n_atoms,
            positions=snapshot.positions_A,
            cell=snapshot.cell_A,
            pbc=snapshot.is_periodic,
        )
        atoms.info = {"time_ps": round(snapshot.time_ps, 6), "stage": snapshot.stage}
        if snapshot.structure is not None:
            atoms.arrays["structure"] = snapshot.structure.astype(int)
        if column is not None:
            atoms.arrays[column[0]] = column[1][number]
        images.append(atoms)
    return _packed(images)


def with_structures(frames: bytes, structures: Sequence[NDArray[np.int64] | None]) -> bytes:
    """Stored frames with other labels; all the rest stays as it was written.

    Args:
        frames: Gzipped extended XYZ.
        structures: Of each frame the label of each atom; None: it keeps what it has.
    """
    from ase.io import read

    images = read(io.StringIO(gzip.decompress(frames).decode("ascii")), index=":", format="extxyz")
    for atoms, structure in zip(images, structures, strict=True):
        if structure is not None:
            atoms.arrays["structure"] = structure.astype(int)
    return _packed(images)


def _packed(images: "list[Atoms]") -> bytes:
    from ase.io import write

    text = io.StringIO()
    write(text, images, format="extxyz")
    return gzip.compress(text.getvalue().encode("ascii"), compresslevel=6, mtime=0)


def read_structure(
    path: Path, numbers: Sequence[int] | None = None, element: str | None = None
) -> list[Snapshot]:
    """Frames of a structure file, in any format ASE recognises by name.

    Args:
        path: The file.
        numbers: Which frames, from 0; skipping is much faster than reading. None: every frame.
        element: What all atoms must be; None: not checked.

    Raises:
        MisuseError: Unreadable, empty, of another element, with coordinates that are not finite or
            coincide, or in a tilted or partly periodic cell.
        UnknownFormatError: Neither its name nor its beginning tells a format.
    """
    from ase.io import read
    from ase.io.formats import UnknownFileTypeError

    try:
        source, form = _source(path)
        if numbers is None:
            images = read(source, index=":", format=form)
        else:
            images = [read(source, index=number, format=form) for number in numbers]
    except UnknownFileTypeError as error:
        raise UnknownFormatError(
            f"the name of a structure file must tell its format, but {path} tells none. "
            "Rename it (.xyz, .data, .lammpstrj)."
        ) from error
    except Exception as error:  # ASE raises what its many readers raise
        raise MisuseError(
            f"a structure must be a file ASE can read (extended XYZ, LAMMPS data or dump), but "
            f"{path}: {type(error).__name__}: {error}. Check the path and the format."
        ) from error
    if not images:
        raise MisuseError(
            f"a structure must hold at least one frame, but ASE found none in {path}. "
            "Check the path, and that the name tells the format (.xyz, .data, .lammpstrj)."
        )
    return [
        snapshot_of(atoms, f"{path} frame {number}", element) for number, atoms in enumerate(images)
    ]


def _source(path: Path) -> tuple[Path | io.StringIO, str | None]:
    """What ASE is to read, and its format where the name does not tell.

    Gzipped frames are unpacked first: ASE would seek back and forth in the compressed stream.
    """
    if path.name.endswith(".xyz.gz"):
        return io.StringIO(gzip.decompress(path.read_bytes()).decode("ascii")), "extxyz"
    return path, None


def _have_coincident_atoms(positions: NDArray[np.float64]) -> bool:
    from scipy.spatial import cKDTree

    # A tree of many atoms at one place would be searched pair by pair.
    if len(np.unique(positions, axis=0)) < len(positions):
        return True
    nearest_A, _ = cKDTree(positions).query(positions, k=2, distance_upper_bound=COINCIDENT_A)
    return bool(np.isfinite(nearest_A[:, 1]).any())


def snapshot_of(atoms: object, where: str, element: str | None = None) -> Snapshot:
    """Atoms as ASE reads them, checked.

    Args:
        atoms: One frame.
        where: Its place, for messages.
        element: What all atoms must be; None: not checked.

    Raises:
        MisuseError: As of `read_structure`.
    """
    from ase import Atoms

    if not isinstance(atoms, Atoms):
        raise MisuseError(f"{where}: must be atoms, but got {type(atoms).__name__}.")
    symbols = set(atoms.get_chemical_symbols())
    if element is not None and symbols - {element}:
        raise MisuseError(
            f"{where}: must hold {element} only, the element of its design, but holds "
            f"{', '.join(sorted(symbols))}. Convert it, or name another design."
        )
    positions = np.asarray(atoms.get_positions(), dtype=np.float64)
    if len(positions) == 0 or not np.isfinite(positions).all():
        raise MisuseError(f"{where}: must hold atoms with finite coordinates. Mend the file.")
    farthest_A = float(np.abs(positions).max())
    if farthest_A > FARTHEST_A:
        raise MisuseError(
            f"{where}: coordinates must lie within {FARTHEST_A:g} A of the origin, but one is at "
            f"{farthest_A:g} A. Are lengths in A?"
        )
    is_periodic = bool(atoms.pbc.all())
    cell_A = _periodic_cell_A(atoms, where) if is_periodic else np.ptp(positions, axis=0) + 1.0
    if is_periodic:
        positions = positions % cell_A
    elif atoms.pbc.any():
        raise MisuseError(
            f"{where}: must be periodic in all directions or in none, but pbc is "
            f"{atoms.pbc.tolist()}. Set pbc in the file."
        )
    if _have_coincident_atoms(positions):
        raise MisuseError(f"{where}: no two atoms may be at one place. Mend the file.")
    structure = atoms.arrays.get("structure")
    time_ps = atoms.info.get("time_ps", 0.0)
    if not isinstance(time_ps, int | float) or not math.isfinite(time_ps):
        raise MisuseError(f"{where}: time_ps must be a finite number, but got {time_ps!r}.")
    return Snapshot(
        positions_A=positions,
        cell_A=np.asarray(cell_A, dtype=np.float64),
        is_periodic=is_periodic,
        time_ps=float(time_ps),
        stage=str(atoms.info.get("stage", "given")),
        structure=None if structure is None else np.asarray(structure, dtype=np.int64),
    )


def _periodic_cell_A(atoms: "Atoms", where: str) -> NDArray[np.float64]:
    cell = np.asarray(atoms.cell.array, dtype=np.float64)
    edges_A: NDArray[np.float64] = np.diag(cell)
    if not np.abs(cell - np.diag(edges_A)).max() <= 1.0e-6:
        raise MisuseError(f"{where}: the periodic cell must be orthogonal. Convert it first.")
    if not 0.0 < edges_A.min() <= edges_A.max() <= FARTHEST_A:
        raise MisuseError(
            f"{where}: edges of a periodic cell must be above 0 and at most {FARTHEST_A:g} A, but "
            f"are {', '.join(f'{edge:g}' for edge in edges_A)}. Mend the file."
        )
    return edges_A
