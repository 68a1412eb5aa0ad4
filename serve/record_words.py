"""One trajectory as a flat row for tables, and as a sheet for people."""

from typing import Any, Final

from serve.words import DASH, count, percent, shape
from serve.words import incubation as incubation_words
from serve.words import outcome as outcome_words
from simulate.incubation import onset
from simulate.judgement import fraction_read_at_ps
from simulate.record import Morphology, TrajectoryRecord, outcome_of

SHORT_ID: Final = 8
"""Letters of an id that tell trajectories of one store apart for people."""

LEAST_LABELS: Final = 10
"""Of fewer crystalline atoms a share of bcc is chance."""


def summary_of(record: TrajectoryRecord) -> dict[str, Any]:
    """One trajectory in one flat row."""
    incubation, mobility = record.incubation, record.mobility
    return {
        "trajectory_id": record.trajectory_id,
        "sentence": record.design.sentence,
        **record.design.model_dump(),
        "seed": record.seed,
        "outcome": outcome_of(record),
        "ordered_in_quench": incubation.ordered_in_quench if incubation else None,
        "incubation_lower_ps": incubation.lower_ps if incubation else None,
        "incubation_upper_ps": incubation.upper_ps if incubation else None,
        "incubation": incubation_words(record),
        "crystalline_fraction": _rounded(record.crystalline_fraction),
        "core_fraction": _rounded(record.core_fraction),
        "bcc_share": _rounded(bcc_share(record)),
        "is_decidable": record.is_decidable,
        "bond_persistence": _rounded(mobility.bond_persistence if mobility else None),
        "diffusivity_cm2_s": mobility.diffusivity_cm2_s if mobility else None,
        "is_full_length": record.is_full_length,
        "order_lost_at_ps": record.order_lost_at_ps,
        "parent": record.parent.trajectory_id if record.parent else None,
        "morphology": record.morphology_at_end.name if record.morphology_at_end else None,
        "simulated_hold_temperature_K": _rounded(record.simulated.hold_temperature_K),
        "mean_hold_temperature_K": _rounded(record.mean_hold_temperature_K),
        "drift_meV_per_atom": _rounded(
            record.energy_balance.drift_meV_per_atom if record.energy_balance else None
        ),
        "wall_s": _rounded(sum(record.timings_s.values())),
    }


def bcc_share(record: TrajectoryRecord) -> float | None:
    """How much of what counts as crystalline is bcc; close-packed order counts too.

    At the frame where the crystalline fraction is read, or at the last one without an onset; None
    where too few atoms are crystalline to tell.
    """
    if not record.frames:
        return None
    labelling = record.protocol.labelling
    found = onset(record.frames, labelling)
    read_at_ps = fraction_read_at_ps(found, labelling) if found else record.frames[-1].time_ps
    read = min(record.frames, key=lambda frame: abs(frame.time_ps - read_at_ps))
    return read.n_bcc / read.n_crystalline if read.n_crystalline >= LEAST_LABELS else None


def sheet(record: TrajectoryRecord) -> list[tuple[str, str]]:
    """Everything a person asks of one trajectory: what, and the answer."""
    lines = [
        ("id", record.trajectory_id),
        ("design", record.design.sentence),
        ("seed", f"{record.seed}{_start(record)}"),
        ("outcome", _outcome(record)),
        ("incubation", incubation_words(record) + _lost(record)),
        ("crystalline", _fractions(record)),
        ("mobility", _mobility(record)),
        ("morphology", _morphology(record)),
        ("temperature", _temperature(record)),
        ("energy", _energy(record)),
        ("frames", _frames(record)),
        ("timings", ", ".join(f"{name} {s:.3g} s" for name, s in record.timings_s.items())),
        ("made by", _provenance(record)),
    ]
    return [(what, text or DASH) for what, text in lines]


def _start(record: TrajectoryRecord) -> str:
    parent = record.parent
    started = f", from frame {parent.frame_number} of {parent.trajectory_id}" if parent else ""
    relabelled = f", relabelled from {record.relabelled_from}" if record.relabelled_from else ""
    full_length = ", drawn to run to the horizon" if record.is_full_length else ""
    return started + relabelled + full_length


def _lost(record: TrajectoryRecord) -> str:
    lost_ps = record.order_lost_at_ps
    return "" if lost_ps is None else f"; order lost again at {lost_ps:.3g} ps"


def _outcome(record: TrajectoryRecord) -> str:
    if record.failure is not None:
        return f"{outcome_words(record)} in the {record.failure.stage}: {record.failure.message}"
    unsure = "" if record.is_decidable else "; too few atoms to tell order from a fluctuation"
    return outcome_words(record) + unsure


def _fractions(record: TrajectoryRecord) -> str:
    if record.crystalline_fraction is None:
        return ""
    share = bcc_share(record)
    is_bcc = "" if share is None else f"; {percent(share)} of the labels are bcc"
    core = percent(record.core_fraction)
    return f"{percent(record.crystalline_fraction)} of all atoms, {core} of the core{is_bcc}"


def _mobility(record: TrajectoryRecord) -> str:
    found = record.mobility
    if found is None:
        return ""
    return (
        f"{percent(found.bond_persistence)} of neighbours stay together over {found.window_ps:g} "
        f"ps, {percent(found.persistence_over_half)} over {found.half_ps:g} ps; cage-relative "
        f"diffusivity {found.diffusivity_cm2_s:.2g} cm²/s"
    )


def _morphology(record: TrajectoryRecord) -> str:
    looks = (("after the quench", record.morphology_after_quench),
             ("at the end", record.morphology_at_end))  # fmt: skip
    return "; ".join(f"{when} {_shape(found)}" for when, found in looks if found is not None)


def _shape(found: Morphology) -> str:
    parts = "" if found.n_clusters == 1 else f", {found.n_clusters} parts"
    return f"{shape(found)} of {found.largest_cluster} atoms{parts}, {found.n_surface} at a surface"


def _temperature(record: TrajectoryRecord) -> str:
    mean_K = record.mean_hold_temperature_K
    seen = "" if mean_K is None else f", {mean_K:.0f} K on the mean while disordered"
    return (
        f"hold at {record.design.hold_temperature_K:g} K{seen}; simulated at "
        f"{record.simulated.hold_temperature_K:.0f} K"
    )


def _energy(record: TrajectoryRecord) -> str:
    found = record.energy_balance
    if found is None:
        return ""
    limit = f"at most {found.limit_meV_per_atom:g} allowed" if found.is_binding else "no limit"
    return f"conserved quantity drifted {found.drift_meV_per_atom:+.2g} meV/atom ({limit})"


def _frames(record: TrajectoryRecord) -> str:
    n_kept = len(record.frame_numbers)
    return f"{count(len(record.frames), 'frame')} labelled, positions of {n_kept} kept"


def _provenance(record: TrajectoryRecord) -> str:
    made = record.provenance
    commit = (
        f" ({made.git_commit[:9]}{' changed' * bool(made.git_dirty)})" if made.git_commit else ""
    )
    return (
        f"glassyli {made.glassyli}{commit}, physics {record.physics_version}, LAMMPS "
        f"{made.lammps}, OVITO {made.ovito}, Python {made.python}; {made.host}, {made.started_at}"
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
