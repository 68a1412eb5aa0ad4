"""Do potentials agree on which embryos order sooner?

Designs by two potentials are the same embryo where they have as many atoms and the same exchanges,
fill the same share of the bulk density and are held at the same share of the melting point of the
model crystal. What a design says is the mean time that its runs waited up to the horizon, 0 where
order came in the quench (restricted mean; Royston & Parmar, BMC Med. Res. Methodol. 13, 152 (2013),
doi 10.1186/1471-2288-13-152). Much of the waiting is chance: beside the agreement of two potentials
stands that of each with itself, every second run of a design against the others.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.stats import kendalltau

from simulate.design import EmbryoDesign
from simulate.protocol import Protocol
from simulate.record import TrajectoryRecord
from simulate.settings import Settings
from train.metrics import Floats, bounds_ps
from train.resampling import Estimate, Resamples, estimate
from train.statement import NOTHING

LEAST_DESIGNS: Final = 5
SHARE_TOLERANCE: Final = 0.02
"""Shares of bulk density, and of the melting point, closer than this are the same."""

N_RESAMPLES: Final = 300


class RankAgreement(Settings):
    """Two potentials, or the halves of one's runs.

    Attributes:
        potentials: Their names; twice the same: with itself.
        horizon_ps: Up to which waiting is counted.
        n_runs: Of each, in the embryos that both simulated.
        tau: Kendall's tau-b of the mean waiting times; embryos drawn anew for the interval. No
            value with fewer than five embryos or where all of one waited equally long.
        embryos: What both simulated, in the words of the first.
        waited_ps: Mean waiting time of each by each, ps.
    """

    potentials: tuple[str, str]
    horizon_ps: float
    n_runs: tuple[int, int]
    tau: Estimate
    embryos: tuple[str, ...]
    waited_ps: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A design, and the times its runs waited up to the horizon, by seed, ps."""

    design: EmbryoDesign
    times_ps: Floats

    @property
    def shares(self) -> tuple[float, float]:
        """Of the bulk density, and of the melting point of the model crystal."""
        design = self.design
        return design.share_of_bulk, design.physics.share_of_melting(design.hold_temperature_K)

    def is_same_embryo(self, other: "Waiting") -> bool:
        """Whether the other's design is this one's counterpart by another potential."""
        here, there = self.design, other.design
        exchanges = {(each.mass_exchange, each.energy_exchange) for each in (here, there)}
        is_alike = len(exchanges) == 1 and here.n_atoms == there.n_atoms
        return is_alike and bool(np.allclose(self.shares, other.shares, 0.0, SHARE_TOLERANCE))

    def half(self, first: int) -> "Waiting":
        """Every second run, from the first or the second on."""
        return replace(self, times_ps=self.times_ps[first::2])


def rank_agreements(records: Iterable[TrajectoryRecord]) -> list[RankAgreement]:
    """Of every two potentials that ran under one protocol, and of each of them with itself.

    Args:
        records: Of any campaigns. Continued runs count as nothing here.
    """
    by_protocol: dict[Protocol, dict[str, list[TrajectoryRecord]]] = {}
    for record in records:
        if record.parent is None and record.witnessed and record.design.physics.has_melting_point:
            by_potential = by_protocol.setdefault(record.protocol, {})
            by_potential.setdefault(record.design.potential, []).append(record)
    return [each for group in by_protocol.values() for each in _of_one_protocol(group)]


def _of_one_protocol(by_potential: dict[str, list[TrajectoryRecord]]) -> list[RankAgreement]:
    every = itertools.chain.from_iterable(by_potential.values())
    horizon_ps = min(record.planned_follow_up_ps for record in every)
    waiting = {name: _waiting(each, horizon_ps) for name, each in by_potential.items()}
    two = [_agreement(*both, horizon_ps) for both in itertools.combinations(waiting.values(), 2)]
    told = [each for each in two if each is not None]
    named = {name for each in told for name in each.potentials}
    selves = [
        _agreement(
            [w.half(0) for w in waiting[name]], [w.half(1) for w in waiting[name]], horizon_ps
        )
        for name in waiting
        if name in named
    ]
    return told + [each for each in selves if each is not None]


def _waiting(records: Sequence[TrajectoryRecord], horizon_ps: float) -> list[Waiting]:
    """By design; without runs that failed while disordered, which do not tell."""
    by_design: dict[str, list[TrajectoryRecord]] = {}
    for record in sorted(records, key=lambda each: each.seed):
        seen = record.witnessed
        if seen is not None and (seen.is_observed or record.failure is None):
            by_design.setdefault(record.design.key, []).append(record)
    return [Waiting(each[0].design, _times_ps(each, horizon_ps)) for each in by_design.values()]


def _times_ps(records: Sequence[TrajectoryRecord], horizon_ps: float) -> Floats:
    """Middles of the intervals, or the horizon where no order came to last, ps."""
    lower, upper = bounds_ps([each.witnessed for each in records if each.witnessed is not None])
    return np.minimum(np.where(np.isfinite(upper), 0.5 * (lower + upper), horizon_ps), horizon_ps)


def _agreement(
    first: Sequence[Waiting], second: Sequence[Waiting], horizon_ps: float
) -> RankAgreement | None:
    """None where they have no embryo in common."""
    pairs = [
        (one, other)
        for one in first
        for other in second
        if one.is_same_embryo(other) and one.times_ps.size and other.times_ps.size
    ]
    if not pairs:
        return None
    waited_ps = [(float(one.times_ps.mean()), float(other.times_ps.mean())) for one, other in pairs]
    return RankAgreement(
        potentials=(pairs[0][0].design.potential, pairs[0][1].design.potential),
        horizon_ps=horizon_ps,
        n_runs=(
            sum(one.times_ps.size for one, _ in pairs),
            sum(other.times_ps.size for _, other in pairs),
        ),
        tau=_tau(np.array(waited_ps)),
        embryos=tuple(one.design.sentence for one, _ in pairs),
        waited_ps=tuple(waited_ps),
    )


def _tau(waited_ps: Floats) -> Estimate:
    """Rank correlation of two columns, shape ``(n_embryos, 2)``."""
    if len(waited_ps) < LEAST_DESIGNS:
        return NOTHING
    counts = Resamples.of([str(row) for row in range(len(waited_ps))], 0, N_RESAMPLES).with_all
    drawn = (np.repeat(waited_ps, count.astype(int), axis=0) for count in counts)
    return estimate(np.array([kendalltau(*rows.T).statistic for rows in drawn]))
