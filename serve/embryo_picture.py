"""Pictures of embryos from a store: cut open, coloured by structure, turned to show their rows.

A crystal shows its rows from a few directions only, and atoms at a surface have too few neighbours
to be labelled. So every embryo is turned to where its atoms line up best, glass and crystal alike,
and the half that faces the viewer is taken away.
"""

import base64
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from serve.spheres import draw_spheres
from simulate.design import EmbryoDesign
from simulate.neighbours import clusters, neighbours
from simulate.potentials.registry import Potential
from simulate.record import TrajectoryRecord
from simulate.snapshot import STRUCTURE_NAMES, Snapshot, about_its_middle
from simulate.store import RecordStore

Floats = NDArray[np.float64]

STRUCTURE_COLOURS: Final = {
    "bcc": "#2f78c4",
    "fcc": "#149c78",
    "hcp": "#d9622b",
    "icosahedral": "#e8b92e",
    "other": "#c9ced6",
}
"""The hues OVITO's users know, moved to ones that colour-blind readers can tell apart."""

RADIUS_SHARE: Final = 0.46
"""Radius of a drawn atom over the nearest-neighbour distance: all but touching."""

CUT_SHARE: Final = 0.33
"""The cut lies this many nearest-neighbour distances before the middle: whole atoms at the face."""

CRYSTALLINE: Final = [STRUCTURE_NAMES.index(name) for name in ("bcc", "fcc", "hcp")]
ROWS_ABOVE_SHARE: Final = 0.2
N_DIRECTIONS: Final = 1500
SHADOW_BIN_A: Final = 0.6
"""About twice the thermal displacement of an atom at the hold, Å."""

LARGEST_PICTURED: Final = 3000
"""Of embryos with more atoms than this only a smaller one is pictured, if there is one."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbryoView:
    """The largest cluster of an embryo, cut open and turned to the viewer.

    Attributes:
        positions_A: Shape ``(n_shown, 3)``, about the cluster's centre, z towards the viewer, Å.
        structure: Labels, shape ``(n_shown,)``; see `simulate.snapshot.STRUCTURE_NAMES`.
        radius_A: Radius at which atoms are drawn, Å.
        half_width_A: Half the edge of the square that just shows the cluster, Å.
        n_outside: Atoms of the embryo that belong to other clusters and are not shown.
    """

    positions_A: Floats
    structure: NDArray[np.int64]
    radius_A: float
    half_width_A: float
    n_outside: int

    def image(self, pixels: int, half_width_A: float | None = None) -> NDArray[np.uint8]:
        """The picture: red, green, blue and alpha, shape ``(pixels, pixels, 4)``."""
        palette = np.array([_rgb(STRUCTURE_COLOURS[name]) for name in STRUCTURE_NAMES])
        return draw_spheres(
            self.positions_A,
            palette[self.structure],
            self.radius_A,
            half_width_A or self.half_width_A,
            pixels,
        )


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[at : at + 2], 16) / 255.0 for at in (1, 3, 5))


def view_of(snapshot: Snapshot, design: EmbryoDesign) -> EmbryoView:
    """The view of one instant; unlabelled atoms are shown as `other`."""
    neighbour_A = design.physics.nearest_neighbour_A
    positions_A, shown = gathered(snapshot, design.physics)
    labels = (
        np.zeros(snapshot.n_atoms, dtype=np.int64)
        if snapshot.structure is None
        else snapshot.structure
    )[shown]
    is_crystalline = np.isin(labels, CRYSTALLINE)
    # A handful of chance labels has no rows; then all atoms are asked.
    has_rows = is_crystalline.mean() > ROWS_ABOVE_SHARE
    lined_up = positions_A[is_crystalline] if has_rows else positions_A
    turned_A = positions_A @ facing(lined_up).T
    radius_A = RADIUS_SHARE * neighbour_A
    half_width_A = float(np.abs(turned_A[:, :2]).max()) + 1.4 * radius_A
    behind_cut = turned_A[:, 2] < CUT_SHARE * neighbour_A
    return EmbryoView(
        turned_A[behind_cut],
        labels[behind_cut],
        radius_A,
        half_width_A,
        snapshot.n_atoms - len(shown),
    )


def gathered(snapshot: Snapshot, potential: Potential) -> tuple[Floats, NDArray[np.int64]]:
    """The largest cluster, whole where the edges of a periodic cell cut it.

    A cluster that percolates has no whole: it is shown as long as the cell.

    Returns:
        Positions about the cluster's centre, Å, shape ``(n_cluster, 3)``, and the indices of these
        atoms in the snapshot, shape ``(n_cluster,)``.
    """
    members = clusters(neighbours(snapshot, potential))[0]
    cluster = Snapshot(snapshot.positions_A[members], snapshot.cell_A, snapshot.is_periodic)
    return about_its_middle(cluster), members


def facing(positions_A: Floats) -> Floats:
    """The rotation that looks along the direction in which atoms line up best.

    Down a zone axis of a crystal the atoms of a row hide one another, so their shadow on the plane
    of the picture is clumped: the direction whose shadow has the least entropy is taken.

    Args:
        positions_A: Shape ``(n_atoms, 3)``, Å.

    Returns:
        Rows are the picture's right, up and towards the viewer, shape ``(3, 3)``.
    """
    return min(
        _frames_along(_hemisphere(N_DIRECTIONS)),
        key=lambda frame: _shadow_entropy(positions_A @ frame[:2].T),
    )


def _shadow_entropy(flat_A: Floats) -> float:
    bins = np.floor((flat_A - flat_A.min(axis=0)) / SHADOW_BIN_A).astype(np.int64)
    counts = np.bincount(bins[:, 0] * (bins[:, 1].max() + 1) + bins[:, 1])
    share = counts[counts > 0] / len(flat_A)
    return float(-(share * np.log(share)).sum())


def _hemisphere(n: int) -> Floats:
    """Directions spread evenly over half a sphere (a Fibonacci spiral), shape ``(n, 3)``."""
    z = (np.arange(n) + 0.5) / n
    turn = math.pi * (1.0 + math.sqrt(5.0)) * np.arange(n)
    flat = np.sqrt(1.0 - z**2)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=1)


def _frames_along(directions: Floats) -> Floats:
    """Right-handed frames whose third rows are `directions`, shape ``(n, 3, 3)``."""
    helper = np.eye(3)[np.abs(directions).argmin(axis=1)]
    right = np.cross(helper, directions)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    return np.stack([right, np.cross(directions, right), directions], axis=1)


def most_crystalline(records: Sequence[TrajectoryRecord]) -> TrajectoryRecord | None:
    """The embryo whose crystal is best to see: the largest share of it at the end."""
    ordered = [r for r in _pictured(records) if r.outcome == "crystalline"]
    return max(_free(ordered), key=_crystal, default=None)


def _crystal(record: TrajectoryRecord) -> tuple[float, int]:
    last = record.frames[-1]
    return last.crystalline_fraction, last.n_crystalline


def largest_disordered(records: Sequence[TrajectoryRecord]) -> TrajectoryRecord | None:
    """The embryo with the largest cluster that was still disordered when its hold ended."""
    waiting = [r for r in _pictured(records) if r.outcome in ("glassy", "liquid")]
    return max(_free(waiting), key=_disordered_atoms, default=None)


def _free(records: list[TrajectoryRecord]) -> list[TrajectoryRecord]:
    """Droplets, where there are any: what spans a periodic cell is no embryo by itself."""
    shapes = [(r, r.morphology_at_end) for r in records]
    return [r for r, shape in shapes if shape and not shape.percolation_dimension] or records


def _disordered_atoms(record: TrajectoryRecord) -> int:
    shape = record.morphology_at_end
    n_together = shape.largest_cluster if shape else record.design.n_atoms
    return n_together - record.frames[-1].n_crystalline


def _pictured(records: Sequence[TrajectoryRecord]) -> list[TrajectoryRecord]:
    """Records with positions, without those too large to make out where there are others."""
    shown = [r for r in records if r.frames_file is not None and r.frames]
    return [r for r in shown if r.design.n_atoms <= LARGEST_PICTURED] or shown


def moments(record: TrajectoryRecord) -> dict[int, str]:
    """Up to four telling frames of a trajectory: index in `record.frames`, and its name."""
    times_ps = np.array([frame.time_ps for frame in record.frames])
    if not len(times_ps):
        return {}
    molten = [index for index, frame in enumerate(record.frames) if frame.stage == "heat"]
    named = dict.fromkeys(molten[-1:], "molten")
    named[int(np.abs(times_ps).argmin())] = "start of the hold"
    found = record.incubation
    if found is not None and found.upper_ps is not None and not found.ordered_in_quench:
        named[int(np.abs(times_ps - found.upper_ps).argmin())] = "order sets in"
    named[len(times_ps) - 1] = "end"
    return named


def pictured_frames(
    store: RecordStore, record: TrajectoryRecord, indices: Iterable[int]
) -> list[Snapshot]:
    """Positions of chosen frames of a record, by their index in `record.frames`.

    Raises:
        StoreError: Frames are missing or damaged.
    """
    return store.frames(record, [index + 1 for index in indices])  # number 0 is the packing


def data_uri(image: NDArray[np.uint8]) -> str:
    """An image as a WebP data URI, with its transparent ground."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=86, method=3)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
