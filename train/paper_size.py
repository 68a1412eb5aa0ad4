"""What the paper says of size, at a tenth of the bulk density: its Fig. 2.

Reference:
    X. Wang, G. Pawar et al., Nat. Mater. 19, 1339 (2020), doi 10.1038/s41563-020-0729-1.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.optimize import isotonic_regression

from simulate.record import TrajectoryRecord
from train.hazards import hazard_ratio, proportion
from train.metrics import Floats, scored_until_ps, state_at
from train.resampling import Estimate
from train.statement import LEAST_RUNS, NOTHING, Statement, above, drawn, judged

PAPER_DENSITY_g_cm3: Final = 0.0534
PAPER_HOLD_PS: Final = 5000.0
THRESHOLD_ATOMS: Final = 700
THRESHOLD_BAND: Final = (500.0, 1000.0)
"""Atoms: where a threshold counts as the paper's."""

MOST_ATOMS: Final = 100_000.0
"""Stands for an end that lies beyond the largest size."""

N_BETA: Final = 1000
LEAST_OF_A_SIZE: Final = 4
"""Intervals by drawing two or three runs of each size anew are too narrow."""

LEAST_SIZES: Final = 3
TREND_RULE: Final = f"Needs {LEAST_SIZES} sizes of {LEAST_OF_A_SIZE} runs."

FEW: Final = 0.1
"""A smaller share counts as none."""


def size_series(records: Sequence[TrajectoryRecord]) -> list[TrajectoryRecord]:
    """Runs like those of the paper's Fig. 2, planned as long."""
    return [
        record
        for record in records
        if record.parent is None
        and record.witnessed is not None
        and record.design.packing_density_g_cm3 == PAPER_DENSITY_g_cm3
        and (record.design.mass_exchange, record.design.energy_exchange) == ("open", "open")
        and record.design.hold_temperature_K == 300.0
        and record.protocol.hold_ps >= PAPER_HOLD_PS
    ]


def disordered_after_quench(sized: Sequence[TrajectoryRecord]) -> Statement:
    """Fig. 2: no embryo is crystalline when the hold begins."""
    n_ordered = sum(r.witnessed is not None and r.witnessed.ordered_in_quench for r in sized)
    found = proportion(n_ordered, len(sized)) if len(sized) >= LEAST_RUNS else NOTHING
    return Statement(
        claim="All embryos are disordered at the end of the quench (Fig. 2).",
        verdict=judged(
            found, lambda _, high: n_ordered == 0 and high < FEW, lambda low, _: low > FEW
        ),
        measure="share that orders in the quench",
        found=found,
        n_runs=len(sized),
        rule=f"Supported if none did and the interval lies below {FEW:g}, contradicted if it lies "
        "above.",
        remark="All sizes together.",
    )


def threshold(sized: Sequence[TrajectoryRecord]) -> Statement:
    """Fig. 2: a size below which embryos stay disordered as long as they are watched."""
    known = known_at_the_end(sized)
    found = _half_at(known) if len(known) >= LEAST_RUNS else NOTHING
    low_band, high_band = THRESHOLD_BAND
    sizes = sorted({n_atoms for n_atoms, _ in known})
    return Statement(
        claim=f"Near {THRESHOLD_ATOMS} atoms lies a threshold: smaller embryos stay disordered for "
        "5.3 ns, larger ones crystallise (Fig. 2).",
        verdict=judged(
            found,
            lambda low, high: low_band <= low and high <= high_band,
            lambda low, high: high <= low_band or low >= high_band,
        ),
        measure="atoms at which half have ordered by the end of the hold",
        found=found,
        n_runs=len(known),
        rule=f"Supported if the interval lies within {low_band:g} to {high_band:g}, contradicted "
        "if outside.",
        remark=f"Sizes run: {', '.join(map(str, sizes))}. The interval ends at sizes that were "
        "run, for between two of them nothing is known. 0: below the smallest; "
        f"{MOST_ATOMS:g}: above the largest. {_in_pieces(sized)}"
        if sizes
        else "",
    )


def _half_at(known: Sequence[tuple[int, bool]]) -> Estimate:
    """Where the share ordered passes one half, by shares that rise with size.

    Shares are drawn by their Jeffreys posteriors; each draw says between which two sizes.

    Reference:
        Barlow et al., *Statistical Inference under Order Restrictions* (1972): isotonic regression.
    """
    sizes = sorted({n_atoms for n_atoms, _ in known})
    n_runs = np.array([sum(n == size for n, _ in known) for size in sizes])
    n_ordered = np.array([sum(n == size and is_so for n, is_so in known) for size in sizes])
    drawn = np.random.default_rng(0).beta(
        n_ordered + 0.5, n_runs - n_ordered + 0.5, size=(N_BETA, len(sizes))
    )
    marks = [0.0, *map(float, sizes), MOST_ATOMS]

    def after(shares: Floats) -> int:
        rising = isotonic_regression(shares, weights=n_runs).x
        return int(np.argmax(rising >= 0.5)) if rising[-1] >= 0.5 else len(sizes)

    places = np.array([after(shares) for shares in drawn])
    low, high = np.quantile(places, [0.05, 0.95], method="inverted_cdf").astype(int)
    own = after(n_ordered / n_runs)
    ends = max(marks[own], 1.0), marks[own + 1]
    value = {0: marks[1], len(sizes): marks[-2]}.get(own, math.sqrt(ends[0] * ends[1]))
    return Estimate(value=value, interval=(marks[low], marks[high + 1]))


def both_outcomes(sized: Sequence[TrajectoryRecord]) -> Statement:
    """Fig. 2: at the threshold the same size shows both."""
    there = [is_so for n_atoms, is_so in known_at_the_end(sized) if n_atoms == THRESHOLD_ATOMS]
    found = proportion(sum(there), len(there)) if len(there) >= LEAST_RUNS else NOTHING
    return Statement(
        claim=f"Embryos of {THRESHOLD_ATOMS} atoms show both outcomes (Fig. 2).",
        verdict=judged(
            found,
            lambda *_: 0 < sum(there) < len(there),
            lambda low, high: low > 1.0 - FEW or high < FEW,
        ),
        measure="share that has ordered by the end of the hold",
        found=found,
        n_runs=len(there),
        rule="Supported if both were seen; contradicted if the interval leaves the other less than "
        f"{FEW:g}.",
    )


def sooner_with_size(sized: Sequence[TrajectoryRecord]) -> Statement:
    """Fig. 2: larger embryos wait less."""
    several = _of_enough(sized)
    seen = [r.witnessed for r in several if r.witnessed is not None]
    sizes = [r.design.n_atoms for r in several]
    found = hazard_ratio(seen, np.log2(sizes), sizes) if several else NOTHING
    return Statement(
        claim="The incubation time falls as the embryo grows (Fig. 2).",
        verdict=above(found, 1.0),
        measure="hazard ratio for twice the atoms",
        found=found,
        n_runs=len(several),
        rule=f"Supported if the interval lies above 1, contradicted if below. {TREND_RULE}",
        remark=_in_pieces(several),
    )


def more_bcc_with_size(sized: Sequence[TrajectoryRecord]) -> Statement:
    """Fig. 2: the share of bcc grows with size."""
    ordered = _of_enough(
        [
            r
            for r in sized
            if r.witnessed and r.witnessed.is_observed and r.frames and r.frames[-1].n_core
        ]
    )
    shares = np.array([r.frames[-1].n_bcc / r.frames[-1].n_core for r in ordered])
    sizes = [r.design.n_atoms for r in ordered]
    doublings = np.log2(np.array(sizes))

    def slope(weights: Floats) -> float:
        is_some = weights > 0.0
        if np.ptp(doublings[is_some]) == 0.0:
            return math.nan
        return float(np.polyfit(doublings, shares, 1, w=np.sqrt(weights))[0])

    found = drawn(sizes, slope)
    return Statement(
        claim="The share of bcc atoms rises with the size of the embryo (Fig. 2).",
        verdict="undecided" if _n_in_pieces(ordered) > len(ordered) / 2 else above(found, 0.0),
        measure="bcc atoms over fully coordinated ones when the run ends, of those that ordered, "
        "for twice the atoms",
        found=found,
        n_runs=len(ordered),
        rule="Supported if the interval lies above 0, contradicted if below, where most are one "
        f"piece when the hold begins: pieces order one after another. {TREND_RULE}",
        remark="Over fully coordinated atoms, since a larger embryo has fewer at its surface, "
        "where none is labelled bcc: the share of all atoms would rise by geometry alone. Runs end "
        f"soon after order came to last, while some crystals still grow. {_in_pieces(ordered)}",
    )


def _of_enough(sized: Sequence[TrajectoryRecord]) -> list[TrajectoryRecord]:
    """Runs of the sizes that were run often enough to be drawn anew; nothing of too few sizes."""
    n_of = Counter(record.design.n_atoms for record in sized)
    sizes = {n_atoms for n_atoms, n in n_of.items() if n >= LEAST_OF_A_SIZE}
    if len(sizes) < LEAST_SIZES:
        return []
    return [record for record in sized if record.design.n_atoms in sizes]


def _n_in_pieces(sized: Sequence[TrajectoryRecord]) -> int:
    shapes = [(r.morphology_after_quench, r.design.n_atoms) for r in sized]
    return sum(m is not None and m.is_in_pieces(n) for m, n in shapes)


def _in_pieces(sized: Sequence[TrajectoryRecord]) -> str:
    """In how many runs the atoms of the cell were no one embryo."""
    n_apart = _n_in_pieces(sized)
    return (
        f"In {n_apart} of {len(sized)} runs the largest piece held less than 90% "
        "of the atoms when the hold began: N is there no embryo's size."
        if n_apart
        else ""
    )


def known_at_the_end(sized: Sequence[TrajectoryRecord]) -> list[tuple[int, bool]]:
    """Atoms, and whether it had ordered by the end of the hold, of those of whom it is known."""
    if not sized:
        return []
    seen = [record.witnessed for record in sized if record.witnessed is not None]
    planned_ps = min(record.planned_follow_up_ps for record in sized)
    is_ordered, weight = state_at(seen, scored_until_ps(seen, planned_ps))
    answered = [record for record in sized if record.witnessed is not None]
    return [
        (record.design.n_atoms, bool(is_so))
        for record, is_so, counts in zip(answered, is_ordered, weight, strict=True)
        if counts > 0.0
    ]
