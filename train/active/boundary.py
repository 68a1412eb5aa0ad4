"""How large may an embryo be before it is likelier to order than not? The boundary, with its doubt.

In surroundings given by all of a design but its size, the boundary is the size at which half of the
embryos order by the horizon.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulate.design import EmbryoDesign
from simulate.sampling import DesignSpace
from surrogate.ensemble import LEAST_ODDS
from train.active.committee import Committee
from train.metrics import Floats

N_SIZES: Final = 25
"""On which log-odds are interpolated, evenly in the logarithm."""


@dataclass(frozen=True, eq=False)
class Boundary:
    """Boundary sizes in several surroundings.

    Attributes:
        log_size: Of the mean forecast, natural logarithm of atoms, shape ``(n_places,)``.
        members: By each member, shape ``(n_members, n_places)``.
        is_inside: Whether the mean forecast crosses one half within the sizes of the space,
            shape ``(n_places,)``; else the nearest end stands for it.
    """

    log_size: Floats
    members: Floats
    is_inside: NDArray[np.bool_]

    @property
    def spread(self) -> float | None:
        """Spread of the members: standard deviation of the logarithm of the size, a mean.

        Over the places whose boundary is inside: elsewhere the same end stands for every member.
        None where it is inside nowhere. How far members disagree, not how far they err.
        """
        if not self.is_inside.any():
            return None
        return float(self.members[:, self.is_inside].std(axis=0, ddof=1).mean())


def boundary(
    committee: Committee, places: Sequence[EmbryoDesign], sizes: tuple[int, int], horizon_ps: float
) -> Boundary:
    """Boundary by a committee.

    Args:
        committee: Who is asked.
        places: Surroundings: designs whose own size is not read.
        sizes: Smallest and largest of the space.
        horizon_ps: By which order counts.
    """
    grid = size_grid(sizes)
    designs = [
        place.model_copy(update={"n_atoms": n_atoms})
        for place in places
        for n_atoms in np.rint(np.exp(grid)).astype(int).tolist()
    ]
    shape = len(places), len(grid)
    log_odds = committee.log_odds(designs, horizon_ps).reshape(-1, *shape)
    mean = np.clip(1.0 / (1.0 + np.exp(-log_odds)), LEAST_ODDS, 1.0 - LEAST_ODDS).mean(axis=0)
    of_mean = np.log(mean) - np.log1p(-mean)
    return Boundary(
        log_size=np.array([crossing(row, grid) for row in of_mean]),
        members=np.array([[crossing(row, grid) for row in each] for each in log_odds]),
        is_inside=(of_mean[:, 0] < 0.0) & (of_mean[:, -1] > 0.0),
    )


def size_grid(sizes: tuple[int, int]) -> Floats:
    """Logarithms of sizes, shape ``(N_SIZES,)``."""
    return np.linspace(np.log(sizes[0]), np.log(sizes[1]), N_SIZES)


def crossing(log_odds: Floats, grid: Floats) -> float:
    """Where log-odds first rise through 0 on a grid; its nearer end where they do not.

    >>> crossing(np.array([-2.0, -1.0, 1.0]), np.array([0.0, 1.0, 2.0]))
    1.5
    """
    above = np.flatnonzero(log_odds > 0.0)
    if len(above) == 0:
        return float(grid[-1])
    first = above[0]
    if first == 0:
        return float(grid[0])
    low, high = log_odds[first - 1], log_odds[first]
    return float(grid[first - 1] + (grid[first] - grid[first - 1]) * -low / (high - low))


def places_of(space: DesignSpace, n_places: int) -> list[EmbryoDesign]:
    """Surroundings spread evenly over a space: those of another stretch of its sequence."""
    elsewhere = space.model_copy(update={"n_designs": n_places, "seed": space.seed + 1})
    return [EmbryoDesign(**values) for values in elsewhere.draw()]
