"""What a campaign, a training or an evaluation came to, told to whoever asked for it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from serve.console import Console, ProgressBar, duration, interval
from serve.record_words import SHORT_ID
from serve.words import count
from simulate.protocol import protocol_named
from train.records import LEAST_DESIGNS

if TYPE_CHECKING:
    from simulate.campaign import CampaignSummary
    from simulate.record import TrajectoryRecord
    from simulate.store import RecordStore
    from surrogate.manifest import Manifest
    from train.fit import TrainingSummary
    from train.progress import TrainingProgress
    from train.scores import Score, Scores


SKILL_RULE: Final = (
    "skill: 1 would be perfect, 0 is as good as ignoring the design, below 0 worse\n"
    "Brier judges whether it orders by then, log when; concordance: 0.5 is chance"
)


def tell_campaign(console: Console, summary: "CampaignSummary", store: "RecordStore") -> None:
    """The closing lines of a campaign."""
    console.result_json(campaign_as_json(summary, store))
    if summary.n_present == summary.n_planned:
        console.result(f"nothing to simulate: all {summary.n_planned} are in {store.path}")
        return
    if summary.n_simulated:
        _tell_simulated(console, summary)
    records = list(store)
    tell_families(console, records)
    if summary.n_elsewhere:
        left = count(summary.n_elsewhere, "trajectory")
        console.result(f"left to another campaign on this store: {left}")
    console.result(f"records in {store.path}    next: {_next_step(store, records)}")


def _tell_simulated(console: Console, summary: "CampaignSummary") -> None:
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(summary.outcomes.items()))
    per_day = summary.simulated_ns / summary.wall_s * 86_400.0
    console.result(
        f"simulated {summary.n_simulated} ({counts}) in {duration(summary.wall_s)} on "
        f"{count(summary.n_workers, 'worker')}: {summary.simulated_ns:.2f} ns, {per_day:.0f} ns/day"
    )
    if summary.worker_losses:
        console.result(f"lost and replaced: {count(summary.worker_losses, 'worker')}")


def tell_families(console: Console, records: Sequence["TrajectoryRecord"]) -> None:
    """One line a parent of iso-configurational replicas: how many ordered, and when."""
    families: dict[str, list[TrajectoryRecord]] = {}
    for record in records:
        if record.parent is not None and record.witnessed is not None:
            families.setdefault(record.parent.trajectory_id, []).append(record)
    for parent, replicas in families.items():
        seen = [each.witnessed for each in replicas]
        ends_ps = sorted(s.upper_ps for s in seen if s is not None and s.upper_ps is not None)
        after = f" after {', '.join(f'{end_ps:.0f}' for end_ps in ends_ps)} ps" if ends_ps else ""
        console.result(
            f"from {parent[:SHORT_ID]} ({replicas[0].design.sentence}): {len(ends_ps)} of "
            f"{count(len(replicas), 'replica')} ordered{after}"
        )


def _next_step(store: "RecordStore", records: Sequence["TrajectoryRecord"]) -> str:
    """The model that ships can be judged by records of its own protocol only."""
    alone = [record for record in records if record.parent is None]
    if len({record.design.key for record in alone}) < LEAST_DESIGNS:
        return f"glassyli records list {store.path}"
    is_reference = store.protocol.what_decides() == protocol_named("reference").what_decides()
    if is_reference:
        return f"glassyli evaluate {store.path}"
    return f"glassyli train {store.path} --out {store.path}-model"


def campaign_as_json(summary: "CampaignSummary", store: "RecordStore") -> dict[str, Any]:
    """A campaign's summary as JSON."""
    return {
        "store": str(store.path),
        "n_planned": summary.n_planned,
        "n_already_present": summary.n_present,
        "n_simulated": summary.n_simulated,
        "n_elsewhere": summary.n_elsewhere,
        "outcomes": dict(summary.outcomes),
        "worker_losses": summary.worker_losses,
        "simulated_ns": round(summary.simulated_ns, 6),
        "wall_s": round(summary.wall_s, 3),
        "trajectory_ids": summary.ids,
    }


def show_training(bar: ProgressBar, progress: "TrainingProgress") -> None:
    """Move the bar of a training."""
    loss = "" if progress.loss is None else f"loss {progress.loss:.3f}"
    done = progress.done if progress.phase == "fitting" else 0
    bar.at(done, f"{progress.phase} {loss}".strip(), progress.left_s, progress.total)


def tell_training(console: Console, summary: "TrainingSummary") -> None:
    """What a training made, for people."""
    console.result(
        f"{summary.model}: {count(summary.n_records, 'trajectory')} of "
        f"{count(summary.n_designs, 'design')}, "
        f"{count(summary.n_frames, 'frame')}, {summary.n_failed} failed, "
        f"in {duration(summary.duration_s)}"
    )
    _tell_held_out(console, summary.scores, summary.warnings)


def tell_model(console: Console, manifest: "Manifest", path: Path) -> None:
    """What a model package is, for people."""
    from train.scores import Scores

    domain, protocol = manifest.domain, manifest.protocol
    ranges = "; ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in domain.ranges.items())
    console.result(f"{manifest.label} in {path}")
    console.result(
        f"  {count(manifest.n_records, 'trajectory')} of {count(len(domain.designs), 'design')} of "
        f"{', '.join(domain.told)}; {manifest.n_failed} failed"
    )
    console.result(f"  protocol {protocol.name}, hold {protocol.hold_ps:g} ps")
    console.result(f"  trained on {ranges}")
    console.result(
        f"  {count(manifest.n_members, 'member')}, made {manifest.created_at[:10]} by glassyli "
        f"{manifest.glassyli}, physics {manifest.physics_version}"
    )
    scored = {road: Scores.model_validate(each) for road, each in manifest.scores.items()}
    _tell_held_out(console, scored, manifest.warnings)
    console.result("the whole card: glassyli model inspect --card")


def _tell_held_out(
    console: Console, scored: "Mapping[str, Scores]", warnings: Sequence[str]
) -> None:
    console.result("on designs that the judging members never saw, against Kaplan-Meier:")
    console.table(*score_table({f"{road} road": each for road, each in scored.items()}))
    console.result(SKILL_RULE)
    for warning in warnings:
        console.result(f"  note: {warning}")


def score_table(scored: "Mapping[str, Scores]") -> tuple[list[str], list[list[str]]]:
    """Head and rows: skills over Kaplan-Meier with their intervals, concordance, shares."""
    head = [
        "", "integrated Brier skill", "90 %", "log skill", "90 %", "concordance", "forecast",
        "seen ordered", "by, ps",
    ]  # fmt: skip
    rows = []
    for name, scores in scored.items():
        shares = (scores.concordance, scores.expected, scores.observed)
        rows.append(
            [
                name,
                *_skill(scores.integrated_brier),
                *_skill(scores.log),
                *("-" if share is None else f"{share:.2f}" for share in shares),
                f"{scores.horizon_ps:.0f}",
            ]
        )
    return head, rows


def _skill(score: "Score | None") -> tuple[str, str]:
    if score is None or score.skill is None:
        return "-", ""
    return f"{score.skill:+.2f}", interval(score.skill_interval)
