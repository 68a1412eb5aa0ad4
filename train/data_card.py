"""The data card of a record store: what is in it, counted from its records and nothing else.

Iso-configurational replicas share their atoms with a parent and are no independent trajectories:
they have a section of their own, and every other count leaves them out.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from simulate.errors import MisuseError, StoreError
from simulate.files import write_atomically
from simulate.potentials.registry import potential_named
from simulate.protocol import Labelling, Protocol
from simulate.record import TrajectoryRecord, outcome_of
from simulate.sensitivity import sensitivity
from simulate.store import RecordStore
from simulate.transfer import check_id
from train.chance import chance, chance_in_words
from train.counting import (
    Records,
    counts,
    density_class,
    grouped,
    is_ordered,
    listed,
    size_class,
    smallest_that_can_order,
    table,
    wait_ps,
    watched,
)
from train.physics_card import physics_sections

ENDINGS: Final = """\
`crystalline`: lasting order filled the core. `ordering`: crystalline clusters linger at the end
(median of the last persistence time), but no lasting crystal fills the embryo. `glassy`: arrested,
at least 1/e of its neighbour pairs are still together after half of the disordered hold, so that
its structure relaxes more slowly than half of the time it was watched; watched for longer, it may
flow. `liquid`: it flows."""
"""What the outcomes of records mean."""


STUDY: Final = "LEARNABILITY.md"
"""What `benchmarks.learnability` writes beside a card."""
JUDGEMENT: Final = "PROSPECTIVE.md"
"""What `benchmarks.prospective` writes beside the card of test data."""


def write_data_card(store: RecordStore, path: Path) -> None:
    """Write the card of a store as Markdown."""
    write_atomically(path, data_card(store))


def data_card(store: RecordStore) -> str:
    """The card, Markdown.

    Raises:
        MisuseError: The store is empty.
        StoreError: A record is damaged.
    """
    everything = list(store)
    if not everything:
        raise MisuseError(
            f"a data card needs at least one record, but {store.path} has none. Simulate first."
        )
    records = [record for record in everything if record.parent is None]
    replicas = [record for record in everything if record.parent is not None]
    counted = records or replicas
    sections = [
        f"# Data card: {store.path.resolve().name}\n\nGenerated from the records; do not edit.",
        *_test_data(store.path),
        _what(store, records, replicas),
        _endings(counted, store.protocol.labelling),
        _where(counted),
        _shapes(counted),
        physics_sections(counted),
        _thresholds(counted, store.protocol.labelling),
        _replicas(replicas),
        *_study(store.path),
        _checks(store, everything),
        _cost(store, everything),
    ]
    return "\n\n".join(sections) + "\n"


def _what(store: RecordStore, records: Records, replicas: Records) -> str:
    protocol, labelling = store.protocol, store.protocol.labelling
    everything = [*records, *replicas]
    potentials = {(r.design.potential, r.provenance.potential_sha256[:12]) for r in everything}
    engines = {(r.provenance.lammps, r.provenance.ovito) for r in everything}
    fields = ("n_atoms", "packing_density_g_cm3", "hold_temperature_K", "energy_relaxation_ps")
    found = {name: [getattr(r.design, name) for r in everything] for name in fields}
    ranges = [
        (f"`{name}`", f"{min(known):g}", f"{max(known):g}", len(set(known)))
        for name, values in found.items()
        if (known := [value for value in values if value is not None])
    ]
    return f"""## What

{_counts(records, replicas)}

- Potential: {listed(f"{name} (coefficients {sha})" for name, sha in potentials)}.
- Engines: {listed(f"LAMMPS {lammps}, OVITO {ovito}" for lammps, ovito in engines)}.
- Protocol: {protocol.heat_ps:g} ps at {protocol.heat_temperature_K:g} K, quench at
  {protocol.quench_rate_K_per_ps:g} K/ps, hold up to {protocol.hold_ps:g} ps, a frame every
  {protocol.frame_every_ps:g} ps.
- Temperatures: {_temperatures(protocol, everything)}.
- Order: a crystalline cluster of {labelling.onset_cluster_atoms} atoms that lasts
  {labelling.persistence_ps:g} ps and fills {labelling.confirmed_core_fraction:g} of the core on the
  mean of as long; template matching at {labelling.rmsd_cutoff:g}, positions {labelling.positions}.

{table(("design space covered", "from", "to", "values"), ranges)}"""


def _counts(records: Records, replicas: Records) -> str:
    if records:
        n_designs = len({record.design.key for record in records})
        return f"""{len(records)} trajectories of {n_designs} designs, each from a packing
of its own; {len(replicas)} iso-configurational replicas besides."""
    origins = {_origin(record) for record in replicas}
    n_frames = len({(name, at_ps) for name, at_ps, _ in origins})
    return f"""{len(replicas)} iso-configurational replicas of {n_frames} stored frames under
{len(origins)} designs, and no trajectory from a packing of its own. Below, replicas are counted as
trajectories: those of one frame start from the same atoms, so that counts are not independent."""


def _temperatures(protocol: Protocol, records: Records) -> str:
    """What those written mean."""
    if not protocol.is_homologous:
        return "as they are simulated"
    names = sorted({record.design.potential for record in records})
    told = "; ".join(potential_named(name).about_temperatures for name in names)
    return f"labels, simulated at a factor of the potential: {told}"


def _endings(records: Records, labelling: Labelling) -> str:
    ends = Counter(map(outcome_of, records))
    seen = watched(records)
    waits_ps = [wait for r in seen if (wait := wait_ps(r)) is not None]
    onset = f"; median {median(waits_ps):.0f} ps into the hold" if waits_ps else ""
    undecidable = [record for record in records if not record.is_decidable]
    n_unseen = sum(not is_ordered(record) for record in seen)
    smallest = smallest_that_can_order(labelling.onset_cluster_atoms)
    n_below = sum(record.design.n_atoms < smallest for record in records)
    return f"""## How they ended

{table(("ending", "trajectories"), sorted(ends.items()))}

{ENDINGS}

Watched: {len(seen)} of {len(records)}; a trajectory that failed in its hold counts as watched until
it was last sound. Lasting order began in the quench in {counts(seen)[1]}, in the hold in
{len(waits_ps)}{onset}, and was not seen in {n_unseen}.

Undecidable: {len(undecidable)}; a perfect crystal of their size would show fewer than twice the
atoms that count as order. {sum(map(is_ordered, undecidable))} of them count as ordered. Embryos of
fewer than {smallest} atoms ({n_below} trajectories) cannot show
{labelling.onset_cluster_atoms} crystalline atoms at all as a perfect sphere; sheets and networks
have fewer surface atoms."""


def _where(records: Records) -> str:
    seen = watched(records)
    rows = [
        (*exchange, *counts(group), sum(r.is_failed for r in group))
        for exchange, group in grouped(records, _exchange)
    ]
    cells = dict(grouped(seen, _cell))
    sizes = dict.fromkeys(size_class(r.design) for r in _by(seen, "n_atoms"))
    densities = dict.fromkeys(density_class(r.design) for r in _by(seen, "packing_density_g_cm3"))
    grid = [
        (mass, size, *(_ordered_of(cells.get((mass, size, each), [])) for each in densities))
        for mass in sorted({r.design.mass_exchange for r in seen})
        for size in sizes
    ]
    header = ("mass", "energy", "watched", "in the quench", "in the hold", "not seen", "failed")
    return f"""## Where order was seen

{table(header, rows)}

Ordered / watched, by atoms and packing density (g/cm3; its bounds are where a droplet in a periodic
cube would become a rod, a sheet, a network):

{table(("mass", "atoms", *densities), grid)}"""


def _shapes(records: Records) -> str:
    after = [r for r in watched(records) if r.morphology_after_quench is not None]
    rows = [
        (name, *counts(group))
        for name, group in grouped(
            after, lambda r: r.morphology_after_quench.name if r.morphology_after_quench else ""
        )
    ]
    ends = Counter(r.morphology_at_end.name for r in records if r.morphology_at_end)
    header = ("after the quench", "watched", "in the quench", "in the hold", "not seen")
    return f"""## Morphology

{table(header, rows)}

At the end: {listed(f"{name} {count}" for name, count in ends.items()) or "not recorded"}."""


def _thresholds(records: Records, labelling: Labelling) -> str:
    found = {
        (row.confirmed_core_fraction, row.onset_cluster_atoms): row
        for row in sensitivity(records)
        if row.persistence_ps == labelling.persistence_ps
    }
    names = ("ordered", "in the quench", "median onset, ps", "changed")
    shares = sorted({0.0, labelling.confirmed_core_fraction}, reverse=True)
    header = ["cluster", *(f"{name} ({share:.1f})" for share in shares for name in names)]
    rows = []
    for n_c in dict.fromkeys(n_c for _, n_c in found):
        row: list[object] = [n_c]
        for share in shares:
            each = found[share, n_c]
            onset = "-" if each.median_onset_ps is None else f"{each.median_onset_ps:.0f}"
            row += [each.n_ordered, each.n_in_quench, onset, each.n_changed]
        rows.append(row)
    return f"""## Thresholds

The same series under other cluster sizes; order lasts {labelling.persistence_ps:g} ps and fills
the share of the core in brackets. Changed: ordered or not, against the stored outcome.

{table(header, rows)}"""


def _replicas(replicas: Records) -> str:
    if not replicas:
        return "## Iso-configurational replicas\n\nNone yet."
    rows = [
        (name, f"{at_ps:g}", group[0].design.sentence, *counts(watched(group)))
        for (name, at_ps, _), group in grouped(replicas, _origin)
    ]
    header = ("parent", "from, ps", "design", "watched", "at once", "later", "not seen")
    found = chance(replicas)
    return f"""## Iso-configurational replicas

{chance_in_words(found) if found else ""}

Their clock starts at the stored frame:

{table(header, rows)}"""


def _origin(replica: TrajectoryRecord) -> tuple[str, float, str]:
    """From which stored frame it went on, and as what design."""
    if replica.parent is None:
        raise ValueError(f"a replica has a parent, but {replica.trajectory_id} has none.")
    return replica.parent.trajectory_id, replica.parent.time_ps, replica.design.key


def _test_data(folder: Path) -> list[str]:
    if not (folder / JUDGEMENT).exists():
        return []
    return [
        f"""**Test data**: [{JUDGEMENT}]({JUDGEMENT}) judges a model by them. What learns from them
cannot be judged by them any more."""
    ]


def _study(folder: Path) -> list[str]:
    if not (folder / STUDY).exists():
        return []
    return [
        f"""## What they can teach

[{STUDY}]({STUDY}): what the design alone tells, how many records a model needs, and
where more of them help most."""
    ]


def _checks(store: RecordStore, everything: Records) -> str:
    bad_ids = [r.trajectory_id for r in everything if not _holds(check_id, r)]
    with_frames = [r for r in everything if r.frames_file is not None]
    bad_frames = [r.trajectory_id for r in with_frames if not _holds(store.verify_frames, r)]
    commits = {r.provenance.git_commit for r in everything}
    n_dirty = sum(bool(r.provenance.git_dirty) for r in everything)
    n_resumed = sum(bool(r.provenance.resumed_at_ps) for r in everything)
    n_good = len(everything) - len(bad_ids)
    versions = listed({r.physics_version for r in everything})
    return f"""## Checks

- Checksum of the record: {len(everything)} of {len(everything)} hold.
- Id is the hash of design, protocol, potential, seed, parent and physics version ({versions}):
  {n_good} of {len(everything)}{_named(bad_ids)}.
- Frames as they were written: {len(with_frames) - len(bad_frames)} of {len(with_frames)}\
{_named(bad_frames)}; without frames: {len(everything) - len(with_frames)}.
- Made at {len(commits)} different commits; {n_dirty} with uncommitted changes; {n_resumed} resumed
  after an interruption."""


def _cost(store: RecordStore, everything: Records) -> str:
    hours = sum(sum(r.timings_s.values()) for r in everything) / 3600.0
    stages: Counter[str] = Counter()
    for record in everything:
        stages.update(record.timings_s)
    spent = listed(f"{name} {seconds / 3600.0:.2f}" for name, seconds in stages.items())
    records_MB = sum(path.stat().st_size for path in store.record_files()) / 1.0e6
    frames_MB = sum(r.frames_file.size_bytes for r in everything if r.frames_file) / 1.0e6
    return f"""## Cost

{hours:.2f} core-hours ({spent or "not recorded"}); {records_MB:.1f} MB of records,
{frames_MB:.1f} MB of frames."""


def _exchange(record: TrajectoryRecord) -> tuple[str, str]:
    return record.design.mass_exchange, record.design.energy_exchange


def _cell(record: TrajectoryRecord) -> tuple[str, str, str]:
    design = record.design
    return design.mass_exchange, size_class(design), density_class(design)


def _by(records: Records, field: str) -> Records:
    return sorted(records, key=lambda record: float(getattr(record.design, field)))


def _ordered_of(records: Records) -> str:
    return f"{sum(map(is_ordered, records))} / {len(records)}" if records else ""


def _holds(check: Callable[[TrajectoryRecord], None], record: TrajectoryRecord) -> bool:
    try:
        check(record)
    except StoreError:
        return False
    return True


def _named(ids: list[str]) -> str:
    return f" (not: {listed(ids)})" if ids else ""
