"""What a replica says: an answer, and what it has counted since it started for `GET /metrics`."""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

BATCH_ATOMS: Final = (1, 10, 100, 200, 500, 1_000, 2_000, 5_000)
"""Upper ends of the histogram of batch sizes, atoms; above is one more."""


@dataclass(slots=True)
class Tally:
    """Counts that only grow, and the bytes kept.

    Attributes:
        n_batches: By size; see `BATCH_ATOMS`.
        n_atoms: Of all batches.
        n_turns: Questions, or parts of long ones, that were computed.
        n_found: Answers that had been kept.
        n_reloads: New packages that answer now.
        n_refused_reloads: New packages that were damaged; the old ones answer.
        kept_bytes: Of kept answers, now.
    """

    n_batches: list[int] = field(default_factory=lambda: [0] * (len(BATCH_ATOMS) + 1))
    n_atoms: int = 0
    n_turns: int = 0
    n_found: int = 0
    n_reloads: int = 0
    n_refused_reloads: int = 0
    kept_bytes: int = 0

    def count_batch(self, n_turns: int, n_atoms: int) -> None:
        """Count one computation."""
        self.n_batches[bisect_left(BATCH_ATOMS, n_atoms)] += 1
        self.n_atoms += n_atoms
        self.n_turns += n_turns


@dataclass(frozen=True, slots=True)
class Answered:
    """What comes back from a replica.

    Attributes:
        content: JSON of the reply; None if the question was refused.
        refusal: Why it was.
        replica: Who answered.
        tally: What it has counted.
    """

    content: bytes | None
    refusal: str | None
    replica: str
    tally: Tally
