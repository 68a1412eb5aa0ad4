"""Which of many candidates to simulate next, a batch at a time.

A committee stands for what is known: the spread of its log-odds of order is ignorance, apart from
the chance that is left when everything is known. Candidates are taken one by one; after each the
committee's spread shrinks as one look there would make it, so that the next one is not its twin.

References:
    Bryan et al., NIPS 18, 163 (2005) (straddle);
    Houlsby et al. 2011, arXiv 1112.5745 (disagreement: mutual information);
    Cohn, Ghahramani & Jordan, J. Artif. Intell. Res. 4, 129 (1996), doi 10.1613/jair.295 (least
    expected variance of what is wanted; here of the boundary);
    Whitaker & Hamill, Mon. Weather Rev. 130, 1913 (2002),
    doi 10.1175/1520-0493(2002)130<1913:EDAWPO>2.0.CO;2 (how a spread shrinks without new draws).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from train.metrics import Floats

Acquisition = Literal["boundary", "straddle", "disagreement", "random", "sobol"]
ACQUISITIONS: Final[tuple[Acquisition, ...]] = get_args(Acquisition)
NEEDS_NO_MODEL: Final = ("random", "sobol")

STRADDLE: Final = 1.96


@dataclass(frozen=True, eq=False)
class Beliefs:
    """What a committee thinks of the candidates, and of the boundary.

    Attributes:
        log_odds: Of order by the horizon, shape ``(n_members, n_candidates)``.
        boundary: Logarithm of the boundary size in several places, ``(n_members, n_places)``.
    """

    log_odds: Floats
    boundary: Floats

    def looked_at(self, candidate: int) -> "Beliefs":
        """As they would be after one trajectory there, whatever it shows: means stay."""
        here = self.log_odds[:, candidate] - self.log_odds[:, candidate].mean()
        variance, noise = here @ here / (len(here) - 1), float(self.noise[candidate])
        share = 1.0 / (1.0 + np.sqrt(noise / (variance + noise)))

        def shrunk(values: Floats) -> Floats:
            apart = values - values.mean(axis=0)
            gain = here @ apart / (len(here) - 1) / (variance + noise)
            return np.asarray(values - share * np.outer(here, gain))

        return Beliefs(shrunk(self.log_odds), shrunk(self.boundary))

    @property
    def noise(self) -> Floats:
        """Variance of the log-odds that one outcome leaves, shape ``(n_candidates,)``."""
        p = 1.0 / (1.0 + np.exp(-self.log_odds.mean(axis=0)))
        return np.asarray(1.0 / np.maximum(p * (1.0 - p), 1.0e-6))


def boundary_gain(beliefs: Beliefs) -> Floats:
    """By how much a look would lower the variance of the boundary, mean over its places."""
    n_members = len(beliefs.log_odds)
    apart = beliefs.log_odds - beliefs.log_odds.mean(axis=0)
    of_boundary = beliefs.boundary - beliefs.boundary.mean(axis=0)
    covariance = apart.T @ of_boundary / (n_members - 1)
    variance = (apart**2).sum(axis=0) / (n_members - 1)
    return np.asarray((covariance**2).mean(axis=1) / (variance + beliefs.noise))


def straddle(beliefs: Beliefs) -> Floats:
    """High where the boundary may be: much doubt, and even odds."""
    mean, spread = beliefs.log_odds.mean(axis=0), beliefs.log_odds.std(axis=0, ddof=1)
    return np.asarray(STRADDLE * spread - np.abs(mean))


def disagreement(beliefs: Beliefs) -> Floats:
    """Mutual information of outcome and member, nats: entropy that is not chance."""
    p = 1.0 / (1.0 + np.exp(-beliefs.log_odds))
    return np.asarray(_entropy(p.mean(axis=0)) - _entropy(p).mean(axis=0))


_SCORES: Final[Mapping[str, Callable[[Beliefs], Floats]]] = {
    "boundary": boundary_gain,
    "straddle": straddle,
    "disagreement": disagreement,
}


def chosen(
    acquisition: Acquisition,
    n_candidates: int,
    n_wanted: int,
    taken: Collection[int],
    *,
    beliefs: Beliefs | None,
    rng: np.random.Generator,
) -> list[int]:
    """Numbers of the candidates to simulate next, in the order they were chosen.

    Args:
        acquisition: By what.
        n_candidates: In the order of their sequence.
        n_wanted: Fewer are chosen where fewer are left.
        taken: Those asked before.
        beliefs: Of the committee about all candidates; `random` and `sobol` need none.
        rng: Of `random`.
    """
    taken = set(taken)
    left = [number for number in range(n_candidates) if number not in taken]
    n_wanted = min(n_wanted, len(left))
    if acquisition == "sobol":
        return left[:n_wanted]
    if acquisition == "random":
        return [int(each) for each in rng.choice(left, n_wanted, replace=False)]
    if beliefs is None:
        raise ValueError(f"acquisition {acquisition!r} needs beliefs, but got none.")
    score, found = _SCORES[acquisition], []
    for _ in range(n_wanted):
        best = left[int(np.argmax(score(beliefs)[left]))]
        left.remove(best)
        found.append(best)
        beliefs = beliefs.looked_at(best)
    return found


def _entropy(p: Floats) -> Floats:
    inside = np.clip(p, 1.0e-12, 1.0 - 1.0e-12)
    return np.asarray(-(inside * np.log(inside) + (1.0 - inside) * np.log1p(-inside)))
