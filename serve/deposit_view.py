"""How glassy a deposit is, told to whoever asked in a terminal."""

from typing import TYPE_CHECKING

from serve.console import Console, interval
from serve.words import percent
from surrogate.deposition.rounding import figures

if TYPE_CHECKING:
    from surrogate.deposition.conditions import DepositionConditions
    from surrogate.deposition.embryos import EmbryoShare
    from surrogate.deposition.reply import DepositionForecast, DepositionReply


def tell_deposit(console: Console, reply: "DepositionReply", model: str) -> None:
    """An answer for people: the share, the embryos beneath, what it rests on, what next."""
    for forecast in reply.forecasts:
        _tell_forecast(console, forecast, reply)
    console.result("")
    for sentence in (
        reply.statement,
        reply.interval_statement,
        reply.deposition_map.assumption,
        reply.deposition_map.said,
        *reply.limits,
    ):
        console.sentence(sentence)
    other = "paper" if reply.deposition_map.name == "overpotential" else "overpotential"
    console.result(f"model {model}; under another assumption: --map {other}")
    console.result("next: glassyli search      finds how fast one may plate")


def _tell_forecast(
    console: Console, forecast: "DepositionForecast", reply: "DepositionReply"
) -> None:
    conditions = forecast.conditions
    console.sentence(
        f"{conditions.plating_in_words}, {in_words(conditions)}: "
        f"{figures(forecast.capacity_mAh_cm2)} mAh/cm2, {forecast.deposited_atoms_per_nm2:.0f} Li "
        "per nm2 of its surface",
        indent="",
    )
    share, (low, high) = forecast.glassy_share, forecast.glassy_share_interval
    console.result(
        f"glassy share {share:.2f}, 90 % {interval((low, high))}; map {reply.deposition_map.name} "
        f"({reply.deposition_map.numbers}), "
        f"{'inside' if forecast.applicability.is_inside else 'OUTSIDE'} the training data"
    )
    console.sentence(
        f"Of 100 deposited atoms some {100 * share:.0f} ({100 * low:.0f} to {100 * high:.0f}) are "
        f"expected in embryos that have not ordered {_until(reply)}."
    )
    if forecast.damkohler is not None:
        console.sentence(
            f"An atom arrives after {figures(forecast.damkohler, 2)} times as long as ordering "
            "waits (Damköhler number)."
        )
    for reason in forecast.applicability.reasons:
        console.sentence(f"- {reason}")
    console.result("")
    density, size = forecast.packing_density_g_cm3_range, forecast.median_atoms_range
    if density is None or size is None:
        console.result("The embryos assumed:")
    else:
        console.result("The embryos assumed, by the numbers of the map that fit best:")
    _tell_embryos(console, forecast.embryos)
    if density is not None and size is not None:
        console.sentence(
            f"Over draws of the map, from which share and interval are, the packing density is "
            f"{density[0]:.3g} to {density[1]:.3g} g/cm3 and the median size {size[0]:.0f} to "
            f"{size[1]:.0f} atoms (5 to 95 %).{_apart(forecast, density, size)}"
        )


def _apart(
    forecast: "DepositionForecast", density: tuple[float, float], size: tuple[float, float]
) -> str:
    """Where the embryos listed lie outside the draws, from which the share is; else nothing."""
    from surrogate.deposition.embryos import EmbryoDistribution

    listed = EmbryoDistribution(embryos=forecast.embryos, clipped_share=forecast.clipped_share)
    told = (
        (density, listed.packing_density_g_cm3, "packing density", "g/cm3"),
        (size, listed.median_atoms, "median size", "atoms"),
    )
    outside = [
        f"{words} ({figures(value)} {unit})"
        for (low, high), value, words, unit in told
        if not low <= value <= high and figures(value) not in (figures(low), figures(high))
    ]
    if not outside:
        return ""
    return (
        f" The embryos listed lie outside that in {' and '.join(outside)}: the share is a mean "
        "over the draws, not theirs."
    )


def _until(reply: "DepositionReply") -> str:
    """Where the share is read, on whose clock."""
    if reply.bridge.kind == "growth":
        return "when plating ends, extrapolated from the simulation's nanoseconds"
    return (
        f"{reply.bridge.horizon_ps:g} ps after the quench of the simulation (mostly an undercooled "
        "liquid)"
    )


def _tell_embryos(console: Console, embryos: "tuple[EmbryoShare, ...]") -> None:
    """Sizes and densities with their shares; ways of exchange apart, since all sizes share them."""
    shares: dict[tuple[float | None, int, float], float] = {}
    ways: dict[tuple[str, str], float] = {}
    for embryo in embryos:
        design = embryo.design
        place = (
            embryo.local_current_density_mA_cm2, design.n_atoms, design.packing_density_g_cm3
        )  # fmt: skip
        shares[place] = shares.get(place, 0.0) + embryo.weight
        way = (design.mass_exchange, design.energy_exchange)
        ways[way] = ways.get(way, 0.0) + embryo.weight
    console.table(
        ["local mA/cm2", "atoms", "packing density, g/cm3", "of the deposited atoms"],
        [
            [
                "-" if current is None else figures(current),
                n_atoms,
                figures(density),
                percent(share),
            ]
            for (current, n_atoms, density), share in shares.items()
        ],
    )
    listed = ", ".join(
        f"{mass} and {energy} {percent(share)}" for (mass, energy), share in ways.items()
    )
    console.sentence(f"exchange of mass and of energy with the surroundings: {listed}")


def in_words(conditions: "DepositionConditions") -> str:
    """Collector, temperature and electrolyte."""
    collector = "flat collector"
    if conditions.area_factor > 1.0 or conditions.area_factor_spread > 0.0:
        collector = f"collector of area factor {figures(conditions.area_factor)}"
        if conditions.area_factor_spread > 0.0:
            collector += f" (local current spread {conditions.area_factor_spread:.2g})"
    electrolyte = (
        f"{conditions.electrolyte} electrolyte"
        if conditions.openness is None
        else f"openness {conditions.openness:g}"
    )
    return f"{conditions.temperature_K:g} K, {electrolyte}, {collector}"
