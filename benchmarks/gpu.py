"""Does a GPU pay, and does it say the same?

    python -m benchmarks.gpu [STORE] [--model PACKAGE] [--rounds N] [--json]

Structures through one member at once, on the GPU and on one core: atoms a second, and how far the
forecasts of the two differ. With a store of records, the fit of one member on either as well.
Needs no LAMMPS; times are of the wall.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch
from torch_geometric.data import Batch, Data

from benchmarks.timing import Line, Task, medians, timed
from serve.models import model_path
from simulate.design import EmbryoDesign
from simulate.packing import pack
from simulate.store import open_store
from surrogate.graph import graph
from surrogate.package import Package, read_package
from surrogate.surroundings import surroundings
from surrogate.threads import one_thread
from train.config import TrainingConfig
from train.course import Course
from train.dataset import TrainingSet
from train.held_out import Losses
from train.member import fit_member
from train.records import read_records

N_ATOMS: Final = 700
BATCHES: Final = (1, 8, 64, 512)
N_PACKED: Final = 64
"""So many packings are made; a larger batch repeats them."""
DEVICES: Final = ("cuda", "cpu")
FIT: Final = "fit"
N_ROUNDS: Final = 7


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("store", type=Path, nargs="?", help="records to fit a member to")
    asked.add_argument("--model", type=Path, help="model package; default: the one that ships")
    asked.add_argument("--rounds", type=int, default=N_ROUNDS, help="repeats of every forward pass")
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit(f"needs a GPU, but PyTorch {torch.__version__} sees none.")
    found = list(_forward(read_package(model_path(options.model)), options.rounds))
    if options.store is not None:
        found += _fits(options.store)
    if options.json:
        print(json.dumps([asdict(each) for each in found], indent=1))
        return
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, beside one core")
    print("\n".join(map(str, found)))


def _forward(package: Package, n_rounds: int) -> Iterator[Line]:
    """Batches of packed embryos through the first member."""
    design = EmbryoDesign(
        n_atoms=N_ATOMS,
        packing_density_g_cm3=0.0534,
        mass_exchange="open",
        energy_exchange="open",
    )
    scaling = package.manifest.domain.scaling
    packed = [
        graph(surroundings(pack(design, seed), design), design, scaling) for seed in range(N_PACKED)
    ]
    tasks = [
        Task(f"{device} {size}", _work(package, packed, size, device))
        for size in BATCHES
        for device in DEVICES
    ]
    with one_thread():
        took_s = medians(tasks, n_rounds)
    for size in BATCHES:
        for device, name in zip(DEVICES, ("GPU", "one core"), strict=True):
            rate = size * N_ATOMS / took_s[f"{device} {size}"]
            yield Line(f"{size} x {N_ATOMS} atoms at once, a member, {name}", rate, "atoms/s")
    said = [_outputs(package, packed, device) for device in DEVICES]
    apart = float((said[0] - said[1]).abs().max())
    yield Line("largest difference of an output between the two", apart, "")


def _work(package: Package, packed: list[Data], size: int, device: str) -> Callable[[], float]:
    """A forward pass of so many embryos."""
    batch = Batch.from_data_list([packed[each % N_PACKED] for each in range(size)]).to(device)
    member = package.members()[0].to(device)

    def work() -> None:
        with torch.inference_mode():
            member.structure(batch)
        if device == "cuda":
            torch.cuda.synchronize()

    return timed(work, time.perf_counter)


def _outputs(package: Package, packed: list[Data], device: str) -> torch.Tensor:
    with torch.inference_mode():
        member = package.members()[0].to(device)
        result: torch.Tensor = member.structure(Batch.from_data_list(packed).to(device))
        return result.cpu()


def _fits(path: Path) -> Iterator[Line]:
    """One member with the settings of the defaults, on either; the GPU is warm by now."""
    config = TrainingConfig()
    data = TrainingSet.of(read_records([open_store(path)]), config.snapshots_per_run)
    _ = data.graphs
    for device, name in zip(DEVICES, ("GPU", "one core"), strict=True):
        began = time.perf_counter()
        fit = fit_member(data, config, 0, Course(device=device))
        took_s = time.perf_counter() - began
        yield Line(f"fit of a member to {len(data.atoms)} frames, graphs on {name}", took_s, "s")
        losses = Losses.of(data, config, fit).by_gate[-1]
        yield Line(f"mean loss on what it never saw, {name}", float(losses.mean()), "nats")


if __name__ == "__main__":
    main()
