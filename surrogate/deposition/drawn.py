"""A glassy share over what is not sure: every member of the model, under every draw of the map."""

from collections.abc import Sequence
from typing import Final

from surrogate.deposition.forecast import Forecast, Question
from surrogate.deposition.maps import DepositionMap
from surrogate.deposition.quadrature import Floats

AT_ONCE: Final = 16
"""Conditions of one call of the model, each under every draw: more take memory and save no time."""


def drawn_shares(
    question: Question, draws: Sequence[DepositionMap], forecasts: Sequence[Forecast]
) -> list[Floats]:
    """Glassy shares of several conditions, for `surrogate.deposition.confidence`.

    Args:
        question: The model and the bridge.
        draws: Maps that could be as well; empty: the map is taken as given.
        forecasts: Of `question`, one for each set of conditions.

    Returns:
        Of each set of conditions the share by each draw and each member, shape ``(n_draws,
        n_members)``; by each member of its forecast, shape ``(n_members,)``, where there are no
        draws.
    """
    if not draws:
        return [each.members for each in forecasts]
    conditions = [each.conditions for each in forecasts]
    return [
        shares
        for first in range(0, len(conditions), AT_ONCE)
        for shares in question.shares_under(draws, conditions[first : first + AT_ONCE])
    ]
