"""Is a store sound? Every record, its id and its frames; and what else lies about in it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from simulate.errors import GlassyLiError
from simulate.record import outcome_of
from simulate.store import RecordStore
from simulate.transfer import checked_record


@dataclass(slots=True)
class Verdict:
    """What was found in a store.

    Attributes:
        outcomes: Sound records by outcome, or by `failed: cause`.
        problems: What makes it unsound, a sentence each.
        notes: What lies about and harms nothing.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is damaged, changed or missing."""
        return not self.problems

    @property
    def n_records(self) -> int:
        """Records that are sound."""
        return self.outcomes.total()


def verified(store: RecordStore) -> Verdict:
    """Check all of a store; damage is found, not raised."""
    verdict = Verdict()
    frames_files: set[str] = set()
    damaged_ids: list[str] = []
    for path in store.record_files():
        try:
            record = checked_record(store, path)
        except GlassyLiError as error:
            verdict.problems.append(str(error))
            damaged_ids.append(path.stem)
            continue
        verdict.outcomes[outcome_of(record)] += 1
        if record.frames_file is not None:
            frames_files.add(record.frames_file.name)
    verdict.notes = [
        *_orphans(store, frames_files, damaged_ids),
        *_leftovers(store),
    ]
    return verdict


def _orphans(store: RecordStore, named: set[str], damaged_ids: Iterable[str]) -> list[str]:
    """Frames files that no record names; those of damaged records are not known."""
    return [
        f"{path}: frames without a record; another writer may be about to add it."
        for path in sorted(store.path.glob("frames/[!.]*"))
        if path.name not in named and not path.name.startswith(tuple(damaged_ids))
    ]


def _leftovers(store: RecordStore) -> list[str]:
    """Files that were never finished, and trajectories under way or given up."""
    places = (store.path, store.path / "records", store.path / "frames")
    unfinished = [
        f"{path}: a file that is being written, or was left when a writer was killed."
        for place in places
        for path in sorted(place.glob(".*"))
        if path.is_file()
    ]
    under_way = [
        f"{path}: of a trajectory under way, or of one to be gone on with by the same campaign."
        for path in sorted(store.path.glob("running/*"))
    ]
    return unfinished + under_way
