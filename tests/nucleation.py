"""A model in closed form, in place of a trained one: its answers can be worked out by hand."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate.design import EmbryoDesign
from simulate.protocol import Protocol
from surrogate.applicability import TrainingDomain

Floats = NDArray[np.float64]

EXCHANGES = [("open", "open"), ("confined", "open")]
EVERY_EXCHANGE = [*EXCHANGES, ("open", "confined"), ("confined", "confined")]


def training_domain(
    exchanges: Sequence[tuple[str, str]] = EXCHANGES,
    densest_g_cm3: float = 0.534,
    temperatures_K: Sequence[float] = (300.0,),
    potentials: Sequence[str] = ("nichol-ackland-2016",),
    element: str = "Li",
    sizes: Sequence[int] = (100, 200, 400, 800, 1500),
    densities_g_cm3: Sequence[float] | None = None,
    hold_ps: float = 150.0,
) -> TrainingDomain:
    """A grid of designs: 100 to 1500 atoms, from the paper's density upwards."""
    if densities_g_cm3 is None:
        densities_g_cm3 = np.linspace(0.0534, densest_g_cm3, 5).tolist()
    designs = [
        EmbryoDesign.model_validate(
            {
                "n_atoms": n_atoms,
                "packing_density_g_cm3": density,
                "mass_exchange": mass,
                "energy_exchange": energy,
                "hold_temperature_K": temperature_K,
                "potential": potential,
                "element": element,
            }
        )
        for n_atoms in sizes
        for density in densities_g_cm3
        for mass, energy in exchanges
        for temperature_K in temperatures_K
        for potential in potentials
    ]
    return TrainingDomain.of(designs, [hold_ps] * len(designs), solid_share=0.1)


@dataclass
class Manifest:
    domain: TrainingDomain = field(default_factory=training_domain)


@dataclass
class Package:
    protocol: Protocol = field(default_factory=lambda: Protocol(hold_ps=150.0))
    label: str = "closed-form"
    manifest: Manifest = field(default_factory=Manifest)


def waiting_package(**domain: Any) -> Package:
    """Of holds of 1 ns, with every exchange.

    Domain: of its designs, as in `training_domain`.
    """
    usual = {
        "exchanges": EVERY_EXCHANGE,
        "sizes": (100, 400, 1500),
        "densities_g_cm3": (0.0534, 0.2, 0.534),
        "hold_ps": 1000.0,
    }
    return Package(
        protocol=Protocol(hold_ps=1000.0), manifest=Manifest(training_domain(**usual | domain))
    )


@dataclass
class NucleationModel:
    """P(not ordered by h) = c + (1 - c) exp(-rate N share_of_bulk h), c the cured share.

    Walls slow the rate by `walled`; members differ in its logarithm by `disagreement` to either
    side, and by `dense_disagreement` more in dense cells.
    """

    rate_per_atom_ps: float = 1.0e-4
    disagreement: float = 0.2
    dense_disagreement: float = 0.0
    cured: float = 0.0
    walled: float = 1.0
    n_members: int = 4
    package: Package = field(default_factory=Package)
    n_calls: int = 0

    def glass_index_members(self, designs: Sequence[EmbryoDesign], horizon_ps: float) -> Floats:
        self.n_calls += 1
        return self._survival(designs, np.array([horizon_ps]))[:, :, 0]

    def survival_members(self, designs: Sequence[EmbryoDesign], times_ps: ArrayLike) -> Floats:
        return self._survival(designs, np.asarray(times_ps, np.float64))

    def rates_per_ps(self, designs: Sequence[EmbryoDesign]) -> Floats:
        size = np.array([design.n_atoms for design in designs])
        share = np.array([design.share_of_bulk for design in designs])
        is_walled = np.array([design.mass_exchange == "confined" for design in designs])
        rate = self.rate_per_atom_ps * size * share * np.where(is_walled, self.walled, 1.0)
        offsets = np.linspace(-1.0, 1.0, self.n_members)[:, None]
        spread = self.disagreement + self.dense_disagreement * (share > 0.3)
        return np.asarray(rate * np.exp(offsets * spread))

    def _survival(self, designs: Sequence[EmbryoDesign], times_ps: Floats) -> Floats:
        waiting = np.exp(-self.rates_per_ps(designs)[:, :, None] * times_ps)
        return np.asarray(self.cured + (1.0 - self.cured) * waiting)


@dataclass
class WaitingModel(NucleationModel):
    """The same with numbers under which much still waits after a nanosecond, and walls slow."""

    rate_per_atom_ps: float = 2.0e-5
    disagreement: float = math.log(1.2)
    walled: float = 0.2
    n_members: int = 3
    package: Package = field(default_factory=waiting_package)


def calibrated_map(n_members: int, model: str = "closed-form") -> dict[str, Any]:
    """The calibration that ships, as if made with a model of so few members."""
    shipped = files("surrogate.deposition").joinpath("calibrated", "paper.json").read_text("utf-8")
    values = json.loads(shipped) | {"model": model}
    few = [place for place, each in enumerate(values["draw_members"]) if each < n_members]
    for name in ("draws", "draw_members"):
        values[name] = [values[name][place] for place in few]
    return dict(values)
