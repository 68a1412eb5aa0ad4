"""Did fresh molecular dynamics do what the model had said of some deposition conditions?

What is compared is the share of embryos still disordered at the judged horizon, of the very embryos
that were drawn. It judges the surrogate against molecular dynamics. Whether the deposition map
gives the embryos of a cell is another question, which no simulation here can answer.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from scipy.stats import t as student_t

from simulate.settings import Settings
from simulate.store import RecordStore
from surrogate.deposition.conditions import DepositionConditions
from surrogate.ensemble import epistemic_interval
from surrogate.frozen.forecasts import DrawnEmbryo, FrozenConditions, FrozenForecasts, Group
from surrogate.prediction import INTERVAL_LEVEL
from train.fates import Fate, Share, difference, fate_of, share_of
from train.metrics import Floats

GROUPS: Final[tuple[Group, ...]] = ("top", "random")
N_BINS: Final = 5


class Seen(Settings):
    """What became of some embryos.

    Attributes:
        n_glassy, n_ordered: At the judged horizon.
        n_unseen: Neither was seen: the run failed before, or the frame about the horizon is the one
            that shows order. They enter the share with neither fate, its interval with both.
        n_failed: Runs that failed, before the horizon or after it.
        n_waiting: Not simulated yet.
        share: Glassy of those that were seen (Jeffreys interval); None where nobody was, or while
            some wait: the first to be simulated are not like all.
    """

    n_glassy: int
    n_ordered: int
    n_unseen: int
    n_failed: int
    n_waiting: int
    share: Share | None

    @property
    def n_done(self) -> int:
        """Embryos that were simulated."""
        return self.n_glassy + self.n_ordered + self.n_unseen


class VerifiedConditions(Settings):
    """Forecast and outcome of one set of conditions.

    Attributes:
        fast_share: Forecast by the fast road, which a search asks; `forecast` is by the full one.
        excess: Forecast less simulated share; None where that is.
        n_undecidable: Embryos too small for order to be told surely.
    """

    group: Group
    rank: int | None
    conditions: DepositionConditions
    searched_share: float | None
    clipped_share: float
    forecast: Share
    fast_share: float
    simulated: Seen
    excess: Share | None
    n_undecidable: int


class VerifiedGroup(Settings):
    """The same over the conditions of a group, each counted alike.

    Attributes:
        n_embryos: Trajectories, each once.
    """

    group: Group
    n_conditions: int
    n_embryos: int
    forecast: Share
    simulated: Share | None
    excess: Share | None


class ReliabilityBin(Settings):
    """Embryos whose forecasts lie close together, of both groups.

    Attributes:
        forecast: Mean P(glassy) of those seen.
    """

    forecast: float
    observed: Share
    n_embryos: int


class Verification(Settings):
    """What came of the forecasts of one folder.

    Attributes:
        optimism: Excess of the top less that of the random conditions: what choosing the best by
            the model flatters them by. None until both are known.
        n_top_asked: Best conditions asked for; fewer are there where the search ranked fewer.
        n_begun_before: Trajectories that began before the forecasts were frozen, by their clocks.
        statement: What this verifies, and what not.
    """

    model: str
    deposition_map: str
    assumption: str
    horizon_statement: str
    is_of_minutes: bool
    horizon_ps: float
    judged_ps: float
    frozen_at: str
    forecasts_sha256: str
    n_embryos_each: int
    n_top_asked: int
    conditions: tuple[VerifiedConditions, ...]
    groups: tuple[VerifiedGroup, ...]
    optimism: Share | None
    reliability: tuple[ReliabilityBin, ...]
    n_trajectories: int
    n_done: int
    n_failed: int
    n_begun_before: int
    statement: str

    @property
    def is_whole(self) -> bool:
        """Whether every trajectory was simulated."""
        return self.n_done == self.n_trajectories


STATEMENT: Final = (
    "This verifies the surrogate against molecular dynamics of the same potential and protocol. It "
    "does not verify the deposition map: whether a cell grows such embryos was not simulated."
)


def verified(forecasts: FrozenForecasts, store: RecordStore) -> Verification:
    """Set forecasts beside what is in the store so far."""
    wanted = {plan.trajectory_id for plan in forecasts.plans()}
    records = {each.trajectory_id: each for each in store if each.trajectory_id in wanted}

    def fate(embryo: DrawnEmbryo) -> Fate:
        record = records.get(embryo.trajectory_id)
        return "waiting" if record is None else fate_of(record, forecasts.judged_ps)

    failed = {name for name, record in records.items() if record.is_failed}
    groups = tuple(_group(forecasts, group, fate) for group in GROUPS)
    return Verification(
        model=forecasts.question.model,
        deposition_map=forecasts.deposition_map,
        assumption=forecasts.assumption,
        horizon_statement=forecasts.horizon_statement,
        is_of_minutes=forecasts.is_of_minutes,
        horizon_ps=forecasts.horizon_ps,
        judged_ps=forecasts.judged_ps,
        frozen_at=forecasts.frozen_at,
        forecasts_sha256=forecasts.sha256,
        n_embryos_each=forecasts.question.n_embryos,
        n_top_asked=forecasts.question.n_top,
        conditions=tuple(_conditions(each, fate, failed) for each in forecasts.conditions),
        groups=groups,
        optimism=_optimism(forecasts, groups),
        reliability=tuple(_reliability(forecasts, fate)),
        n_trajectories=len(wanted),
        n_done=len(records),
        n_failed=len(failed),
        n_begun_before=sum(
            record.provenance.started_at < forecasts.frozen_at for record in records.values()
        ),
        statement=STATEMENT,
    )


def _seen(
    embryos: Sequence[DrawnEmbryo], fate: Callable[[DrawnEmbryo], Fate], failed: set[str]
) -> Seen:
    fates = [fate(each) for each in embryos]
    n_glassy, n_ordered, n_unseen = (fates.count(name) for name in ("glassy", "ordered", "unseen"))
    return Seen(
        n_glassy=n_glassy,
        n_ordered=n_ordered,
        n_unseen=n_unseen,
        n_failed=sum(each.trajectory_id in failed for each in embryos),
        n_waiting=fates.count("waiting"),
        share=None if "waiting" in fates else share_of(n_glassy, n_ordered, n_unseen),
    )


def _conditions(
    frozen: FrozenConditions, fate: Callable[[DrawnEmbryo], Fate], failed: set[str]
) -> VerifiedConditions:
    forecast = Share(value=frozen.glassy_share, interval=frozen.interval)
    seen = _seen(frozen.embryos, fate, failed)
    return VerifiedConditions(
        group=frozen.group,
        rank=frozen.rank,
        conditions=frozen.conditions,
        searched_share=frozen.searched_share,
        clipped_share=frozen.clipped_share,
        forecast=forecast,
        fast_share=frozen.fast_share,
        simulated=seen,
        excess=None if seen.share is None else difference(forecast, seen.share),
        n_undecidable=sum(not each.is_decidable for each in frozen.embryos),
    )


def _group(
    forecasts: FrozenForecasts, group: Group, fate: Callable[[DrawnEmbryo], Fate]
) -> VerifiedGroup:
    frozen = forecasts.of(group)
    members = _members(frozen).mean(axis=0)
    low, high = (float(end[0]) for end in epistemic_interval(torch.from_numpy(members[:, None])))
    forecast = Share(value=float(members.mean()), interval=(low, high))
    simulated = _simulated(frozen, fate)
    return VerifiedGroup(
        group=group,
        n_conditions=len(frozen),
        n_embryos=len({each.trajectory_id for one in frozen for each in one.embryos}),
        forecast=forecast,
        simulated=simulated,
        excess=None if simulated is None else difference(forecast, simulated),
    )


def _members(frozen: Sequence[FrozenConditions]) -> Floats:
    """Glassy shares, shape ``(n_conditions, n_members)``."""
    return np.array([each.members for each in frozen])


def _simulated(
    frozen: Sequence[FrozenConditions], fate: Callable[[DrawnEmbryo], Fate]
) -> Share | None:
    """Mean over conditions of the simulated share, each condition counted alike.

    A trajectory that several conditions share counts as often, and the interval is that of as many
    independent ones as the weights are worth.

    Reference:
        Kish, *Survey Sampling* (1965), section 11.7 (effective sample size).
    """
    weight: dict[tuple[str, Fate], float] = {}
    for one in frozen:
        known = [(each.trajectory_id, fate(each)) for each in one.embryos]
        if any(name == "waiting" for _, name in known):
            return None
        for item in known:
            weight[item] = weight.get(item, 0.0) + 1.0 / (len(known) * len(frozen))
    weights = np.array(list(weight.values()))
    n_effective = weights.sum() ** 2 / (weights**2).sum()
    of = {
        name: n_effective
        * sum(each for (_, fate_), each in weight.items() if fate_ == name)
        / float(weights.sum())
        for name in ("glassy", "ordered", "unseen")
    }
    return share_of(of["glassy"], of["ordered"], of["unseen"])


def _optimism(forecasts: FrozenForecasts, groups: Sequence[VerifiedGroup]) -> Share | None:
    """By how much more the best are overrated than any; members are unsure of both together."""
    top, other = groups
    if top.simulated is None or other.simulated is None:
        return None
    apart = _members(forecasts.of("top")).mean(axis=0) - _members(forecasts.of("random")).mean(
        axis=0
    )
    n_members = len(apart)
    reach = float(
        student_t.ppf(0.5 + INTERVAL_LEVEL / 2, n_members - 1)
        * apart.std(ddof=1)
        * math.sqrt(1.0 + 1.0 / n_members)
    )
    mean = float(apart.mean())
    promised = Share(value=mean, interval=(mean - reach, mean + reach))
    return difference(promised, difference(top.simulated, other.simulated))


def _reliability(
    forecasts: FrozenForecasts, fate: Callable[[DrawnEmbryo], Fate]
) -> list[ReliabilityBin]:
    """Embryos by their forecast: what share of each fifth of the scale stayed disordered."""
    once = {each.trajectory_id: each for one in forecasts.conditions for each in one.embryos}
    bins: dict[int, list[tuple[float, bool]]] = {}
    for each in once.values():
        found = fate(each)
        if found in {"glassy", "ordered"}:
            place = min(int(each.p_glassy * N_BINS), N_BINS - 1)
            bins.setdefault(place, []).append((each.p_glassy, found == "glassy"))
    result = []
    for place in sorted(bins):
        said, came = zip(*bins[place], strict=True)
        observed = share_of(sum(came), len(came) - sum(came), 0)
        if observed is not None:
            result.append(
                ReliabilityBin(
                    forecast=float(np.mean(said)), observed=observed, n_embryos=len(came)
                )
            )
    return result
