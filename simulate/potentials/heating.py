"""At which temperature does a small cluster melt? A free sphere is heated steadily until it has.

A heated crystal melts late: nearer to where both phases are in balance the slower the heating. And
a sphere is not the shape a small crystal likes: one of 200 atoms by Nichol and Ackland may lose its
order far below, and not find it again in so short a time. Heating begins low, a sphere has lost its
crystal only where it stays without over a tenth of the melting point, and where each one lost it is
told. The interval of one sphere is a frame wide; what seeds differ by is the error told.
"""

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Final

from simulate.engine import Lammps
from simulate.potentials.potential import Potential
from simulate.potentials.sphere import core_shares, cut_sphere, free_design, thermostatted

FROM_SHARE, TO_SHARE = 0.2, 1.15
"""Of the melting point between which a sphere is heated."""
N_FRAMES: Final = 95
MOLTEN_BELOW: Final = 0.3
"""Crystalline share of the core that has melted: crystals have above 0.5, melts below 0.05."""
LASTS_FRAMES: Final = 10
"""A sphere has melted if it is molten for so long: a tenth of the melting point."""


@dataclass(frozen=True, slots=True)
class Melting:
    """Where one sphere lost its crystal, as closely as frames allow; simulated K.

    Attributes:
        lower_K: Last temperature of a frame before. 0 where it was molten from the first one on.
        upper_K: Of the first molten frame. Infinite where heating ended first.

    >>> Melting(110.0, 120.0).middle_K, Melting(0.0, 110.0).is_observed, Melting(130.0).is_observed
    (115.0, False, False)
    """

    lower_K: float
    upper_K: float = math.inf

    def __post_init__(self) -> None:
        if not 0.0 <= self.lower_K < self.upper_K:
            raise ValueError(
                "0 <= lower_K < upper_K must hold, but got "
                f"lower_K={self.lower_K}, upper_K={self.upper_K}."
            )

    @property
    def is_observed(self) -> bool:
        """Whether it was seen both with its crystal and for good without."""
        return self.lower_K > 0.0 and math.isfinite(self.upper_K)

    @property
    def middle_K(self) -> float:
        """Of an observed one."""
        return (self.lower_K + self.upper_K) / 2.0


def melting(
    potential: Potential,
    n_atoms: int,
    rate_K_per_ps: float,
    seed: int,
    on_progress: Callable[[float], object] = lambda _: None,
) -> Melting:
    """Heat one sphere until it has melted, or to the end.

    Args:
        potential: The interactions.
        n_atoms: Of the sphere.
        rate_K_per_ps: Of the heating.
        seed: Of velocities.
        on_progress: Told the share that is done, of the longest it may take.
    """
    low_K, high_K = (share * potential.melting_guess_K for share in (FROM_SHARE, TO_SHARE))
    length_ps = (high_K - low_K) / rate_K_per_ps
    design = free_design(potential, n_atoms)
    stage = thermostatted(design, low_K, high_K, length_ps, length_ps / N_FRAMES)
    start = cut_sphere(design)
    temperatures_K, shares = [], []
    with (
        tempfile.TemporaryDirectory(prefix="glassyli-") as folder,
        Lammps(design, start, seed, Path(folder)) as engine,
    ):
        engine.set_temperature(low_K)
        for frame in engine.run(stage):
            crystalline, _ = core_shares(replace(start, positions_A=frame.positions_A), potential)
            temperatures_K.append(low_K + (high_K - low_K) * frame.time_ps / stage.length_ps)
            shares.append(crystalline)
            on_progress(frame.time_ps / stage.length_ps)
            if molten_from(shares) is not None:
                break
    return melted(temperatures_K, shares)


def molten_from(shares: Sequence[float]) -> int | None:
    """The first of `LASTS_FRAMES` molten frames in a row; None if there are none.

    >>> molten_from([0.8, 0.1, 0.7] + 10 * [0.1]), molten_from([0.8, 0.1, 0.7])
    (3, None)
    """
    for first in range(len(shares) - LASTS_FRAMES + 1):
        if all(share < MOLTEN_BELOW for share in shares[first : first + LASTS_FRAMES]):
            return first
    return None


def melted(temperatures_K: Sequence[float], shares: Sequence[float]) -> Melting:
    """Where a sphere melted, by the temperature and the crystalline share of each frame.

    >>> melted([110.0, 120.0, 130.0], [0.8, 0.7, 0.1])
    Melting(lower_K=120.0, upper_K=inf)
    """
    first = molten_from(shares)
    if first is not None:
        return Melting(temperatures_K[first - 1] if first else 0.0, temperatures_K[first])
    # What is molten at the very end may have melted, or may yet find its crystal again.
    pairs = zip(temperatures_K, shares, strict=True)
    return Melting(max((at_K for at_K, share in pairs if share >= MOLTEN_BELOW), default=0.0))


def mean_and_error(values: Sequence[float], resolution: float = 0.0) -> tuple[float, float | None]:
    """Mean and standard error; of a single value none.

    Args:
        values: At least one.
        resolution: Width of the interval that each is the middle of, which adds its own error.

    >>> mean_and_error([1.0, 3.0]), mean_and_error([2.0])
    ((2.0, 1.0), (2.0, None))
    """
    if len(values) < 2:
        return fmean(values), None
    scatter = stdev(values) / math.sqrt(len(values))
    return fmean(values), math.hypot(scatter, resolution / math.sqrt(12.0 * len(values)))
