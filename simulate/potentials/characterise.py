"""Numbers that tell potentials apart where equal undercooling does not make them equal.

Melting of clusters by size, latent heat, how fast the melt flows at the hold, and how near fcc
comes to bcc: what homologous temperatures leave different.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Final

from simulate.errors import MisuseError
from simulate.mobility import CM2_S_PER_A2_PS
from simulate.potentials.admission import AT_REST_S, at_rest
from simulate.potentials.findings import Finding, Report
from simulate.potentials.heating import (
    FROM_SHARE,
    N_FRAMES,
    TO_SHARE,
    Melting,
    mean_and_error,
    melting,
)
from simulate.potentials.phases import HELD_SHARE_OF_STEP, N_CELLS, Phases, phases, phases_ps
from simulate.potentials.potential import ROOM_K, Potential
from simulate.potentials.registry import potential_named
from simulate.potentials.work import Piece, Told, expected_s, worked

LEAST_ATOMS: Final = 100
SOUND_FROM_SHARE: Final = 0.3
"""Of the melting point below which a crystal that is lost was none; heating begins at 0.2."""
AGREE_SHARE: Final = 0.15
"""Of the melting point within which spheres of one size melt. By Nichol and Ackland those of 500
lie within 0.09, those of 200 lay 0.25 and 0.29 apart."""
ATOMS_A_CELL: Final = {"bcc": 2, "hcp": 4}


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is spent.

    Attributes:
        sizes: Atoms of the clusters that are heated.
        rate_K_per_ps: Of the heating, simulated.
        n_seeds: Repetitions of everything that moves.
        watch_ps: How long the diffusion of the melt is watched.
    """

    sizes: tuple[int, ...] = (200, 500, 1000)
    rate_K_per_ps: float = 2.0
    n_seeds: int = 2
    watch_ps: float = 20.0

    def __post_init__(self) -> None:
        if min(self.sizes, default=0) < LEAST_ATOMS:
            raise MisuseError(
                f"sizes must be of {LEAST_ATOMS} atoms or more, but got "
                f"{', '.join(map(str, self.sizes)) or 'none'}. Ask for larger clusters."
            )

    @property
    def told(self) -> str:
        """For the report."""
        sizes = ", ".join(map(str, self.sizes))
        return f"clusters of {sizes} atoms at {self.rate_K_per_ps:g} K/ps, {self.n_seeds} seeds"


def characterise(
    name: str, effort: Effort, on_progress: Callable[[float, str], object] = lambda *_: None
) -> Report:
    """Measure what can be measured of a potential.

    Args:
        name: Of the potential.
        effort: How much is spent.
        on_progress: Told the share that is done, and what is going on.

    Returns:
        All findings; what broke down before it was measured is a finding that failed.

    Raises:
        EngineError: LAMMPS or OVITO cannot be used at all.
    """
    potential = potential_named(name)
    return Report.of(potential, effort.told, worked(pieces(potential, effort), on_progress))


def pieces(potential: Potential, effort: Effort) -> list[Piece]:
    """What is measured; the latent heat only where the melting point is known."""
    cost_s = partial(expected_s, potential)
    found = [Piece("crystals at rest", AT_REST_S, lambda _: _at_rest(potential))]
    span_K = (TO_SHARE - FROM_SHARE) * potential.melting_guess_K
    for n_atoms in effort.sizes:
        heated_ps = effort.n_seeds * span_K / effort.rate_K_per_ps
        seconds = cost_s(n_atoms, heated_ps, potential.time_step_fs)
        title = f"heating clusters of {n_atoms} atoms"
        measure_it = partial(_cluster, potential, effort, n_atoms)
        found.append(Piece(title, seconds, measure_it, heated_ps))
    nx, ny, nz = N_CELLS[potential.lattice]
    n_box = ATOMS_A_CELL[potential.lattice] * nx * ny * nz
    step_fs = HELD_SHARE_OF_STEP * potential.time_step_fs
    for title, measure, watch_ps in (
        ("latent heat", _latent_heat, 0.0),
        ("diffusivity", _diffusivity, effort.watch_ps),
    ):
        if title == "diffusivity" or potential.has_melting_point:
            length_ps = effort.n_seeds * phases_ps(watch_ps)
            seconds = cost_s(n_box, length_ps, step_fs)
            found.append(Piece(title, seconds, partial(measure, potential, effort), length_ps))
    return found


def hold_K(potential: Potential) -> float:
    """Simulated temperature of a hold at 300 K; 300 K where temperatures cannot be scaled."""
    return ROOM_K * (potential.temperature_scale if potential.has_melting_point else 1.0)


def _at_rest(potential: Potential) -> list[Finding]:
    return [
        finding.model_copy(update={"expected": None, "tolerance": None})
        for finding in at_rest(potential).findings(potential)
        if finding.what.startswith("E(")
    ]


def _cluster(potential: Potential, effort: Effort, n_atoms: int, told: Told) -> list[Finding]:
    found = []
    for number in range(effort.n_seeds):

        def share(done: float, number: int = number) -> None:
            told((number + done) / effort.n_seeds)

        found.append(melting(potential, n_atoms, effort.rate_K_per_ps, number + 1, share))
    how = f"{len(found)} free {potential.lattice} spheres heated at {effort.rate_K_per_ps:g} K/ps"
    return [_melting_of(f"melting of {n_atoms} atoms", how, found, potential.melting_guess_K)]


def _melting_of(what: str, how: str, found: Sequence[Melting], guess_K: float) -> Finding:
    """A mean only where every sphere was seen to melt: the others melt later, or did earlier.

    Nor where they lost their crystal far apart, or hardly heated yet: that was no melting.
    """
    how = f"{how}, {_seen(found)}"
    if all(each.is_observed for each in found):
        why_not = _no_melting(found, guess_K)
        if why_not:
            return Finding(what=what, unit="K", how=f"{how}: {why_not}")
        frame_K = (TO_SHARE - FROM_SHARE) * guess_K / N_FRAMES
        mean_K, error_K = mean_and_error([each.middle_K for each in found], frame_K)
        error_K = None if error_K is None else round(error_K, 1)
        return Finding(what=what, unit="K", measured=round(mean_K, 1), uncertainty=error_K, how=how)
    least_K = math.floor(fmean(each.lower_K for each in found))
    was_molten = any(each.lower_K == 0.0 for each in found)
    return Finding(what=what, unit="K", at_least=None if was_molten else least_K, how=how)


def _no_melting(found: Sequence[Melting], guess_K: float) -> str:
    """Why the loss of these crystals was no melting; empty where it may have been."""
    lost_K = [each.middle_K for each in found]
    if max(lost_K) - min(lost_K) > AGREE_SHARE * guess_K:
        return "too far apart for a melting point"
    if min(lost_K) < SOUND_FROM_SHARE * guess_K:
        return "hardly heated yet, so that they had no crystal that lasts"
    return ""


def _seen(found: Sequence[Melting]) -> str:
    """What became of the spheres, in words."""
    at_K = [f"{each.middle_K:.0f}" for each in found if each.is_observed]
    unmelted_K = [each.lower_K for each in found if math.isinf(each.upper_K)]
    n_molten = len(found) - len(at_K) - len(unmelted_K)
    told = [f"which lost their crystal at {', '.join(at_K)} K"] if at_K else []
    if len(unmelted_K) == len(found):
        told.append(f"none melted below {math.floor(min(unmelted_K))} K")
    elif unmelted_K:
        up_to_K = math.floor(min(unmelted_K))
        told.append(f"{len(unmelted_K)} of {len(found)} did not melt up to {up_to_K} K")
    if n_molten:
        told.append(f"{n_molten} of {len(found)} had no crystal from the first frame on")
    return "; ".join(told)


def _latent_heat(potential: Potential, effort: Effort, told: Told) -> list[Finding]:
    temperature_K = potential.melting_K
    runs = _phases(potential, temperature_K, 0.0, effort.n_seeds, told)
    mean_meV, error_meV = mean_and_error(
        [1000.0 * (each.melt_eV - each.crystal_eV) for each in runs]
    )
    return [
        Finding(
            what=f"latent heat at {temperature_K:.0f} K",
            unit="meV/atom",
            measured=round(mean_meV, 2),
            uncertainty=None if error_meV is None else round(error_meV, 2),
            how=f"enthalpy of melt less crystal, periodic boxes, {len(runs)} seeds",
        )
    ]


def _diffusivity(potential: Potential, effort: Effort, told: Told) -> list[Finding]:
    temperature_K = hold_K(potential)
    runs = _phases(potential, temperature_K, effort.watch_ps, effort.n_seeds, told)
    return [_flow(f"diffusivity at {temperature_K:.0f} K", runs)]


def _flow(what: str, runs: Sequence[Phases]) -> Finding:
    """A mean only where every melt stayed one for long enough: those that freeze differ."""
    found = [(each.diffusivity_A2_ps, each.liquid_ps) for each in runs]
    flows = [(CM2_S_PER_A2_PS * flow, ps) for flow, ps in found if flow is not None]
    short_ps = [f"{ps:.0f}" for flow, ps in found if flow is None]
    how = "melt in a periodic box"
    if flows:
        how += f" while it was one ({', '.join(f'{ps:.0f}' for _, ps in flows)} ps)"
    if not short_ps:
        mean, error = mean_and_error([flow for flow, _ in flows])
        return Finding(
            what=what,
            unit="cm2/s",
            measured=float(f"{mean:.3g}"),
            uncertainty=None if error is None else float(f"{error:.2g}"),
            how=f"{how}, not corrected for size",
        )
    if flows:
        how += f": {', '.join(f'{flow:.3g}' for flow, _ in flows)} cm2/s, not corrected for size"
    how += (
        f"; {len(short_ps)} of {len(runs)} stayed liquid too briefly to tell "
        f"({', '.join(short_ps)} ps)"
    )
    return Finding(what=what, unit="cm2/s", how=how)


def _phases(
    potential: Potential, temperature_K: float, watch_ps: float, n_seeds: int, told: Told
) -> Sequence[Phases]:
    runs = []
    for number in range(n_seeds):

        def share(done_ps: float, number: int = number) -> None:
            told((number + done_ps / phases_ps(watch_ps)) / n_seeds)

        runs.append(phases(potential, temperature_K, watch_ps, number + 1, share))
    return runs
