"""Initial atoms: random places at a packing density, no two closer than a least distance.

Random sequential addition, a batch at a time, as in the paper's random packing. Pure given a seed.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulate.confinement import Cell, cell_of
from simulate.design import EmbryoDesign
from simulate.errors import TrajectoryFailure
from simulate.snapshot import Snapshot

LEAST_DISTANCE_A: Final = 2.2
"""Of lithium, as all lengths here; those of other metals are in proportion to their lattice."""
DENSE_LEAST_DISTANCE_A: Final = 1.9
DENSE_ABOVE_SHARE_OF_BULK: Final = 0.75
"""Above 0.4 g/cm3 for lithium, random addition at 2.2 Å would jam."""
SHRINK: Final = 0.95
SHORTEST_DISTANCE_A: Final = 1.3
ATTEMPTS_PER_DISTANCE: Final = 60


def pack(design: EmbryoDesign, seed: int) -> Snapshot:
    """Freshly packed atoms of a design.

    Args:
        design: How many, how dense, in which cell.
        seed: Same seed, same atoms.

    Returns:
        The atoms, inside their cell, as far apart as random addition allows.

    Raises:
        TrajectoryFailure: The cell is too small for its atoms at any distance worth relaxing.
    """
    cell = cell_of(design)
    rng = np.random.default_rng([seed, design.n_atoms])
    scale = design.physics.length_scale
    is_dense = design.share_of_bulk > DENSE_ABOVE_SHARE_OF_BULK
    least_A = scale * (DENSE_LEAST_DISTANCE_A if is_dense else LEAST_DISTANCE_A)
    shortest_A = scale * SHORTEST_DISTANCE_A
    while least_A >= shortest_A:
        positions_A = _random_addition(cell, design.n_atoms, least_A, rng)
        if positions_A is not None:
            return Snapshot(
                positions_A=positions_A,
                cell_A=np.full(3, cell.edge_A),
                is_periodic=cell.is_periodic,
                stage="packing",
            )
        least_A *= SHRINK
    raise TrajectoryFailure(
        "packing",
        f"{design.n_atoms} atoms must fit their cell at least {shortest_A:g} Å apart, but "
        f"do not at {design.packing_density_g_cm3:g} g/cm3. Lower the packing density.",
    )


def _random_addition(
    cell: Cell, n_atoms: int, least_A: float, rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """Positions, shape ``(n_atoms, 3)``, or None when the cell jams first."""
    placed = np.empty((0, 3))
    period = cell.edge_A if cell.is_periodic else None
    for _ in range(ATTEMPTS_PER_DISTANCE):
        candidates = _uniform(cell, 4 * n_atoms, rng)
        if len(placed):
            tree = cKDTree(placed, boxsize=period)
            candidates = candidates[tree.query(candidates)[0] >= least_A]
        placed = np.concatenate([placed, _mutually_apart(candidates, least_A, period)])
        if len(placed) >= n_atoms:
            return placed[:n_atoms]
    return None


def _mutually_apart(
    candidates: NDArray[np.float64], least_A: float, period: float | None
) -> NDArray[np.float64]:
    """Candidates taken in order, each unless one taken before is too close."""
    if not len(candidates):
        return candidates
    close = cKDTree(candidates, boxsize=period).query_pairs(least_A, output_type="ndarray")
    is_taken = np.ones(len(candidates), dtype=bool)
    for first, second in close[np.lexsort((close[:, 0], close[:, 1]))]:
        if is_taken[first]:
            is_taken[second] = False
    return candidates[is_taken]


def _uniform(cell: Cell, n_points: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Uniform points in the room of a cell, shape ``(n_points, 3)``, Å."""
    if cell.wall_radius_A is None:
        return rng.random((n_points, 3)) * cell.edge_A
    if cell.wall_shape == "cube":
        return cell.edge_A / 2.0 + cell.wall_radius_A * (2.0 * rng.random((n_points, 3)) - 1.0)
    direction = rng.normal(size=(n_points, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radius_A = cell.wall_radius_A * np.cbrt(rng.random((n_points, 1)))
    points: NDArray[np.float64] = cell.edge_A / 2.0 + radius_A * direction
    return points
