"""What a search came to, told to whoever asked for it in a terminal."""

from typing import TYPE_CHECKING, Final

from serve.console import Console, ProgressBar, interval
from serve.words import count, reasons_by_rank, uncounted
from surrogate.deposition.rounding import figures

if TYPE_CHECKING:
    from surrogate.deposition.registry import Numbers
    from surrogate.search.result import (
        RankedConditions,
        Robustness,
        SearchResult,
        Trial,
        VariancePart,
    )


def show_search(bar: ProgressBar, n_each: int, done: int, total: int, seconds_left: float) -> None:
    """Move the bar of a search, which counts the trials of all its maps.

    Args:
        bar: On which.
        n_each: Trials of one map.
        done: Trials made.
        total: Trials to make.
        seconds_left: Guess.
    """
    n_maps = total // n_each
    note = "" if n_maps == 1 else f"{count(n_maps, 'map')} of {count(n_each, 'trial')} each"
    bar.at(done, note, seconds_left=seconds_left, total=total)


def tell_search(console: Console, result: "SearchResult") -> None:
    """A search's answer, for people: what to do, how sure it is, what it rests on."""
    console.sentence(result.asked, indent="")
    console.result(
        f"{count(result.n_trials, 'trial')} under the map {result.map_name}, "
        f"{result.n_feasible} feasible; model {result.model}, horizon {result.horizon_ps:g} ps"
    )
    if result.least_violation is not None:
        console.sentence(f"Nothing is feasible. {result.least_violation.sentence}", indent="")
    _tell_ranked(console, result)
    _tell_maps(console, result)
    _tell_horizons(console, result)
    if result.robustness is not None:
        _tell_robustness(console, result.robustness)
    _tell_variance(console, result.variance)
    _tell_importances(console, result)
    console.result("")
    sentences = (result.assumption, result.map_said, *result.notes, *result.limits)
    for sentence in dict.fromkeys(sentences):
        console.sentence(sentence)


def _tell_ranked(console: Console, result: "SearchResult") -> None:
    if not result.ranked:
        return
    least, has_cost = result.config.least_share, any(each.cost_mA_cm2 for each in result.ranked)
    console.result("")
    console.table(
        [
            "rank",
            *_CONDITIONS,
            *(["area cost"] if has_cost else []),
            "glassy share",
            "90 %",
            *([] if least is None else [f"P(>= {least:g})"]),
            "in data",
        ],
        [
            [
                ranked.rank,
                *_conditions(ranked),
                *([figures(ranked.cost_mA_cm2, 2)] if has_cost else []),
                f"{ranked.glassy_share:.2f}",
                interval(ranked.glassy_share_interval),
                *([] if least is None else [_probability(ranked.p_enough)]),
                "yes" if ranked.applicability.is_inside else "no",
            ]
            for ranked in result.ranked
        ],
    )
    for reason in reasons_by_rank(result.ranked[:1]):
        console.sentence(f"outside the data, {reason[:1].lower()}{reason[1:]}")


def _tell_maps(console: Console, result: "SearchResult") -> None:
    if not result.under_maps:
        return
    console.result("")
    console.result("The best under each map, and what each map says of rank 1:")
    rows = [_map_row(result.map_name, result.map_numbers, result.ranked[:1], "itself")]
    rows += [
        _map_row(
            each.name, each.numbers, () if each.best is None else (each.best,), _ours(each.ours)
        )
        for each in result.under_maps
    ]
    console.table(["map", "numbers", *_CONDITIONS, "glassy share", "90 %", "rank 1 under it"], rows)


def _map_row(
    name: str, numbers: "Numbers | None", best: "tuple[RankedConditions, ...]", ours: str
) -> list[str]:
    head = [name, numbers or "-"]
    if not best:
        return [*head, *["-"] * len(_CONDITIONS), "nothing feasible", "", ours]
    return [
        *head,
        *_conditions(best[0]),
        f"{best[0].glassy_share:.2f}",
        # Members alone would make a guess look surer than what was weighed by observations.
        "-" if numbers == "first guess" else interval(best[0].glassy_share_interval),
        ours,
    ]


def _ours(trial: "Trial | None") -> str:
    if trial is None:
        return ""
    enough = "" if trial.is_feasible else ", not feasible"
    return f"glassy share {trial.glassy_share:.2f}{enough}"


def _tell_horizons(console: Console, result: "SearchResult") -> None:
    if not result.horizon_checks:
        return
    console.result("")
    console.result("At other horizons of the simulated clock, the map as it is:")
    console.table(
        ["horizon, ns", "Kendall's tau", "rank 1 there", "best there, mA/cm2", "min", ""],
        [
            [
                f"{check.horizon_ps / 1000.0:g}",
                "-" if check.kendall_tau is None else f"{check.kendall_tau:.2f}",
                _ours(check.ours),
                *(
                    (check.nothing, "")
                    if check.best is None
                    else (
                        figures(check.best.conditions.current_density_mA_cm2),
                        figures(check.best.conditions.deposition_time_min),
                    )
                ),
                "extrapolated" if check.is_extrapolation else "",
            ]
            for check in result.horizon_checks
        ],
    )


def _tell_robustness(console: Console, found: "Robustness") -> None:
    from surrogate.search.space import VARIABLES

    console.result("")
    console.result(f"Rank 1 with each condition {100 * found.by:g} % off:")
    console.table(
        ["", "", "glassy share", "assured", "then missed"],
        [
            [
                VARIABLES[change.variable].label,
                figures(change.value),
                f"{change.glassy_share:.2f}",
                f"{change.assured_share:.2f}",
                ", ".join(change.missed) or "nothing",
            ]
            for change in found.changes
        ],
    )
    console.result(
        f"  all at once, at worst: {found.worst.glassy_share:.2f}, assured "
        f"{found.worst.assured_share:.2f}"
    )


def _tell_variance(console: Console, parts: "tuple[VariancePart, ...]") -> None:
    if not parts:
        return
    console.result("")
    console.result("Where the doubt about rank 1's glassy share comes from:")
    console.table(
        ["", "standard deviation", "of the variance"],
        [
            [
                part.source,
                "-" if part.variance is None else f"{part.variance**0.5:.3f}",
                "-" if part.part is None else f"{100 * part.part:.0f} %",
            ]
            for part in parts
        ],
    )
    console.sentence(uncounted(parts))
    for part in parts:
        console.sentence(f"{part.source}: {part.said[:1].lower()}{part.said[1:]}")


def _tell_importances(console: Console, result: "SearchResult") -> None:
    from surrogate.search.space import VARIABLES

    found = result.sensitivity.importances
    if not found:
        return
    listed = ", ".join(
        f"{VARIABLES[each.variable].words} {100 * max(each.in_all, 0.0):.0f} %" for each in found
    )
    console.result("")
    console.sentence(
        f"What moves the glassy share in the searched space (total Sobol' indices): {listed}.",
        indent="",
    )


_CONDITIONS: Final = ("mA/cm2", "min", "mAh/cm2", "area x")


def _probability(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _conditions(ranked: "RankedConditions") -> list[str]:
    conditions = ranked.conditions
    return [
        figures(conditions.current_density_mA_cm2),
        figures(conditions.deposition_time_min),
        figures(conditions.capacity_mAh_cm2),
        figures(conditions.area_factor),
    ]
