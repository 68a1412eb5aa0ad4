"""One page that tells a search to people: self-contained, light and dark."""

from pathlib import Path
from typing import Any

from serve import words
from serve.console import interval
from serve.pages import template
from serve.search_plots import front_svg, history_svg, slices_svg, surfaces_svg
from simulate.files import write_atomically
from surrogate.deposition.registry import Numbers
from surrogate.deposition.rounding import figures
from surrogate.search.ranking import ranking_rule
from surrogate.search.result import RankedConditions, SearchResult, Trial
from surrogate.search.space import VARIABLES


def write_search_page(out: Path, result: SearchResult) -> Path:
    """Write the page.

    Args:
        out: The HTML file.
        result: What it tells.

    Returns:
        The path written.
    """
    page = template("search.html").render(
        result=result,
        answer=answer(result),
        rule=ranking_rule(result.config),
        ranked=[_row(each) for each in result.ranked],
        reasons=words.reasons_by_rank(
            [each for each in result.ranked if not each.applicability.is_inside]
        ),
        maps=_maps(result),
        horizons=_horizons(result),
        changes=[
            each.model_dump() | {"words": VARIABLES[each.variable].label}
            for each in (result.robustness.changes if result.robustness else ())
        ],
        importances=[
            each.model_dump() | {"words": VARIABLES[each.variable].words}
            for each in result.sensitivity.importances
        ],
        history_svg=history_svg(result),
        front_svg=front_svg(result),
        slices_svg=slices_svg(result.sensitivity.slices),
        surfaces_svg=surfaces_svg(result),
        count=words.count,
        uncounted=words.uncounted(result.variance),
        least=result.config.least_share,
    )
    write_atomically(out, page)
    return out


def answer(result: SearchResult) -> str:
    """The first rank in a sentence, or that there is none."""
    if not result.ranked:
        nearest = result.least_violation
        return f"Nothing is feasible. {nearest.sentence if nearest else ''}".strip()
    best = result.ranked[0]
    conditions = best.conditions
    area = f" on a collector of area factor {figures(conditions.area_factor)}"
    enough = ""
    if best.p_enough is not None:
        enough = (
            f" With probability {best.p_enough:.2f} it is at least {result.config.least_share:g}."
        )
    current, time, capacity = (
        figures(each)
        for each in (
            conditions.current_density_mA_cm2,
            conditions.deposition_time_min,
            best.capacity_mAh_cm2,
        )
    )
    return (
        f"{current} mA/cm² for {time} min ({capacity} mAh/cm²)"
        f"{area if conditions.area_factor > 1.0 else ''}: "
        f"under the map {result.map_name}, a glassy share of {best.glassy_share:.2f} "
        f"{interval(best.glassy_share_interval)}.{enough}"
    )


def _row(ranked: RankedConditions) -> dict[str, Any]:
    low, high = ranked.glassy_share_interval
    return {
        "rank": ranked.rank,
        "conditions": ranked.conditions,
        "capacity": ranked.capacity_mAh_cm2,
        "local": ranked.local_current_density_mA_cm2,
        "share": f"{ranked.glassy_share:.2f}",
        "interval": f"{low:.2f} to {high:.2f}",
        "assured": f"{ranked.assured_share:.2f}",
        "enough": words.DASH if ranked.p_enough is None else f"{ranked.p_enough:.2f}",
        "inside": "yes" if ranked.applicability.is_inside else "no",
        "distance": figures(ranked.applicability.distance, 2),
    }


def _maps(result: SearchResult) -> list[dict[str, Any]]:
    leading = {
        "name": result.map_name,
        "said": result.map_said,
        "assumption": result.assumption,
        "numbers": result.map_numbers or words.DASH,
        "best": _row_of_map(result.ranked[0] if result.ranked else None, result.map_numbers),
        "ours": "",
    }
    return [
        leading,
        *(
            {
                "name": each.name,
                "said": each.said,
                "assumption": each.assumption,
                "numbers": each.numbers or words.DASH,
                "best": _row_of_map(each.best, each.numbers),
                "ours": told(each.ours),
            }
            for each in result.under_maps
        ),
    ]


def _row_of_map(best: RankedConditions | None, numbers: Numbers | None) -> dict[str, Any] | None:
    """Members alone would make a guess look surer than what was weighed by observations."""
    if best is None:
        return None
    unsure = {"interval": words.DASH, "assured": words.DASH}
    return _row(best) | (unsure if numbers == "first guess" else {})


def _horizons(result: SearchResult) -> list[dict[str, str]]:
    return [
        {
            "ns": f"{check.horizon_ps / 1000.0:g}",
            "tau": words.DASH if check.kendall_tau is None else f"{check.kendall_tau:.2f}",
            "n": f"{check.n_compared}",
            "ours": told(check.ours),
            "best": check.nothing if check.best is None else told_conditions(check.best),
            "note": "an extrapolation in time" if check.is_extrapolation else "",
        }
        for check in result.horizon_checks
    ]


def told(trial: Trial | None) -> str:
    """A trial's share in a few words."""
    if trial is None:
        return words.DASH
    return f"{trial.glassy_share:.2f}{'' if trial.is_feasible else ', not feasible'}"


def told_conditions(trial: Trial) -> str:
    """A trial's conditions in a few words."""
    return trial.conditions.plating_in_words.replace("cm2", "cm²")
