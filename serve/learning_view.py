"""A learning loop for the terminal."""

from serve.console import Console
from serve.learning_words import answer, remarks, round_words, size_words
from serve.words import percent
from train.active.rounds import LoopReport, RoundReport


def tell_round(console: Console, found: RoundReport) -> None:
    """One line to whoever watches."""
    console.say(round_words(found))


def tell_learning(console: Console, report: LoopReport) -> None:
    """The boundary, how it became known, and why the loop stopped."""
    console.table(
        ["round", "asked", "known", "ordered", "failed", "core-hours", "boundary known to"],
        [
            [
                each.number, each.n_asked, each.n_known, each.n_ordered, each.n_failed,
                f"{each.core_hours:.2f}", percent(each.boundary_spread),
            ]
            for each in report.rounds
        ],
    )  # fmt: skip
    console.result(f"boundary size at {report.horizon_ps:g} ps, {_temperature(report)} K:")
    console.table(
        ["g/cm3", "mass", "energy", "atoms", "90 %"],
        [
            [
                f"{each.place.packing_density_g_cm3:g}",
                each.place.mass_exchange,
                each.place.energy_exchange,
                *size_words(each, report.config.space.n_atoms),
            ]
            for each in report.rounds[-1].boundary
        ],
    )
    console.result(answer(report))
    for remark in remarks(report):
        console.result(f"  {remark}")


def _temperature(report: LoopReport) -> str:
    return f"{report.rounds[-1].boundary[0].place.hold_temperature_K:g}"
