"""Deposition maps and their calibration, as the terminal shows them."""

from collections.abc import Sequence
from typing import Any

from serve.console import Console
from serve.words import told_bridge
from surrogate.deposition.map_fit import MapFit, Quantiles
from surrogate.deposition.maps import DepositionMap
from surrogate.deposition.registry import CalibratedMap


def tell_maps(console: Console, maps: Sequence[tuple[DepositionMap, str]]) -> None:
    """Every map on offer: what it assumes, and what a calibration may move.

    Args:
        console: Where.
        maps: Each with a sentence on where its numbers come from.
    """
    for each, said in maps:
        console.result_json(described(each) | {"numbers": said})
        console.result(f"{each.name}")
        console.result(f"  {each.assumption}")
        console.result(f"  {said}")
        console.table(
            ["parameter", "value", "prior", "unit", "meaning"],
            [
                [
                    p.name, f"{each.values[p.name]:.3g}", f"{p.prior.low:g} to {p.prior.high:g}",
                    p.unit, p.meaning,
                ]
                for p in each.parameters()
            ],
        )  # fmt: skip
    console.result("next: glassyli map fit paper      a minute; or: glassyli map compare")


def described(each: DepositionMap) -> dict[str, Any]:
    """A map, ready for JSON."""
    return {
        "name": each.name,
        "assumption": each.assumption,
        "source": each.source,
        "values": each.values,
        "parameters": [
            {
                "name": p.name,
                "unit": p.unit,
                "meaning": p.meaning,
                "prior": {"law": p.prior.law, "low": p.prior.low, "high": p.prior.high},
            }
            for p in each.parameters()
        ],
    }


def tell_fit(console: Console, found: CalibratedMap) -> None:
    """What the observations said of a map."""
    fit = found.fit
    console.result(f"{fit.verdict}")
    console.table(
        ["parameter", "before", "after, 90 %", "unit", "learnt"],
        [
            [p.name, _told(p.prior), _told(p.posterior), p.unit, f"{p.learnt:.2f}"]
            for p in (*fit.parameters, fit.regions)
        ],
    )
    console.table(
        ["seen", "", "where", "crystalline, fitted", "missed by"],
        [
            [
                each.name, each.seen, each.citation,
                ", ".join(_told(one) for one in each.crystalline), f"{each.missed_by:.1f}",
            ]
            for each in fit.observations
        ],
    )  # fmt: skip
    console.result(
        "  missed by: log-probability by a fit to all others, below the largest possible; above 3 "
        "is far"
    )
    forecast = fit.forecast
    console.result(
        f"  the {forecast.asked} series from the {forecast.given} series alone: crystalline "
        + ", ".join(
            f"{_told(share)} at {each.deposition_time_min:g} min"
            for share, each in zip(forecast.crystalline, forecast.conditions, strict=True)
        )
        + f"; log p {forecast.log_predictive:.1f}, without any data {forecast.log_prior:.1f}"
    )
    for name, share in fit.unsampled.items():
        console.result(
            f"  {name}: {share:.0%} of the atoms in embryos smaller or larger than any sampled, "
            "judged as the nearest"
        )
    console.result(f"  {fit.statement}")
    console.result("  nothing observed speaks of " + "; of ".join(fit.unspoken))
    console.result(f"  {found.deposition_map.assumption}")
    console.result(f"  {found.said} Every number rests on {fit.effective_draws:.0f} draws or more.")


def tell_comparison(console: Console, fits: Sequence[MapFit]) -> None:
    """Maps and bridges beside each other, best evidence first."""
    best = fits[0]
    console.table(
        ["map", "bridge", "log evidence", "behind", "left out: log p", "p", "fits", "worst"],
        [
            [
                fit.map_name, told_bridge(fit), f"{fit.log_evidence:.1f}",
                f"{best.log_evidence - fit.log_evidence:.1f}", f"{fit.elpd:.1f}",
                f"{fit.predictive_p:.3f}", "yes" if fit.can_fit else "no", fit.worst.name,
            ]
            for fit in fits
        ],
    )  # fmt: skip
    console.result(
        "log evidence: of all observations over the prior, members alike; behind: below the best, "
        "above 1.1 is worth mentioning, above 4.6 decisive"
    )
    console.result(
        "p: how often data drawn from the fitted map are at least as improbable as what was seen"
    )
    console.result("  nothing observed speaks of " + "; of ".join(best.unspoken))


def _told(values: Quantiles) -> str:
    return f"{values.median:.2g} ({values.low:.2g} to {values.high:.2g})"
