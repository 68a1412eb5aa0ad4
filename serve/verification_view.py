"""A verification for the terminal, before it is run and after."""

from collections import Counter
from collections.abc import Sequence

from serve.console import Console
from serve.price_view import Priced, tell_cost
from serve.verification_words import answer, named, precision, remarks, sided, told
from simulate.plan import Plan
from simulate.pricing import price
from surrogate.deposition.rounding import figures
from surrogate.frozen.forecasts import FrozenConditions, FrozenForecasts
from train.verification import Verification


def tell_plan(console: Console, forecasts: FrozenForecasts, found: Priced) -> None:
    """What a verification would cost and tell, then the same for each set of conditions.

    Trajectories by their ids are for machines only: there are hundreds.
    """
    waiting = {plan.trajectory_id: plan for plan in found.waiting}
    asked = [_unfinished(each, waiting) for each in forecasts.conditions]
    hours = [price(plans, found.measured).core_hours for plans in asked]
    numbers = _numbered([each.group for each in forecasts.conditions])
    console.result_json(
        found.as_json
        | {
            "conditions": [
                {
                    "group": each.group,
                    "rank": each.rank,
                    "conditions": each.conditions.model_dump(),
                    "n_embryos": len(each.embryos),
                    "n_waiting": len(plans),
                    "core_hours_at_most": cost,
                }
                for each, plans, cost in zip(forecasts.conditions, asked, hours, strict=True)
            ]
        }
    )
    tell_cost(console, found)
    console.result(precision(forecasts.question.n_embryos))
    console.table(
        ["", "mA/cm2", "min", "embryos", "to run", "core-hours"],
        [
            [
                named(each, number),
                figures(each.conditions.current_density_mA_cm2),
                figures(each.conditions.deposition_time_min),
                len(each.embryos),
                len(plans),
                f"{cost:.2g}",
            ]
            for each, number, plans, cost in zip(
                forecasts.conditions, numbers, asked, hours, strict=True
            )
        ],
    )
    n_shared = sum(map(len, asked)) - len(waiting)
    if n_shared:
        console.result(
            f"embryos that several conditions share stand in each row and are run once: {n_shared} "
            "fewer than the rows say"
        )


def _unfinished(conditions: FrozenConditions, waiting: dict[str, Plan]) -> list[Plan]:
    """The trajectories that these conditions wait for."""
    ids = dict.fromkeys(embryo.trajectory_id for embryo in conditions.embryos)
    return [waiting[each] for each in ids if each in waiting]


def _numbered(groups: Sequence[str]) -> list[int]:
    """Of each its number in its group, from 1."""
    seen: Counter[str] = Counter()
    numbers = []
    for group in groups:
        seen[group] += 1
        numbers.append(seen[group])
    return numbers


def tell_verification(console: Console, found: Verification) -> None:
    """Forecast beside outcome, condition by condition, and what it comes to."""
    console.result(
        f"{found.model}: share still disordered at {found.judged_ps:g} ps, "
        f"{found.n_done} trajectories"
    )
    numbers = _numbered([each.group for each in found.conditions])
    rows = []
    for each, number in zip(found.conditions, numbers, strict=True):
        seen = each.simulated
        rows.append(
            [
                named(each, number),
                figures(each.conditions.current_density_mA_cm2),
                figures(each.conditions.deposition_time_min),
                f"{each.fast_share:.2f}",
                told(each.forecast),
                told(seen.share),
                f"{seen.n_glassy}/{seen.n_glassy + seen.n_ordered}",
                seen.n_failed,
                "-" if each.excess is None else sided(each.excess),
            ]
        )
    console.table(
        [
            "", "mA/cm2", "min", "fast road", "forecast (90 %)", "simulated (90 %)",
            "glassy", "failed", "forecast - simulated (90 %)",
        ],
        rows,
    )  # fmt: skip
    for sentence in answer(found):
        console.result(sentence)
    for remark in remarks(found):
        console.result(f"  {remark}")
