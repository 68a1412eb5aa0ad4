"""Are these records enough to train on, and of one kind? Asked before torch is imported.

Nothing is dropped: what failed is counted, and censored where it was last sound. Only replicas of a
stored frame stay out: their common start makes them one sample of that frame, not of their design.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulate.errors import MisuseError
from simulate.protocol import Protocol
from simulate.record import PHYSICS_VERSION, TrajectoryRecord
from simulate.store import RecordStore, content_hash
from simulate.transfer import best

LEAST_DESIGNS: Final = 3


Pairs = Sequence[tuple[RecordStore, TrajectoryRecord]]
"""Records, each with the store that holds its frames."""


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one or several stores.

    Attributes:
        answered: Those that say something of the incubation, each with its store; one that failed
            in its hold is censored where it was last sound.
        n_failed: Failed ones in all; counted, and reported beside every score.
        protocol: Of the store with the shortest hold: so long all were meant to be watched.
    """

    answered: list[tuple[RecordStore, TrajectoryRecord]]
    n_failed: int
    protocol: Protocol
    content_sha256: list[str]


def independent(store: RecordStore) -> list[TrajectoryRecord]:
    """Trajectories that began with a packing of their own."""
    return [record for record in store if record.parent is None]


def check_physics(records: Pairs) -> None:
    """Refuse records that today's physics would not make again.

    Raises:
        MisuseError: Some of a store are of another physics version.
    """
    for store in dict.fromkeys(store for store, _ in records):
        versions = [record.physics_version for of, record in records if of == store]
        others = sorted(set(versions) - {PHYSICS_VERSION})
        if others:
            n_others = sum(each in others for each in versions)
            raise MisuseError(
                f"records must be of physics version {PHYSICS_VERSION}, but {n_others} of "
                f"{len(versions)} in {store.path} are of version {', '.join(map(str, others))}. "
                "Simulate their designs anew, or use the release that made them."
            )


def planned_follow_up_ps(records: Sequence[TrajectoryRecord]) -> float:
    """So long all of these records were meant to be watched, on their hold clocks, ps."""
    return min(record.planned_follow_up_ps for record in records)


def every_record(stores: Sequence[RecordStore]) -> list[tuple[RecordStore, TrajectoryRecord]]:
    """All records of some stores, each trajectory once.

    A design begun with the same seed is one trajectory whatever its hold: it counts as it was
    meant to be watched longest, and of equals the one that says most.
    """
    return _each_once([(store, record) for store in stores for record in store])


def _each_once(held: Pairs) -> list[tuple[RecordStore, TrajectoryRecord]]:
    found: dict[tuple[object, ...], tuple[RecordStore, TrajectoryRecord]] = {}
    for store, record in held:
        name = record.design.key, record.seed, record.parent
        known, here = found.get(name), (store, record)
        if known is None or _watched(known[1]) < _watched(record):
            found[name] = here
        elif _watched(known[1]) == _watched(record):
            found[name] = best([known, here])
    return list(found.values())


def _watched(record: TrajectoryRecord) -> tuple[bool, float]:
    """How much may be asked of it: something at all, and until when."""
    return not record.is_failed, record.protocol.hold_ps


def named(stores: Sequence[RecordStore]) -> str:
    """Where they are, for people."""
    return ", ".join(str(store.path) for store in stores)


def read_records(stores: Sequence[RecordStore]) -> Records:
    """All records, checked to be fit for training; of an id in several stores, the best.

    Raises:
        MisuseError: Stores of different protocols, records of other physics, or too few designs
            with an answer.
    """
    if not stores:
        raise MisuseError("training needs at least one record store, but got none.")
    for store in stores:
        if not store.protocol.is_like(stores[0].protocol):
            raise MisuseError(
                "training stores must share one protocol, save the length of the hold, but "
                f"{stores[0].path} ({stores[0].protocol.name}) and {store.path} "
                f"({store.protocol.name}) differ. Train one model for each."
            )
    held = [[(store, record) for record in store] for store in stores]
    found = _each_once([pair for each in held for pair in each if pair[1].parent is None])
    check_physics(found)
    answered = [pair for pair in found if pair[1].witnessed is not None]
    n_failed = sum(record.is_failed for _, record in found)
    n_designs = len({record.design.key for _, record in answered})
    if n_designs < LEAST_DESIGNS:
        raise MisuseError(
            f"training needs answered records of at least {LEAST_DESIGNS} different designs, but "
            f"got {len(answered)} of {n_designs} designs ({n_failed} failed). "
            "Simulate more designs."
        )
    names = sorted({record.design.potential for _, record in answered})
    if len(names) > 1 and not stores[0].protocol.is_homologous:
        raise MisuseError(
            "records of several potentials must be of a protocol with homologous temperatures, but "
            f"{stores[0].protocol.name} does not scale them and the records are of "
            f"{', '.join(names)}. Train one model for each."
        )
    hashes = [content_hash(record for _, record in each) for each in held]
    shortest = min((store.protocol for store in stores), key=lambda each: each.hold_ps)
    return Records(answered, n_failed, shortest, hashes)
