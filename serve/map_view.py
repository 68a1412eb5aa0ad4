"""Deposition maps and their calibration, as the terminal shows them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from serve.console import Console
from serve.words import told_bridge
from surrogate.deposition.map_fit import MapFit, Quantiles
from surrogate.deposition.maps import DepositionMap
from surrogate.deposition.registry import CalibratedMap
from surrogate.deposition.rounding import figures

WORTH_MENTIONING: Final = 1.1
"""Log of a Bayes factor of 3 (Kass & Raftery, JASA 90, 773 (1995))."""

SURELY: Final = 2.0
"""Standard errors by which left-out readings must be more probable."""


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
                    p.name, figures(each.values[p.name]), f"{p.prior.low:g} to {p.prior.high:g}",
                    p.unit, p.meaning,
                ]
                for p in each.parameters()
            ],
        )  # fmt: skip
    console.result("next: glassyli map fit paper      some 16 s; or: glassyli map compare")


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
    best, best_left_out = fits[0], max(fits, key=lambda fit: fit.elpd)
    console.table(
        [
            "map", "bridge", "log evidence", "by members alone", "behind", "left out: log p",
            "behind", "p", "fits", "worst",
        ],
        [
            [
                fit.map_name, told_bridge(fit), f"{fit.log_evidence:.1f}",
                "{:.1f} to {:.1f}".format(*fit.log_evidence_of_members),
                f"{best.log_evidence - fit.log_evidence:.1f}", f"{fit.elpd:.1f}",
                _behind(best_left_out, fit), f"{fit.predictive_p:.3f}",
                "yes" if fit.can_fit else "no", fit.worst.name,
            ]
            for fit in fits
        ],
    )  # fmt: skip
    console.result(
        "log evidence: of all observations over the prior, log of the mean over the model's "
        "members of the evidence by each, whose range stands beside it; behind: below the best, "
        f"above {WORTH_MENTIONING} is worth mentioning, above 4.6 decisive"
    )
    console.result(
        "left out: each observation forecast by a fit to the others; behind: below the best, with "
        "the standard error of the difference"
    )
    console.result(
        "p: how often data drawn from the fitted map are at least as improbable as what was seen"
    )
    for sentence in against_trend(fits):
        console.result(sentence)
    unspoken = dict.fromkeys(what for fit in fits for what in fit.unspoken)
    console.result("  nothing observed speaks of " + "; of ".join(unspoken))


def against_trend(fits: Sequence[MapFit]) -> Iterator[str]:
    """Whether any map says more of what was seen than the null model does, in sentences."""
    (trend,) = [fit for fit in fits if fit.is_null]
    maps = [fit for fit in fits if not fit.is_null]
    ahead = [fit for fit in maps if fit.log_evidence - trend.log_evidence > WORTH_MENTIONING]
    forecast = [fit for fit in maps if _is_surely_ahead(fit, trend)]
    yield (
        f"{trend.map_name}: the null model, without embryos, model or clock. By evidence more than "
        f"{WORTH_MENTIONING} ahead of it: {_listed(ahead)}; better at readings left out by more "
        f"than {SURELY:g} standard errors: {_listed(forecast)}; worse by as much: "
        f"{_listed([fit for fit in maps if _is_surely_ahead(trend, fit)])}."
    )
    if not any(fit in forecast for fit in ahead):
        yield "NO map beats the null model by both."


def _is_surely_ahead(one: MapFit, other: MapFit) -> bool:
    difference, error = one.elpd_ahead_of(other)
    return difference > SURELY * error


def _behind(best: MapFit, fit: MapFit) -> str:
    if fit is best:
        return "0"
    return "{:.1f} +- {:.1f}".format(*best.elpd_ahead_of(fit))


def _listed(fits: Sequence[MapFit]) -> str:
    return ", ".join(f"{fit.map_name} ({told_bridge(fit)})" for fit in fits) or "none"


def _told(values: Quantiles) -> str:
    median, low, high = (figures(each, 2) for each in (values.median, values.low, values.high))
    return f"{median} ({low} to {high})"
