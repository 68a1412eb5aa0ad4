"""Structure files as people write them, and as they should not."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import gsd.hoomd
import numpy as np
from ase import Atoms
from ase.io import write
from numpy.typing import NDArray

from simulate.design import EmbryoDesign
from simulate.packing import pack
from simulate.snapshot import Snapshot, extended_xyz


def snapshots(design: EmbryoDesign, n_frames: int = 1) -> list[Snapshot]:
    """Freshly packed atoms that wait in the hold."""
    packed = [pack(design, seed) for seed in range(1, n_frames + 1)]
    return [
        Snapshot(each.positions_A, each.cell_A, each.is_periodic, 10.0 * number, "hold")
        for number, each in enumerate(packed)
    ]


def xyz_gz(frames: list[Snapshot]) -> bytes:
    """As a store keeps them."""
    return extended_xyz(frames, "Li")


def xyz(frames: list[Snapshot]) -> bytes:
    return gzip.decompress(xyz_gz(frames))


def lammps_data(frames: list[Snapshot]) -> bytes:
    """As LAMMPS writes it, masses included; one frame."""
    text = io.StringIO()
    write(text, _atoms(frames[0]), format="lammps-data", masses=True)
    return text.getvalue().encode()


def lammps_dump(frames: list[Snapshot]) -> bytes:
    """Of types only, atoms out of order, as a parallel run dumps them."""
    blocks = []
    for number, frame in enumerate(frames):
        edges = "\n".join(f"0.0 {edge:.10f}" for edge in frame.cell_A)
        bounds = "pp pp pp" if frame.is_periodic else "ff ff ff"
        order = np.random.default_rng(number).permutation(frame.n_atoms)
        rows = "\n".join(
            f"{index + 1} 1 " + " ".join(f"{each:.8f}" for each in frame.positions_A[index])
            for index in order
        )
        blocks.append(
            f"ITEM: TIMESTEP\n{1000 * number}\nITEM: NUMBER OF ATOMS\n{frame.n_atoms}\n"
            f"ITEM: BOX BOUNDS {bounds}\n{edges}\nITEM: ATOMS id type x y z\n{rows}\n"
        )
    return "".join(blocks).encode()


def gsd_bytes(frames: list[Snapshot], types: list[str] | None = None) -> bytes:
    """As HOOMD writes it: atoms about the origin."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "frames.gsd"
        with gsd.hoomd.open(str(path), "w") as out:
            for frame in frames:
                one = gsd.hoomd.Frame()
                one.particles.N = frame.n_atoms
                one.particles.types = types or ["Li"]
                one.particles.typeid = [0] * frame.n_atoms
                one.particles.position = frame.positions_A - 0.5 * frame.cell_A
                one.configuration.box = [*frame.cell_A, 0, 0, 0]
                out.append(one)
        return path.read_bytes()


WRITERS: Final[dict[str, Callable[[list[Snapshot]], bytes]]] = {
    "hold.xyz": xyz,
    "hold.xyz.gz": xyz_gz,
    "hold.data": lammps_data,
    "hold.lammpstrj": lammps_dump,
    "hold.gsd": gsd_bytes,
}
"""By a file name that tells the format."""


def _atoms(frame: Snapshot) -> Atoms:
    return Atoms("Li" * frame.n_atoms, frame.positions_A, cell=frame.cell_A, pbc=frame.is_periodic)


def xyz_of(positions: NDArray[np.float64], edge_A: float | None = 60.0, more: str = "") -> bytes:
    """Any coordinates as extended XYZ, in a cubic cell or in none."""
    lattice = (
        'pbc="F F F"' if edge_A is None else f'Lattice="{edge_A} 0 0 0 {edge_A} 0 0 0 {edge_A}"'
    )
    rows = "\n".join("Li " + " ".join(repr(float(each)) for each in row) for row in positions)
    head = f"{len(positions)}\n{lattice} Properties=species:S:1:pos:R:3 {more}\n"
    return f"{head}{rows}\n".encode()
