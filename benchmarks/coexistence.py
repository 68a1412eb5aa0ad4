"""What a bar of crystal and melt says of the melting point, and whether it says anything.

`benchmarks.melting` makes the bars.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Final

import numpy as np
from scipy.constants import Boltzmann, e

from simulate.potentials.phases import MOLTEN_BELOW

LEFT_OUT_PS: Final = 30.0
"""Of a bar of lithium left alone, which looks for its temperature first."""
CRYSTALLINE_ABOVE: Final = 0.6
FLOWING_ABOVE: Final = 0.5
"""Mean squared way in the run-in over the square of the nearest neighbour's distance; a hot
crystal's atoms stay within a tenth."""
BOTH_PHASES: Final = (0.15, 0.85)
"""Share of crystalline slices between which there are two phases."""
HEATED_ABOVE_of_kT: Final = 0.09
"""Enthalpy an atom that a bar left alone may gain or lose by its time step while it is watched:
about a tenth of the latent heat (0.74 to 0.90 kT of lithium, sodium and potassium), so that it does
not melt or freeze more than a tenth."""


@dataclass(frozen=True, slots=True)
class Contact:
    """The two halves at the moment they are brought together.

    Attributes:
        crystal_in_melt, crystal_in_rest: Share of crystalline labels in each half.
        way_of_neighbour: Mean squared way of the melt's atoms in the run-in, at the temperature of
            contact, over the square of the nearest neighbour's distance.
        volume_ratio: Volume of an atom of the melt over that of the warm crystal.
    """

    crystal_in_melt: float
    crystal_in_rest: float
    way_of_neighbour: float
    volume_ratio: float

    @property
    def is_sound(self) -> bool:
        """Whether one half was a liquid and the other a crystal."""
        is_liquid = self.crystal_in_melt < MOLTEN_BELOW and self.way_of_neighbour > FLOWING_ABOVE
        return is_liquid and self.crystal_in_rest > CRYSTALLINE_ABOVE


@dataclass(frozen=True, slots=True)
class Moment:
    """Means of a bar over some ps up to a time; crystalline shares of atoms and slices then."""

    time_ps: float
    temperature_K: float
    pressure_bar: tuple[float, float, float]
    enthalpy_eV: float
    length_A: float
    crystal_atoms: float
    crystal_slices: float


@dataclass(frozen=True, slots=True)
class Bar:
    """What one bar came to.

    Attributes:
        pace: How much slower its atoms are than lithium's.
    """

    start_K: float
    seed: int
    is_held: bool
    n_atoms: int
    contact: Contact
    moments: tuple[Moment, ...]
    pace: float = 1.0

    @property
    def two_phased(self) -> tuple[Moment, ...]:
        """The moments before the first at which only one phase was left."""
        low, high = BOTH_PHASES
        n_told = next(
            (n for n, m in enumerate(self.moments) if not low < m.crystal_slices < high),
            len(self.moments),
        )
        return self.moments[:n_told]

    @property
    def two_phased_ps(self) -> float:
        """How long both phases were there."""
        return self.two_phased[-1].time_ps if self.two_phased else 0.0

    @property
    def heated_meV(self) -> float:
        """Enthalpy an atom that the bar gained while it was watched, by a straight line."""
        times_ps = [m.time_ps for m in self.moments]
        slope, _ = np.polyfit(times_ps, [m.enthalpy_eV for m in self.moments], 1)
        return 1000.0 * float(slope) * times_ps[-1]

    @property
    def told_K(self) -> float | None:
        """Temperature at rest, of a bar left alone that kept both phases and its heat."""
        rest = [m.temperature_K for m in self.moments if m.time_ps > LEFT_OUT_PS * self.pace]
        if not self.contact.is_sound or len(self.two_phased) < len(self.moments) or not rest:
            return None
        most_meV = 1000.0 * HEATED_ABOVE_of_kT * (Boltzmann / e) * self.start_K
        return None if abs(self.heated_meV) > most_meV else fmean(rest)

    @property
    def speed_m_s(self) -> float | None:
        """How fast each of the two faces of the crystal grows, while there are two phases."""
        if not self.contact.is_sound or len(self.two_phased) < 3:
            return None
        times_ps = [m.time_ps for m in self.two_phased]
        lengths_A = [m.crystal_atoms * m.length_A for m in self.two_phased]
        return 100.0 * float(np.polyfit(times_ps, lengths_A, 1)[0]) / 2.0  # Å/ps are 100 m/s

    @property
    def told(self) -> str:
        """One line."""
        first, last, contact = self.moments[0], self.moments[-1], self.contact
        late = self.moments[len(self.moments) // 2 :]
        along_bar = fmean(m.pressure_bar[2] for m in late)
        across_bar = fmean(m.pressure_bar[0] + m.pressure_bar[1] for m in late) / 2.0
        speed = "" if self.speed_m_s is None else f", {self.speed_m_s:+.1f} m/s a face"
        bar = f"{'held at' if self.is_held else 'from'} {self.start_K:.0f} K, seed {self.seed}"
        told = (
            f"{fmean(m.temperature_K for m in late):.1f} K in the second half; "
            f"{first.crystal_slices:.2f} to {last.crystal_slices:.2f} of slices crystal{speed}, "
            f"both for {self.two_phased_ps:.0f} ps; "
            f"enthalpy {self.heated_meV:+.1f} meV; "
            f"pressure along {along_bar:+.0f} bar, across {across_bar:+.0f} bar; at contact "
            f"{contact.crystal_in_melt:.2f} and {contact.crystal_in_rest:.2f} crystalline, "
            f"way {contact.way_of_neighbour:.2f}, volume {contact.volume_ratio:.3f}"
        )
        sound = "" if contact.is_sound else "NOT MELT BESIDE CRYSTAL, says nothing: "
        return f"{bar}: {sound}{told}"


def melting_from_speeds(temperatures_K: Sequence[float], speeds: Sequence[float]) -> float | None:
    """Where a straight line through the speeds of the crystal's faces crosses zero, K.

    None unless crystal grew at one end and shrank at the other: no sign, no melting point.

    >>> melting_from_speeds([600.0, 620.0, 640.0], [2.0, 1.0, -1.0])  # doctest: +ELLIPSIS
    628.8...
    >>> melting_from_speeds([600.0, 620.0], [2.0, 1.0])
    """
    if len(speeds) < 2 or min(speeds) >= 0.0 or max(speeds) <= 0.0:
        return None
    slope, at_zero = np.polyfit(temperatures_K, speeds, 1)
    return float(-at_zero / slope) if slope < 0.0 else None


def verdict(bars: Sequence[Bar]) -> str:
    """What the bars say together, in a line."""
    if bars[0].is_held:
        moving = [(b.start_K, b.speed_m_s) for b in bars if b.speed_m_s is not None]
        found_K = melting_from_speeds([t for t, _ in moving], [v for _, v in moving])
        if found_K is None:
            return "no change of sign: hold bars at other temperatures"
        return f"crystal neither grows nor shrinks at {found_K:.1f} K ({len(moving)} bars)"
    told_K = [b.told_K for b in bars if b.told_K is not None]
    if not told_K:
        return "no bar kept two phases and its heat: try other temperatures, or a shorter step"
    error = f" +- {stdev(told_K) / len(told_K) ** 0.5:.1f} K" if len(told_K) > 1 else " K"
    return f"melts at {fmean(told_K):.1f}{error} ({len(told_K)} of {len(bars)} bars)"
