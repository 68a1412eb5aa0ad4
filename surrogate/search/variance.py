"""Where the doubt about the glassy share of the best conditions comes from."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from simulate.potentials.registry import potential_named
from simulate.units import PS_PER_NS
from surrogate.deposition.drawn import drawn
from surrogate.deposition.maps import DepositionMap
from surrogate.deposition.registry import DRAWS_OF_ALL, ChosenMap
from surrogate.search.judging import Judge, Judged
from surrogate.search.result import HorizonCheck, VariancePart

N_EMBRYOS: Final = 50
"""Embryos of the check by fresh molecular dynamics whose scatter is told beside the doubt."""


def variance_parts(
    judge: Judge,
    best: Judged,
    chosen: ChosenMap,
    others: Sequence[ChosenMap],
    checks: Sequence[HorizonCheck],
) -> tuple[VariancePart, ...]:
    """Variance of the best conditions' glassy share by source, one source at a time.

    Last and apart, in no sum: the scatter of a check by molecular dynamics.

    Args:
        judge: Of the search.
        best: Its best conditions.
        chosen: The map that leads.
        others: The other maps that were asked.
        checks: The best conditions at other horizons.
    """
    numbers, surrogate = (
        _numbers_and_surrogate(judge, best, chosen)
        if chosen.n_members
        else (_map_numbers(judge, best, chosen), _surrogate(best))
    )
    found = [
        _map_choice(judge, best, [chosen, *others]),
        numbers,
        _horizon(checks),
        _potential(judge, best),
        surrogate,
    ]
    total = sum(variance for _, variance, _ in found if variance is not None)
    return (
        *(
            VariancePart(
                source=source,
                variance=variance,
                part=None if variance is None else variance / total if total > 0.0 else 0.0,
                said=said,
            )
            for source, variance, said in found
        ),
        _chance(best),
    )


Found = tuple[str, float | None, str]


def _map_choice(judge: Judge, best: Judged, maps: Sequence[ChosenMap]) -> Found:
    """Between the map that leads, which is the first, and the others."""
    if len(maps) < 2:
        return "choice of the map", None, "Not known: no other map was asked."
    others = [each.deposition_map for each in maps[1:]]
    shares = [best.glassy_share, *_shares_under(judge, best, others)]
    said = (
        f"Between {len(shares)} maps, each as likely as the others: "
        f"{', '.join(f'{share:.2f}' for share in shares)}."
    )
    said += "".join(
        f" {each.deposition_map.name} cannot reproduce what was seen, and is counted as a sign of "
        "how far maps may differ."
        for each in maps
        if each.numbers == "cannot fit"
    )
    return "choice of the map", float(np.var(shares, ddof=1)), said


def _map_numbers(judge: Judge, best: Judged, chosen: ChosenMap) -> Found:
    draws = chosen.drawn(DRAWS_OF_ALL)
    if len(draws) < 2:
        return "numbers of the map", None, "Not known: the map has no draws of its numbers."
    shares = list(_shares_under(judge, best, [each.deposition_map for each in draws]))
    law = "posterior" if chosen.is_calibrated else "prior, no observation having been used"
    return (
        "numbers of the map",
        float(np.var(shares, ddof=1)),
        f"Between {len(draws)} draws of the map's {law}.",
    )


def _numbers_and_surrogate(judge: Judge, best: Judged, chosen: ChosenMap) -> tuple[Found, Found]:
    """Within members and between them, where each has calibrated the map for itself."""
    (over,) = drawn(judge.question, chosen.draws, [best.forecast])
    shares = over.shares
    n_draws, n_members = shares.shape
    within = float(shares.var(axis=0, ddof=1).mean()) if n_draws > 1 else 0.0
    between = max(float(shares.mean(axis=0).var(ddof=1)) - within / n_draws, 0.0)
    return (
        (
            "numbers of the map",
            within,
            f"Within a member, between {n_draws} draws of the posterior of its own calibration.",
        ),
        (
            "surrogate",
            between * (1.0 + 1.0 / n_members),
            (
                f"Between {n_members} members, each trained on other data and with a map of its "
                "own calibration, which makes up for a part of what they disagree on; what chance "
                "in the training trajectories does to it is in here."
            ),
        ),
    )


def _potential(judge: Judge, best: Judged) -> Found:
    space, domain = judge.question.space, judge.question.predictor.package.manifest.domain
    element = potential_named(space.potential).element
    known = [name for name in domain.potentials if potential_named(name).element == element]
    if len(known) < 2:
        return (
            "potential",
            None,
            f"Not known: the model was trained on one potential of {element}, {space.potential}.",
        )
    shares = [
        replace(judge.question, space=replace(space, potential=name, ranges=domain.ranges_of(name)))
        .forecasts([best.conditions])[0]
        .glassy_share
        for name in known
    ]
    return (
        "potential",
        float(np.var(shares, ddof=1)),
        f"Between {', '.join(known)}, each as likely.",
    )


def _surrogate(best: Judged) -> Found:
    members = best.forecast.members
    n = len(members)
    return (
        "surrogate",
        float(members.var(ddof=1)) * (1.0 + 1.0 / n),
        (
            f"Between {n} members, each trained on other data; what chance in the training "
            "trajectories does to it is in here."
        ),
    )


def _horizon(checks: Sequence[HorizonCheck]) -> Found:
    shares = {one.horizon_ps: one.ours.glassy_share for one in checks if one.ours is not None}
    if len(shares) < 2:
        return "horizon", None, "Not known: the best conditions were asked at no other horizon."
    listed = ", ".join(f"{horizon_ps / PS_PER_NS:g}" for horizon_ps in shares)
    return (
        "horizon",
        float(np.var(list(shares.values()), ddof=1)),
        f"Between {listed} ns, each as likely as the others, the map's numbers kept as they are.",
    )


def _chance(best: Judged) -> VariancePart:
    share = best.forecast.glassy_share
    return VariancePart(
        source=f"chance in a check by {N_EMBRYOS} embryos",
        variance=share * (1.0 - share) / N_EMBRYOS,
        part=None,
        said=(
            "How far a check by fresh molecular dynamics may be off by chance, each embryo "
            "ordering or not; no doubt about the share itself."
        ),
    )


def _shares_under(judge: Judge, best: Judged, maps: Sequence[DepositionMap]) -> Iterator[float]:
    for each in maps:
        (forecast,) = judge.question.under(each).forecasts([best.conditions])
        yield forecast.glassy_share
