"""A verification for the terminal."""

from serve.console import Console
from serve.verification_words import answer, named, precision, remarks, sided, told
from train.verification import Verification


def tell_precision(console: Console, n_embryos: int) -> None:
    """What the asked number of embryos buys."""
    console.result(precision(n_embryos))


def tell_verification(console: Console, found: Verification) -> None:
    """Forecast beside outcome, condition by condition, and what it comes to."""
    console.result(
        f"{found.model}: share still disordered at {found.judged_ps:g} ps, "
        f"{found.n_done} trajectories"
    )
    numbers = {group.group: 0 for group in found.groups}
    rows = []
    for each in found.conditions:
        numbers[each.group] += 1
        seen = each.simulated
        rows.append(
            [
                named(each, numbers[each.group]),
                f"{each.conditions.current_density_mA_cm2:.3g}",
                f"{each.conditions.deposition_time_min:.3g}",
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
