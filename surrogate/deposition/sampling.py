"""Weighted draws of posteriors with few dimensions, and their evidence, by importance sampling.

One posterior for each member of an ensemble. Draws come from the prior first, then from a normal
law fitted to what weighs most, with a part from the prior always, so that no corner is forgotten.
All of them count, each by its density in everything that was drawn from.

Reference:
    Cornuet et al., Scand. J. Stat. 39, 798 (2012), doi 10.1111/j.1467-9469.2011.00756.x.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

from surrogate.deposition.quadrature import Floats

N_STAGES: Final = 6
N_PER_STAGE: Final = 512
"""Of each member."""

FROM_PRIOR: Final = 0.2
"""Share of every later stage that is drawn from the prior."""

WIDENED: Final = 2.0
"""Variance of the fitted law over that of the weighted draws: too wide costs little."""

LEAST_VARIANCE: Final = 1.0e-3

LEAST_EFFECTIVE: Final = 50.0
"""A law is fitted to no fewer draws than these are worth: until a stage finds the peak, the
likelihood is tempered so far."""

LogLikelihood = Callable[[Floats, int], Floats]
"""Of places, shape ``(n, n_dimensions)``, under one member; shape ``(n,)``."""


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws that cover the posterior of one member.

    Attributes:
        places: Standard normal under the prior, shape ``(n, n_dimensions)``.
        log_ratio: Log of the prior over what was drawn from, shape ``(n,)``.
    """

    places: Floats
    log_ratio: Floats

    def log_evidence(self, log_likelihood: Floats) -> float:
        """Log of the mean likelihood over the prior, whatever part of the likelihood is given."""
        return float(logsumexp(self.log_ratio + log_likelihood) - np.log(len(self.log_ratio)))

    def weights(self, log_likelihood: Floats) -> Floats:
        """Of the draws in the posterior, sum 1."""
        return _normalised(self.log_ratio + log_likelihood)


@dataclass(frozen=True, slots=True)
class _Proposal:
    """A normal law, and a part from the prior."""

    mean: Floats
    root: Floats  # of the covariance, lower triangular
    from_prior: float

    def log_density(self, places: Floats) -> Floats:
        scaled: Floats = np.linalg.solve(self.root, (places - self.mean).T).T.astype(np.float64)
        fitted = _log_normal(scaled) - np.log(np.diag(self.root)).sum()
        prior = _log_normal(places)
        if self.from_prior == 1.0:
            return prior
        mixed: Floats = np.logaddexp(
            np.log1p(-self.from_prior) + fitted, np.log(self.from_prior) + prior
        )
        return mixed

    def drawn(self, n: int, rng: np.random.Generator) -> Floats:
        places = rng.standard_normal((n, len(self.mean)))
        n_fitted = n - int(np.rint(self.from_prior * n))
        places[:n_fitted] = self.mean + places[:n_fitted] @ self.root.T
        return places


def sampled(
    log_likelihood: LogLikelihood,
    n_dimensions: int,
    member: int,
    seed: int,
    n_stages: int = N_STAGES,
) -> Draws:
    """Draws that cover the posterior of one member; the same seed gives the same.

    Args:
        log_likelihood: What was observed.
        n_dimensions: Of a place.
        member: Whose posterior.
        seed: Of the draws.
        n_stages: More find a peak that is narrow beside the prior.
    """
    rng = np.random.default_rng([seed, member])
    proposals = [_Proposal(np.zeros(n_dimensions), np.eye(n_dimensions), 1.0)]
    places = proposals[0].drawn(2 * N_PER_STAGE, rng)
    found = log_likelihood(places, member)
    shares = [2.0]
    for _ in range(1, n_stages):
        ratio = _log_ratio(proposals, shares, places)
        proposals.append(_fitted(places, ratio, found))
        shares.append(1.0)
        more = proposals[-1].drawn(N_PER_STAGE, rng)
        places = np.concatenate([places, more])
        found = np.concatenate([found, log_likelihood(more, member)])
    return Draws(places, _log_ratio(proposals, shares, places))


def effective_number(weights: Floats) -> float:
    """As many equally weighted draws would say as much (Kish)."""
    return float(1.0 / (weights**2).sum())


def weighted_quantiles(values: Floats, weights: Floats, shares: tuple[float, ...]) -> list[float]:
    """Quantiles of weighted draws.

    >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.full(3, 1 / 3), (0.5,))
    [2.0]
    """
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    places = np.minimum(np.searchsorted(reached, shares), len(values) - 1)
    return [float(value) for value in values[order][places]]


def _fitted(places: Floats, log_ratio: Floats, log_likelihood: Floats) -> _Proposal:
    weights = _tempered(log_ratio, log_likelihood)
    mean = weights @ places
    apart = places - mean
    covariance = WIDENED * (apart * weights[:, None]).T @ apart
    covariance += LEAST_VARIANCE * np.eye(len(mean))
    root: Floats = np.linalg.cholesky(covariance).astype(np.float64)
    return _Proposal(mean, root, FROM_PRIOR)


def _tempered(log_ratio: Floats, log_likelihood: Floats) -> Floats:
    """Weights by the largest power of the likelihood, at most 1, that leaves enough draws."""

    def missing(power: float) -> float:
        weights = _normalised(log_ratio + power * log_likelihood)
        return effective_number(weights) - LEAST_EFFECTIVE

    power = 1.0 if missing(1.0) >= 0.0 or missing(0.0) <= 0.0 else brentq(missing, 0.0, 1.0)
    return _normalised(log_ratio + power * log_likelihood)


def _normalised(log_weights: Floats) -> Floats:
    weights: Floats = np.exp(log_weights - logsumexp(log_weights))
    return weights


def _log_normal(scaled: Floats) -> Floats:
    found: Floats = -0.5 * (scaled**2).sum(axis=1) - 0.5 * scaled.shape[1] * np.log(2.0 * np.pi)
    return found


def _log_ratio(proposals: list[_Proposal], shares: list[float], places: Floats) -> Floats:
    """Of the prior over the mixture of everything that was drawn from."""
    densities = np.stack([proposal.log_density(places) for proposal in proposals])
    log_shares = np.log(np.array(shares) / sum(shares))[:, None]
    ratio: Floats = _log_normal(places) - logsumexp(densities + log_shares, axis=0)
    return ratio
