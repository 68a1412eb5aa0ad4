"""How much of a campaign's answer is made by its thresholds? Its series, judged again."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from simulate.judgement import judge
from simulate.protocol import Labelling
from simulate.record import TrajectoryRecord

CLUSTER_ATOMS = (10, 15, 20, 30, 40, 50, 60, 80)
PERSISTENCE_PS = (30.0, 50.0, 80.0)
CONFIRMED = (0.0, 0.3, 0.4, 0.5)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What a campaign says under one choice of thresholds.

    Attributes:
        n_ordered: Trajectories with lasting order, of those that did not fail.
        n_in_quench: Of those, ordered when the hold began.
        median_onset_ps: Of those that ordered in the hold; None without any.
        is_own: Whether these are the thresholds that the records were judged by.
        n_changed: Trajectories whose outcome (ordered or not) differs from the stored one.
    """

    onset_cluster_atoms: int
    persistence_ps: float
    confirmed_core_fraction: float
    n_ordered: int
    n_in_quench: int
    median_onset_ps: float | None
    n_changed: int
    is_own: bool


def sensitivity(records: Sequence[TrajectoryRecord]) -> list[Sensitivity]:
    """One row for each choice of cluster size, persistence and core fraction.

    Trajectories were stopped by their own rule, so a stricter one may find too few frames after
    the onset: such rows are a lower limit for `n_ordered`.

    Args:
        records: Of one protocol; failed ones are left out.
    """
    answered = [record for record in records if not record.is_failed]
    own = records[0].protocol.labelling if records else Labelling()
    rows = []
    for confirmed in sorted({*CONFIRMED, own.confirmed_core_fraction}):
        for persistence_ps in sorted({*PERSISTENCE_PS, own.persistence_ps}):
            for n_c in sorted({*CLUSTER_ATOMS, own.onset_cluster_atoms}):
                changed = {
                    "onset_cluster_atoms": n_c,
                    "persistence_ps": persistence_ps,
                    "confirmed_core_fraction": confirmed,
                }
                rows.append(_row(answered, changed))
    return rows


def _row(records: Sequence[TrajectoryRecord], changed: dict[str, float]) -> Sensitivity:
    onsets_ps: list[float] = []
    n_ordered = n_in_quench = n_changed = 0
    for record in records:
        labelling = Labelling.model_validate(record.protocol.labelling.model_dump() | changed)
        found = judge(record.frames, labelling, record.mobility)
        is_ordered = found.outcome == "crystalline"
        n_ordered += is_ordered
        n_in_quench += found.incubation.ordered_in_quench
        n_changed += is_ordered != (record.outcome == "crystalline")
        if is_ordered and not found.incubation.ordered_in_quench:
            onsets_ps.append(float(found.incubation.upper_ps or 0.0))
    return Sensitivity(
        onset_cluster_atoms=int(changed["onset_cluster_atoms"]),
        persistence_ps=changed["persistence_ps"],
        confirmed_core_fraction=changed["confirmed_core_fraction"],
        n_ordered=n_ordered,
        n_in_quench=n_in_quench,
        median_onset_ps=median(onsets_ps) if onsets_ps else None,
        n_changed=n_changed,
        is_own=bool(records)
        and all(getattr(records[0].protocol.labelling, name) == v for name, v in changed.items()),
    )
