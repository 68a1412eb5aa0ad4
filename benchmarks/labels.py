"""Which cut-off, which positions? Shares that two labellers find in crystals and in melts.

A crystal sphere and a melt of 700 atoms, real LAMMPS, experiment-equivalent temperatures. What is
labelled in the melt is false; in the crystal the ceiling is what a perfect sphere shows.

    python -m benchmarks.labels                    the table; writes runs/labels.json
    python -m benchmarks.labels --store STORE      how the two labellers agree on stored frames
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
from ase.build import bulk

from benchmarks.agreement import compare
from benchmarks.md_speed import embryo
from simulate.confinement import cell_of
from simulate.design import EmbryoDesign
from simulate.engine import Lammps
from simulate.labels import CRYSTALLINE, label, match_templates
from simulate.minimised import minimised
from simulate.neighbours import label_ceiling
from simulate.packing import pack
from simulate.protocol import Labelling, Stage, protocol_named, stages
from simulate.snapshot import Snapshot
from simulate.solid_bonds import solid_atoms
from simulate.store import open_store

N_ATOMS = 700
CUTOFFS = (0.08, 0.10, 0.12, 0.15, 0.18)
CRYSTAL_TEMPERATURES_K = (200.0, 300.0, 400.0)
MELT_TEMPERATURES_K = (300.0, 500.0)
MELT_K = 500.0
N_INSTANTS = 5

STRIDES = {"averaged 0.1 ps": 1, "averaged 0.3 ps": 3, "averaged 1 ps": 11}
"""Steps of 9 fs between the ten samples of a mean, like those of the engine itself."""
N_SAMPLES, STEPS_PER_SAMPLE = 10, 3

Row = dict[str, str | float]
Seen = list[dict[str, Snapshot]]
"""Of each instant, the positions by kind."""


def crystal(design: EmbryoDesign) -> Snapshot:
    """The roundest bcc sphere, in the middle of the design's cell."""
    constant_A = design.physics.bcc_lattice_constant_A
    places = bulk("Li", "bcc", a=constant_A, cubic=True).repeat(10).positions
    centre = places.mean(axis=0) + 0.01  # off any symmetry, so that the choice is unique
    nearest = np.argsort(np.linalg.norm(places - centre, axis=1))[: design.n_atoms]
    edge_A = cell_of(design).edge_A
    return Snapshot(places[nearest] - centre + edge_A / 2.0, np.full(3, edge_A), is_periodic=True)


def thermostatted(design: EmbryoDesign, start_K: float, end_K: float, length_ps: float) -> Stage:
    """A stretch at experiment-equivalent temperatures, one frame."""
    heat = stages(protocol_named("reference"), design)[0]
    scale = design.physics.temperature_scale
    n_steps = round(1000.0 * length_ps / heat.time_step_fs)
    return replace(
        heat, start_K=start_K * scale, end_K=end_K * scale, n_frames=1, steps_per_frame=n_steps,
        n_samples=1, sample_every=1,
    )  # fmt: skip


def instant(engine: Lammps, design: EmbryoDesign, temperature_K: float) -> dict[str, Snapshot]:
    """One instant, and means over more and more of the time before it."""
    cell_A = np.full(3, cell_of(design).edge_A)
    n_frames = 1 + (N_SAMPLES - 1) * max(STRIDES.values())
    dense = replace(
        thermostatted(design, temperature_K, temperature_K, 1.0),
        n_frames=n_frames,
        steps_per_frame=STEPS_PER_SAMPLE,
    )
    path = np.array([frame.positions_A for frame in engine.run(dense)])[::-1]
    path = path[0] + (path - path[0] + cell_A / 2.0) % cell_A - cell_A / 2.0
    means = {name: path[::stride][:N_SAMPLES].mean(axis=0) for name, stride in STRIDES.items()}
    return {
        name: Snapshot(places, cell_A, is_periodic=True)
        for name, places in {"instantaneous": path[0], **means}.items()
    }


def crystals(design: EmbryoDesign, temperature_K: float, folder: Path) -> Seen:
    """Spheres soon after they were heated: at 400 K they may melt in some 10 ps."""
    simulated_K = temperature_K * design.physics.temperature_scale
    seen = []
    for seed in range(N_INSTANTS):
        with Lammps(design, crystal(design), seed, folder) as engine:
            engine.relax()
            engine.set_temperature(simulated_K)
            engine.settle(simulated_K, 1.5)
            seen.append(instant(engine, design, temperature_K))
    return seen


def melts(design: EmbryoDesign, temperature_K: float, folder: Path) -> Seen:
    """A droplet at a few instants, each soon after a fast quench: at 300 K nuclei form in 20 ps."""
    ways = [
        thermostatted(design, MELT_K, MELT_K, 5.0),
        thermostatted(design, MELT_K, temperature_K, 2.0),
        thermostatted(design, temperature_K, temperature_K, 1.0),
    ]
    seen = []
    with Lammps(design, pack(design, 1), 1, folder) as engine:
        engine.relax()
        engine.set_temperature(MELT_K * design.physics.temperature_scale)
        list(engine.run(ways[0]))
        for _ in range(N_INSTANTS):
            for way in ways:
                list(engine.run(way))
            seen.append(instant(engine, design, temperature_K))
    return seen


def table(design: EmbryoDesign) -> Iterator[Row]:
    """Every state and kind of positions, each with its mean shares over the instants."""
    states = [("crystal", crystals, each_K) for each_K in CRYSTAL_TEMPERATURES_K]
    states += [("melt", melts, each_K) for each_K in MELT_TEMPERATURES_K]
    for name, run, temperature_K in states:
        with tempfile.TemporaryDirectory() as folder:
            seen = run(design, temperature_K, Path(folder))
        for each in seen:
            each["minimised"] = minimised(each["instantaneous"], design)
        for kind in seen[0]:
            found = shares([each[kind] for each in seen], design)
            yield {"state": f"{name} {temperature_K:.0f} K", "positions": kind, **found}


def shares(snapshots: list[Snapshot], design: EmbryoDesign) -> Row:
    """Shares labelled by PTM at each cut-off and by bonds; the largest clusters at the defaults."""
    by_cutoff: Row = {
        f"PTM {cutoff:.2f}": round(
            float(np.mean([np.isin(match_templates(s, cutoff), CRYSTALLINE) for s in snapshots])), 4
        )
        for cutoff in CUTOFFS
    }
    bonds = [solid_atoms(each, design.physics) for each in snapshots]
    return {
        **by_cutoff,
        "bonds": round(float(np.mean([each.is_solid for each in bonds])), 4),
        "in PTM": max(label(s, design.physics, Labelling()).largest_cluster for s in snapshots),
        "in bonds": max(each.largest_cluster for each in bonds),
    }


def show_table(out: Path) -> None:
    design = embryo(N_ATOMS)
    rows: list[Row] = []
    print(f"share of atoms labelled; a perfect sphere of {N_ATOMS} shows PTM ", end="")
    print(f"{label_ceiling(N_ATOMS) / N_ATOMS:.2f}; in PTM, in bonds: largest cluster, atoms")
    for row in table(design):
        if not rows:
            print(f"{'state':<14}{'positions':<17}" + "".join(f"{key:>10}" for key in [*row][2:]))
        values = [f"{v:.3f}" if isinstance(v, float) else str(v) for v in [*row.values()][2:]]
        print(f"{row['state']:<14}{row['positions']:<17}" + "".join(f"{v:>10}" for v in values))
        rows.append(row)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def show_agreement(path: Path) -> None:
    """Template matching and solid bonds on every frame that is kept."""
    store = open_store(path)
    parts = [
        compare(store.frames(record), record.design.physics, record.protocol.labelling)
        for record in store
        if record.frames_file is not None
    ]
    whole = reduce(add, parts)
    print(f"{len(parts)} records, {whole.frames.total} frames")
    print(f"{'':<11}{'both':>9}{'PTM only':>10}{'bonds only':>12}{'neither':>9}{'kappa':>7}")
    for name in ("atoms", "core_atoms", "frames"):
        found = getattr(whole, name)
        kappa = "-" if found.kappa is None else f"{found.kappa:.2f}"
        print(f"{name:<11}{found.both:>9}{found.only_first:>10}", end="")
        print(f"{found.only_second:>12}{found.neither:>9}{kappa:>7}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--store", type=Path, help="compare on the frames of this record store")
    asked.add_argument("--out", type=Path, default=Path("runs/labels.json"))
    options = asked.parse_args()
    if options.store:
        show_agreement(options.store)
    else:
        show_table(options.out)


if __name__ == "__main__":
    main()
