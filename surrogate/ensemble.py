"""Several members, kept apart to the last step: estimates are means, intervals are spreads.

Epistemic intervals widen the spread of few members by Student's t, on the log-odds scale.
Predictive intervals are quantiles of the mixture of what all members expect of one embryo.
"""

import math
from typing import Final

import torch
from scipy.stats import t as student_t
from torch import Tensor

from surrogate.fixed_order import mean_over, sum_over
from surrogate.network import EmbryoForecast
from surrogate.prediction import INTERVAL_LEVEL
from surrogate.survival import log_sigmoid, survival

LEAST_ODDS: Final = 1.0e-9
"""Probabilities are kept this far from 0 and 1 before their log-odds are taken."""

BISECTIONS: Final = 24


def epistemic_interval(members: Tensor) -> tuple[Tensor, Tensor]:
    """Where the probability would lie for another training set, and hold the mean.

    Args:
        members: Probabilities of each member, shape ``(n_members, ...)``, at least two members.

    Returns:
        Lower and upper end, shape ``(...)``, within 0 and 1 and around the members' mean.
    """
    n_members = len(members)
    kept = members.clamp(LEAST_ODDS, 1.0 - LEAST_ODDS)
    log_odds = kept.log() - torch.log1p(-kept)
    centre, mean = mean_over(log_odds), mean_over(members)
    # `Tensor.std` and `torch.sigmoid` would round a row by its place in the batch.
    spread = (sum_over((log_odds - centre).square()) / (n_members - 1)).sqrt()
    factor = float(student_t.ppf(0.5 + INTERVAL_LEVEL / 2, n_members - 1))
    reach = factor * spread * math.sqrt(1.0 + 1.0 / n_members)
    low, high = (log_sigmoid(end).exp() for end in (centre - reach, centre + reach))
    return torch.minimum(low, mean), torch.maximum(high, mean)


def crystalline_fraction(
    embryos: EmbryoForecast, horizon_ps: Tensor, since_ps: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Expected crystalline fraction over all embryos, ordered or not, and its predictive interval.

    Args:
        embryos: Of shape ``(n_members, n)``.
        horizon_ps: Scalar.
        since_ps: As in `survival`.

    Returns:
        Mean, lower and upper end, shape ``(n,)``, within 0 and 1.
    """
    p_ordered = 1.0 - survival(embryos.law, horizon_ps.expand_as(embryos.law.log_scale), since_ps)
    mean = mean_over(
        p_ordered * embryos.fraction_ordered + (1.0 - p_ordered) * embryos.fraction_disordered
    )

    def share_below(fraction: Tensor) -> Tensor:
        ordered = _normal_cdf(fraction, embryos.fraction_ordered, embryos.spread_ordered)
        disordered = _normal_cdf(fraction, embryos.fraction_disordered, embryos.spread_disordered)
        return mean_over(p_ordered * ordered + (1.0 - p_ordered) * disordered, dim=1)

    ends = [[0.5 - INTERVAL_LEVEL / 2], [0.5 + INTERVAL_LEVEL / 2]]
    shares = torch.tensor(ends, dtype=torch.float64)
    low = torch.zeros((2, len(mean)), dtype=torch.float64)
    high = torch.ones_like(low)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        is_above = share_below(middle[:, None]) >= shares
        low, high = torch.where(is_above, low, middle), torch.where(is_above, middle, high)
    return mean, torch.minimum(high[0], mean), torch.maximum(high[1], mean)


def _normal_cdf(values: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    return 0.5 * (1.0 + torch.erf((values - mean) / (spread * math.sqrt(2.0))))
