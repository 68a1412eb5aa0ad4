"""A model in closed form, in place of a trained one: its answers can be worked out by hand."""

import json
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


def training_domain(
    exchanges: Sequence[tuple[str, str]] = EXCHANGES,
    densest_g_cm3: float = 0.534,
    temperatures_K: Sequence[float] = (300.0,),
    potentials: Sequence[str] = ("nichol-ackland-2016",),
    element: str = "Li",
) -> TrainingDomain:
    """A grid of designs: 100 to 1500 atoms, from the paper's density upwards."""
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
        for n_atoms in (100, 200, 400, 800, 1500)
        for density in np.linspace(0.0534, densest_g_cm3, 5)
        for mass, energy in exchanges
        for temperature_K in temperatures_K
        for potential in potentials
    ]
    return TrainingDomain.of(designs, [150.0] * len(designs), solid_share=0.1)


@dataclass
class Manifest:
    domain: TrainingDomain = field(default_factory=training_domain)


@dataclass
class Package:
    protocol: Protocol = field(default_factory=lambda: Protocol(hold_ps=150.0))
    label: str = "closed-form"
    manifest: Manifest = field(default_factory=Manifest)


@dataclass
class NucleationModel:
    """Order at a constant rate per atom that grows with density: G = exp(-rate N share h).

    Members differ in the rate by `disagreement`, and by `dense_disagreement` in dense cells only.
    """

    rate_per_atom_ps: float = 1.0e-4
    disagreement: float = 0.2
    dense_disagreement: float = 0.0
    package: Package = field(default_factory=Package)
    n_calls: int = 0

    def glass_index_members(self, designs: Sequence[EmbryoDesign], horizon_ps: float) -> Floats:
        self.n_calls += 1
        return self._survival(designs, np.array([horizon_ps]))[:, :, 0]

    def survival_members(self, designs: Sequence[EmbryoDesign], times_ps: ArrayLike) -> Floats:
        return self._survival(designs, np.asarray(times_ps, np.float64))

    def _survival(self, designs: Sequence[EmbryoDesign], times_ps: Floats) -> Floats:
        size = np.array([design.n_atoms for design in designs])
        share = np.array([design.share_of_bulk for design in designs])
        rate = self.rate_per_atom_ps * size * share
        offsets = np.linspace(-1.0, 1.0, 4)[:, None]
        spread = self.disagreement + self.dense_disagreement * (share > 0.3)
        rates = rate * np.exp(offsets * spread)
        return np.asarray(np.exp(-rates[:, :, None] * times_ps), np.float64)


def calibrated_map(n_members: int, model: str = "closed-form") -> dict[str, Any]:
    """The calibration that ships, as if made with a model of so few members."""
    shipped = files("surrogate.deposition").joinpath("calibrated", "paper.json").read_text("utf-8")
    values = json.loads(shipped) | {"model": model}
    few = [place for place, each in enumerate(values["draw_members"]) if each < n_members]
    for name in ("draws", "draw_members"):
        values[name] = [values[name][place] for place in few]
    return dict(values)
