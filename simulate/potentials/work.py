"""Long measurements in pieces, so that whoever waits sees how far they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulate.errors import TrajectoryFailure
from simulate.potentials.findings import Finding
from simulate.potentials.potential import Potential

Told = Callable[[float], object]
"""Is told which share of a piece is done."""

COST_GUESS_US = 10.0
"""Where a cost was not measured."""

_HAPPENED = {"lost_atoms": "atoms were lost", "not_finite": "energies or positions grew infinite"}
"""In words, by the cause of a failure."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One measurement.

    Attributes:
        title: For people.
        expected_s: How long it may take, s of a core; for the bar only.
        measure: Does it.
        length_ps: What is simulated while shares are told; 0: nothing moves.
    """

    title: str
    expected_s: float
    measure: Callable[[Told], list[Finding]]
    length_ps: float = 0.0


def worked(
    pieces: Sequence[Piece], on_progress: Callable[[float, str], object] = lambda *_: None
) -> list[Finding]:
    """Measure piece by piece.

    Args:
        pieces: What is to be measured.
        on_progress: Told the share of all the work that is done, and what is going on.

    Returns:
        All findings. Of a piece in which the physics broke down, that it did: it fails.

    Raises:
        EngineError: LAMMPS or OVITO cannot be used at all.
    """
    whole_s = sum(piece.expected_s for piece in pieces)
    done_s, found = 0.0, []
    for piece in pieces:

        def told(share: float, before_s: float = done_s, piece: Piece = piece) -> None:
            on_progress((before_s + min(share, 1.0) * piece.expected_s) / whole_s, piece.title)

        told(0.0)
        found.extend(_measured(piece, told))
        done_s += piece.expected_s
        on_progress(done_s / whole_s, piece.title)
    return found


def _measured(piece: Piece, told: Told) -> list[Finding]:
    done = 0.0

    def told_too(share: float) -> None:
        nonlocal done
        done = share
        told(share)

    try:
        return piece.measure(told_too)
    except TrajectoryFailure as error:
        return [_broken_down(piece, done * piece.length_ps, error)]


def _broken_down(piece: Piece, after_ps: float, error: TrajectoryFailure) -> Finding:
    happened = _HAPPENED.get(error.cause, "LAMMPS could not go on")
    when = (
        f"after {after_ps:.3g} of {piece.length_ps:g} ps" if after_ps else "before its first frame"
    )
    return Finding(
        what=piece.title,
        unit="ps",
        measured=after_ps if piece.length_ps else None,
        how=(
            f"{piece.title}: {happened}{f' {when}' if piece.length_ps else ''} "
            f"({' '.join(str(error).split())})"
        ),
        failure=error.cause,
    )


def expected_s(potential: Potential, n_atoms: int, length_ps: float, step_fs: float) -> float:
    """How long a run may take on a core, s."""
    n_steps = 1000.0 * length_ps / step_fs
    return 1.0e-6 * (potential.cost_us or COST_GUESS_US) * n_atoms * n_steps
