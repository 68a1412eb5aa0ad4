"""What a learning loop keeps on disk, so that it goes on from wherever it was stopped.

OUT/learn.json                the config, and hashes of the stores it began with
OUT/learn.lock                held by the loop that runs; the lock goes with the process
OUT/records                   the store of all its trajectories
OUT/rounds/000/asked.json     what the round asks, and why; written before it is simulated
OUT/rounds/000/model          the model package learnt from all that was known then
OUT/rounds/000/report.json    what came of it; written last
OUT/report.json, report.html  of all rounds
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, TypeVar

from pydantic import ValidationError

from simulate.claim import Claim
from simulate.design import EmbryoDesign
from simulate.errors import GlassyLiError, MisuseError
from simulate.files import write_atomically
from simulate.settings import Settings, differences, explain
from train.active.acquisition import Acquisition
from train.active.config import LEAST_INSIDE, LearnConfig

IDENTITY: Final = "learn.json"
LOCK: Final = "learn.lock"

Kind = TypeVar("Kind", bound=Settings)

Reason = Literal["precision", "trajectories", "core_hours", "candidates"]
"""Why a loop stopped: the stated precision, one of the budgets, or nothing was left to ask."""


class Identity(Settings):
    """What `learn.json` holds."""

    config: LearnConfig
    stores_sha256: list[str]


class AskedEmbryo(Settings):
    """A trajectory that a round asks for.

    Attributes:
        candidate: Its number in the sequence of the space.
        p_ordered: As the committee forecast it; None where there was none.
    """

    candidate: int
    design: EmbryoDesign
    trajectory_id: str
    p_ordered: float | None


class AskedRound(Settings):
    """What `asked.json` holds.

    Attributes:
        acquisition: By which they were chosen; the first round takes the start of the sequence.
    """

    number: int
    acquisition: Acquisition
    embryos: tuple[AskedEmbryo, ...]


class BoundarySize(Settings):
    """The size at which half order, at one packing density and exchange.

    Attributes:
        interval: 90 %, of the members.
        is_inside: Whether it lies within the sizes of the space; else their nearer end is given.
    """

    place: EmbryoDesign
    n_atoms: float
    interval: tuple[float, float]
    is_inside: bool


class RoundReport(Settings):
    """What is known at the end of a round, of all trajectories so far.

    Attributes:
        n_asked: Trajectories of the loop, this round's included.
        n_known: Records that were learnt from, those of the given stores included.
        n_ordered: Of those.
        n_failed: Of the loop's own; kept, and learnt from as far as they were sound.
        core_hours: Spent on them.
        boundary_spread: As in `StopRule`; None where no boundary lies within the sizes.
        share_inside: Of the places judged, those whose boundary lies within the sizes.
        model: Label of the round's package.
    """

    number: int
    n_asked: int
    n_known: int
    n_ordered: int
    n_failed: int
    core_hours: float
    boundary_spread: float | None
    share_inside: float
    boundary: tuple[BoundarySize, ...]
    model: str

    def is_precise(self, wanted: float) -> bool:
        """Whether the boundary is known to a spread, and lies within the sizes often enough."""
        if self.boundary_spread is None or self.share_inside < LEAST_INSIDE:
            return False
        return self.boundary_spread <= wanted


class LoopReport(Settings):
    """What a loop came to.

    Attributes:
        stopped_by: Why it stopped.
        horizon_ps: By which order counts.
    """

    config: LearnConfig
    horizon_ps: float
    rounds: tuple[RoundReport, ...]
    stopped_by: Reason


@contextmanager
def held(out: Path, identity: Identity) -> Iterator[None]:
    """Hold the folder of a loop for this process.

    Raises:
        MisuseError: It is another loop's or no loop's, or a loop is running there.
        GlassyLiError: It cannot be written.
    """
    path = out / IDENTITY
    # A start that was killed, or is under way, leaves its lock and what it writes aside.
    others = {each.name for each in out.iterdir()} - {LOCK} if out.is_dir() else set()
    if not path.exists() and any(not name.startswith(".") for name in others):
        raise MisuseError(
            f"a loop must begin in an empty or new folder, but {out} holds something else and no "
            f"{IDENTITY}. Choose another --out."
        )
    out.mkdir(parents=True, exist_ok=True)
    claim = Claim.of(out / LOCK)
    if claim is None:
        raise MisuseError(
            f"one loop at a time may write {out}, but another is running. Wait for it, or choose "
            "another --out."
        )
    try:
        if path.exists():
            _check_is_same(path, identity)
        write_atomically(path, identity.model_dump_json(indent=1) + "\n")
        yield
    finally:
        claim.release()


def _check_is_same(path: Path, identity: Identity) -> None:
    known = _read(Identity, path)
    parted = differences(known.config.identity, identity.config.identity)
    if parted:
        raise MisuseError(
            f"a folder holds one loop, but {path} was begun with {parted}. Only `stop` may change: "
            "choose another --out, or the config it was begun with."
        )
    if known.stores_sha256 != identity.stores_sha256:
        raise MisuseError(
            f"the stores a loop begins with must not change, but they did since {path} was "
            "written. Restore them, or choose another --out."
        )


def round_folder(out: Path, number: int) -> Path:
    """Of one round."""
    return out / "rounds" / f"{number:03d}"


def read_round(out: Path, number: int) -> AskedRound | None:
    """What a round asked; None where it has not begun."""
    path = round_folder(out, number) / "asked.json"
    return _read(AskedRound, path) if path.exists() else None


def read_report(out: Path, number: int) -> RoundReport | None:
    """What came of a round; None where it has not ended."""
    path = round_folder(out, number) / "report.json"
    return _read(RoundReport, path) if path.exists() else None


def write_json(path: Path, values: Settings) -> None:
    """Whole or not at all."""
    write_atomically(path, values.model_dump_json(indent=1) + "\n")


def _read(kind: type[Kind], path: Path) -> Kind:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = explain(error) if isinstance(error, ValidationError) else f"{error.strerror}."
        raise GlassyLiError(
            f"{path} must be as it was written, but: {reason} Restore it, or choose another --out."
        ) from error
