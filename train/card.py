"""The model card: what a model can and cannot do, from measured numbers, for people."""

from typing import Any

from simulate.potentials.registry import potential_named
from surrogate.applicability import TrainingDomain
from surrogate.calibration import Calibration, StageCalibration
from surrogate.manifest import Manifest
from train.counting import ends, number, smallest_that_can_order

LIMITS = """\
- One-component metal, {substances}:
  no SEI, no Li2O, no charge, no electrolyte.
- The model answers for the protocol above and for designs like those it was trained on; every
  answer says when it leaves them.
- Times are nanoseconds of molecular dynamics, a cell waits minutes: the glass index is the
  probability of not having ordered by a horizon, not a share of a deposit.
- "Not ordered" is not "glass": a disordered embryo may flow, and one that is arrested is so only
  against the time it was watched (its structure relaxes more slowly than half of the disordered
  hold). Crystalline clusters may linger in it without filling it.
- Order is {onset_cluster_atoms} crystalline atoms with all their neighbours: an embryo of fewer
  than {smallest} atoms cannot show that many even as a perfect sphere, so "does not order" is there
  a statement of the definition. (Sheets and networks have fewer surface atoms.)
- Temperatures are experiment-equivalent by a factor of the potential, not equal latent heat or
  mobility: {temperatures}.
- Quantiles of the incubation time beyond {longest_hold_ps:g} ps are extrapolations of the law;
  runs that all end by then cannot tell what is slow from what never orders.
- Intervals of probabilities are epistemic (spread of members, widened for their small number);
  intervals of times and fractions are predictive, for one embryo. {calibrated}
"""


def _calibrated(calibration: Calibration) -> str:
    """What was done to forecasts after the fit."""
    told = [
        f"{name} (log factor {each.log_factor:.2f}, log power {each.log_power:.2f})"
        for name, each in calibration
        if each != StageCalibration()
    ]
    if not told:
        return (
            "No stage\n  is calibrated: left-out designs were not clearly better forecast with it."
        )
    return f"Calibrated\n  on the full road, of atoms as they are {', '.join(told)}."


def model_card(manifest: Manifest) -> str:
    """Markdown."""
    n_c = manifest.protocol.labelling.onset_cluster_atoms
    elements = " or ".join(potential_named(each).element for each in manifest.domain.potentials)
    limits = LIMITS.format(
        substances=" or ".join(manifest.domain.substances),
        temperatures="; ".join(
            potential_named(name).about_temperatures for name in manifest.domain.potentials
        )
        if manifest.protocol.is_homologous
        else "as they are simulated",
        longest_hold_ps=manifest.domain.longest_hold_ps,
        onset_cluster_atoms=n_c,
        smallest=smallest_that_can_order(n_c),
        calibrated=_calibrated(manifest.calibration),
    )
    warnings = "\n".join(f"- {each}" for each in manifest.warnings) or "- None."
    return f"""# {manifest.name}

Forecasts whether a disordered {elements} embryo orders within the hold, and a distribution
of times: order in the quench, a cure fraction, Weibull times with a frailty; {manifest.n_members}
members.
{_timing(manifest.scores)}

Made {manifest.created_at} by glassyli {manifest.glassyli}.

{_data(manifest)}

## Warnings

{warnings}

{_scores(manifest)}

## Limits

{limits}"""


def _data(manifest: Manifest) -> str:
    """What it learnt from."""
    protocol, domain = manifest.protocol, manifest.domain
    ranges = "\n".join(
        f"| `{name}` | {low:g} | {high:g} |" for name, (low, high) in domain.ranges.items()
    )
    exchanges = ", ".join(
        f"mass {mass} with energy {energy}"
        for mass, energy in sorted({(d.mass_exchange, d.energy_exchange) for d in domain.designs})
    )
    n_c = protocol.labelling.onset_cluster_atoms
    return f"""\
## Data

{manifest.n_records} trajectories of {len(domain.designs)} designs.
{manifest.n_failed} failed; those watched into the hold count as censored there.
{_potentials(manifest)}
Data hash {", ".join(each[:12] for each in manifest.training_data_sha256)}.

| field | from | to |
| --- | --- | --- |
{ranges}

Exchanges: {exchanges}.

Protocol {protocol.name}: {protocol.heat_ps:g} ps at {protocol.heat_temperature_K:g} K, quench at
{protocol.quench_rate_K_per_ps:g} K/ps, hold {protocol.hold_ps:g} ps, a frame every
{protocol.frame_every_ps:g} ps; order is {n_c} atoms for {protocol.labelling.persistence_ps:g} ps
that fill {protocol.labelling.confirmed_core_fraction:g} of the core.{_watched_longer(domain)}
Physics version {manifest.physics_version}."""


def _watched_longer(domain: TrainingDomain) -> str:
    """How many designs were, where not all had the same hold."""
    if domain.holds_ps is None:
        return ""
    longer = [hold_ps for hold_ps in domain.holds_ps if hold_ps > domain.hold_ps]
    return (
        f"\n{len(longer)} of the designs had a longer hold, of up to {max(longer):g} ps; times "
        f"beyond {domain.hold_ps:g} ps\nwere learnt from those alone."
    )


def _scores(manifest: Manifest) -> str:
    """What designs showed that the judging members never saw."""
    return f"""\
## Scores

Each member leaves out one group of designs and each record is judged only by members that never saw
its design; the shipped ensemble is these same members. Two things bend these scores. Few members
forecast worse than all together: that makes them cautious. The form of the model (features, law,
default settings) was chosen by such scores of the reference designs: of a model trained on those
they are flattered, by how much nobody measured. Only designs simulated since can tell.
The reference is the Kaplan-Meier curve of
the same training designs, the forecast without a design. Less is better; skill is the share of the
reference's score removed, with a 90 % interval that resamples the designs.

{_scores_table(manifest.scores)}

{_decidable(manifest.decidable_scores)}

The structure correction counts {manifest.gates.packed:g} for packed, {manifest.gates.heated:g} for
heated and {manifest.gates.waiting:g} for waiting atoms (0: it did not help on held-out designs and
is left out; chosen among five values on the same forecasts as the scores, which flatters them
slightly). Fast and full road differ by
{manifest.road_difference:.4f} in P(order by the end of the hold), mean over the training designs.\
"""


def _potentials(manifest: Manifest) -> str:
    if len(manifest.domain.potentials) == 1:
        return f"Potential {manifest.potential}."
    return f"""\
Slopes are shared, and each potential but {manifest.potential} has an offset of its own:
{"; ".join(manifest.domain.told)}. Densities and
temperatures below are those of {manifest.element} at the same share of bulk and of the melting
point."""


def _scores_table(scores: dict[str, Any]) -> str:
    lines = [
        "| road | score | model | Kaplan-Meier | skill | 90 % |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for road, values in scores.items():
        for name in ("brier", "integrated_brier", "log"):
            score = values[name]
            if score is not None:
                lines.append(
                    f"| {road} | {name.replace('_', ' ')} | {score['model']:.4f} | "
                    f"{score['kaplan_meier']:.4f} | {number(score['skill'])} | "
                    f"{ends(score['skill_interval'])} |"
                )
        lines.append(
            f"| {road} | concordance | {number(values['concordance'])} | 0.50 (chance) | | |\n"
            f"| {road} | share ordered | {number(values['expected'])} | seen: "
            f"{number(values['observed'])} | | excess: {ends(values['excess_interval'])} |"
        )
    first = next(iter(scores.values()))
    lines.append(
        f"\n{first['n_records']} records of {first['n_designs']} designs, horizon "
        f"{first['horizon_ps']:g} ps (so long whole runs are watched)."
    )
    return "\n".join(lines)


def _decidable(scores: dict[str, Any] | None) -> str:
    if scores is None:
        return "No training record, or every one, is of an embryo too small to be decided surely."
    return (
        "Without embryos so small that a perfect sphere of them would not surely count as ordered:"
        f"\n\n{_scores_table({'full': scores})}"
    )


def _timing(scores: dict[str, Any]) -> str:
    """Whether the log score, which judges times and not only outcomes, beats the reference."""
    interval = scores["full"]["log"]["skill_interval"]
    if interval is not None and interval[0] > 0.0:
        return "On unseen designs its times beat the Kaplan-Meier curve (log score below)."
    return (
        "**Skill for the time itself, beyond the Kaplan-Meier curve, is not shown** (log score\n"
        "below); and no score here shows skill beyond what embryo size alone would give."
    )
