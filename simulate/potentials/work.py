"""Long measurements in pieces, so that whoever waits sees how far they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulate.potentials.findings import Finding
from simulate.potentials.potential import Potential

Told = Callable[[float], object]
"""Is told which share of a piece is done."""

COST_GUESS_US = 10.0
"""Where a cost was not measured."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One measurement.

    Attributes:
        title: For people.
        expected_s: How long it may take, s of a core; for the bar only.
        measure: Does it.
    """

    title: str
    expected_s: float
    measure: Callable[[Told], list[Finding]]


def worked(
    pieces: Sequence[Piece], on_progress: Callable[[float, str], object] = lambda *_: None
) -> list[Finding]:
    """Measure piece by piece.

    Args:
        pieces: What is to be measured.
        on_progress: Told the share of all the work that is done, and what is going on.
    """
    whole_s = sum(piece.expected_s for piece in pieces)
    done_s, found = 0.0, []
    for piece in pieces:

        def told(share: float, before_s: float = done_s, piece: Piece = piece) -> None:
            on_progress((before_s + min(share, 1.0) * piece.expected_s) / whole_s, piece.title)

        told(0.0)
        found.extend(piece.measure(told))
        done_s += piece.expected_s
        on_progress(done_s / whole_s, piece.title)
    return found


def expected_s(potential: Potential, n_atoms: int, length_ps: float, step_fs: float) -> float:
    """How long a run may take on a core, s."""
    n_steps = 1000.0 * length_ps / step_fs
    return 1.0e-6 * (potential.cost_us or COST_GUESS_US) * n_atoms * n_steps
