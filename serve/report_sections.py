"""What the report shows of a store: pictures, the table of runs, the search, and the limits."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from serve import words
from serve.console import duration
from serve.embryo_picture import (
    STRUCTURE_COLOURS,
    EmbryoView,
    data_uri,
    largest_disordered,
    moments,
    most_crystalline,
    pictured_frames,
    view_of,
)
from simulate.errors import GlassyLiError
from simulate.record import TrajectoryRecord
from simulate.snapshot import Snapshot
from simulate.store import RecordStore
from simulate.units import PS_PER_NS

PICTURE_PIXELS: Final = 640
MOMENT_PIXELS: Final = 320
SCALE_BAR_A: Final = 10.0
S_PER_DAY: Final = 86_400.0

FAINT_SHARE: Final = 0.25
"""Of the atoms that a perfect crystal of an embryo's size would show."""

GENERAL_LIMITS: Final = (
    (
        "The embryos are one-component lithium metal: no electrolyte, no SEI, no Li₂O, no charge, "
        "and no current flows. Deposition enters only through packing density and size."
    ),
    (
        "Nanoseconds are not minutes. “Still disordered” holds up to the end of the hold; a real "
        "cell waits for minutes, and much that still waits here would order in time."
    ),
    (
        "“Arrested” is relative to the time of watching: at least 1/e of the neighbour pairs were "
        "still together after half of the disordered hold. Watched for longer, the same embryo may "
        "flow."
    ),
)

FAINT: Final = (
    "counted as crystallised showed, when the run stopped, fewer crystalline atoms than a quarter "
    "of a perfect crystal. That order may be a fluctuation which outlasted the persistence time."
)
SPANNING: Final = (
    "ended as a rod, sheet or network through the periodic cell. There the number of atoms is not "
    "the size of an embryo."
)
BROKEN: Final = (
    "ended in pieces, the largest of which held less than nine tenths of the atoms. There, too, "
    "the number of atoms is not the size of an embryo."
)
UNDECIDABLE: Final = (
    "had too few atoms for order to be told surely from a fluctuation: most of their atoms lie at "
    "the surface and cannot be labelled."
)

STRUCTURE_WORDS: Final = {
    "bcc": "bcc, the crystal of lithium",
    "fcc": "fcc",
    "hcp": "hcp",
    "icosahedral": "icosahedral, an order that fills no space",
    "other": "none of these: disordered, or at a surface",
}


def legend() -> list[dict[str, str]]:
    """Colours of the pictures and what they mean."""
    return [
        {"colour": STRUCTURE_COLOURS[name], "words": in_words}
        for name, in_words in STRUCTURE_WORDS.items()
    ]


def pictures(store: RecordStore, records: Sequence[TrajectoryRecord]) -> dict[str, Any]:
    """A disordered and a crystalline embryo at one scale, and the crystalline one in four moments.

    Frames that are missing or damaged become a sentence instead of a picture.
    """
    disordered, crystalline = largest_disordered(records), most_crystalline(records)
    views: list[tuple[str, TrajectoryRecord, Snapshot, EmbryoView]] = []
    problems, strip = [], []
    for title, record in (("Disordered", disordered), ("Crystalline", crystalline)):
        if record is None:
            continue
        named = moments(record)
        try:
            frames = pictured_frames(store, record, named)
        except GlassyLiError as error:
            problems.append(str(error))
            continue
        views.append((title, record, frames[-1], view_of(frames[-1], record.design)))
        if record is crystalline:
            strip = _strip(record, dict(zip(named.values(), frames, strict=True)))
    half_width_A = max((view.half_width_A for *_, view in views), default=0.0)
    return {
        "pair": [
            _picture(view, PICTURE_PIXELS, half_width_A)
            | {"title": title, "caption": _caption(record, snapshot, view)}
            for title, record, snapshot, view in views
        ],
        "strip": strip,
        "strip_of": crystalline.trajectory_id[:8] if crystalline and strip else "",
        "problems": problems,
    }


def _strip(record: TrajectoryRecord, named: Mapping[str, Snapshot]) -> list[dict[str, Any]]:
    views = {title: view_of(snapshot, record.design) for title, snapshot in named.items()}
    half_width_A = max(view.half_width_A for view in views.values())
    return [
        _picture(view, MOMENT_PIXELS, half_width_A)
        | {"title": title, "caption": _clock(named[title].time_ps)}
        for title, view in views.items()
    ]


def _clock(time_ps: float) -> str:
    return f"{time_ps:.4g} ps".replace("-", "\N{MINUS SIGN}")


def _picture(view: EmbryoView, pixels: int, half_width_A: float) -> dict[str, Any]:
    return {
        "uri": data_uri(view.image(pixels, half_width_A)),
        "pixels": pixels,
        "scale_bar_percent": 100.0 * SCALE_BAR_A / (2.0 * half_width_A),
    }


def _caption(record: TrajectoryRecord, snapshot: Snapshot, view: EmbryoView) -> str:
    outside = (
        f"; {words.count(view.n_outside, 'atom')} in other clusters not shown"
        if view.n_outside
        else ""
    )
    shape = words.shape(record.morphology_at_end)
    about = words.surroundings(record.design, with_temperature=True)
    return (
        f"{record.design.n_atoms} atoms{', ' if shape else ''}{shape} ({about}), "
        f"{_clock(snapshot.time_ps)} into the hold{outside}. Run {record.trajectory_id[:8]}."
    )


def run_rows(records: Sequence[TrajectoryRecord]) -> list[dict[str, str]]:
    """The table of what was run, by surroundings, then size."""
    order = sorted(
        records,
        key=lambda r: (
            r.design.packing_density_g_cm3,
            words.surroundings(r.design),
            r.design.hold_temperature_K,
            r.design.n_atoms,
            r.seed,
        ),
    )
    return [_row(record) for record in order]


def _row(record: TrajectoryRecord) -> dict[str, str]:
    shape = record.morphology_at_end
    wall_s = sum(record.timings_s.values())
    return {
        "id": record.trajectory_id[:8],
        "n_atoms": f"{record.design.n_atoms}",
        "surroundings": words.surroundings(record.design),
        "temperature": f"{record.design.hold_temperature_K:g} "
        f"({record.simulated.hold_temperature_K:.0f})",
        "seed": f"{record.seed}",
        "outcome": words.outcome(record),
        "kind": "failed" if record.is_failed else str(record.outcome),
        "incubation": words.incubation(record),
        "fraction": words.percent(record.crystalline_fraction),
        "core": words.percent(record.core_fraction),
        "shape": shape.name if shape else words.DASH,
        "wall": f"{wall_s:.0f}" if wall_s else words.DASH,
        "speed": _speed(record, wall_s),
    }


def _speed(record: TrajectoryRecord, wall_s: float) -> str:
    """Simulated ns a day, all work counted, labelling too."""
    if not record.frames or not wall_s:
        return words.DASH
    simulated_ps = record.frames[-1].time_ps - record.frames[0].time_ps
    return f"{simulated_ps / PS_PER_NS / wall_s * S_PER_DAY:.0f}"


def failures(records: Sequence[TrajectoryRecord]) -> list[dict[str, str]]:
    """Runs without an answer, and why."""
    return [
        {
            "id": record.trajectory_id[:8],
            "design": f"{record.design.n_atoms} atoms, {words.surroundings(record.design)}, "
            f"seed {record.seed}",
            "cause": record.failure.cause.replace("_", " "),
            "stage": record.failure.stage,
            "message": record.failure.message,
        }
        for record in records
        if record.failure is not None
    ]


def stage_rows(stages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How long each stage took, and its share of the whole."""
    whole_s = sum(float(stage["wall_s"]) for stage in stages) or 1.0
    return [
        {
            "name": str(stage["name"]),
            "what": str(stage["what"]),
            "wall": duration(float(stage["wall_s"])),
            "percent": 100.0 * float(stage["wall_s"]) / whole_s,
        }
        for stage in stages
    ]


def limits(records: Sequence[TrajectoryRecord]) -> list[str]:
    """What the numbers of this report do not say; counted from the records where possible."""
    potentials = {r.design.potential: r.design.physics for r in records}
    of_potentials = [
        f"One interatomic potential, {name} ({potential.citation}, doi {potential.doi}), decides "
        "all energies; another one would shift the times. Temperatures are experiment-equivalent "
        f"by a factor of it, labels rather than what a thermometer in a cell would show: "
        f"{potential.about_temperatures}."
        for name, potential in sorted(potentials.items())
    ]
    return [*GENERAL_LIMITS, *of_potentials, *_counted_limits(records)]


def _counted_limits(records: Sequence[TrajectoryRecord]) -> list[str]:
    shaped = [(r.morphology_at_end, r.design.n_atoms) for r in records if r.morphology_at_end]
    spanning = sum(shape.percolation_dimension > 0 for shape, _ in shaped)
    broken = sum(shape.is_in_pieces(n_atoms) for shape, n_atoms in shaped)
    ordered = [r for r in records if r.outcome == "crystalline" and r.frames]
    faint = sum(r.frames[-1].n_crystalline < FAINT_SHARE * r.label_ceiling for r in ordered)
    undecidable = sum(not r.is_decidable for r in records)
    counted = (
        (faint, FAINT),
        (spanning, SPANNING),
        (broken, BROKEN),
        (undecidable, UNDECIDABLE),
    )
    return [f"{words.count(n, 'embryo')} {sentence}" for n, sentence in counted if n]
