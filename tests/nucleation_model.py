"""A model in closed form: order at a constant rate per atom that grows with density."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate.design import EmbryoDesign
from simulate.protocol import Protocol
from surrogate.applicability import TrainingDomain

EVERY_EXCHANGE = [
    ("open", "open"), ("open", "confined"), ("confined", "open"), ("confined", "confined"),
]  # fmt: skip


def training_domain(
    sizes: Sequence[int] = (100, 400, 1500),
    densities_g_cm3: Sequence[float] = (0.0534, 0.2, 0.534),
    **others: object,
) -> TrainingDomain:
    """100 to 1500 atoms, from the paper's density to bulk, every exchange, 300 K.

    Others: of every design.
    """
    designs = [
        EmbryoDesign.model_validate(
            {
                "n_atoms": n_atoms,
                "packing_density_g_cm3": density,
                "mass_exchange": mass,
                "energy_exchange": energy,
            }
            | others
        )
        for n_atoms in sizes
        for density in densities_g_cm3
        for mass, energy in EVERY_EXCHANGE
    ]
    return TrainingDomain.of(designs, [1000.0] * len(designs), solid_share=0.1)


@dataclass
class ModelManifest:
    domain: TrainingDomain = field(default_factory=training_domain)


@dataclass
class ModelPackage:
    protocol: Protocol = field(default_factory=lambda: Protocol(hold_ps=1000.0))
    label: str = "closed-form"
    manifest: ModelManifest = field(default_factory=ModelManifest)


@dataclass
class NucleationModel:
    """P(not ordered by h) = c + (1 - c) exp(-rate N share_of_bulk h), c the cured share.

    Walls slow the rate by `walled`; members differ in it by a factor, from `1 / apart` to `apart`.
    """

    rate_per_atom_ps: float = 2.0e-5
    cured: float = 0.0
    walled: float = 0.2
    apart: float = 1.2
    n_members: int = 3
    package: ModelPackage = field(default_factory=ModelPackage)

    def rates_per_ps(self, designs: Sequence[EmbryoDesign]) -> NDArray[np.float64]:
        factors = np.geomspace(1.0 / self.apart, self.apart, self.n_members)
        each = [
            self.rate_per_atom_ps
            * design.n_atoms
            * design.share_of_bulk
            * (self.walled if design.mass_exchange == "confined" else 1.0)
            for design in designs
        ]
        return factors[:, None] * np.array(each)

    def survival_members(
        self, designs: Sequence[EmbryoDesign], times_ps: ArrayLike
    ) -> NDArray[np.float64]:
        times = np.asarray(times_ps, dtype=np.float64)
        waiting = np.exp(-self.rates_per_ps(designs)[:, :, None] * times)
        return np.asarray(self.cured + (1.0 - self.cured) * waiting)

    def glass_index_members(
        self, designs: Sequence[EmbryoDesign], horizon_ps: float
    ) -> NDArray[np.float64]:
        return self.survival_members(designs, [horizon_ps])[:, :, 0]
