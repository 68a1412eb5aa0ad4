"""Designs, outcomes and whole stores in words that need no glossary."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulate.design import EmbryoDesign
from simulate.protocol import Protocol, protocol_named
from simulate.record import Morphology, TrajectoryRecord
from surrogate.deposition.rounding import figures

if TYPE_CHECKING:
    from surrogate.deposition.map_fit import MapFit
    from surrogate.prediction import Applicability
    from surrogate.search.result import RankedConditions, SearchResult, VariancePart

OUTCOME_WORDS = {
    "crystalline": "crystallised",
    "ordering": "clusters linger",
    "glassy": "disordered, arrested",
    "liquid": "disordered, flowing",
}
"""Those without lasting order that fills the embryo are not crystallised, whatever lingers."""


DASH = "\N{EM DASH}"
"""Where there is nothing to tell."""

LEAST_DROPLETS = 4
"""Fewer say nothing about size."""


def surroundings(design: EmbryoDesign, *, with_temperature: bool = False) -> str:
    """Packing density and confinement of an embryo, and the temperature of its hold where asked.

    >>> design = EmbryoDesign(n_atoms=300, packing_density_g_cm3=0.0534,
    ...                       mass_exchange="confined", energy_exchange="open")
    >>> surroundings(design)
    '0.0534 g/cm³, walled, thermostatted'
    >>> surroundings(design, with_temperature=True)
    '0.0534 g/cm³, walled, thermostatted, 300 K'
    """
    walls = "walled" if design.wall_shape == "sphere" else f"walled ({design.wall_shape})"
    cell = {"open": "periodic", "confined": walls}[design.mass_exchange]
    heat = {
        "open": "thermostatted",
        "confined": "isolated",
        "partial": f"heat leaks in {design.energy_relaxation_ps or 0:g} ps",
    }[design.energy_exchange]
    temperature = f", {design.hold_temperature_K:g} K" if with_temperature else ""
    return f"{design.packing_density_g_cm3:g} g/cm³, {cell}, {heat}{temperature}"


def uncounted(parts: "Sequence[VariancePart]") -> str:
    """What the sum of the doubt about a glassy share leaves out, in a sentence."""
    left_out = [part.source for part in parts if part.part is None]
    return f"The sum does not count: {', '.join([*left_out, 'minutes instead of nanoseconds'])}."


def told_bridge(fit: "MapFit") -> str:
    """A bridge in a few words."""
    bridge = fit.bridge
    if bridge is None:
        return "none"
    if bridge.kind == "growth":
        slower = "" if bridge.slowdown == 1.0 else f", {bridge.slowdown:.3g} x slower"
        return f"growth over minutes{slower}"
    return f"{bridge.horizon_ps:g} ps of hold" if bridge.horizon_ps else "the model's hold"


def several_temperatures(records: Sequence[TrajectoryRecord]) -> bool:
    """Whether the hold temperature must be said to tell these records apart."""
    return len({r.design.hold_temperature_K for r in records}) > 1


def shape(found: Morphology | None) -> str:
    """What the atoms form; empty where nobody looked."""
    if found is None:
        return ""
    is_free = found.percolation_dimension == 0
    return f"a {found.name}" if is_free else f"a {found.name} through the periodic cell"


def outcome(record: TrajectoryRecord) -> str:
    """What became of an embryo."""
    if record.failure is not None:
        return f"failed: {record.failure.cause.replace('_', ' ')}"
    return OUTCOME_WORDS[record.outcome or "liquid"]


def incubation(record: TrajectoryRecord) -> str:
    """The incubation interval of a record, on the hold clock; `>`: still disordered then."""
    found = record.witnessed
    if found is None:
        return DASH
    if found.ordered_in_quench:
        return "in the quench"
    if found.upper_ps is None:
        return f"> {_ps(found.lower_ps)} ps"
    return f"{_ps(found.lower_ps)} to {_ps(found.upper_ps)} ps"


def _ps(time_ps: float) -> str:
    """Three digits that count, long times in full.

    >>> _ps(4960.2), _ps(9.987)
    ('4960', '9.99')
    """
    return f"{time_ps:.0f}" if time_ps >= 100.0 else f"{time_ps:.3g}"


def percent(share: float | None) -> str:
    """A share in per cent.

    >>> percent(0.433), percent(None)
    ('43 %', '—')
    """
    return DASH if share is None else f"{100.0 * share:.0f} %"


def answer(records: Sequence[TrajectoryRecord]) -> list[str]:
    """What a run says, as plain sentences; every number is counted from its records."""
    if not records:
        return ["This store holds no trajectory yet, so there is nothing to tell."]
    answered = [r for r in records if not r.is_failed]
    crystalline = [r for r in answered if r.outcome == "crystalline"]
    disordered = [r for r in answered if r.outcome != "crystalline"]
    sentences = [_tally(records, answered, crystalline)]
    if disordered:
        sentences.append(_still_disordered(disordered))
    if crystalline and disordered:
        sentences.append(_smallest_and_largest(crystalline, disordered))
    return [*sentences, *_by_size(answered)]


def _tally(
    records: Sequence[TrajectoryRecord],
    answered: Sequence[TrajectoryRecord],
    crystalline: Sequence[TrajectoryRecord],
) -> str:
    n_failed = len(records) - len(answered)
    censored = sum(r.is_failed and r.witnessed is not None for r in records)
    failed = (
        f" {count(n_failed, 'further run')} failed; {censored} of them had not ordered when last "
        "trusted and count as censored there."
        if n_failed
        else ""
    )
    if not answered:
        n = len(records)
        return f"{n} of {count(n, 'simulated embryo')} failed: there is no answer yet."
    early = sum(bool(r.incubation and r.incubation.ordered_in_quench) for r in crystalline)
    when = f", {early} of them already while being cooled" if early else ""
    return (
        f"Of {count(len(answered), 'simulated embryo')}, {len(crystalline)} crystallised{when}, "
        f"and {len(answered) - len(crystalline)} had not when the hold ended.{failed}"
    )


def _still_disordered(disordered: Sequence[TrajectoryRecord]) -> str:
    """Arrest is told with its clock: it is relative to the time of watching."""
    n_liquid = sum(r.outcome == "liquid" for r in disordered)
    n_glassy = sum(r.outcome == "glassy" for r in disordered)
    n_ordering = len(disordered) - n_liquid - n_glassy
    lingering = (
        f", and in {n_ordering} crystalline clusters lingered without filling the embryo"
        if n_ordering
        else ""
    )
    return (
        f"Of those, {n_glassy} had arrested (their structure relaxes more slowly than half of the "
        f"time it was watched), {n_liquid} still flowed, as an undercooled liquid does{lingering}."
    )


def _smallest_and_largest(
    crystalline: Sequence[TrajectoryRecord], disordered: Sequence[TrajectoryRecord]
) -> str:
    is_told = several_temperatures([*crystalline, *disordered])
    small = min(crystalline, key=lambda r: r.design.n_atoms)
    large = max(disordered, key=lambda r: r.design.n_atoms)
    of_large, of_small = (
        surroundings(r.design, with_temperature=is_told) + _spanning(r) for r in (large, small)
    )
    return (
        f"The largest that stayed disordered had {large.design.n_atoms} atoms ({of_large}); the "
        f"smallest that crystallised had {small.design.n_atoms} ({of_small})."
    )


def _spanning(record: TrajectoryRecord) -> str:
    """A warning where the number of atoms is no embryo's size."""
    found = record.morphology_after_quench
    if found is None:
        return ""
    if found.percolation_dimension:
        return f", {shape(found)}"
    if found.is_in_pieces(record.design.n_atoms):
        return f", in {found.n_clusters} pieces, the largest of {found.largest_cluster} atoms"
    return ""


def _by_size(answered: Sequence[TrajectoryRecord]) -> list[str]:
    """Small against large among droplets that differ in size alone; nothing where there are few."""
    alike: dict[str, list[TrajectoryRecord]] = {}
    for record in answered:
        found = record.morphology_after_quench
        if found is None or found.is_in_pieces(record.design.n_atoms):
            continue
        if found.percolation_dimension == 0:
            name = surroundings(record.design, with_temperature=True)
            alike.setdefault(name, []).append(record)
    name, droplets = max(alike.items(), key=lambda item: len(item[1]), default=("", []))
    sizes = sorted(r.design.n_atoms for r in droplets)
    if len(sizes) < LEAST_DROPLETS or sizes[0] == sizes[-1]:
        return []
    middle = sizes[len(sizes) // 2]
    border = middle if middle > sizes[0] else min(n for n in sizes if n > middle)
    small = [r for r in droplets if r.design.n_atoms < border]
    large = [r for r in droplets if r.design.n_atoms >= border]
    ordered = [sum(r.outcome == "crystalline" for r in part) for part in (small, large)]
    sentence = (
        f"By size, among the {len(droplets)} droplets that differ in nothing else ({name}): "
        f"{ordered[0]} of {len(small)} with fewer than {border} atoms crystallised, and "
        f"{ordered[1]} of {len(large)} with {border} or more."
    )
    return [sentence]


def best_conditions(search: "SearchResult") -> list[str]:
    """The search's first rank in a sentence; nothing where no condition was feasible."""
    if not search.ranked:
        return []
    best = search.ranked[0]
    low, high = best.glassy_share_interval
    sentence = (
        f"Of {count(search.n_trials, 'plating condition')} searched, "
        f"{figures(best.conditions.current_density_mA_cm2)} mA/cm² for "
        f"{figures(best.conditions.deposition_time_min)} min ranks first: under the assumption "
        f"stated below, a share of {best.glassy_share:.2f} ({low:.2f} to {high:.2f}) is still "
        f"disordered {search.horizon_ps:g} ps into the hold."
    )
    if not best.applicability.is_inside:
        sentence += " Part of it lies outside what the model was trained on."
    alike = sum(ranked.glassy_share_interval[1] >= low for ranked in search.ranked)
    if alike > 1:
        sentence += (
            f" The intervals of {alike} ranked conditions overlap: they may be equally good."
        )
    return [sentence]


def split(records: Sequence[TrajectoryRecord]) -> str:
    """How many designs were simulated from their packing, and how many stored frames went on."""
    packed = [record for record in records if record.parent is None]
    n_replicas = len(records) - len(packed)
    designs = count(len({record.design.key for record in packed}), "design")
    is_once_each = designs == count(len(packed), "design")
    parts = [designs if is_once_each else f"{count(len(packed), 'run')} of {designs}"]
    if n_replicas:
        parts = [*(parts if packed else []), f"{count(n_replicas, 'replica')} of stored frames"]
    return " and ".join(parts)


def count(n: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "run"), count(3, "run"), count(2, "trajectory")
    ('1 run', '3 runs', '2 trajectories')
    """
    return f"{n} {plural(n, noun)}"


def plural(n: int, noun: str) -> str:
    """The noun as it follows the number `n`."""
    if n == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def reasons_by_rank(ranked: "Sequence[RankedConditions]") -> list[str]:
    """What speaks against each rank, every reason once, with the ranks it holds for."""
    return reasons_by("Rank", [(one.rank, one.applicability) for one in ranked])


def reasons_by(noun: str, judged: "Sequence[tuple[int, Applicability]]") -> list[str]:
    """What speaks against each numbered row, every reason once, with the rows it holds for."""
    rows: dict[str, list[str]] = {}
    for number, applicability in judged:
        for reason in applicability.reasons:
            rows.setdefault(reason, []).append(f"{number}")
    return [
        f"{plural(len(those), noun)} {', '.join(those)}: {reason}" for reason, those in rows.items()
    ]


def protocol_sentences(protocol: Protocol, scale: float | None) -> list[str]:
    """What was done to every embryo, and how that differs from the reference protocol.

    Args:
        protocol: What was done.
        scale: Simulated over experiment-equivalent temperature, where it is known.
    """

    def kelvin(temperature_K: float) -> str:
        simulated = f" (simulated at {temperature_K * scale:.0f} K)" if scale else ""
        return f"{temperature_K:g} K{simulated}"

    watch = protocol.labelling
    done = (
        f"Atoms are packed at random, kept molten at {kelvin(protocol.heat_temperature_K)} for "
        f"{protocol.heat_ps:g} ps, cooled at {protocol.quench_rate_K_per_ps:g} K/ps, and held for "
        f"up to {protocol.hold_ps:g} ps while a frame is labelled every "
        f"{protocol.frame_every_ps:g} ps."
    )
    counted = (
        f"Order counts once {watch.onset_cluster_atoms} crystalline atoms hang together, stay so "
        f"for {watch.persistence_ps:g} ps, and crystal then fills "
        f"{percent(watch.confirmed_core_fraction)} of the inner atoms."
    )
    reference = protocol_named("reference")
    shortened = [
        f"{name} {ours:g} instead of {theirs:g} {unit}"
        for name, ours, theirs, unit in (
            ("melt", protocol.heat_ps, reference.heat_ps, "ps"),
            (
                "cooling",
                protocol.quench_rate_K_per_ps,
                reference.quench_rate_K_per_ps,
                "K/ps",
            ),
            ("hold", protocol.hold_ps, reference.hold_ps, "ps"),
            ("persistence", watch.persistence_ps, reference.labelling.persistence_ps, "ps"),
        )
        if ours != theirs
    ]
    differs = f"This differs from the reference protocol: {', '.join(shortened)}."
    return [done, counted, *([differs] if shortened else [])]
