"""Do potentials agree on which embryos order sooner?

Designs by two potentials are the same embryo where they have as many atoms and the same exchanges,
fill the same share of the bulk density and are held at the same share of the melting point of the
model crystal. What a design says is the mean time that its runs waited up to the horizon, 0 where
order came in the quench (restricted mean; Royston & Parmar, BMC Med. Res. Methodol. 13, 152 (2013),
doi 10.1186/1471-2288-13-152).

Much of the waiting is chance, so that means of a few runs agree less than the potentials do. Halves
of the runs tell by how much: two halves by different potentials agree less than two halves by one.
What is left without chance is the ratio (Spearman, Am. J. Psychol. 15, 72 (1904), of correlations).
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulate.design import EmbryoDesign
from simulate.files import canonical_json
from simulate.record import TrajectoryRecord
from simulate.settings import Settings
from train.metrics import Floats, bounds_ps
from train.resampling import Estimate, Resamples, estimate, ratio
from train.statement import NOTHING

LEAST_EMBRYOS: Final = 5
DENSITY_TOLERANCE: Final = 0.03
"""Shares of the bulk density are the same when they differ by less than this share."""

MELTING_TOLERANCE: Final = 0.005
"""Shares of the melting point are the same when they differ by less."""

N_RESAMPLES: Final = 300
N_SPLITS: Final = 12
"""Ways to halve the runs of an embryo that are averaged over."""


class RankAgreement(Settings):
    """Two potentials.

    Correlations are Kendall's tau-b, embryos drawn anew for intervals; without a value where there
    are fewer than five embryos or all of one waited equally long.

    Attributes:
        potentials: Their names.
        horizon_ps: Up to which waiting is counted.
        n_runs: Of each.
        embryos: What both simulated, in the words of the first.
        waited_ps: Mean waiting time of each by each, ps.
        n_never: Embryos none of whose runs by either ordered by the horizon: they agree whatever
            the potentials.
        tau: Of the mean waiting times, as run.
        halves: Of half the runs by one with half of those by the other.
        selves: Of half the runs by each with the other half.
        without_chance: `halves` over the geometric mean of `selves`; nothing where either of them
            may be 0: then a quotient says nothing.
    """

    potentials: tuple[str, str]
    horizon_ps: float
    n_runs: tuple[int, int]
    embryos: tuple[str, ...]
    waited_ps: tuple[tuple[float, float], ...]
    n_never: int
    tau: Estimate
    halves: Estimate
    selves: tuple[Estimate, Estimate]
    without_chance: Estimate


@dataclass(frozen=True, slots=True)
class Waiting:
    """A design, and the times its runs waited up to the horizon, ps."""

    design: EmbryoDesign
    times_ps: Floats

    def is_same_embryo(self, other: "Waiting") -> bool:
        """Whether the other's design is this one's counterpart by another potential."""
        here, there = (
            (
                each.n_atoms,
                each.mass_exchange,
                each.wall_shape,
                each.energy_exchange,
                each.energy_relaxation_ps,
            )
            for each in (self.design, other.design)
        )
        (density, melting), (its_density, its_melting) = self.shares, other.shares
        return (
            here == there
            and abs(density / its_density - 1.0) < DENSITY_TOLERANCE
            and abs(melting - its_melting) < MELTING_TOLERANCE
        )

    @property
    def shares(self) -> tuple[float, float]:
        """Of the bulk density, and of the melting point of the model crystal."""
        design = self.design
        return design.share_of_bulk, design.physics.share_of_melting(design.hold_temperature_K)


Pair = tuple[Waiting, Waiting]


def rank_agreements(records: Iterable[TrajectoryRecord]) -> list[RankAgreement]:
    """Of every two potentials that ran under one protocol.

    Args:
        records: Of any campaigns. Continued runs, failures and embryos too small for order to be
            told surely count as nothing here.
    """
    by_protocol: dict[str, dict[str, list[TrajectoryRecord]]] = {}
    for record in records:
        is_fresh = record.parent is None and record.failure is None
        if is_fresh and record.is_decidable and record.design.physics.has_melting_point:
            group = by_protocol.setdefault(canonical_json(record.protocol.what_decides()), {})
            group.setdefault(record.design.potential, []).append(record)
    return [
        _agreement(pairs, horizon_ps)
        for group in by_protocol.values()
        for one, other in itertools.combinations(group.values(), 2)
        for horizon_ps in [min(record.planned_follow_up_ps for record in (*one, *other))]
        if (pairs := _pairs(_waiting(one, horizon_ps), _waiting(other, horizon_ps)))
    ]


def _waiting(records: Sequence[TrajectoryRecord], horizon_ps: float) -> list[Waiting]:
    """By design: middles of the intervals, or the horizon where no order came to last."""
    by_design: dict[str, list[TrajectoryRecord]] = {}
    for record in sorted(records, key=lambda each: each.seed):
        by_design.setdefault(record.design.key, []).append(record)
    found = []
    for members in by_design.values():
        lower, upper = bounds_ps([each.witnessed for each in members if each.witnessed])
        times_ps = np.where(np.isfinite(upper), 0.5 * (lower + upper), horizon_ps)
        found.append(Waiting(members[0].design, np.minimum(times_ps, horizon_ps)))
    return found


def _pairs(first: Sequence[Waiting], second: Sequence[Waiting]) -> list[Pair]:
    """Counterparts; every design has one at most."""
    left, pairs = list(second), []
    for one in first:
        same = [other for other in left if one.is_same_embryo(other)]
        if same:
            nearest = min(same, key=lambda other: abs(one.shares[0] - other.shares[0]))
            left.remove(nearest)
            pairs.append((one, nearest))
    return pairs


def _agreement(pairs: Sequence[Pair], horizon_ps: float) -> RankAgreement:
    waited_ps = tuple((float(a.times_ps.mean()), float(b.times_ps.mean())) for a, b in pairs)
    halves, selves, without_chance = _by_halves(pairs)
    return RankAgreement(
        potentials=(pairs[0][0].design.potential, pairs[0][1].design.potential),
        horizon_ps=horizon_ps,
        n_runs=(sum(len(a.times_ps) for a, _ in pairs), sum(len(b.times_ps) for _, b in pairs)),
        embryos=tuple(a.design.sentence for a, _ in pairs),
        waited_ps=waited_ps,
        n_never=sum(min(each) >= horizon_ps for each in waited_ps),
        tau=_tau(np.array(waited_ps)),
        halves=halves,
        selves=selves,
        without_chance=without_chance,
    )


def _tau(waited_ps: Floats) -> Estimate:
    if len(waited_ps) < LEAST_EMBRYOS:
        return NOTHING
    return estimate(kendall_tau(waited_ps[:, 0], waited_ps[:, 1], _draws(len(waited_ps))))


def _by_halves(pairs: Sequence[Pair]) -> tuple[Estimate, tuple[Estimate, Estimate], Estimate]:
    """Agreement of halves between, within, and the one over the other."""
    several = [
        (a.times_ps, b.times_ps) for a, b in pairs if min(len(a.times_ps), len(b.times_ps)) > 1
    ]
    if len(several) < LEAST_EMBRYOS:
        return NOTHING, (NOTHING, NOTHING), NOTHING
    draws, rng = _draws(len(several)), np.random.default_rng(0)
    taus = np.zeros((3, len(draws)))
    for _ in range(N_SPLITS):
        a, b, c, d = np.array([_halves(one, rng) + _halves(other, rng) for one, other in several]).T
        taus += [
            np.mean([kendall_tau(x, y, draws) for x in (a, b) for y in (c, d)], axis=0),
            kendall_tau(a, b, draws),
            kendall_tau(c, d, draws),
        ]
    between, first, second = taus / N_SPLITS
    within = np.sqrt(np.maximum(first, 0.0) * np.maximum(second, 0.0))
    selves = estimate(first), estimate(second)
    is_sure = all(each.interval is not None and each.interval[0] > 0.0 for each in selves)
    return estimate(between), selves, estimate(ratio(between, within)) if is_sure else NOTHING


def _halves(times_ps: Floats, rng: np.random.Generator) -> tuple[float, float]:
    shuffled = rng.permutation(times_ps)
    return float(shuffled[::2].mean()), float(shuffled[1::2].mean())


def kendall_tau(x: Floats, y: Floats, counts: Floats) -> Floats:
    """Kendall's tau-b of two columns, rows as often as they were drawn.

    Args:
        x: Shape ``(n,)``.
        y: Shape ``(n,)``.
        counts: Shape ``(n_draws, n)``.

    Returns:
        Shape ``(n_draws,)``; nan where all of a column are equal.
    """
    signs = [np.sign(column[:, None] - column[None, :]) for column in (x, y)]

    def over_pairs(signs: Floats) -> Floats:
        summed: Floats = np.einsum("di,di->d", counts @ signs, counts)
        return summed

    scale = np.sqrt(over_pairs(signs[0] ** 2) * over_pairs(signs[1] ** 2))
    return ratio(over_pairs(signs[0] * signs[1]), scale)


def _draws(n_embryos: int) -> Floats:
    return Resamples.of([str(row) for row in range(n_embryos)], 0, N_RESAMPLES).with_all
