"""What Wang, Pawar et al. 2020 say of embryos, and what our trajectories say to it.

Nothing is tuned to agree: temperatures are the project's (DECISIONS D-040), and so are potential,
walls and thermostats.

Reference:
    X. Wang, G. Pawar et al., Nat. Mater. 19, 1339 (2020), doi 10.1038/s41563-020-0729-1.
"""

import math
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from scipy.optimize import isotonic_regression

from simulate.branching import EVERY_EXCHANGE
from simulate.potentials.registry import DEFAULT_POTENTIAL
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore
from train.first_order import depth_ratio, plane_spacing_A
from train.hazards import first_of_pairs, hazard_ratio, proportion
from train.matched import Trial, pairs_of, trials
from train.metrics import Floats, scored_until_ps, state_at
from train.statement import LEAST_RUNS, NOTHING, Statement, above, below, drawn, judged, mean_of

PAPER_DENSITY_g_cm3: Final = 0.0534
PAPER_HOLD_PS: Final = 5000.0
THRESHOLD_ATOMS: Final = 700
SPACING_A: Final = 2.46
"""Of the (110) planes of lithium in the images."""

SPACING_NEAR_A, SPACING_FAR_A = 0.025, 0.125
"""One and five per cent: samples in the microscope are cold, embryos are simulated hot, and lithium
expands by 1.3 % on the way (46e-6 / K, CRC Handbook)."""

FEW: Final = 0.1
"""A smaller share counts as none."""

DILUTE_BELOW_g_cm3: Final = 0.08


def scoreboard(stores: Sequence[RecordStore]) -> list[Statement]:
    """All statements that embryos can speak of, in the order of the paper's figures.

    Args:
        stores: Records of any campaign; each statement takes those that it is about.
    """
    every = paper_records(stores)
    records = [record for _, record in every]
    sized, matched = size_series(records), trials(records)
    dilute = [each for each in matched if each.density_g_cm3 < DILUTE_BELOW_g_cm3]
    dense = [each for each in matched if each.density_g_cm3 >= DILUTE_BELOW_g_cm3]
    return [
        spacing(every),
        disordered_after_quench(sized),
        threshold(sized),
        both_outcomes(sized),
        sooner_with_size(sized),
        more_bcc_with_size(sized),
        near_the_surface(records),
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


def paper_records(stores: Sequence[RecordStore]) -> list[tuple[RecordStore, TrajectoryRecord]]:
    """Lithium by one potential at one scale of temperatures; a trajectory in two stores once."""
    found = {
        record.trajectory_id: (store, record)
        for store in stores
        for record in store
        if record.design.potential == DEFAULT_POTENTIAL and record.protocol.is_homologous
    }
    return list(found.values())


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


def spacing(every: Sequence[tuple[RecordStore, TrajectoryRecord]]) -> Statement:
    """Fig. 1: fringes of crystalline lithium."""
    seen_A = [
        each_A for store, record in every if (each_A := plane_spacing_A(store, record)) is not None
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


def disordered_after_quench(sized: Sequence[TrajectoryRecord]) -> Statement:
    """Fig. 2: no embryo is crystalline when the hold begins."""
    n_ordered = sum(r.witnessed is not None and r.witnessed.ordered_in_quench for r in sized)
    found = proportion(n_ordered, len(sized))
    return Statement(
        claim="All embryos are disordered at the end of the quench (Fig. 2).",
        verdict=judged(found, lambda _, high: high < FEW, lambda low, _: low > 0.0),
        measure="share that orders in the quench",
        found=found,
        n_runs=len(sized),
        rule=f"Supported if the interval lies below {FEW:g}, contradicted if any ordered.",
    )


def threshold(sized: Sequence[TrajectoryRecord]) -> Statement:
    """Fig. 2: a size below which embryos stay disordered as long as they are watched."""
    atoms = np.array([record.design.n_atoms for record in sized], dtype=np.float64)
    is_ordered, weight = _ordered_by_the_end(sized)
    found = drawn(
        atoms.tolist(), lambda rows: _half_at(atoms[rows], is_ordered[rows], weight[rows])
    )
    return Statement(
        claim=f"Near {THRESHOLD_ATOMS} atoms lies a threshold: smaller embryos stay disordered for "
        "5.3 ns, larger ones crystallise (Fig. 2).",
        verdict=judged(
            found,
            lambda low, high: low <= THRESHOLD_ATOMS <= high,
            lambda low, high: not low <= THRESHOLD_ATOMS <= high,
        ),
        measure="atoms at which half have ordered by the end of the hold",
        found=found,
        n_runs=len(sized),
        rule=f"Supported if the interval holds {THRESHOLD_ATOMS}, contradicted if not.",
        remark=f"Sizes from {min(atoms):g} to {max(atoms):g} were run; an end of the interval that "
        "is one of these may lie beyond."
        if len(sized)
        else "",
    )


def _half_at(atoms: Floats, is_ordered: np.ndarray, weight: Floats) -> float:
    """Size at which half have ordered, by shares that rise with size; an end where it lies beyond.

    Reference:
        Barlow et al., *Statistical Inference under Order Restrictions* (1972): isotonic regression.
    """
    sizes = np.unique(atoms)
    counts = np.array([max(weight[atoms == n].sum(), 1.0e-9) for n in sizes])
    ordered = np.array([(weight * is_ordered)[atoms == n].sum() for n in sizes])
    rising = isotonic_regression(ordered / counts, weights=counts).x
    if rising[-1] < 0.5 or rising[0] >= 0.5:
        return float(sizes[-1] if rising[-1] < 0.5 else sizes[0])
    after = int(np.argmax(rising >= 0.5))
    part = (0.5 - rising[after - 1]) / (rising[after] - rising[after - 1])
    return float(sizes[after - 1] * (sizes[after] / sizes[after - 1]) ** part)


def both_outcomes(sized: Sequence[TrajectoryRecord]) -> Statement:
    """Fig. 2: at the threshold the same size shows both."""
    there = [r for r in sized if r.design.n_atoms == THRESHOLD_ATOMS]
    is_ordered, _ = _ordered_by_the_end(there)
    found = proportion(int(is_ordered.sum()), len(there))
    is_both = found.value is not None and 0.0 < found.value < 1.0
    return Statement(
        claim=f"Embryos of {THRESHOLD_ATOMS} atoms show both outcomes (Fig. 2).",
        verdict=judged(found, lambda *_: is_both, lambda low, high: low > 1.0 - FEW or high < FEW),
        measure="share that has ordered by the end of the hold",
        found=found,
        n_runs=len(there),
        rule="Supported if both were seen; contradicted if the interval leaves the other less than "
        f"{FEW:g}.",
    )


def sooner_with_size(sized: Sequence[TrajectoryRecord]) -> Statement:
    """Fig. 2: larger embryos wait less."""
    seen = [r.witnessed for r in sized if r.witnessed is not None]
    sizes = [r.design.n_atoms for r in sized]
    found = hazard_ratio(seen, np.log2(sizes), sizes) if len(seen) >= LEAST_RUNS else NOTHING
    return Statement(
        claim="The incubation time falls as the embryo grows (Fig. 2).",
        verdict=above(found, 1.0),
        measure="hazard ratio for twice the atoms",
        found=found,
        n_runs=len(sized),
        rule="Supported if the interval lies above 1, contradicted if below.",
    )


def more_bcc_with_size(sized: Sequence[TrajectoryRecord]) -> Statement:
    """Fig. 2: the share of bcc grows with size."""
    ordered = [r for r in sized if r.witnessed and r.witnessed.is_observed and r.frames]
    shares = np.array([r.frames[-1].n_bcc / r.design.n_atoms for r in ordered])
    sizes = [r.design.n_atoms for r in ordered]

    def slope(rows: np.ndarray) -> float:
        doublings = np.log2(np.array(sizes)[rows])
        return float(np.polyfit(doublings, shares[rows], 1)[0]) if np.ptp(doublings) else math.nan

    found = drawn(sizes, slope)
    return Statement(
        claim="The share of bcc atoms rises with the size of the embryo (Fig. 2).",
        verdict=above(found, 0.0),
        measure="bcc share of all atoms at the end, of those that ordered, for twice the atoms",
        found=found,
        n_runs=len(ordered),
        rule="Supported if the interval lies above 0, contradicted if below.",
        remark="A larger embryo has fewer atoms at its surface, where none is labelled bcc.",
    )


def near_the_surface(records: Sequence[TrajectoryRecord]) -> Statement:
    """Text of Fig. 3: crystals begin near the surface."""
    ratios = [each for record in records if (each := depth_ratio(record)) is not None]
    found = mean_of(ratios)
    return Statement(
        claim="The first order appears near the surface.",
        verdict=below(found, 1.0),
        measure="depth of the first crystal over that of the crystal that fills the embryo",
        found=found,
        n_runs=len(ratios),
        rule="Supported if the interval lies below 1, contradicted if above.",
        remark="Depth: mean distance from the nearest surface atom. Frames are 10 ps apart: a "
        "crystal that fills half of the inside when first seen is left out, and so is one that "
        "does not fill it in the end.",
    )


def dilute_stays_amorphous(matched: Sequence[Trial]) -> Statement:
    """Fig. S14: at 0.0534 g/cm3."""
    shares = []
    for exchange in EVERY_EXCHANGE:
        runs = [trial.runs[exchange] for trial in matched if exchange in trial.runs]
        n_ordered = sum(r.witnessed is not None and r.witnessed.is_observed for r in runs)
        shares.append(proportion(n_ordered, len(runs)))
    is_whole = all(each.value is not None for each in shares)
    most = max(shares, key=lambda each: each.value or 0.0) if is_whole else NOTHING
    return Statement(
        claim="At 0.0534 g/cm3 embryos stay mostly amorphous whatever the confinement (Fig. S14).",
        verdict=below(most, 0.5),
        measure="share that ordered, under the confinement in which most did",
        found=most,
        n_runs=sum(len(trial.runs) for trial in matched),
        rule="Supported if even there the interval lies below one half, contradicted if above.",
        remark=f"Droplets below {DILUTE_BELOW_g_cm3:g} g/cm3, of the sizes that were run.",
    )


def expedites(matched: Sequence[Trial], of: Literal["mass", "energy"]) -> Statement:
    """Fig. S14: confinement speeds order up at higher packing density."""
    n_confined, n_open, found = first_of_pairs(pairs_of(matched, of))
    return Statement(
        claim=f"At higher packing density confining the exchange of {of} expedites crystallisation "
        "(Fig. S14).",
        verdict=above(found, 1.0),
        measure=f"hazard ratio of confined {of} over open, in matched pairs",
        found=found,
        n_runs=sum(len(trial.runs) for trial in matched),
        rule="Supported if the interval lies above 1, contradicted if below.",
        remark=f"The confined one ordered first in {n_confined} pairs, the open one in {n_open}: "
        "the same atoms and velocities, droplets only. Pairs of one structure count as several.",
    )


def _ordered_by_the_end(sized: Sequence[TrajectoryRecord]) -> tuple[np.ndarray, Floats]:
    """Who had ordered, and how much each record counts; see `train.metrics.state_at`."""
    if not sized:
        return np.zeros(0, dtype=bool), np.zeros(0)
    seen = [record.witnessed for record in sized if record.witnessed is not None]
    planned_ps = min(record.planned_follow_up_ps for record in sized)
    return state_at(seen, scored_until_ps(seen, planned_ps))
