"""A glassy share over what is not sure: members of the model, and draws of the map.

A draw that was calibrated with one member is asked of that member alone, any other of every member.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from surrogate.deposition.embryos import EmbryoDistribution
from surrogate.deposition.forecast import Forecast, Question
from surrogate.deposition.quadrature import Floats
from surrogate.deposition.registry import MapDraw

AT_ONCE: Final = 16
"""Conditions of one call of the model, each under every draw: more take memory and save no time."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What draws of a map say of some conditions.

    Attributes:
        shares: Glassy, `by_member`; of each member, shape ``(n_members,)``, where there are no
            draws.
        expected: The embryos that each draw expects; of the map itself where there are no draws.
    """

    shares: Floats
    expected: tuple[EmbryoDistribution, ...]

    @property
    def clipped_share(self) -> float:
        """Share of the atoms whose embryo lies outside what was sampled, mean over the draws."""
        return sum(each.clipped_share for each in self.expected) / len(self.expected)


def drawn(
    question: Question, draws: Sequence[MapDraw], forecasts: Sequence[Forecast]
) -> Iterator[Drawn]:
    """Several conditions over what is not sure, shares for `surrogate.deposition.confidence`.

    Args:
        question: The model and the bridge.
        draws: Maps that could be as well, in whole rounds of the members if they know them; empty:
            the map is taken as given.
        forecasts: Of `question`, one for each set of conditions, in whose order it is told.
    """
    if not draws:
        yield from (Drawn(each.members, (each.expected,)) for each in forecasts)
        return
    maps = [each.deposition_map for each in draws]
    conditions = [each.conditions for each in forecasts]
    for first in range(0, len(conditions), AT_ONCE):
        shares, expected = question.shares_under(maps, conditions[first : first + AT_ONCE])
        yield from map(Drawn, by_member(draws, shares), map(tuple, expected))


def has_own(draws: Sequence[MapDraw]) -> bool:
    """Whether draws are each of one member."""
    return bool(draws) and draws[0].member is not None


def by_member(draws: Sequence[MapDraw], shares: Floats) -> Floats:
    """Shares under several draws, those of a draw's own member where it knows one.

    Args:
        draws: In whole rounds of the members, if they know them.
        shares: Under each, by every member, shape ``(..., n_draws, n_members)``.

    Returns:
        Shape ``(..., n_rows, n_members)``: a row for each draw, or for each round of draws.
    """
    if not has_own(draws):
        return shares
    n_members = shares.shape[-1]
    members = np.array([each.member for each in draws], dtype=np.intp)
    places = np.arange(len(draws))
    found = np.full((*shares.shape[:-2], len(draws) // n_members, n_members), np.nan)
    found[..., places // n_members, members] = shares[..., places, members]
    return found
