"""What Wang, Pawar et al. 2020 say of embryos, and what our trajectories say to it.

Nothing is tuned to agree: temperatures are the project's (DECISIONS D-040), and so are potential,
walls and thermostats.

Reference:
    X. Wang, G. Pawar et al., Nat. Mater. 19, 1339 (2020), doi 10.1038/s41563-020-0729-1.
"""

from collections.abc import Sequence
from typing import Final, Literal

from simulate.branching import EVERY_EXCHANGE
from simulate.potentials.registry import DEFAULT_POTENTIAL
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore
from train.first_order import depth_ratio, plane_spacing_A
from train.hazards import first_of_pairs, proportion
from train.matched import Trial, pairs_of, trials
from train.paper_size import (
    PAPER_HOLD_PS,
    both_outcomes,
    disordered_after_quench,
    known_at_the_end,
    more_bcc_with_size,
    size_series,
    sooner_with_size,
    threshold,
)
from train.statement import LEAST_RUNS, NOTHING, Statement, above, below, judged, mean_of

Held = tuple[RecordStore, TrajectoryRecord]
"""A record and where its frames are."""

SPACING_A: Final = 2.46
"""Of the (110) planes of lithium in the images."""

SPACING_NEAR_A, SPACING_FAR_A = 0.025, 0.125
"""One and five per cent: samples in the microscope are cold, embryos are simulated hot, and lithium
expands by 1.3 % on the way (46e-6 / K, CRC Handbook)."""

DILUTE_BELOW_g_cm3: Final = 0.08

ONE_OF_FOUR: Final = 1.0 - 0.05 / 4
"""One-sided level of each of four intervals of which the largest is judged (Bonferroni)."""


def scoreboard(every: Sequence[Held]) -> list[Statement]:
    """All statements that embryos can speak of, in the order of the paper's figures.

    Args:
        every: What `of_the_paper` gave; each statement takes those that it is about.
    """
    records = [record for _, record in every]
    sized, matched = size_series(records), trials(records)
    dilute = [each for each in matched if each.density_g_cm3 < DILUTE_BELOW_g_cm3]
    dense = [each for each in matched if each.density_g_cm3 >= DILUTE_BELOW_g_cm3]
    fresh = [record for record in records if record.parent is None]
    return [
        spacing([each for each in every if each[1].parent is None]),
        disordered_after_quench(sized),
        threshold(sized),
        both_outcomes(sized),
        sooner_with_size(sized),
        more_bcc_with_size(sized),
        near_the_surface(fresh),
        Statement(
            claim="Films grown at fewer atoms a picosecond are smoother (Fig. 6).",
            verdict="undecided",
            measure="none: no film was grown",
            found=NOTHING,
            n_runs=0,
            rule="None.",
        ),
        dilute_stays_amorphous(dilute),
        expedites(dense, "mass"),
        expedites(dense, "energy"),
    ]


def held_in(stores: Sequence[RecordStore]) -> list[Held]:
    """All records; a trajectory in two stores once."""
    return list({r.trajectory_id: (store, r) for store in stores for r in store}.values())


def of_the_paper(every: Sequence[Held]) -> list[Held]:
    """Lithium by one potential at one scale of temperatures."""
    return [
        (store, record)
        for store, record in every
        if record.design.potential == DEFAULT_POTENTIAL and record.protocol.is_homologous
    ]


def spacing(every: Sequence[Held]) -> Statement:
    """Fig. 1: fringes of crystalline lithium."""
    seen_A = [
        each_A
        for store, record in every
        if record.design.hold_temperature_K == 300.0
        and (each_A := plane_spacing_A(store, record)) is not None
    ]
    found = mean_of(seen_A)
    return Statement(
        claim=f"Planes (110) of crystalline lithium are {SPACING_A:g} Å apart (Fig. 1).",
        verdict=judged(
            found,
            lambda low, high: max(abs(low - SPACING_A), abs(high - SPACING_A)) < SPACING_NEAR_A,
            lambda low, high: low > SPACING_A + SPACING_FAR_A or high < SPACING_A - SPACING_FAR_A,
        ),
        measure="spacing of bcc (110) planes in embryos that ordered, Å",
        found=found,
        n_runs=len(seen_A),
        rule=f"Supported if the interval is within {SPACING_NEAR_A:g} Å of it, contradicted if it "
        f"is farther than {SPACING_FAR_A:g} Å.",
        remark="From the distance of the eight nearest neighbours of bcc atoms in the last frame, "
        "at the temperature of the hold; 2.48 Å in the model crystal at 0 K. The paper's samples "
        "are cold.",
    )


def near_the_surface(records: Sequence[TrajectoryRecord]) -> Statement:
    """Text of Fig. 1: domains near the surface, of the deposit there and of the embryo here."""
    ratios = [each for record in records if (each := depth_ratio(record)) is not None]
    found = mean_of(ratios)
    return Statement(
        claim="The first order appears near the surface (Fig. 1, of the deposit).",
        verdict=judged(found, lambda _, high: high < 1.0, lambda *_: False),
        measure="depth of the first crystal over that of the crystal that fills the embryo",
        found=found,
        n_runs=len(ratios),
        rule="Supported if the interval lies below 1. Above it says nothing: a compact crystal "
        "cannot centre at the rim, so that chance alone puts it deeper than 1, how much depends on "
        "its shape.",
        remark="Depth: mean distance from the nearest surface atom of the embryo. Frames are 10 ps "
        "apart: a crystal that fills half of the inside when first seen is left out, and so is one "
        "that does not fill it in the end.",
    )


def dilute_stays_amorphous(matched: Sequence[Trial]) -> Statement:
    """Fig. S14: at 0.0534 g/cm3."""
    shares, n_runs = [], 0
    for exchange in EVERY_EXCHANGE:
        runs = [trial.runs[exchange] for trial in matched if exchange in trial.runs]
        known = known_at_the_end([r for r in runs if r.protocol.hold_ps >= PAPER_HOLD_PS])
        n_runs += len(known)
        shares.append(
            proportion(sum(is_so for _, is_so in known), len(known), one_sided=ONE_OF_FOUR)
        )
    is_whole = all(each.value is not None for each in shares) and n_runs >= 4 * LEAST_RUNS
    most = max(shares, key=lambda each: each.value or 0.0) if is_whole else NOTHING
    return Statement(
        claim="At 0.0534 g/cm3 embryos stay mostly amorphous whatever the confinement (Fig. S14).",
        verdict=below(most, 0.5),
        measure="share that ordered within 5 ns, under the confinement in which most did",
        found=most,
        n_runs=n_runs,
        rule="Supported if even there the interval lies below one half, contradicted if above. The "
        f"largest of four: the interval of each leaves {100 * (1 - ONE_OF_FOUR):.2g}% on a side.",
        remark=f"Droplets below {DILUTE_BELOW_g_cm3:g} g/cm3 that were planned for 5 ns at least. "
        "Droplets that go on from the reference campaign are planned for 1 ns.",
    )


def expedites(matched: Sequence[Trial], of: Literal["mass", "energy"]) -> Statement:
    """Fig. S14: confinement speeds order up at higher packing density."""
    n_confined, n_open, n_structures, ratio = first_of_pairs(pairs_of(matched, of))
    found = ratio if n_structures >= LEAST_RUNS else NOTHING
    is_energy = of == "energy"
    return Statement(
        claim=f"At higher packing density confining the exchange of {of} expedites crystallisation "
        "(Fig. S14).",
        verdict=above(found, 1.0) if is_energy else "undecided",
        measure=f"hazard ratio of confined {of} over open, in matched droplets",
        found=found,
        n_runs=sum(len(trial.runs) for trial in matched),
        rule="Supported if the interval lies above 1, contradicted if below."
        if is_energy
        else "None: open droplets join their images in the densest cells, so that the ratio is of "
        "shape as well; the others meet neither wall nor image, and a ratio near 1 is built in.",
        remark=f"The confined one was sooner in {n_confined} pairs, the open one in {n_open}; the "
        "interval is as wide as if each structure told once."
        + (
            " Isolated holds have a shorter time step and start from the energy of one instant, "
            "some per cent from the temperature of their thermostatted twins; open droplets that "
            "join their images lose surface, which heats isolated ones."
            if is_energy
            else ""
        ),
    )
