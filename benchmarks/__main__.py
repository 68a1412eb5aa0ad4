"""`make bench`: how fast is it here? Medians of a few repeats, printed as a table.

Machines differ and are shared: compare numbers of one run with each other.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from serve.models import model_path
from simulate.design import EmbryoDesign
from simulate.engine import Lammps
from simulate.labels import label
from simulate.packing import pack
from simulate.protocol import Labelling, protocol_named, stages
from simulate.snapshot import Snapshot, extended_xyz

SIZES = (200, 700)


def embryo(n_atoms: int) -> EmbryoDesign:
    return EmbryoDesign(
        n_atoms=n_atoms, packing_density_g_cm3=0.0534, mass_exchange="open", energy_exchange="open"
    )


def median_s(work: Callable[[], object], repeats: int = 5) -> float:
    """Median wall time, s, after one call to warm up."""
    work()
    spent = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def engine(n_atoms: int) -> Iterator[tuple[str, float, str]]:
    """Speed of the molecular dynamics, and of what is done between its frames."""
    design = embryo(n_atoms)
    packed = pack(design, 1)
    heat = stages(protocol_named("reference"), design)[0]
    with (
        tempfile.TemporaryDirectory() as folder,
        Lammps(design, packed, 1, Path(folder)) as lammps,
    ):
        lammps.relax()
        lammps.set_temperature(heat.start_K)
        frames = lammps.run(heat)
        frame_s = median_s(lambda: next(frames), repeats=4)
        state = next(frames)
    snapshot = Snapshot(state.positions_A, packed.cell_A, is_periodic=True)
    label_s = median_s(lambda: label(snapshot, design.physics, Labelling()))
    packing_s = median_s(lambda: pack(design, 1))
    writing_s = median_s(lambda: extended_xyz([snapshot], "Li"))
    yield "LAMMPS", heat.frame_ps / 1000.0 / frame_s * 86_400.0, "ns/day"
    yield "LAMMPS", 1.0e6 * frame_s / heat.steps_per_frame / n_atoms, "µs/atom/step"
    yield "labels", 1000.0 * label_s, "ms/frame"
    yield "packing", 1000.0 * packing_s, "ms"
    yield "frame to extended XYZ", 1000.0 * writing_s, "ms"


def model(n_atoms: int) -> Iterator[tuple[str, float, str]]:
    """Speed of the forecasts of the model that ships."""
    from surrogate.predictor import Predictor

    predictor = Predictor.load(model_path(None))
    design, packed = embryo(n_atoms), pack(embryo(n_atoms), 1)
    full_s = median_s(lambda: predictor.predict_designs([design], road="full"))
    structure_s = median_s(lambda: predictor.predict_structure(packed, design))
    many = [embryo(n_atoms + k) for k in range(1000)]
    fast_s = median_s(lambda: predictor.glass_index_members(many, 500.0))
    whole_s = median_s(lambda: predictor.predict_designs(many, road="fast"), repeats=3)
    yield "forecast, full road, every packing and member", 1000.0 * full_s, "ms"
    yield "forecast of a structure", 1000.0 * structure_s, "ms"
    yield "glass index, fast road, batch of 1000", 1000.0 * fast_s / len(many), "ms/design"
    yield "whole forecast, fast road, batch of 1000", 1000.0 * whole_s / len(many), "ms/design"


def main() -> None:
    for part in (engine, model):
        for n_atoms in SIZES:
            for what, value, unit in part(n_atoms):
                print(f"{n_atoms:>5} atoms  {what:<46} {value:>10.3g} {unit}", flush=True)


if __name__ == "__main__":
    main()
