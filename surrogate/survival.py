r"""When does an embryo order, if ever? The law of incubation times, as pure tensors.

A share *q* orders during the quench and shows no waiting. Of the others a share *c*, the cure
fraction, never orders. The rest waits on the hold clock *h*, as if each embryo had a hazard of its
own: that of a Weibull time, times a factor that is gamma distributed over embryos of one design
with mean 1 and variance :math:`\theta`, the frailty. So

.. math:: S(h) = (1 - q) [c + (1 - c) e^{-G(h)}], \quad
    G(h) = \theta^{-1} \log(1 + \theta (h/\lambda)^k):

those that still wait are the slower ones. Frailty 0 is the Weibull law, 1 the log-logistic.

Times are seen as intervals or not at all. A batch without any event is ordinary here and has a
finite likelihood; nothing is dropped. Work in float64.

References:
    Klein & Moeschberger, *Survival Analysis*, 2nd ed., sections 3.5 and 12.2;
    Vaupel, Manton & Stallard, Demography 16, 439 (1979), doi 10.2307/2061224 (frailty);
    Berkson & Gage, J. Am. Stat. Assoc. 47, 501 (1952), doi 10.1080/01621459.1952.10501187 (cure).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize.elementwise import find_root
from torch import Tensor

from simulate.errors import GlassyLiError
from simulate.incubation import Incubation
from surrogate.fixed_order import mean_over

SHORTEST_PS: Final = 1.0e-3
"""A time step: shorter times count as this long, since the logarithm of 0 is none."""

LONGEST_PS: Final = 1.0e9
"""A millisecond: quantiles beyond count as never."""

MOST_LOG_HAZARD: Final = 300.0
"""Cumulative hazards stop growing at e^300: what they forecast is certain long before, and the wild
trial steps of an optimiser must not overflow."""

LEAST_HAZARD: Final = 1.0e-300
"""Smaller cumulative hazards count as this one when their logarithm is taken."""

LEAST_LOG_FRAILTY: Final = -30.0
"""Smaller frailties count as this one: a Weibull law to the last bits."""

LOG_TOLERANCE: Final = 1.0e-10
"""Of quantiles: their relative error."""

CONVERGED: Final = 0
SIGN_ERROR: Final = -1
"""Statuses of `scipy.optimize.elementwise.find_root`."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HazardPower:
    r"""Turns a survival :math:`S` into :math:`e^{-e^a (-\log S)^b}`, monotone in time and in S.

    Attributes:
        log_factor: *a*, of a shape that broadcasts to the law's.
        log_power: ``log b``, same shape.
    """

    log_factor: Tensor
    log_power: Tensor

    def log_survival(self, log_survival: Tensor) -> Tensor:
        """The logarithm of a survival, changed; certain order or none stays certain."""
        log_hazard = (-log_survival).clamp_min(LEAST_HAZARD).log()
        changed = self.log_factor + self.log_power.exp() * log_hazard
        return torch.where(
            log_survival < 0.0, -torch.exp(changed.clamp_max(MOST_LOG_HAZARD)), log_survival
        )


@dataclass(frozen=True, slots=True)
class IncubationLaw:
    """Parameters of the law, tensors of one common shape (or broadcasting to it).

    Attributes:
        quench_logit: Log-odds of order in the quench. Minus infinity where the quench has passed.
        cure_logit: Log-odds of never ordering, for those that did not order in the quench.
        log_scale: ``log(λ / ps)``.
        log_shape: ``log k``.
        log_frailty: ``log θ``.
        calibration: What `survival` does to the cumulative hazard; None: nothing.
    """

    quench_logit: Tensor
    cure_logit: Tensor
    log_scale: Tensor
    log_shape: Tensor
    log_frailty: Tensor
    calibration: HazardPower | None = None

    def map(self, change: Callable[[Tensor], Tensor]) -> "IncubationLaw":
        """The same law with every parameter tensor changed alike (an index, a new axis)."""
        mended = self.calibration
        return IncubationLaw(
            change(self.quench_logit),
            change(self.cure_logit),
            change(self.log_scale),
            change(self.log_shape),
            change(self.log_frailty),
            mended and HazardPower(change(mended.log_factor), change(mended.log_power)),
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of each incubation time; tensors of shape ``(n,)``, float64 and bool.

    Attributes:
        lower_ps, upper_ps: Bounds on the hold clock; infinite above where censored.
        in_quench: Order came during the quench (bounds are then not read).
        since_ps: Known to be waiting at this time of the hold clock already (left truncation).
        is_past_quench: Known not to have ordered in the quench.
    """

    lower_ps: Tensor
    upper_ps: Tensor
    in_quench: Tensor
    since_ps: Tensor
    is_past_quench: Tensor

    @classmethod
    def of(
        cls, incubations: Sequence[Incubation], since_ps: Sequence[float | None] | None = None
    ) -> Self:
        """Records as tensors.

        Args:
            incubations: One for each row.
            since_ps: Hold-clock time at which each embryo was still waiting; None: asked before
                the end of the quench.
        """
        starts = [None] * len(incubations) if since_ps is None else list(since_ps)
        return cls(
            lower_ps=_float64([item.lower_ps for item in incubations]),
            upper_ps=_float64(
                [math.inf if item.upper_ps is None else item.upper_ps for item in incubations]
            ),
            in_quench=torch.tensor([item.ordered_in_quench for item in incubations]),
            since_ps=_float64([start or 0.0 for start in starts]),
            is_past_quench=torch.tensor([start is not None for start in starts]),
        )

    def rows(self, index: Tensor) -> "Seen":
        """Some of the rows."""
        return Seen(
            self.lower_ps[index],
            self.upper_ps[index],
            self.in_quench[index],
            self.since_ps[index],
            self.is_past_quench[index],
        )


def log_waiting_survival(law: IncubationLaw, time_ps: Tensor) -> Tensor:
    """``log(c + (1 - c) exp(-G(h)))``: log-probability of waiting longer than `time_ps`.

    The clock starts at the hold and the quench is taken as passed. Exactly 0 at time 0.
    """
    hazard = _frail(law, torch.exp(_log_hazard(law, time_ps)))
    waiting = _log_sum(log_sigmoid(law.cure_logit), log_sigmoid(-law.cure_logit) - hazard)
    return torch.where(time_ps > 0.0, waiting, torch.zeros_like(waiting))


def survival(law: IncubationLaw, time_ps: Tensor, since_ps: Tensor | None = None) -> Tensor:
    """Probability of not having ordered by a time, order in the quench included.

    The law's calibration is of what is left at `since_ps`: it acts on the whole probability.

    Args:
        law: Parameters.
        time_ps: Time on the hold clock, or after `since_ps` where that is given; >= 0.
        since_ps: Known to be waiting at this time of the hold clock.

    Returns:
        Probability, the broadcast shape of all arguments.
    """
    start_ps = torch.zeros_like(time_ps) if since_ps is None else since_ps
    until = log_waiting_survival(law, time_ps + start_ps)
    waited = log_sigmoid(-law.quench_logit) + until - log_waiting_survival(law, start_ps)
    return torch.exp(waited if law.calibration is None else law.calibration.log_survival(waited))


def log_likelihood(law: IncubationLaw, seen: Seen) -> Tensor:
    r"""Log-probability of what was seen of each embryo, by the law as fitted: not calibrated.

    Order in the quench contributes :math:`\log q`; order between *a* and *b*
    :math:`\log(1-q) + \log(1-c) + \log(e^{-G(a)} - e^{-G(b)})`; none until *a*
    :math:`\log(1-q) + \log(c + (1-c) e^{-G(a)})`. What was waiting at *s* already is divided by
    its probability of that, and by that of passing the quench.

    Returns:
        Shape ``(n,)``. Never reduced here, never dropped.
    """
    is_observed = torch.isfinite(seen.upper_ps)
    # Infinite or equal bounds would give nan in the backward pass even where they are not chosen.
    has_interval = is_observed & ~seen.in_quench
    upper_ps = torch.where(has_interval, seen.upper_ps, seen.lower_ps + 1.0)
    log_hazard = _log_hazard(law, seen.lower_ps)
    longer = law.log_shape.exp() * (_log_ps(upper_ps) - _log_ps(seen.lower_ps))
    longer = longer.clamp_max(MOST_LOG_HAZARD)
    # From time 0 all of the hazard counts: a flat shape has much of it in the first femtoseconds.
    is_from_start = seen.lower_ps <= 0.0
    before = torch.where(is_from_start, torch.zeros_like(log_hazard), torch.exp(log_hazard))
    log_added = torch.where(
        is_from_start, _log_hazard(law, upper_ps), log_hazard + torch.expm1(longer).log()
    )
    # Who has waited so long is slow: G(b) - G(a) is the G of less than is added to (h/λ)^k.
    log_added = log_added - torch.log1p(law.log_frailty.exp() * before)
    gained = _frail(law, torch.exp(log_added.clamp_max(MOST_LOG_HAZARD)))
    # A gain that is 0 to the last bit still has a logarithm, and a slope that leads back.
    some = torch.where(gained > LEAST_HAZARD, _log1mexp(gained), log_added)
    within = log_sigmoid(-law.cure_logit) - _frail(law, before) + some
    waiting = torch.where(has_interval, within, log_waiting_survival(law, seen.lower_ps))
    waiting = waiting - log_waiting_survival(law, seen.since_ps)
    passed = torch.where(
        seen.is_past_quench, torch.zeros_like(log_hazard), log_sigmoid(-law.quench_logit)
    )
    return torch.where(seen.in_quench, log_sigmoid(law.quench_logit), passed + waiting)


def quantile_ps(law: IncubationLaw, shares: Tensor, since_ps: Tensor | None = None) -> Tensor:
    """Times by which given shares of the embryos have ordered, averaged over members.

    Args:
        law: Shape ``(n_members, n)``; the survival of an embryo is the mean over members.
        shares: Between 0 and 1, shape ``(n_shares,)``.
        since_ps: Known to be waiting at this time, shape ``(n,)``; times then count from there.

    Returns:
        ps, shape ``(n, n_shares)``: 0 where so many order in the quench (or within `SHORTEST_PS`),
        infinite where so many never order (or not within `LONGEST_PS`).
    """
    shape = (law.log_scale.shape[1], len(shares))
    embryo, share = np.indices(shape)[0], np.broadcast_to(shares.numpy(), shape)

    def excess(log_ps: Floats, embryo: NDArray[np.int64], share: Floats) -> Floats:
        rows = torch.from_numpy(embryo)
        start_ps = None if since_ps is None else since_ps[rows]
        waiting = survival(
            law.map(lambda parameter: parameter.expand_as(law.log_scale)[:, rows]),
            torch.from_numpy(np.exp(log_ps)),
            start_ps,
        )
        ordered: Floats = 1.0 - mean_over(waiting).numpy()
        return ordered - share

    found = find_root(
        excess,
        (math.log(SHORTEST_PS), math.log(LONGEST_PS)),
        args=(embryo, share),
        tolerances={"xatol": LOG_TOLERANCE, "xrtol": 0.0, "fatol": 0.0, "frtol": 0.0},
    )
    is_found, is_outside = found.status == CONVERGED, found.status == SIGN_ERROR
    if not (is_found | is_outside).all():
        raise GlassyLiError(
            "incubation times must follow from the law, but it is no number somewhere. "
            "Is the model package sound? `glassyli model verify` tells."
        )
    # Not passed between the ends: at both more have ordered, or at both fewer.
    outside = np.where(found.f_bracket[0] > 0.0, 0.0, np.inf)
    return torch.from_numpy(np.where(is_found, np.exp(found.x), outside))


def log_sigmoid(logit: Tensor) -> Tensor:
    """``log(1 / (1 + exp(-x)))``, of which `torch.func` can take every derivative in batches."""
    return torch.minimum(logit, torch.zeros_like(logit)) - torch.log1p(torch.exp(-logit.abs()))


def _frail(law: IncubationLaw, hazard: Tensor) -> Tensor:
    """What is left of a cumulative hazard when the quick have gone first: ``log(1 + θH) / θ``."""
    frailty = law.log_frailty.clamp_min(LEAST_LOG_FRAILTY).exp()
    return torch.log1p(frailty * hazard) / frailty


def _log_hazard(law: IncubationLaw, time_ps: Tensor) -> Tensor:
    log_hazard = law.log_shape.exp() * (_log_ps(time_ps) - law.log_scale)
    return log_hazard.clamp_max(MOST_LOG_HAZARD)


def _log_ps(time_ps: Tensor) -> Tensor:
    return time_ps.clamp_min(SHORTEST_PS).log()


def _log_sum(left: Tensor, right: Tensor) -> Tensor:
    """``log(exp(left) + exp(right))``, rounded alike wherever in a batch it is computed.

    `torch.logaddexp` rounds the last few elements of a tensor otherwise than the rest.
    """
    return torch.maximum(left, right) + torch.log1p(torch.exp(-(left - right).abs()))


def _log1mexp(x: Tensor) -> Tensor:
    """``log(1 - exp(-x))`` for ``x >= 0``, accurate at both ends; each branch sees only its own x.

    Less than `LEAST_HAZARD` counts as that.

    Reference:
        Mächler, *Accurately computing log(1 - exp(-|a|))* (2012), CRAN package Rmpfr.
    """
    x = x.clamp_min(LEAST_HAZARD)
    is_small = x < math.log(2.0)
    small = torch.where(is_small, x, torch.ones_like(x))
    large = torch.where(is_small, torch.ones_like(x), x)
    return torch.where(is_small, (-torch.expm1(-small)).log(), torch.log1p(-torch.exp(-large)))


def _float64(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)
