"""What a forecast costs: a structure through the network, a design by either road."""

import itertools
from collections.abc import Iterator
from typing import Final

import torch
from torch_geometric.data import Batch

from benchmarks.md_speed import REFERENCE_ATOMS, embryo, melted
from benchmarks.timing import Line, Task, timed
from surrogate.graph import graph
from surrogate.manifest import Gates
from surrogate.package import Package
from surrogate.predictor import Predictor
from surrogate.surroundings import surroundings
from surrogate.threads import one_thread

N_PACKINGS: Final = 8
N_DESIGNS: Final = 1000
HORIZON_PS: Final = 500.0

NETWORK, STRUCTURE, FULL_ROAD = "network", "structure", "full road"
INDEX, FORECAST = "glass index", "forecast"


def whole(package: Package) -> Package:
    """The package with all packings asked for, whose atoms count: nothing may be skipped."""
    gates = Gates(packed=1.0, heated=1.0, waiting=1.0)
    changed = {"n_packings": N_PACKINGS, "gates": gates}
    return Package(package.manifest.model_copy(update=changed), package.weights, package.card_text)


def tasks(package: Package) -> Iterator[Task]:
    """Everything here that is timed, on one thread."""
    predictor, design = Predictor(whole(package)), embryo(REFERENCE_ATOMS)
    member, atoms = package.members()[0], melted(design)
    scaling = package.manifest.domain.scaling
    batch = Batch.from_data_list([graph(surroundings(atoms, design), design, scaling)])
    fresh = itertools.count(1)  # a design that was asked before is remembered

    @one_thread()
    def network() -> None:
        with torch.inference_mode():
            member.structure(batch)

    yield Task(NETWORK, timed(network))
    yield Task(STRUCTURE, timed(lambda: predictor.predict_structure(atoms, design)))
    yield Task(
        FULL_ROAD,
        timed(
            lambda: predictor.predict_designs(
                [embryo(REFERENCE_ATOMS, 0.06 + 1.0e-4 * next(fresh))], road="full"
            )
        ),
    )
    many = [embryo(200 + number) for number in range(N_DESIGNS)]
    yield Task(INDEX, timed(lambda: predictor.glass_index_members(many, HORIZON_PS)))
    yield Task(FORECAST, timed(lambda: predictor.predict_designs(many, road="fast")))


def lines(took_s: dict[str, float], package: Package) -> Iterator[Line]:
    """Figures from the medians, beside the goals."""
    n_members, n_atoms = package.manifest.n_members, REFERENCE_ATOMS
    yield Line(
        f"{n_atoms} atoms: one structure through the network, a member",
        n_atoms / took_s[NETWORK], "atoms/s", 20_000.0, "more",
    )  # fmt: skip
    yield Line(
        f"{n_atoms} atoms: from positions to the forecast, share of a member",
        n_members * n_atoms / took_s[STRUCTURE], "atoms/s",
    )  # fmt: skip
    yield Line(
        f"{n_atoms} atoms: forecast of a structure, {n_members} members",
        1000.0 * took_s[STRUCTURE], "ms",
    )  # fmt: skip
    yield Line(
        f"{n_atoms} atoms: design, full road, {N_PACKINGS} packings, {n_members} members",
        took_s[FULL_ROAD], "s", 1.0,
    )  # fmt: skip
    for what, name in (("glass index", INDEX), ("whole forecast", FORECAST)):
        yield Line(
            f"design, fast path, {what}, batch of {N_DESIGNS}",
            1000.0 * took_s[name] / N_DESIGNS, "ms/design", 1.0,
        )  # fmt: skip


def ratios(took_s: dict[str, float], replaced_s: dict[str, float]) -> Iterator[Line]:
    """How many times longer the trajectory takes that a forecast stands for."""
    for name, md_s in replaced_s.items():
        yield Line(f"one {name} trajectory to the horizon, one core", md_s / 3600.0, "core-hours")
        for road, road_s in (
            ("full road", took_s[FULL_ROAD]),
            ("fast path", took_s[FORECAST] / N_DESIGNS),
        ):
            yield Line(f"{name} trajectory over forecast, {road}", md_s / road_s, "times")
