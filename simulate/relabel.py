"""Labels and judgement of finished trajectories under other thresholds, without new dynamics.

What needs only the series (cluster size, persistence, core fraction) is judged anew from any store;
whether the disordered embryo flowed, over its new disordered time, only where all frames are kept.
What changes the labels themselves (cut-off, relaxed positions) needs the frames, all of them; only
what failed and left no frames keeps the labels of its series.
A relabelled record has the id of its new question and keeps the old one in `relabelled_from`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from simulate.errors import MisuseError
from simulate.judgement import Judgement, judge
from simulate.labels import Labels, label
from simulate.minimised import minimised
from simulate.mobility import mobility
from simulate.plan import Plan
from simulate.protocol import Labelling, Protocol
from simulate.record import Frame, Mobility, TrajectoryRecord
from simulate.settings import validated
from simulate.snapshot import Snapshot, with_structures
from simulate.store import RecordStore, create_or_open
from simulate.transfer import StoredFrames, put, stored_frames


@dataclass(slots=True)
class Relabelled:
    """What relabelling a store came to.

    Attributes:
        n_added: Records that were judged and added.
        n_cut_short: Of those, stopped early for an order that no longer counts: censored there,
            though a longer hold might have shown it. Their number is what stricter thresholds cost.
    """

    n_added: int = 0
    n_cut_short: int = 0


def relabel(
    store: RecordStore,
    out: Path,
    labelling: Labelling,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Relabelled:
    """Judge every record of a store again, into a store of its own.

    Args:
        store: Where records come from; it is not changed.
        out: The relabelled store, made if it is not there; what it holds already is skipped.
        labelling: The new thresholds.
        on_progress: Called with records done and in all.

    Raises:
        MisuseError: New labels are asked for and frames are missing, or averaging would have to be
            undone or made up; or the thresholds do not fit the protocol.
        StoreMismatchError: `out` is of another protocol.
    """
    values = store.protocol.model_dump() | {"labelling": labelling.model_dump()}
    protocol = validated(Protocol, values, "the new thresholds")
    _must_be_possible(store.protocol.labelling, labelling)
    target = create_or_open(out, protocol)
    records = list(store)
    done = Relabelled()
    for number, record in enumerate(records):
        on_progress(number, len(records))
        plan = replace(Plan.of(record), protocol=protocol)
        if plan.trajectory_id in target:
            continue
        judged, frames = _relabelled(record, plan, store)
        put(target, judged, frames)
        done.n_added += 1
        done.n_cut_short += _is_cut_short(judged)
    on_progress(len(records), len(records))
    return done


def _must_be_possible(old: Labelling, new: Labelling) -> None:
    if new.positions not in {old.positions, "minimised"} or new.averaging_ps != old.averaging_ps:
        raise MisuseError(
            f"stored frames are {old.positions} over {old.averaging_ps:g} ps and that cannot be "
            f"changed, but {new.positions} over {new.averaging_ps:g} ps was asked for. "
            "Simulate anew, or relax them with positions = minimised."
        )


def _is_cut_short(record: TrajectoryRecord) -> bool:
    """Whether a hold ended before its horizon, and without what now counts as order."""
    if record.incubation is None or record.incubation.is_observed:
        return False
    left_ps = record.protocol.hold_ps - record.frames[-1].time_ps
    return left_ps > 0.5 * record.protocol.frame_every_ps


def _relabelled(
    record: TrajectoryRecord, plan: Plan, store: RecordStore
) -> tuple[TrajectoryRecord, StoredFrames | None]:
    old, new = record.protocol.labelling, plan.protocol.labelling
    series: Sequence[Frame] = record.frames
    frames = stored_frames(store, record)
    has_new_labels = (old.rmsd_cutoff, old.positions) != (new.rmsd_cutoff, new.positions)
    has_nothing_to_label = not series or (record.is_failed and frames is None)
    every = _every_frame(record, store)
    if has_new_labels and not has_nothing_to_label:
        labels = _labels(record, every, store, new)
        series = [_with_labels(*pair) for pair in zip(series, labels, strict=True)]
        frames = _frames_with(labels, record, frames)
    changed: dict[str, object] = {
        "trajectory_id": plan.trajectory_id,
        "protocol": plan.protocol,
        "frames": list(series),
        "relabelled_from": record.relabelled_from or record.trajectory_id,
        "frames_file": None,
    }
    if record.failure is None:
        judged, changed["mobility"] = _judged(record, series, new, every)
        changed |= {each.name: getattr(judged, each.name) for each in fields(judged)}
    relabelled = record.model_copy(update=changed)
    return TrajectoryRecord.model_validate(relabelled.model_dump()), frames


def _every_frame(record: TrajectoryRecord, store: RecordStore) -> list[Snapshot] | None:
    """The atoms of every frame of the series; None where one was not kept."""
    wanted = range(1, len(record.frames) + 1)
    if not wanted or not set(wanted) <= set(record.frame_numbers):
        return None
    return store.frames(record, wanted)


def _judged(
    record: TrajectoryRecord,
    series: Sequence[Frame],
    labelling: Labelling,
    every: Sequence[Snapshot] | None,
) -> tuple[Judgement, Mobility | None]:
    """Judged anew, with the mobility until the new onset; a thinned record keeps its old one."""
    moved = record.mobility
    if every is not None:
        moved = mobility(series, every, labelling, record.design.physics)
    return judge(series, labelling, moved), moved


def _labels(
    record: TrajectoryRecord,
    every: Sequence[Snapshot] | None,
    store: RecordStore,
    labelling: Labelling,
) -> list[Labels]:
    """Of every frame of the series, from its stored positions."""
    if every is None:
        n_missing = len(set(range(1, len(record.frames) + 1)) - set(record.frame_numbers))
        raise MisuseError(
            f"new labels need every frame, but record {record.trajectory_id} in {store.path} lacks "
            f"{n_missing} of {len(record.frames)}. Relabel the store that it was thinned from."
        )
    is_relaxed = labelling.positions == "minimised"
    return [
        label(
            minimised(stored, record.design) if is_relaxed else stored,
            record.design.physics,
            labelling,
        )
        for stored in every
    ]


def _with_labels(frame: Frame, labels: Labels) -> Frame:
    """Energies, temperatures and motion stay."""
    return frame.model_copy(update=labels.of_frame)


def _frames_with(
    labels: Sequence[Labels], record: TrajectoryRecord, frames: StoredFrames | None
) -> StoredFrames | None:
    """The stored frames, their atoms labelled as the series now says; a packing has no labels."""
    if frames is None:
        return None
    content, kept = frames
    structures = [
        labels[number - 1].structure if number else None for number in record.frame_numbers
    ]
    return with_structures(content, structures), kept
