"""Labels and judgement of finished trajectories under other thresholds, without new dynamics.

What needs only the series (cluster size, persistence, core fraction) is judged anew from any store.
What changes the labels themselves (cut-off, relaxed positions) needs the frames, all of them.
A relabelled record has the id of its new question and keeps the old one in `relabelled_from`.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

from simulate.errors import MisuseError
from simulate.judgement import judge
from simulate.labels import label
from simulate.minimised import minimised
from simulate.plan import Plan
from simulate.protocol import Labelling
from simulate.record import Frame, TrajectoryRecord
from simulate.store import RecordStore, create_or_open


def relabel(
    store: RecordStore,
    out: Path,
    labelling: Labelling,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Judge every record of a store again, into a store of its own.

    Args:
        store: Where records come from; it is not changed.
        out: The relabelled store, made if it is not there; what it holds already is skipped.
        labelling: The new thresholds.
        on_progress: Called with records done and in all.

    Returns:
        How many records were added.

    Raises:
        MisuseError: New labels are asked for and frames are missing, or averaging would have to be
            undone.
        StoreMismatchError: `out` is of another protocol.
    """
    protocol = store.protocol.model_copy(update={"labelling": labelling})
    _must_be_possible(store.protocol.labelling, labelling)
    target = create_or_open(out, protocol)
    records = list(store)
    added = 0
    for number, record in enumerate(records):
        on_progress(number, len(records))
        plan = Plan(record.design, protocol, record.seed, record.parent)
        if plan.trajectory_id in target:
            continue
        kept = record.frames_file.kept if record.frames_file else None
        frames = store.frames_bytes(record) if record.frames_file else None
        target.append(_relabelled(record, plan, store), frames, kept)
        added += 1
    on_progress(len(records), len(records))
    return added


def _must_be_possible(old: Labelling, new: Labelling) -> None:
    gone = (old.positions, new.positions) == ("averaged", "instantaneous")
    if gone or old.averaging_ps != new.averaging_ps:
        raise MisuseError(
            f"stored frames are {old.positions} over {old.averaging_ps:g} ps and that cannot be "
            f"undone, but {new.positions} over {new.averaging_ps:g} ps was asked for. "
            "Simulate anew, or relax them with positions = minimised."
        )


def _relabelled(record: TrajectoryRecord, plan: Plan, store: RecordStore) -> TrajectoryRecord:
    old, new = record.protocol.labelling, plan.protocol.labelling
    frames: Sequence[Frame] = record.frames
    if (old.rmsd_cutoff, old.positions) != (new.rmsd_cutoff, new.positions):
        frames = _labelled_again(record, store, new)
    changed: dict[str, object] = {
        "trajectory_id": plan.trajectory_id,
        "protocol": plan.protocol,
        "frames": list(frames),
        "relabelled_from": record.relabelled_from or record.trajectory_id,
        "frames_file": None,
    }
    if record.failure is None:
        judged = judge(frames, new)
        changed |= {each.name: getattr(judged, each.name) for each in fields(judged)}
    return TrajectoryRecord.model_validate(record.model_copy(update=changed).model_dump())


def _labelled_again(
    record: TrajectoryRecord, store: RecordStore, labelling: Labelling
) -> list[Frame]:
    """The series with new labels; energies, temperatures and motion stay."""
    wanted = list(range(1, len(record.frames) + 1))
    missing = len(set(wanted) - set(record.frame_numbers))
    if missing:
        raise MisuseError(
            f"new labels need every frame, but record {record.trajectory_id} in {store.path} lacks "
            f"{missing} of {len(wanted)}. Relabel the store that it was thinned from."
        )
    physics = record.design.physics
    series = []
    for frame, stored in zip(record.frames, store.frames(record, wanted), strict=True):
        is_relaxed = labelling.positions == "minimised"
        labels = label(
            minimised(stored, record.design) if is_relaxed else stored, physics, labelling
        )
        series.append(
            frame.model_copy(
                update={
                    **{f"n_{name}": count for name, count in labels.counts.items()},
                    "largest_cluster": labels.largest_cluster,
                    "cluster_depth_A": labels.cluster_depth_A,
                    "n_core": labels.n_core,
                    "n_core_crystalline": labels.n_core_crystalline,
                }
            )
        )
    return series
