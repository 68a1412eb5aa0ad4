"""A glassy share over what is not sure: every member of the model, under every draw of the map."""

from collections.abc import Sequence

import numpy as np

from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.forecast import Forecast, Question
from surrogate.deposition.maps import DepositionMap
from surrogate.deposition.quadrature import Floats


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
    conditions: list[DepositionConditions] = [each.conditions for each in forecasts]
    drawn = [question.under(each).forecasts(conditions) for each in draws]
    if not drawn:
        return [each.members for each in forecasts]
    return [np.stack([each.members for each in of_draws]) for of_draws in zip(*drawn, strict=True)]
