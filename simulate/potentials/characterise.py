"""Numbers that tell potentials apart where equal undercooling does not make them equal.

Melting of clusters by size, latent heat, how fast the melt flows at the hold, and how near fcc
comes to bcc: what homologous temperatures leave different.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from simulate.errors import MisuseError
from simulate.mobility import CM2_S_PER_A2_PS
from simulate.potentials.admission import AT_REST_S, at_rest
from simulate.potentials.findings import Finding, Report
from simulate.potentials.heating import (
    FROM_SHARE,
    N_FRAMES,
    TO_SHARE,
    mean_and_error,
    melted_at_K,
)
from simulate.potentials.phases import HELD_SHARE_OF_STEP, N_CELLS, Phases, phases, phases_ps
from simulate.potentials.potential import ROOM_K, Potential
from simulate.potentials.registry import potential_named
from simulate.potentials.work import Piece, Told, expected_s, worked

LEAST_ATOMS: Final = 100
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
        found.append(Piece(title, seconds, partial(_cluster, potential, effort, n_atoms)))
    nx, ny, nz = N_CELLS[potential.lattice]
    n_box = ATOMS_A_CELL[potential.lattice] * nx * ny * nz
    step_fs = HELD_SHARE_OF_STEP * potential.time_step_fs
    for title, measure, watch_ps in (
        ("latent heat", _latent_heat, 0.0),
        ("diffusivity", _diffusivity, effort.watch_ps),
    ):
        if title == "diffusivity" or potential.has_melting_point:
            seconds = effort.n_seeds * cost_s(n_box, phases_ps(watch_ps), step_fs)
            found.append(Piece(title, seconds, partial(measure, potential, effort)))
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
    found_K = []
    for number in range(effort.n_seeds):

        def share(done: float, number: int = number) -> None:
            told((number + done) / effort.n_seeds)

        at_K = melted_at_K(potential, n_atoms, effort.rate_K_per_ps, number + 1, share)
        if at_K is not None:
            found_K.append(at_K)
    if not found_K:
        return []
    span_K = (TO_SHARE - FROM_SHARE) * potential.melting_guess_K
    mean_K, error_K = mean_and_error(found_K, span_K / N_FRAMES)
    return [
        Finding(
            what=f"melting of {n_atoms} atoms",
            unit="K",
            measured=round(mean_K, 1),
            uncertainty=None if error_K is None else round(error_K, 1),
            how=(
                f"{effort.n_seeds} free {potential.lattice} spheres heated at "
                f"{effort.rate_K_per_ps:g} K/ps, which lost their crystal at "
                f"{', '.join(f'{each:.0f}' for each in found_K)} K"
            ),
        )
    ]


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
    flowed = [each for each in runs if each.diffusivity_A2_ps is not None]
    if not flowed:
        return []
    mean, error = mean_and_error(
        [CM2_S_PER_A2_PS * (each.diffusivity_A2_ps or 0.0) for each in flowed]
    )
    liquid_ps = ", ".join(f"{each.liquid_ps:.0f}" for each in flowed)
    return [
        Finding(
            what=f"diffusivity at {temperature_K:.0f} K",
            unit="cm2/s",
            measured=float(f"{mean:.3g}"),
            uncertainty=None if error is None else float(f"{error:.2g}"),
            how=f"melt in a periodic box while it was one ({liquid_ps} ps), not corrected for size",
        )
    ]


def _phases(
    potential: Potential, temperature_K: float, watch_ps: float, n_seeds: int, told: Told
) -> Sequence[Phases]:
    runs = []
    for number in range(n_seeds):

        def share(done_ps: float, number: int = number) -> None:
            told((number + done_ps / phases_ps(watch_ps)) / n_seeds)

        runs.append(phases(potential, temperature_K, watch_ps, number + 1, share))
    return runs
